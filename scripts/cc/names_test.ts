// SPDX-License-Identifier: GPL-2.0-only
/** Names of accesses: found by the place that the source map gives for a call of the door. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { here } from "../lib/root.ts";
import { compile } from "./program.ts";

const SOURCE = `
interface inner extends struct { a: int; b: ulong; fn: rodata<(x: number) => number> }
interface outer extends struct {
	word: int; in: embed<inner>; next: outer; list: array<embed<inner>, 3>; counts: array<int, 4>;
}
declare function spin_lock(lock: inner): void;
declare function spin_lock_init(lock: inner, name?: string): void;
declare function set_bit(nr: number, p: outer): void;
declare function rcu_read_lock(): void;
const cpu = DEFINE_PER_CPU<outer>();
export function f(p: outer, i: number): unknown {
	p.next.next.word = READ_ONCE(p.counts[i]) + p.next.list[i + 1].a;
	p.word++;
	fetch_add(p.counts[2], 1);
	spin_lock(p.next
		.in);
	set_bit(3, p);
	spin_lock_init(p.in);
	rcu_read_lock();
	struct_copy(p.in, p.list[0]);
	p.in.b = data_race(this_cpu(cpu).counts[i]) + (p as outer).next!.in.fn(3);
	return cast<outer>(uptr(p)).word;
}
`;

/** What each call in the output is called, as a stack trace would lead there. */
function names(): [string, string | undefined][] {
	const dir = mkdtempSync(join(tmpdir(), "spf-names-"));
	const entry = join(dir, "x.ts");
	writeFileSync(entry, SOURCE);
	const { output, errors } = compile({
		srctree: here(),
		objtree: dir,
		entries: [entry],
		srcarch: "x86",
		machine: "stepper",
		config: () => undefined,
		direct: false,
		stepper: true,
		check: true,
	});
	rmSync(dir, { recursive: true });
	if (errors.length > 0) throw new Error(errors.join("\n"));
	const { code = "", map = "", names: known = {} } = output.get(entry) ?? {};
	const sources = new SourceMap(JSON.parse(map));
	const calls: [string, string | undefined][] = [];
	code.split("\n").forEach((text, row) => {
		if (text.startsWith("import") || text.startsWith("export function")) return;
		for (const { 0: call, 1: called, index } of text.matchAll(/([a-z]\w+)\(/g)) {
			if (call === "rodata_at(") continue;
			const at = sources.findEntry(row, index) as { originalLine?: number; originalColumn?: number };
			calls.push([called, known[`${(at.originalLine ?? 0) + 1}:${(at.originalColumn ?? 0) + 1}`]]);
		}
	});
	return calls;
}

test("each access of the stepper's has the name that the source calls it by, and a call what it is about", (t) => {
	t.deepEqual(names(), [
		["store_i32", "p.next.next.word"],
		["load_i32", "p.next.next"],
		["load_i32", "p.next"],
		["read_once_i32", "p.counts[i]"],
		["load_i32", "p.next.list[…].a"],
		["load_i32", "p.next"],
		["store_i32", "p.word"],
		["load_i32", "p.word"],
		["add_i32", "p.counts[2]"],
		["spin_lock", "p.next.in"],
		["load_i32", "p.next"],
		["set_bit", "p"],
		["spin_lock_init", "p.in"],
		["rcu_read_lock", undefined],
		["copy_words", "p.list[0]"],
		["store_f64", "p.in.b"],
		["data_race_i32", "this_cpu(cpu).counts[i]"],
		["load_i32", "p.next.in.fn"],
		["load_i32", "p.next"],
		["load_i32", "cast(uptr(p)).word"],
	]);
});
