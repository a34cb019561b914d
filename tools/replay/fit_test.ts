// SPDX-License-Identifier: GPL-2.0-only
/** A recording on larger pages and in less room: what moves together, and what is refused. */
import { join } from "node:path";
import test from "ava";
import { here } from "../lib/root.ts";
import { TASK_SIZE } from "./abi.ts";
import { fit_to } from "./fit.ts";
import { VSYSCALL } from "./maps.ts";
import { load_trace } from "./trace.ts";

const trace = load_trace(join(here(), "tools/replay/sample"));
const lines = (t: typeof trace) => t.final.filter((line) => line.name !== VSYSCALL);

test("where pages and addresses are the recording's, nothing is changed", (t) => {
	t.is(fit_to(trace, { PAGE_SIZE: 4096, TASK_SIZE }), trace);
	t.is(fit_to(trace, { PAGE_SIZE: 4096, TASK_SIZE: 2 ** 48 }), trace);
});

for (const [PAGE_SIZE, bits] of [
	[4096, 39],
	[16384, 36],
	[16384, 47],
	[65536, 42],
	[65536, 48],
])
	test(`pages of ${PAGE_SIZE} bytes and ${bits} bits of an address`, (t) => {
		const scale = PAGE_SIZE / 4096;
		const fitted = fit_to(trace, { PAGE_SIZE, TASK_SIZE: 2 ** bits });
		const [before, after] = [lines(trace), lines(fitted)];
		t.is(after.length, before.length);
		for (const [i, line] of after.entries()) {
			t.is(line.start % PAGE_SIZE, 0);
			t.is(line.end - line.start, (before[i].end - before[i].start) * scale, "as many pages");
			t.is(line.offset, before[i].offset * scale);
			if (i === 0) continue;
			/* What touches goes on to, and a hole is one, and no larger. */
			const [gap, recorded] = [line.start - after[i - 1].end, before[i].start - before[i - 1].end];
			t.is(gap === 0, recorded === 0);
			t.true(gap >= 0 && gap <= recorded * scale);
			if (recorded <= 2 ** 28) t.is(gap, recorded * scale);
		}
		t.true((after.at(-1)?.end as number) <= 2 ** bits, "in user memory");
		/* Where the kernel has put a mapping is one of the places, too. */
		for (const [i, op] of fitted.ops.entries())
			if (op.name === "mmap" && op.expected.value !== undefined) {
				t.is(op.expected.value % PAGE_SIZE, 0);
				t.is(op.args[1], trace.ops[i].args[1] * scale);
				t.is(op.args[5], trace.ops[i].args[5] * scale);
			}
	});

test("a program that has no room is refused in a line, and so is a stack that is too deep", (t) => {
	t.throws(() => fit_to(trace, { PAGE_SIZE: 65536, TASK_SIZE: 2 ** 30 }), {
		message: /^\S+: the program uses up to \d+ pages of addresses, and this kernel has 16384, of 65536/,
	});
	const end = trace.images[0].lines.find((line) => line.name === "[stack]")?.end as number;
	const deep = trace.ops.map((op) => (op.kind === "fault" ? { ...op, args: [end - 129 * 4096] } : op));
	t.throws(() => fit_to({ ...trace, ops: deep }, { PAGE_SIZE: 65536, TASK_SIZE: 2 ** 48 }), {
		message: /: the stack grows to 129 pages, and 8 MiB, its limit, are 128 of this kernel's; build/,
	});
});
