// SPDX-License-Identifier: GPL-2.0-only
/**
 * The explorer: golden counts, the quick scenarios, schedules in words, a
 * mutant and its stored schedule, and what it says to mistakes. All of the
 * scenarios and mutants are `make explore` and `make explore-mutants`.
 */
import { pathToFileURL } from "node:url";
import test from "ava";
import { UserError } from "../../lib/errors.ts";
import { columns } from "./columns.ts";
import { explore, list, replay, stepper_bundle } from "./explorer.ts";
import { load_mutant, mutant_names } from "./mutant.ts";
import { decode_schedule, encode_schedule } from "./replay_string.ts";
import { failure_report, summary } from "./report.ts";
import { run } from "./run.ts";
import { DECODER } from "./testtrace.ts";
import type { ExploreOptions, Failure, Result } from "./types.ts";
import { all_scenarios, check_written } from "./written.ts";

async function all(o: ExploreOptions): Promise<Result[]> {
	const results: Result[] = [];
	for await (const r of explore(o)) results.push(r);
	return results;
}
/** In a schedule, the CPUs that it is of: see strategy/replay.ts, which is compiled with the kernel. */
const ORDER = -2;
/** Building the stepper takes as long as a minute under load. */
const BUILD_MS = 300_000;

test.serial("golden programs have the known number of interleavings", async (t) => {
	t.timeout(BUILD_MS);
	const golden: Record<string, number> = {
		"golden/seqlock-1": 11,
		"golden/seqlock-2": 121,
		"golden/seqlock-3": 1331,
		"golden/seqlock-4": 14641,
		"golden/fault-munmap-1": 8,
		"golden/fault-munmap-2": 69,
		"golden/fault-munmap-3": 642,
	};
	for (const r of await all({ scenarios: Object.keys(golden), model: "sc" })) {
		t.is(r.executions, golden[r.scenario], r.scenario);
		t.true(r.exhausted);
		t.is(r.failures, 0);
	}
});

test.serial(
	"the count on the port does not depend on which CPU is listed first, nor on how many cores search",
	async (t) => {
		const [a] = await all({ scenarios: ["fault-mremap"], model: "sc", order: [0, 1], jobs: 1 });
		const [b] = await all({ scenarios: ["fault-mremap"], model: "sc", order: [1, 0], jobs: 1 });
		const [c] = await all({ scenarios: ["fault-mremap"], model: "sc", strategy: "dpor", jobs: 3 });
		t.true(a.exhausted && b.exhausted && c.exhausted);
		t.is(a.executions, b.executions);
		t.is(a.executions, c.executions);
	},
);

test.serial("the quick scenarios hold, every interleaving of them", async (t) => {
	const scenarios = (await list()).filter((s) => s.quick && !s.name.startsWith("golden")).map((s) => s.name);
	t.true(scenarios.length > 0);
	const results = await all({ scenarios, model: "sc" });
	for (const r of results) {
		t.true(r.exhausted, summary(r));
		t.is(r.failure?.text, undefined, r.scenario);
	}
	/* Each as the kernel is; and those that ask for it with page tables that are freed after interrupts. */
	t.deepEqual(
		results
			.filter((r) => r.config === undefined)
			.map((r) => r.scenario)
			.sort(),
		[...scenarios].sort(),
	);
	t.deepEqual(
		results.filter((r) => r.config === "ipitables.config").map((r) => r.scenario),
		["fault-munmap"],
	);
});

test.serial("a semaphore as the kernel has it: waiters on stacks whose words were parts of doubles", async (t) => {
	t.timeout(BUILD_MS);
	const results = await all({
		scenarios: ["rwsem", "rwsem-downgrade"],
		config: "rwsem.config",
		model: "tso",
		bound: 2,
		max: 500,
	});
	t.deepEqual(
		results.map((r) => [r.executions, r.failure?.text]),
		[
			[500, undefined],
			[500, undefined],
		],
	);
});

interface Kernel {
	run_words: (scenario: string, model: string, text: string) => { ends: string; unmet?: string };
}

test.serial("a schedule in words: a fault that was overtaken by munmap maps nothing", async (t) => {
	const kernel = (await import(pathToFileURL(await stepper_bundle()).href)) as Kernel;
	const run = (text: string) => kernel.run_words("fault-munmap", "sc", text);
	t.deepEqual(run("CPU0 runs to after __find_vma; CPU1 runs munmap; CPU0 continues"), {
		ends: "passes",
		unmet: undefined,
	});
	t.regex(
		run("CPU0 runs to before no_such_function; CPU1 runs").unmet ?? "",
		/ends without before no_such_function/,
	);
	t.throws(() => run("CPU0 walks"), { message: /'CPU0 walks' is not understood/ });
});

test.serial("a check that is taken out is missed, in the schedule that is stored with it", async (t) => {
	t.timeout(BUILD_MS);
	const m = load_mutant("skip-seq2");
	const r = await replay(m.schedule, { scenario: m.scenario, model: m.model, mutant: m.name });
	t.truthy(r.failure);
	const result: Result = {
		scenario: m.scenario,
		model: m.model,
		mutant: m.name,
		arch: "x86",
		cpus: 2,
		executions: 1,
		blocked: 0,
		bound: null,
		exhausted: false,
		strategy: "replay",
		failures: 1,
		seconds: 0,
		failure: r.failure,
	};
	if (!r.failure) return;
	const text = failure_report(result, r.failure, 100);
	t.regex(text, /CPU0 +CPU1/);
	t.regex(text, /^an access, and the one that overtook it \(✱\), at 0x[0-9a-f]+:$/m);
	const again = `npx spf explore ${m.scenario} --model sc --mutant skip-seq2 --replay '${m.schedule}'`;
	t.is(text.split("\n").at(-1), again);
	t.true(columns(r.failure, 80).split("\n").length > 10);
	/* The kernel with the check does not go that way. */
	await t.throwsAsync(replay(m.schedule, { scenario: m.scenario, model: m.model }), {
		instanceOf: UserError,
		message: /another version of the kernel or scenario \(.*\); explore again/,
	});
});

test.serial("a report says which memory it was, and who did what to a count that does not balance", async (t) => {
	t.timeout(BUILD_MS);
	const replayed = async (name: string) => {
		const m = load_mutant(name);
		return replay(m.schedule, { scenario: m.scenario, model: m.model, mutant: m.name, states: true });
	};
	const freed = await replayed("vma-free-now");
	const { memory } = freed.failure as Failure;
	t.like(memory?.object, { cache: "vm_area_struct" });
	const offset = (memory?.addr ?? 0) - (memory?.object?.start ?? Infinity);
	t.true(offset >= 0 && offset < (memory?.object?.size ?? 0));
	t.deepEqual(
		memory?.object?.history.slice(-2).map((a) => [a.what, a.phase, a.cpu, a.func]),
		[
			["alloc", "setup", 0, "vm_area_alloc"],
			["free", "run", 1, "____vm_area_free"],
		],
	);
	const { decoder, failure, trace } = await replayed("skip-seq2");
	t.deepEqual(
		failure?.about?.map((s) => s.name),
		["mm.rss_stat[1]"],
	);
	const changes = trace.filter((e) => e.addr === failure?.about?.[0].addr && e.op !== "read");
	t.deepEqual(
		changes.map((e) => [e.cpu, e.old, e.value]),
		[
			[1, 1, 0],
			[0, 0, 1],
		],
	);
	/* The kernel's own constants, and its state at each step. */
	t.is(new Map(decoder.pte_bits.map(([bit]) => [bit, 1])).size, 9);
	for (const [bit, set, clear] of DECODER.pte_bits)
		t.deepEqual(
			decoder.pte_bits.find(([b]) => b === bit),
			[bit, set, clear],
		);
	t.like(decoder, {
		pfn_mask: DECODER.pfn_mask,
		page_shift: DECODER.page_shift,
		entry_functions: DECODER.entry_functions,
	});
	for (const [kind, bits] of Object.entries(DECODER.flags)) {
		const kernel = new Map(decoder.flags[kind as "gfp"]);
		for (const [name, bit] of bits) t.is(kernel.get(name), bit, `${kind} ${name}`);
	}
	const states = trace.map((e) => e.state);
	t.true(states.every((s) => s !== undefined && s.spaces.length === 1 && s.tlbs.length === 2));
	t.true(states.some((s) => s?.locks.some((l) => l.name.includes("mmap_lock") && l.holder === "CPU1")));
	t.true(states.some((s) => s?.tlbs[0].entries.length === 0) && states.some((s) => s?.spaces[0].mmap_seq === 41));
});

test.serial("a failure is shown with the CPUs that it needs, and can be repeated with these", async (t) => {
	t.timeout(BUILD_MS);
	const m = load_mutant("begin-before-lock");
	const o = { scenario: m.scenario, model: m.model, mutant: m.name };
	const [r] = await all({ ...o, scenarios: [m.scenario] });
	t.is(r.cpus, 3);
	const failure = r.failure as Failure;
	t.truthy(failure);
	/* The search within so many preemptions ended with it: it was not all of them. */
	t.false(r.exhausted);
	t.is(r.bound, failure.preemptions > 0 ? failure.preemptions - 1 : null);
	const [[, ...cpus]] = decode_schedule(failure.replay).schedule.filter(([what]) => what === ORDER);
	t.is(cpus.length, 2);
	const { failure: again, trace } = await replay(failure.replay, o);
	t.is(again?.text, failure.text);
	t.true(trace.length > 0 && trace.every((e) => cpus.includes(e.cpu)));
});

test("every mutant says what it takes out, and names a scenario", async (t) => {
	const names = new Set((await list()).map((s) => s.name));
	for (const name of mutant_names()) {
		const m = load_mutant(name);
		t.true(names.has(m.scenario), `${name}: ${m.scenario}`);
		t.true(["sc", "tso", "lkmm"].includes(m.model), name);
	}
});

test("a schedule is the same after it was a word", (t) => {
	const schedule = [
		[0, 8192],
		[1, -1],
		[-1, 0, 40960, 2],
		[12, 3],
	];
	t.deepEqual(decode_schedule(encode_schedule(schedule, 0xdeadbeef)), { schedule, build: 0xdeadbeef });
});

test.serial("two cores: who finds on the way to a loan that more is shared says so, and goes nowhere", async (t) => {
	t.timeout(BUILD_MS);
	/* What one core sees for one loan makes steps of what are none for the lender of the next. */
	for await (const r of explore({
		scenarios: ["cow-munmap"],
		model: "sc",
		mutant: "spf-walk-unchecked",
		jobs: 2,
	}))
		t.is(r.failure?.kind, "lockdep");
});

test("the scenarios of a kernel are those that the sources have", async (t) => {
	t.timeout(BUILD_MS);
	const names = (await list()).map(({ name }) => name);
	t.notThrows(() => check_written(names));
	const plain = [...all_scenarios()].filter((name) => !name.includes("$"));
	t.deepEqual(
		plain.filter((name) => !names.includes(name)),
		[],
	);
	t.deepEqual(
		names.filter((name) => !plain.includes(name) && !name.startsWith("golden/")),
		[],
	);
});

test("mistakes are one line", async (t) => {
	await t.throwsAsync(all({ scenarios: ["no-such"], model: "sc" }), {
		instanceOf: UserError,
		message: /no scenario 'no-such'/,
	});
	await t.throwsAsync(run(["fault-munmp"], {}), {
		instanceOf: UserError,
		message: /^no scenario 'fault-munmp'; did you mean fault-munmap, [^\n]*$/,
	});
	t.throws(() => check_written(["random", "random/1-2", "random/x"]), { message: /'random\/x'/ });
	t.throws(() => load_mutant("no-such"), { instanceOf: UserError, message: /no mutant 'no-such'/ });
	t.throws(() => decode_schedule("spf0:AAAA"), { instanceOf: UserError, message: /version 'spf0:'/ });
	t.throws(() => decode_schedule("spf1:AA"), { instanceOf: UserError, message: /damaged/ });
	t.throws(() => decode_schedule("hello"), { instanceOf: UserError, message: /does not begin with 'spf1:'/ });
});
