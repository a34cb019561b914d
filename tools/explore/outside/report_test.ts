// SPDX-License-Identifier: GPL-2.0-only
/** What a result looks like on a terminal. */
import { readFileSync } from "node:fs";
import test from "ava";
import { main } from "../../spf.ts";
import { columns, wrap } from "./columns.ts";
import { describe, MARKS, number_text, value_text } from "./describe.ts";
import { steps_of } from "./steps.ts";
import type { Failure } from "./types.ts";
import { progress_text, total_text } from "./progress.ts";
import { failure_report, replay_command, result_json, summary, total } from "./report.ts";
import { DECODER, failure, overtaken, result, trace } from "./testtrace.ts";

test("a clean run is one line", (t) => {
	t.is(
		summary(result({ cpus: 3 })),
		"explored 642 executions (0 blocked), exhausted, 3 CPUs, SC, 0 failures, 321/s",
	);
	/* What was not looked at is said. */
	t.regex(
		summary(result({ bound: 2, exhausted: false })),
		/, not exhausted: all with at most 2 preemptions, 2 CPUs/,
	);
	t.regex(
		summary(result({ bound: 1, exhausted: false, strategy: "bound" })),
		/, not exhausted: all with at most 1 preemption, 2/,
	);
	t.regex(
		summary(result({ exhausted: false, strategy: "pct", model: "lkmm" })),
		/, not exhausted \(pct\), 2 CPUs, LKMM/,
	);
	t.notRegex(summary(result({ seconds: 0 })), /\/s/);
});

test("columns: one for each CPU, in order, with the switch and what others can see", (t) => {
	t.is(
		columns(failure(overtaken()), 80),
		[
			"       CPU0                                CPU1",
			"       program() __pte_map_lock()",
			"   #0     mm.mmap_seq is 40 (even)",
			"       ── switch, preempted ───────────────────────────────────────────────────",
			"                                           program() __vm_munmap()",
			"   #2                                         mm.mmap_seq 40 (even) → 41 (odd)",
			"                                            zap_pte_range()",
			"   #3                                         ptep.pte 0xf0867 → 0",
			"       ── switch ──────────────────────────────────────────────────────────────",
			"        set_pte_at()",
			"   #4     ptep.pte 0 → 0xf1867",
		].join("\n"),
	);
});

test("no line is wider than the terminal, down to 80", (t) => {
	const long = { name: "vma.anon_vma.root.rwsem.count", func: "find_mergeable_anon_vma_of_a_neighbour" };
	for (const cpus of [1, 2, 3, 4, 8]) {
		const events = trace(
			...Array.from({ length: 4 * cpus }, (_, i) => ({
				...long,
				cpu: i % cpus,
				op: "write" as const,
				old: 0xfffff000,
				value: 0x7ffff7fc1000,
			})),
		);
		for (const width of [80, 100, 200]) {
			const lines = columns(failure(events), width).split("\n");
			t.deepEqual(
				lines.filter((line) => line.length > width),
				[],
				`${cpus} CPUs, ${width} characters`,
			);
		}
	}
});

test("more CPUs than columns share the last one, and say who they are", (t) => {
	const events = trace(...Array.from({ length: 6 }, (_, cpu) => ({ cpu, op: "write" as const })));
	const text = columns(failure(events), 80);
	t.regex(text, /CPU0 +CPU1 +CPU2 +CPU3 and on/);
	t.regex(text, /CPU5: *x 0 → 0/);
});

test("a name gives way to the values behind it", (t) => {
	const text = columns(
		failure(
			trace(
				{ op: "write", name: "page.a_very_long_field_of_it", old: 1, value: 2 },
				{ cpu: 1, op: "write" },
				{ cpu: 2, op: "write" },
				{ cpu: 3, op: "write" },
			),
		),
		80,
	);
	t.regex(text, /…\w+ 1 → 2|…\w+\n +1 → 2/);
});

test("stale reads say what is newer, and who wrote it", (t) => {
	const text = columns(failure(trace({ op: "write", old: 4, value: 5 }, { cpu: 1, value: 4, newest: 5 })), 100);
	t.regex(text, /x is 4 ⟵ stale \(#0, newest 5\)/);
	/* Nobody in the trace wrote it. */
	t.regex(columns(failure(trace({ cpu: 1, value: 4, newest: 7 })), 100), /⟵ stale \(newest 7\)/);
});

test("store buffers, interrupts, RCU, locks and waits have their words", (t) => {
	const lock = { name: "ptl", addr: 20 };
	const text = columns(
		failure(
			trace(
				{ op: "lock", ...lock },
				{ cpu: 1, op: "trylock", failed: true, ...lock },
				{ context: "buffer", op: "commit", value: 1, calls: [], func: "", file: "" },
				{ cpu: 1 },
				{ context: "irq", op: "begin", name: "", addr: 99, func: "", calls: [] },
				{ cpu: 5, context: "rcu", op: "gp_start", name: "", addr: 98, func: "rcu" },
				{ cpu: 1, op: "await", addr: 97 },
			),
			{ kind: "deadlock", waits: [{ cpu: 1, context: "task", for: "lock ptl", holder: "CPU0" }] },
		),
		120,
	);
	for (const words of [
		/CPU0 +CPU1 +RCU/,
		/#0 +lock ptl/,
		/#1 +trylock ptl fails/,
		/\[store buffer\] commit x=1/,
		/\[irq\] interrupt/,
		/grace period begins/,
		/wait until something changes/,
		/wait lock ptl \(held by CPU0\)/,
	])
		t.regex(text, words);
});

test("a copy is one line, and what allocators share is left out", (t) => {
	const copy = { func: "do_speculative_user_fault", line: 157, name: "vma" };
	const steps = steps_of(
		failure(
			trace(
				...[4, 8, 12, 16].map((addr) => ({ ...copy, addr })),
				...[4, 8, 12, 16].map((addr) => ({
					cpu: 1,
					op: "write" as const,
					name: "vma.vm_start",
					addr,
					calls: ["program"],
				})),
				{ addr: 32, calls: ["program", "__alloc_pages"], func: "__alloc_pages" },
				{ cpu: 1, op: "write", addr: 32 },
			),
		),
	);
	t.deepEqual(
		steps.slice(0, 4).map((s) => s.shown),
		[true, false, false, false],
	);
	t.is(steps[0].folded?.text, "vma: 4 words are read");
	t.false(steps[8].shown);
});

test("a place has the name that most have for it, unless its memory was used again", (t) => {
	const steps = steps_of(
		failure(
			trace(
				{ name: "vma.vm_start" },
				{ name: "vma.vm_start" },
				{ name: "tmp.vm_start", cpu: 1 },
				{ name: "4" },
				{ name: "page.flags", op: "write" },
				{
					addr: 8,
					name: "mm",
					calls: ["f", "mmap_write_lock", "__mmap_seq_write_lock"],
					op: "write",
				},
				{ addr: 12, name: "mm", calls: ["f", "down_write"], op: "lock" },
			),
		),
	);
	t.deepEqual(
		steps.map((s) => s.text.split(" ").find((w) => /[.]/.test(w))),
		[
			"vma.vm_start",
			"vma.vm_start",
			"vma.vm_start",
			"vma.vm_start",
			"page.flags",
			"mm.mmap_seq",
			"mm.mmap_lock",
		],
	);
});

test("the report: what, where, who with whom, and the way back", (t) => {
	const r = result({ mutant: "skip-seq2", failures: 1, exhausted: false });
	const f = failure(overtaken(), { conflict: [3, 4] });
	const text = failure_report(r, f, 80);
	const lines = text.split("\n");
	t.is(lines[0], "fault-munmap: a check fails");
	t.is(lines[1], "SC, 2 CPUs, mutant skip-seq2; execution 642, 321/s, not exhausted");
	t.is(lines[3], "  in final_check(), tools/explore/inside/final.ts:87");
	t.regex(text, /✱ ptep\.pte 0 → 0xf1867/);
	t.regex(
		text,
		/#3 CPU1: ptep\.pte 0xf0867 → 0\n +kernel\/mm\/memory\.ts:13\n +zap_pte_range\(\) ← program\(\)\n +#4 CPU0/,
	);
	t.regex(text, /\nminimised: 1 preemption, 2 CPUs, 5 steps\n/);
	t.is(lines.at(-1), "npx spf explore fault-munmap --model sc --mutant skip-seq2 --replay 'spf1:AAAA'");
	t.is(replay_command(result(), f), "npx spf explore fault-munmap --model sc --replay 'spf1:AAAA'");
});

test("a failure before the first step says what there is", (t) => {
	const text = failure_report(
		result({ failures: 1, exhausted: false, seconds: 0 }),
		failure([], { replay: "", conflict: [0, 1] }),
		80,
	);
	t.is(
		text,
		[
			"fault-munmap: a check fails",
			"SC, 2 CPUs; execution 642, not exhausted",
			"  check failed: a page is mapped after munmap",
			"  in final_check(), tools/explore/inside/final.ts:87",
			"",
			"npx spf explore fault-munmap --model sc",
		].join("\n"),
	);
});

test("a deadlock has a table of who waits for what", (t) => {
	const waits: Failure["waits"] = [
		{ cpu: 0, context: "task", for: "lock b", holder: "CPU1" },
		{ cpu: 1, context: "irq", for: "lock a" },
	];
	const text = failure_report(
		result(),
		failure(overtaken(), { kind: "deadlock", text: "all CPUs wait", waits, minimised: false }),
		80,
	);
	t.regex(text, /│ CPU +│ waits for +│ holder +│/);
	t.regex(text, /│ CPU0 +│ lock b +│ CPU1 +│/);
	t.regex(text, /│ CPU1 \(irq\) +│ lock a +│ +│/);
	/* And where they are; the handler has done nothing yet. */
	t.regex(
		text,
		/\nCPU0 has made its last step, #4, in:\n +kernel\/mm\/memory\.ts:14\n +set_pte_at\(\) ← program\(\)\n/,
	);
	t.notRegex(text, /CPU1 \(irq\) has made/);
	t.regex(text, /\nnot minimised: /);
});

test("numbers: small ones as they are, addresses and flags in hex", (t) => {
	t.deepEqual([0, -1, 41, 4096, -4096 * 4, 0x7ffff7fc1000, Number.NaN].map(number_text), [
		"0",
		"-1",
		"41",
		"0x1000",
		"0xffffc000",
		"0x7ffff7fc1000",
		"?",
	]);
});

test("lines are broken between words, and of a word only the front is missing", (t) => {
	t.deepEqual(wrap("mm.mm_cpumask[…] 1 → 3", 12, 2), ["…_cpumask[…]", "  1 → 3"]);
	t.deepEqual(wrap("short", 12), ["short"]);
});

test("entries of page tables and flags are decoded, and the sequence says whether a writer is inside", (t) => {
	const text = (name: string, v: number) => value_text(name, v, DECODER);
	t.is(text("ptep.pte", 0xf1867), "pfn 0xf1 RW A D NX");
	t.is(text("vmf.orig_pte", 0x112825), "pfn 0x112 RO A NX");
	t.is(
		text("ptep.pte", 0xf1060 - 0x100000000),
		"pfn 0xf00f1 !P RO !US A D".replace("f00f1", (((0xf1060 - 0x100000000) & ~0xfff) >>> 12).toString(16)),
	);
	t.is(text("pte.pte", 0), "none");
	t.is(text("pmd.pmd", 0xfb067), "table in pfn 0xfb");
	t.is(text("vma.vm_flags", 0x100011), "r--p ACCOUNT");
	t.is(text("vma.vm_flags", 0x2003), "rw-p LOCKED");
	t.is(text("vmf.gfp_mask", 0x140), "IO|ZERO");
	t.is(text("page.flags", 0x201), "locked|slab");
	t.is(text("mm.mmap_seq", 41), "41 (odd)");
	t.is(text("mm.total_vm", 6), "6");
	/* Bits without a name are not hidden by a decoded text that stays the same. */
	const [e] = trace({ op: "write", name: "page.flags", old: 1, value: 1 | 0x4000 });
	t.is(describe(e, e.name, DECODER), "page.flags 1 → 0x4001");
});

test("an IPI is a line for each CPU, and all of its steps with --all", (t) => {
	const send = (func: string) => ({
		func,
		calls: ["program", "flush_tlb_mm_range", "flush_tlb_multi", "smp_call_function_many_cond", func],
		file: "kernel/smp.ts",
	});
	const handle = { context: "irq" as const, cpu: 1, file: "kernel/smp.ts" };
	const f = failure(
		trace(
			{ ...send("csd_lock"), name: "csd.u_flags", addr: 100, op: "write", value: 1 },
			{ ...send("send_ipi"), name: "p.pending", addr: 0x11000, op: "rmw", value: 1 },
			{ ...send("csd_lock_wait"), name: "csd.u_flags", addr: 100, value: 1 },
			{ ...handle, op: "begin", name: "", addr: 99, func: "", calls: [] },
			{
				...handle,
				name: "p.pending",
				addr: 0x11000,
				op: "rmw",
				old: 1,
				func: "smp_handle_ipi",
				calls: ["smp_handle_ipi"],
			},
			{
				...handle,
				name: "csd.u_flags",
				addr: 100,
				func: "flush_tlb_func",
				calls: ["smp_handle_ipi", "flush_smp_call_function_queue", "flush_tlb_func"],
			},
			{
				...handle,
				name: "csd.u_flags",
				addr: 100,
				op: "write",
				old: 1,
				func: "csd_unlock",
				calls: ["smp_handle_ipi", "flush_smp_call_function_queue", "csd_unlock"],
			},
			{ ...send("csd_lock_wait"), name: "csd.u_flags", addr: 100, value: 0 },
			{ ...send("csd_lock_wait"), name: "csd.u_flags", addr: 100, value: 0 },
			{ cpu: 1, addr: 7, op: "write" },
			{ addr: 7 },
		),
		{ decoder: DECODER },
	);
	const text = columns(f, 120);
	t.regex(text, /#0 +IPI to CPU1, from flush_tlb_multi\(\), waits for it/);
	t.regex(text, /#3 +\[irq\] interrupt: flush_tlb_func\(\)/);
	t.regex(text, /#7 +its IPI was answered/);
	t.notRegex(text, /u_flags/);
	t.is(columns(f, 120, true).match(/u_flags/g)?.length, 6);
});

test("KASAN's report: which object, who allocated it and who freed it", (t) => {
	const at = (func: string, line: number) => ({
		func,
		file: "kernel/fork.ts",
		line,
		calls: ["program", "sys_mmap", func],
	});
	const f = failure(overtaken(), {
		kind: "panic",
		text: "BUG: KASAN: use-after-free of size 4 at addr 74",
		at: { cpu: 0, context: "task", phase: "run" },
		memory: {
			addr: 116,
			size: 4,
			object: {
				start: 100,
				size: 120,
				cache: "vm_area_struct",
				history: [
					{
						what: "alloc",
						step: 0,
						cpu: 0,
						context: "task",
						phase: "setup",
						...at("vm_area_alloc", 172),
					},
					{
						what: "free",
						step: 3,
						cpu: 1,
						context: "task",
						phase: "run",
						...at("vm_area_free", 228),
					},
				],
			},
		},
	});
	const text = failure_report(result(), f, 100);
	t.true(
		text.includes(
			[
				"4 bytes at offset 16 of an object of 120 bytes of the cache vm_area_struct, 0x64:",
				"  allocated by CPU0, in the set-up",
				"      kernel/fork.ts:172",
				"      vm_area_alloc() ← sys_mmap() ← program()",
				"  freed by CPU1, before #3",
				"      kernel/fork.ts:228",
				"      vm_area_free() ← sys_mmap() ← program()",
			].join("\n"),
		),
		text,
	);
	t.regex(text, /✗ BUG: KASAN: use-after-free/);
});

test("a lock that is left held: by whom, and where; a count that does not balance: its history", (t) => {
	const ptl = { name: "ptl", addr: 64 };
	const f = failure(
		trace(
			{ ...ptl, op: "lock", func: "first" },
			{ ...ptl, op: "unlock", func: "first" },
			{ ...ptl, cpu: 1, op: "lock", func: "pte_offset_map_lock" },
			{ name: "page._refcount", addr: 32, op: "rmw", old: 1, value: 2, func: "get_page" },
			{ name: "page._refcount", addr: 32, op: "add", old: 2, value: 1, cpu: 1, func: "put_page" },
		),
		{
			about: [
				{ kind: "lock", name: "ptl", addr: 64 },
				{ kind: "count", name: "page._refcount of pfn 0x9", addr: 32 },
				{ kind: "count", name: "mm.mm_users", addr: 36 },
			],
		},
	);
	const text = failure_report(result(), f, 100);
	t.regex(
		text,
		/ptl \(at 0x40\) is held by CPU1, which took it in #2 \(lock\):\n +kernel\/mm\/memory.ts:12\n +pte_offset_map_lock\(\) ← program\(\)/,
	);
	t.regex(
		text,
		/changes of page\._refcount of pfn 0x9:\n {2}#3 {2}CPU0 {2}1 → 2 {2}get_page\(\) ← program\(\) kernel.*\n {2}#4 {2}CPU1 {2}2 → 1 {2}put_page/,
	);
	t.regex(text, /mm\.mm_users: no step of this schedule changed it/);
});

test("what fails before the first step, or after the last, has columns", (t) => {
	const late = trace({ phase: "setup", op: "write", name: "vma.vm_start" }, { phase: "setup", cpu: 1 });
	const setup = columns(
		failure(late, {
			kind: "panic",
			text: "before the first step: kernel BUG: x",
			at: { cpu: 1, context: "task", phase: "setup" },
		}),
		100,
	);
	t.regex(setup, /CPU0 +CPU1\n +── set-up, its last accesses/);
	t.regex(setup, /✗ kernel BUG: x$/);
	const check = columns(
		failure(trace({ cpu: 1, op: "write" }, {}, { phase: "check" }), {
			kind: "panic",
			at: { cpu: 0, context: "task", phase: "check" },
		}),
		100,
	);
	t.regex(check, /── all programs have ended, the last accesses of the checks/);
});

test("--json carries the failure, and all of its steps if that is asked for", (t) => {
	const f = failure(overtaken(), { conflict: [2, 4], at: { cpu: 0, context: "task", phase: "check" } });
	const line = JSON.parse(JSON.stringify(result_json(result({ failures: 1, failure: f }), false)));
	t.is(line.failure.kind, "check");
	t.is(line.failure.text, f.text);
	t.like(line.failure, {
		file: "tools/explore/inside/final.ts",
		line: 87,
		minimised: true,
		replay: "spf1:AAAA",
		command: replay_command(result(), f),
	});
	t.deepEqual(
		line.failure.accesses.map((a: { step: number; cpu: number }) => [a.step, a.cpu]),
		[
			[2, 1],
			[4, 0],
		],
	);
	t.is(line.failure.trace, undefined);
	t.is(JSON.parse(JSON.stringify(result_json(result({ failure: f }), true))).failure.trace.length, 5);
	t.is(result_json(result(), false).failure, undefined);
});

test("explorer.md explains each mark of a report, and no other", (t) => {
	const text = readFileSync(new URL("../../../Documentation/explorer.md", import.meta.url), "utf8");
	const table = /\n\| mark \| meaning \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(text)?.[1] ?? "";
	t.deepEqual(
		[...table.matchAll(/^\| `(.*?)` \|/gm)].map(([, mark]) => mark).sort(),
		Object.values(MARKS).sort(),
	);
	/* And they are what is printed: nobody writes one of his own. */
	const marks = /["'`]\s*(✱|✗|⟵|── \w|\[irq\]|\[store buffer\])/;
	for (const file of ["columns", "report", "steps", "subjects", "fold", "html"]) {
		const source = readFileSync(new URL(`./${file}.ts`, import.meta.url), "utf8");
		t.notRegex(source, marks, file);
	}
});

test("progress says what is left, if it is known from the last time", (t) => {
	const p = { scenario: "s", model: "sc" as const, made: 100, seconds: 2 };
	t.is(progress_text({ ...p, expected: { made: 400, seconds: 40 } }), "100 of about 400, 50/s, 30 s left");
	t.is(progress_text(p), "100, 50/s");
	t.is(progress_text({ ...p, expected: { made: 90, seconds: 9 } }), "100, 50/s");
	t.is(progress_text({ ...p, seconds: 0, made: 0 }), "0, 0/s");
	t.regex(progress_text({ ...p, expected: { made: 1e12, seconds: 1e9 } }), /days left/);
	t.is(total_text({ done: 3, all: 10, seconds_left: 300 }), "3 of 10 searches, 5 min left");
	t.is(total_text({ done: 0, all: 1 }), "0 of 1 search");
});

test("many searches: how many of them saw how much", (t) => {
	const r = (exhausted: boolean, bound: number | null, failures = 0) => ({ exhausted, bound, failures });
	const some = [r(true, null), r(false, 2), r(false, 1), r(false, 2), r(false, null), r(false, 0, 1)];
	const open = "2 with at most 2 preemptions, 1 with at most 1 preemption, 1 within no bound";
	t.is(total(some, 0), `6 searches: 1 exhausted, ${open}, 1 failed`);
	t.is(
		total([r(false, null, 1)], 2),
		"1 search: 0 exhausted, 1 failed, 2 left out, as they fail under a stronger model",
	);
});

test.serial("mistakes on the command line are one line and exit code 2", async (t) => {
	const mistakes: [string[], RegExp][] = [
		[["--model", "arm"], /--model arm: expected one of sc, tso, lkmm/],
		[["--strategy", "x"], /--strategy x: expected one of/],
		[["--bound", "-1"], /--bound -1: expected a whole number, at least 0/],
		[["--seconds", "1.5"], /--seconds 1\.5: expected a whole number, at least 1/],
		[["--max", ""], /--max : expected a whole number/],
		[["--bound", "1", "--strategy", "pct"], /--strategy pct has no bound/],
		[["--seed", "1"], /--seed 1: only/],
		[["--quick", "fault-munmap"], /--quick: it chooses/],
		[["--replay", "spf1:AA"], /--replay: name the one scenario/],
		[["--html", "/no/such/dir/x.html"], /there is no directory '\/no\/such\/dir'/],
		[["--html", "."], /it is a directory/],
		[["fault-munmap", "--replay", "hello"], /does not begin with 'spf1:'/],
	];
	const write = process.stderr.write;
	for (const [args, message] of mistakes) {
		let said = "";
		process.stderr.write = ((text: string) => {
			said += text;
			return true;
		}) as typeof write;
		const code = await main(["explore", ...args]).finally(() => (process.stderr.write = write));
		t.is(code, 2, args.join(" "));
		t.regex(said, message);
		t.is(said.trimEnd().split("\n").length, 1);
	}
});
