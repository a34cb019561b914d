// SPDX-License-Identifier: GPL-2.0-only
/**
 * What fails an execution, sentence by sentence of explorer.md: for each there are
 * programs in inside/wrong that do it, which must be reported as what they are, and
 * others that nearly do, which must not be reported.
 */
import test from "ava";
import { explore, list } from "./explorer.ts";
import type { Failure, Model, Result } from "./types.ts";

const CONFIG = "selftest.config";
/** Building the stepper takes as long as a minute under load, and 150 small searches take another. */
const BUILD_MS = 600_000;

/** By place: what the report says of it. */
const ATOMIC = "in_atomic\\(\\): 1, irqs_disabled\\(\\): 0, ";
const WHERE = {
	spinlock: new RegExp(`${ATOMIC}[\\s\\S]*nest depth: 0, [\\s\\S]*1 lock held by CPU0\n #0: things\\.lock$`),
	rcu: new RegExp(`${ATOMIC}[\\s\\S]*nest depth: 1, [\\s\\S]*no locks held by CPU0$`),
	irqs: /in_atomic\(\): 0, irqs_disabled\(\): 1, /,
	preempt: new RegExp(`${ATOMIC}[\\s\\S]*nest depth: 0, [\\s\\S]*no locks held by CPU0$`),
};
const SLEEPERS = {
	"down-read": "down_read",
	"down-write": "down_write",
	kmalloc: "slab_alloc",
	"alloc-page": "__alloc_pages",
	"synchronize-rcu": "synchronize_rcu",
	completion: "wait_for_common",
	"cond-resched": "cond_resched",
};
const UAF = (size: number): [string, RegExp] => [
	"panic",
	new RegExp(`^BUG: KASAN: use-after-free of size ${size} at addr `),
];

/** By program: the kind of its failure, and what its text has. */
const EXPECTED: Record<string, [kind: string, text: RegExp]> = {
	"steps-for-ever": ["limit", /^never ends: \d+ (steps|accesses) without an end/],
	"stores-for-ever-after": [
		"limit",
		/^never ends: after all programs have ended: \d+ words changed without an end/,
	],
	throws: ["panic", /^oops: .* is not a function/],
	/* It can be repeated, or the text would say so: the second interrupt is left where the first one stood last. */
	"second-interrupt-left": ["panic", /^check failed: the interrupt has not ended$/],
	"throws-before": ["panic", /^before the first step: oops: .* is not a function/],
	"throws-after": ["panic", /^after all programs have ended: oops: .* is not a function/],
	/* Words are 4 bytes, and so is the access to a part of one. */
	"free-load-u8": UAF(4),
	"free-load-u16": UAF(4),
	"free-load-int": UAF(4),
	"free-load-ulong": UAF(8),
	"free-store-u8": UAF(4),
	"free-store-u16": UAF(4),
	"free-store-int": UAF(4),
	"free-store-ulong": UAF(8),
	"free-read-once": UAF(4),
	"free-atomic": UAF(4),
	"free-beside-reader": UAF(4),
	"free-typesafe": ["panic", /^BUG: KASAN: use-after-free of size 4 at addr \w+ outside of an RCU section$/],
	"free-twice": ["panic", /slab: double free/],
	"published-plainly": [
		"panic",
		/^BUG: KMSAN: uninit-value of size 4 at addr \w+: as it was before it was allocated$/,
	],
	"null-load": ["panic", /KASAN: null-ptr-deref of size 4/],
	"null-store": ["panic", /KASAN: null-ptr-deref of size 8/],
	"wild-load": ["panic", /KASAN: out-of-bounds of size 4/],
	"wild-store": ["panic", /KASAN: null-ptr-deref of size 4 at addr -/],
	"misaligned-u16": ["panic", /KASAN: misaligned-access of size 2/],
	"misaligned-int": ["panic", /misaligned-access of size 4/],
	"misaligned-ulong": ["panic", /misaligned-access of size 8/],

	abba: [
		"lockdep",
		/^possible circular .*: locks\.a is taken while locks\.b is held, but there is locks\.a -> locks\.b$/,
	],
	"abba-one-cpu": ["lockdep", /^possible circular locking dependency/],
	"abba-rwsem": ["lockdep", /^possible circular locking dependency/],
	abca: ["lockdep", /but there is locks\.a -> locks\.b -> locks\.c$/],
	recursion: ["lockdep", /^possible recursive locking detected: locks\.a is taken while it is held$/],
	"recursion-rwsem": ["lockdep", /^possible recursive locking detected: locks\.sem is taken while it is held$/],
	"recursion-class": ["lockdep", /^possible recursive locking detected: .* another of its class is held$/],
	"irq-unsafe": ["lockdep", /^inconsistent lock state: locks\.a/],
	"irq-on-inside": ["lockdep", /^inconsistent lock state: locks\.a/],
	"irq-order": ["lockdep", /^HARDIRQ-safe -> HARDIRQ-unsafe lock order detected: locks\.a -> locks\.b/],
	"unlock-unheld": ["lockdep", /^bad unlock balance detected: locks\.a/],
	"unlock-others": ["lockdep", /^bad unlock balance detected: locks\.a/],
	"up-read-unheld": ["lockdep", /^bad unlock balance detected: locks\.sem/],
	"lock-kept": ["lockdep", /^lock held when returning to user space: CPU0 still holds locks\.b$/],
	"rwsem-kept": ["lockdep", /^lock held when returning to user space: CPU0 still holds locks\.sem$/],
	"lock-uninitialised": ["lockdep", /^trying to register non-static key: /],

	bug: ["panic", /^kernel BUG: on purpose/],
	"bug-on": ["panic", /^kernel BUG: on purpose/],
	"vm-bug-on": ["panic", /^kernel BUG: on purpose/],
	"warn-on": ["warning", /^WARNING: on purpose/],
	"warn-on-once": ["warning", /^WARNING: on purpose/],
	"assert-others-rwsem": ["warning", /rwsem not held for writing/],
	check: ["check", /^check failed: on purpose/],
	"rcu-unlock": ["panic", /^rcu_read_unlock\(\) without rcu_read_lock\(\)/],
	"rcu-kept": ["check", /CPU0 has a preempt_count of 1 at the end/],
	"wait-for-nobody": ["deadlock", /^all CPUs wait$/],
	"wait-for-each-other": ["deadlock", /^all CPUs wait$/],
	"wait-with-lock": ["deadlock", /^all CPUs wait$/],
	"wait-with-lock-trying": ["deadlock", /^all CPUs wait$/],
	"wait-with-rwsem": ["deadlock", /^all CPUs wait$/],
	"poll-for-nobody": ["deadlock", /^all CPUs wait$/],

	"end-sequence": ["check", /mmap_seq \d+ is odd/],
	"end-preempt": ["check", /CPU0 has a preempt_count of 1 at the end/],
	"end-irqs": ["check", /CPU0 has interrupts off at the end/],
	"end-map-count": ["check", /map_count \d, \d vmas/],
	"end-vma": ["check", /total_vm \d+, \d+ pages/],
	"end-rss": ["check", /rss_stat\[1\] \d, \d pages mapped/],
	"end-owner": ["check", /mm->owner is no task of this mm$/],
	"end-account": ["check", /vma \w+: not accounted$/],
	"end-committed": ["check", /vm_committed_as \d+, \d+ pages of vmas$/],
	"end-tlb": ["check", /CPU0 has a stale translation of 20001000/],
	"end-tlb-write": ["check", /CPU0 may write to 20001000/],
	"end-page": ["check", /1 page is lost/],
	"end-object": ["check", /1 slab object is left: kmalloc-32 1$/],
	"end-task": ["check", /2 slab objects are left: task_struct 1, signal_cache 1$/],

	"sleep-kmalloc-irq": [
		"sleep",
		/slab\.ts:\d+\nin_atomic\(\): 1, irqs_disabled\(\): 1, [\s\S]*preempt_count: 10000/,
	],
	"sleep-kmalloc-callback": ["sleep", /invalid context at kernel\/mm\/slab\.ts:\d+\nin_atomic\(\): 1, /],
};
for (const where of Object.keys(WHERE) as (keyof typeof WHERE)[])
	for (const what of Object.keys(SLEEPERS)) EXPECTED[`sleep-${what}-${where}`] = ["sleep", WHERE[where]];

/** The two accesses of a race, in either order: function and how it is made. */
const RACES: Record<string, [[func: string, how: string], [func: string, how: string]]> = {
	"race-read-write": [
		["plain_read", "a plain read"],
		["plain_write", "a plain write"],
	],
	"race-read-marked-write": [
		["plain_read", "a plain read"],
		["marked_write", "a marked write"],
	],
	"race-read-release": [
		["plain_read", "a plain read"],
		["releasing_write", "a release"],
	],
	"race-read-atomic": [
		["plain_read", "a plain read"],
		["atomic_write", "an atomic"],
	],
	"race-write-read": [
		["plain_write", "a plain write"],
		["plain_read", "a plain read"],
	],
	"race-marked-write-read": [
		["marked_write", "a marked write"],
		["plain_read", "a plain read"],
	],
	"race-atomic-read": [
		["atomic_write", "an atomic"],
		["plain_read", "a plain read"],
	],
	"race-wide": [
		["plain_read_wide", "a plain read"],
		["plain_write_wide", "a plain write"],
	],
	"race-two-locks": [
		["plain_write", "a plain write"],
		["plain_read", "a plain read"],
	],
	"race-flag": [
		["plain_write", "a plain write"],
		["plain_read", "a plain read"],
	],
	"race-flag-no-rmb": [
		["plain_write", "a plain write"],
		["plain_read", "a plain read"],
	],
	"race-flag-no-wmb": [
		["plain_write", "a plain write"],
		["plain_read", "a plain read"],
	],
	"race-flag-inc": [
		["plain_write", "a plain write"],
		["plain_read", "a plain read"],
	],
	"race-handed-over-plainly": [
		["plain_read", "a plain read"],
		["take", "an atomic"],
	],
	"race-interrupt": [
		["plain_read", "a plain read"],
		["plain_write", "a plain write"],
	],
};

/** On x86 they are right. */
const ONLY_LKMM = new Set(["race-flag-inc", "published-plainly"]);

/** It has to be waited for: a test of its own. */
const SILENT = "wrong/turns-for-ever";

async function run(model: Model, config: string, which: (name: string) => boolean): Promise<Result[]> {
	const names = (await list(undefined, config)).map((s) => s.name);
	const scenarios = names.filter((n) => /^(wrong|right)\//.test(n) && which(n));
	const results: Result[] = [];
	for await (const r of explore({ scenarios, model, config })) results.push(r);
	return results;
}
/** All of them under a model: searched once. */
const searched = new Map<Model, Promise<Result[]>>();
function all(model: Model): Promise<Result[]> {
	let results = searched.get(model);
	if (!results) searched.set(model, (results = run(model, CONFIG, (name) => name !== SILENT)));
	return results;
}
const some = async (which: RegExp) => (await all("sc")).filter((r) => which.test(r.scenario));
const plain = (func: string) => func.replace(/^.*\./, "");

for (const model of ["sc", "tso", "lkmm"] as const) {
	test.serial(`${model}: each mistake is reported as what it is, and nothing else is`, async (t) => {
		t.timeout(BUILD_MS);
		const results = await all(model);
		for (const r of results) {
			const [kind, name] = r.scenario.split("/");
			const f = r.failure as Failure;
			if (kind === "right") {
				t.is(r.failure?.text, undefined, r.scenario);
				t.true(r.exhausted, r.scenario);
			} else if (name in RACES) check_race(f, name);
			else {
				t.true(name in EXPECTED, `${name}: the test expects nothing of it`);
				t.is(f?.kind, EXPECTED[name]?.[0], `${r.scenario}: ${f?.text}`);
				t.regex(f?.text ?? "", EXPECTED[name]?.[1], r.scenario);
			}
		}
		const names = new Set(results.map((r) => r.scenario));
		for (const name of [...Object.keys(EXPECTED), ...Object.keys(RACES)])
			t.true(
				names.has(`wrong/${name}`) || (ONLY_LKMM.has(name) && model !== "lkmm"),
				`there is no wrong/${name}`,
			);

		/** Both are named, with their functions, and the text says how each is made. */
		function check_race(f: Failure | undefined, name: string): void {
			const [first, second] = RACES[name];
			t.is(f?.kind, "race", name);
			if (!f) return;
			const accesses = (f.conflict ?? []).map((step) => f.trace[step]);
			t.deepEqual(
				accesses.map((e) => plain(e.func)).sort(),
				[first[0], second[0]].sort(),
				`${name} ${f.text}`,
			);
			t.true(
				accesses.every((e) => /wrong\/races\.ts$/.test(e.file) && e.addr === accesses[0].addr),
				name,
			);
			t.is(new Set(accesses.map((e) => e.cpu)).size, 2, name);
			const [, how, other] =
				/^data race: (.*) of [0-9a-f]+ beside (.*) that nothing orders$/.exec(f.text) ?? [];
			/* Who is stopped is named first. */
			const accessed = plain(f.func) === first[0] ? [first, second] : [second, first];
			t.deepEqual(
				[how, other],
				accessed.map(([, made]) => made),
				f.text,
			);
		}
	});
}

test.serial("a program without an end fails, and the next ones are searched", async (t) => {
	t.timeout(BUILD_MS);
	const scenarios = [SILENT, "wrong/steps-for-ever", "right/sleep-and-wake"];
	const results: Result[] = [];
	for await (const r of explore({ scenarios, model: "sc", config: CONFIG, jobs: 1, patience: 5000 }))
		results.push(r);
	t.deepEqual(
		results.map((r) => [r.scenario, r.failures, r.failure?.kind]),
		[
			[SILENT, 1, "hang"],
			["wrong/steps-for-ever", 1, "limit"],
			["right/sleep-and-wake", 0, undefined],
		],
	);
	t.regex(results[0].failure?.text ?? "", /^scenario 'wrong\/turns-for-ever' never ends: for 5 s of CPU time /);
	t.regex(results[1].failure?.text ?? "", /^never ends: /);
	t.regex(results[1].failure?.replay ?? "", /^spf1:/);
});

test.serial("a sleeper is reported where it sleeps, with what is held and where that was taken", async (t) => {
	t.timeout(BUILD_MS);
	for (const r of await some(/^wrong\/sleep-.*-(spinlock|rcu|irqs|preempt)$/)) {
		const [, what, where] = /sleep-(.*)-(\w+)$/.exec(r.scenario) as string[];
		const f = r.failure as Failure;
		t.is(f.func, SLEEPERS[what as keyof typeof SLEEPERS], r.scenario);
		t.true(
			f.text.startsWith(
				`BUG: sleeping function called from invalid context at ${f.file}:${f.line}\n`,
			),
			f.text,
		);
		if (where === "spinlock")
			t.deepEqual(
				f.places?.map((p) => [p.what, p.func]),
				[["things.lock was taken", "in_spinlock"]],
			);
	}
});

test.serial(
	"a lock is reported with the place where it was taken, an order with the places of the other one",
	async (t) => {
		t.timeout(BUILD_MS);
		const results = await some(/^wrong\/(abba-rwsem|abca|lock-kept|irq-order)$/);
		const by_name = new Map(results.map((r) => [r.scenario, r.failure]));
		const places = (name: string) =>
			by_name.get(`wrong/${name}`)?.places?.map((p) => `${p.what}: ${plain(p.func)}`);
		const other = "locks.sem2 was taken while locks.sem was held: sem_then_sem2";
		t.deepEqual(places("abba-rwsem"), ["locks.sem2 was taken: sem2_then_sem", other]);
		t.is(places("abca")?.length, 3);
		t.deepEqual(places("lock-kept"), ["locks.b was taken: keeps_a_lock"]);
		const [irq, on] = places("irq-order") ?? [];
		t.regex(irq ?? "", /^locks\.a is taken in an interrupt: /);
		t.regex(on ?? "", /^locks\.b is held with interrupts on: /);
	},
);

test.serial("a deadlock says who waits for whom, and its trace ends where nobody could go on", async (t) => {
	t.timeout(BUILD_MS);
	for (const r of await some(/^wrong\/wait-with-(lock|rwsem)$/)) {
		const f = r.failure as Failure;
		const lock = r.scenario.endsWith("rwsem") ? "waits.sem" : "waits.lock";
		t.deepEqual(f.waits, [
			{ cpu: 0, context: "task", for: "await", holder: undefined },
			{ cpu: 1, context: "task", for: `lock ${lock}`, holder: "CPU0" },
		]);
		t.true(f.trace.length < 10, `${r.scenario}: ${f.trace.length} steps`);
	}
});

/** What has to do with semaphores. */
const RWSEM = /\/(sleep-down|sleep-trylock|sleep-kmalloc-rwsem|.*-rwsem$|rwsem-|up-read)/;

test.serial("semaphores step by step: they are watched as those of one step are", async (t) => {
	t.timeout(BUILD_MS);
	for (const r of await run("sc", `rwsem.config+${CONFIG}`, (n) => RWSEM.test(n))) {
		const [kind, name] = r.scenario.split("/");
		t.is(
			r.failure?.kind,
			kind === "right" ? undefined : EXPECTED[name][0],
			`${r.scenario}: ${r.failure?.text}`,
		);
		if (kind === "wrong") t.regex(r.failure?.text ?? "", EXPECTED[name][1], r.scenario);
	}
});

test.serial("a race of the kernel's: the two accesses are those of the text, on two CPUs", async (t) => {
	t.timeout(BUILD_MS);
	const o = { scenarios: ["fault-anon-vma-shared"], model: "lkmm" as const, mutant: "anon-vma-plain" };
	for await (const { failure: f } of explore(o)) {
		t.regex(
			f?.text ?? "",
			/^data race: a plain read of [0-9a-f]+ beside a plain write that nothing orders$/,
		);
		const [write, read] = (f?.conflict ?? []).map((step) => (f as Failure).trace[step]);
		t.deepEqual([write.op, write.func, write.file], ["write", "anon_vma_alloc", "kernel/mm/rmap.ts"]);
		t.deepEqual([read.op, read.func, read.file], ["read", "anon_vma_lock_write", "include/linux/rmap.ts"]);
		t.is(read.addr, write.addr);
		t.not(read.cpu, write.cpu);
	}
});

test.serial("who goes to sleep with an interrupt pending waits for that, and does not turn for ever", async (t) => {
	t.timeout(BUILD_MS);
	const o = { scenarios: ["fault-munmap"], model: "sc" as const, config: "rwsem.config", bound: 0, max: 200 };
	/* An execution without an end would throw. */
	for await (const r of explore(o)) t.is(r.failure?.text, undefined);
});
