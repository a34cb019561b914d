// SPDX-License-Identifier: GPL-2.0-only
/** The explorer on other architectures than the usual one: what is run there, what is not, and what is said of that. */
import test from "ava";
import { DEFAULT_ARCH } from "../../../scripts/lib/objtree.ts";
import { stepper_arches } from "../../../scripts/lib/arch.ts";
import { UserError } from "../../lib/errors.ts";
import { pte_text } from "./describe.ts";
import { explore, list, replay } from "./explorer.ts";
import { fragments, refused } from "./fragments.ts";
import { load_mutant, mutant_of } from "./mutant.ts";
import { summary } from "./report.ts";
import type { ExploreOptions, Result } from "./types.ts";

const BUILD_MS = 300_000;
const arm64 = "arm64";
const powerpc = "powerpc";

async function all(o: ExploreOptions): Promise<{ results: Result[]; not_run: string[] }> {
	const results: Result[] = [];
	const not_run: string[] = [];
	const told = (name: string, config: string | undefined, why: string) =>
		not_run.push(`${name} ${config}: ${why}`);
	for await (const r of explore(o, { not_run: told })) results.push(r);
	return { results, not_run };
}

test("each has a header for it", (t) => {
	t.deepEqual(stepper_arches().sort(), [arm64, powerpc, DEFAULT_ARCH]);
});

test.serial("a flush that is broadcast is met in every order", async (t) => {
	t.timeout(BUILD_MS);
	const o: ExploreOptions = { scenarios: ["tlb-munmap"], arch: arm64, jobs: 1 };
	const [sc] = (await all({ ...o, model: "sc" })).results;
	t.true(sc.exhausted, summary(sc));
	t.regex(summary(sc), /2 CPUs, SC, arm64, 0 failures/);
	const weak = (await all({ ...o, bound: 0 })).results;
	t.deepEqual(
		weak.map((r) => [r.model, r.arch, r.failures]),
		[
			["sc", arm64, 0],
			["lkmm", arm64, 0],
		],
	);
});

test.serial("what an architecture has not is told, with the reason", async (t) => {
	t.timeout(BUILD_MS);
	const listed = await list(undefined, undefined, arm64);
	const without = listed.filter((s) => s.lacks !== undefined).map((s) => s.name);
	t.true(without.includes("switch-both") && !without.includes("switch-dontneed"));
	/* x86 has all but what only CPUs that are asked to leave a mask have. */
	t.deepEqual(
		(await list()).filter((s) => s.lacks !== undefined).map((s) => s.name),
		["trim-dontneed", "trim-twice", "trim-lazy", "trim-munmap", "trim-fork"],
	);
	t.true(listed.every((s) => !s.models.includes("tso")));
	const { results, not_run } = await all({ scenarios: ["fault-munmap"], arch: arm64, model: "sc", max: 1 });
	t.is(results.length, 1);
	t.is(not_run.length, 1);
	t.regex(not_run[0], /^fault-munmap ipitables.config: CONFIG_MMU_GATHER_RCU_TABLE_FREE is y there/);
	const refuse = (o: ExploreOptions, message: RegExp) =>
		t.throwsAsync(all({ arch: arm64, ...o }), { instanceOf: UserError, message });
	await refuse(
		{ scenarios: ["switch-both"] },
		/^scenario 'switch-both' is not for arm64: a flush is broadcast, /,
	);
	await refuse({ scenarios: ["fault-munmap"], model: "tso" }, /^--model tso: arm64 does not order accesses so; /);
	await refuse(
		{ scenarios: ["switch-both"], mutant: "cpumask-plain" },
		/^mutant 'cpumask-plain' is not for arm64: a flush is broadcast, /,
	);
});

test.serial("a page walk cache is met in every order, and CPUs are asked to leave a mask", async (t) => {
	t.timeout(BUILD_MS);
	const listed = await list(undefined, undefined, powerpc);
	t.deepEqual(
		listed.filter((s) => s.lacks !== undefined).map((s) => s.name),
		["lazy-twice"],
	);
	t.true(listed.every((s) => !s.models.includes("tso")));
	const { results } = await all({
		scenarios: ["read-mremap-table", "trim-fork"],
		arch: powerpc,
		model: "sc",
		jobs: 1,
	});
	for (const r of results) t.true(r.exhausted && r.failures === 0, summary(r));
	const m = load_mutant("pwc-kept-over-move", powerpc);
	const o = { scenario: m.scenario, model: m.model, mutant: m.name, arch: powerpc };
	const { failure, decoder } = await replay(m.schedule, o);
	t.regex(failure?.text ?? "", /^check failed: CPU\d has a page table of 20000000 cached that is there no more$/);
	const bit = (name: string) =>
		decoder.pte_bits.find(([, set, clear]) => set === name || clear === name)?.[0] ?? 0;
	const user = bit("!PRESENT") | bit("!PTE");
	t.is(pte_text(0x12000 | user | bit("R") | bit("DIRTY"), decoder), "pfn 0x12 R DIRTY");
	t.is(pte_text(0x12000 | bit("INVALID"), decoder), "pfn 0x12 !PRESENT INVALID !PTE");
});

test.serial("fragments are those of all architectures and of this one, and some come to nothing", async (t) => {
	t.timeout(BUILD_MS);
	await list(undefined, undefined, arm64);
	t.true(fragments(arm64).includes("noafdbm.config") && !fragments(DEFAULT_ARCH).includes("noafdbm.config"));
	for (const name of ["rcu.config", "rwsem.config", "noafdbm.config"])
		t.is(refused(name, arm64), undefined, name);
	t.regex(refused("ipitables.config", arm64) ?? "", /is y there, whatever is asked for$/);
	await list();
	t.is(refused("ipitables.config", DEFAULT_ARCH), undefined);
});

test("a mutant has a header for each architecture, and what it says of one comes first", (t) => {
	const m = load_mutant("tlbi-beside-walks", arm64);
	t.is(m.not_here, undefined);
	t.not(m.schedule, "");
	t.regex(load_mutant("tlbi-beside-walks").not_here ?? "", /^a flush is an interrupt there/);
	t.throws(() => mutant_of("tlbi-beside-walks", DEFAULT_ARCH), { instanceOf: UserError });
	const [here, there] = [DEFAULT_ARCH, arm64].map((arch) => load_mutant("skip-seq2", arch).schedule);
	t.true(here !== "" && there !== "" && here !== there);
});

test.serial("a report has the names that the architecture gives to the bits of an entry", async (t) => {
	t.timeout(BUILD_MS);
	const m = load_mutant("skip-seq2", arm64);
	const o = { scenario: m.scenario, model: m.model, mutant: m.name, arch: arm64 };
	const { failure, decoder } = await replay(m.schedule, o);
	t.truthy(failure);
	const bit = (name: string) =>
		decoder.pte_bits.find(([, set, clear]) => set === name || clear === name)?.[0] ?? 0;
	const user = ["!VALID", "!USR", "!NG"].reduce((bits, name) => bits | bit(name), 0);
	t.is(pte_text(0x12000 | user | bit("AF") | bit("WRITE"), decoder), "pfn 0x12 RW AF WRITE");
	t.is(pte_text(0x12000 | user | bit("RO"), decoder), "pfn 0x12 RO");
	t.regex(pte_text(0x12000, decoder), /!VALID .*!USR/);
});
