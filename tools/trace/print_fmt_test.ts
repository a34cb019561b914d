// SPDX-License-Identifier: GPL-2.0-only
/** How events print themselves. */
import test from "ava";
import { parse_format, read_entry } from "./format_file.ts";
import { parse_print_fmt } from "./print_fmt.ts";

test("what the conversions make of a value", (t) => {
	const print = parse_print_fmt(
		'"a=%d b=0x%lx c=%s d=%p e=%ps 100%%", REC->a, REC->b, REC->c, REC->d, (void *)REC->e',
	);
	t.is(
		print({ a: -3, b: 0x7ffff7ffe000, c: "x", d: 0x3c5e00, e: 0x7f0000001000 }),
		"a=-3 b=0x7ffff7ffe000 c=x d=00000000003c5e00 e=0x7f0000001000 100%",
	);
});

test("conditions, strings, flags with what has no name", (t) => {
	const print = parse_print_fmt(
		'"w=%s p=%s f=%s", REC->w ? "true" : "false", __get_str(p), ' +
			'__print_flags(REC->f, "|", { 0x1, "WRITE" }, { 0x40, "USER" }, { 0x400, "SPECULATIVE" })',
	);
	t.is(print({ w: 1, p: "", f: 0x441 }), "w=true p= f=WRITE|USER|SPECULATIVE");
	t.is(print({ w: 0, p: "/a", f: 0x3000 }), "w=false p=/a f=0x3000");
	t.is(print({ w: 0, p: "", f: 0 }), "w=false p= f=");
	t.is(print({ w: 0, p: "", f: 0x80000001 }), "w=false p= f=WRITE|0x80000000");
});

test("what nobody here knows is said, not guessed", (t) => {
	t.throws(() => parse_print_fmt('"%s", __print_symbolic(REC->a, { 1, "x" })'), { message: /__print_symbolic/ });
	t.throws(() => parse_print_fmt('"%d", REC->a, REC->b'), { message: /too much/ });
});

test("fields of every size, and a string behind the entry", (t) => {
	const line = (type: string, at: number, size: number, sign = 0) =>
		`\tfield:${type};\toffset:${at};\tsize:${size};\tsigned:${sign};\n`;
	const text =
		"name: x\nID: 7\nformat:\n" +
		line("bool b", 8, 1) +
		line("short s", 10, 2, 1) +
		line("unsigned int u", 12, 4) +
		line("struct mm_struct * mm", 16, 8) +
		line("__data_loc char[] str", 24, 4, 1) +
		'\nprint fmt: "%d", REC->b\n';
	const format = parse_format("sys", text);
	t.is(format.id, 7);
	t.is(format.print_fmt, '"%d", REC->b');
	const view = new DataView(new ArrayBuffer(40));
	view.setUint8(8 + 4, 1);
	view.setInt16(10 + 4, -2, true);
	view.setUint32(12 + 4, 0xfffffffe, true);
	view.setBigUint64(16 + 4, 0x7ffffffff000n, true);
	view.setUint32(24 + 4, (3 << 16) | 28, true);
	view.setUint8(32, 0x68);
	view.setUint8(33, 0x69);
	t.deepEqual(read_entry(format, view, 4), { b: 1, s: -2, u: 0xfffffffe, mm: 0x7ffffffff000, str: "hi" });
});
