// SPDX-License-Identifier: GPL-2.0-only
/** What a configuration leaves out is not in its bundle: no function, no field,
 *  no string, no file. And what it has is there. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import { build } from "./build.ts";
import { KUNIT_CONFIGS } from "../tools/testing/kunit/run.ts";
import { here } from "./lib/root.ts";
import { MAP_PAGES, NOSPF, RECLAIM, STEPPER_NOSPF_WRONG, TINY, UP } from "../tools/testing/trees.ts";
import { objtree } from "./lib/objtree.ts";

const FEATURE = /spf|speculat|mmap_seq|vm_rcu|delayed_fput|f_llist/gi;

/** Names of System.map: `place bytes kind name`. */
function symbols(map: string): Map<string, number> {
	const rows = map
		.trimEnd()
		.split("\n")
		.map((l) => l.split(" "));
	return new Map(rows.map(([, bytes, , name]) => [name, Number.parseInt(bytes, 16)]));
}

const trees = new Map<string, Promise<string>>();

async function built(name: string, fragments: string[]) {
	const tree = trees.get(name) ?? objtree({ name, fragments });
	trees.set(name, tree);
	const path = await tree;
	const code = readFileSync(path, "utf8");
	const map = readFileSync(join(dirname(path), "System.map"), "utf8");
	return { path, code, map: symbols(map) };
}

test("the feature on: its functions and fields are there", async (t) => {
	const { code, map } = await built("default", []);
	for (const name of [
		"__pte_map_lock",
		"mmap_seq_read_start",
		"speculative_page_walk_begin",
		"do_user_addr_fault",
	])
		t.true(map.has(name), name);
	t.regex(code, /SPF_ABORT_PTE_MAP_LOCK_SEQ2/);
	t.notRegex(code.replaceAll(/"[^"\n]*"/g, ""), /\bCONFIG_\w/, "flags are folded");
});

/* V2.06. */
test("the feature off: not one byte is left", async (t) => {
	const { code, map } = await built(NOSPF.name, NOSPF.fragments);
	t.deepEqual(code.match(FEATURE) ?? [], []);
	t.deepEqual(
		[...map.keys()].filter((n) => n.match(FEATURE)),
		[],
	);
	t.true(map.has("do_user_addr_fault"));
	const on = await built("default", []);
	t.true(code.length < on.code.length);
});

test("the stepper can be built with the feature off", async (t) => {
	const { map } = await built("stepper-nospf", ["stepper.config", "nospf.config"]);
	t.true(map.has("snapshot"));
	t.false(map.has("mmap_seq_read_start"));
});

test("and so with programs that are wrong", async (t) => {
	const { code } = await built(STEPPER_NOSPF_WRONG.name, STEPPER_NOSPF_WRONG.fragments);
	t.regex(code, /wrong\/end-vma/);
	t.notRegex(code, /wrong\/end-sequence/);
});

test("where ->map_pages is all, nobody asks a file speculatively", async (t) => {
	const name = /speculative_fault|fault_speculative/;
	const { code } = await built(MAP_PAGES.name, MAP_PAGES.fragments);
	t.notRegex(code, name);
	t.regex(code, /only_map_pages/);
	const both = await built("default", []);
	t.regex(both.code, name);
	t.notRegex(both.code, /only_map_pages/);
});

/** Functions that a source file exports. */
function functions_of(file: string): string[] {
	const text = readFileSync(join(here(), file), "utf8");
	return [...text.matchAll(/^export function (\w+)/gm)].map((m) => m[1]);
}

test("files of a symbol that is off are absent", async (t) => {
	const off = await built("default", []);
	const on = await built("kunit-debug", KUNIT_CONFIGS.debug);
	for (const file of [
		"kernel/mm/debug_validate.ts",
		"kernel/mm/page_poison.ts",
		"kernel/lib/kunit/executor.ts",
		"kernel/lib/kunit/test.ts",
		"kernel/trace/ring_buffer.ts",
		"kernel/trace/trace_events.ts",
		"kernel/trace/tracefs.ts",
		"kernel/mm/mmap_lock.ts",
		"include/trace/events/pagefault.ts",
	]) {
		t.deepEqual(
			functions_of(file).filter((f) => off.map.has(f)),
			[],
			file,
		);
		t.true(
			functions_of(file).some((f) => on.map.has(f)),
			file,
		);
	}
	const up = await built(UP.name, UP.fragments);
	t.false(up.map.has("smp_call_function_many_cond"));
	t.true(off.map.has("smp_call_function_many_cond"));
});

test("without HIGHMEM there is one zone", async (t) => {
	const off = await built(NOSPF.name, NOSPF.fragments);
	t.notRegex(off.code, /zone_highmem|pageset_highmem|totalhigh|lowmem_reserve/);
	const on = await built("kunit-highmem", KUNIT_CONFIGS.highmem);
	for (const fn of ["set_highmem_pages_init", "setup_per_zone_lowmem_reserve"]) t.true(on.map.has(fn), fn);
});

test("without MMU notifiers nothing of them is left", async (t) => {
	/* The label out_notify of wp_page_copy() is no code. */
	const name = /mmu_notif|MMU_NOTIFY|mirror|hlist|srcu|mm_all_locks|percpu_rwsem/i;
	const off = await built(NOSPF.name, NOSPF.fragments);
	t.notRegex(off.code, name);
	const least = await built(TINY.name, TINY.fragments);
	t.notRegex(least.code, name);
	/* What asks whether a page was used. */
	const reclaim = await built(RECLAIM.name, RECLAIM.fragments);
	t.notRegex(reclaim.code, name);
	const on = await built("kunit-debug", KUNIT_CONFIGS.debug);
	for (const fn of ["__mmu_notifier_register", "mm_take_all_locks", "sys_sim_mirror_open", "validate_notifiers"])
		t.true(on.map.has(fn), fn);
});

test("without memory cgroups nothing of them is left", async (t) => {
	/* What trace-cmd reads of mmap_lock's events has a path of theirs. */
	const name = /memcg(?!_path)|mem_cgroup|cgroup|page_counter|in_user_fault/i;
	const off = await built("default", []);
	t.notRegex(off.code, name);
	const least = await built(TINY.name, TINY.fragments);
	t.notRegex(least.code, name);
	const on = await built("kunit-debug", KUNIT_CONFIGS.debug);
	for (const fn of ["page_counter_try_charge", "mem_cgroup_oom_synchronize", "cgroup_post_fork"])
		t.true(on.map.has(fn), fn);
});

test("without PREEMPT_RT nothing of its locks is left, and without SMP nothing of other CPUs", async (t) => {
	const name = /rt_?mutex|rtlock|\brt_spin|rwbase|pi_(waiters|blocked_on|top_task)|saved_state|migrate_dis/i;
	const off = await built("default", []);
	t.notRegex(off.code, name);
	const on = await built("kunit-rt", KUNIT_CONFIGS.rt);
	for (const fn of ["rt_mutex_adjust_prio_chain", "rtlock_slowlock", "rwbase_write_lock", "__rt_spin_lock"])
		t.true(on.map.has(fn), fn);
	t.false(on.map.has("rwsem_down_write_slowpath"));
	const cpus = /smp_call_function_many|\bcsd_|flush_tlb_multi/;
	const up = await built(UP.name, UP.fragments);
	t.notRegex(up.code, cpus);
	t.regex(off.code, cpus);
});

test("without trace points and counters not a name of them is left", async (t) => {
	const { code, map } = await built("default", []);
	t.true(map.has("__perf_sw_event"));
	t.notRegex(code, /page_fault_user|mmap_lock_start_locking|tracepoint|ring_buffer|print fmt/);
	const least = await built(TINY.name, TINY.fragments);
	t.notRegex(least.code, /perf_|page_fault_user|mmap_lock_start_locking|tracepoint|ring_buffer/);
});

test("where nobody asks for pages of users nobody pays for it", async (t) => {
	const PAGES =
		/gup_\w+_range|gup_test|write_protect_seq|\b(get|pin)_user_pages|try_grab|copy_present_page|foll_pin/g;
	const { code } = await built("default", []);
	t.deepEqual(code.match(PAGES) ?? [], []);
	const on = await built("kunit-debug", KUNIT_CONFIGS.debug);
	for (const name of ["gup_pte_range", "pin_user_pages_fast", "copy_present_page", "gup_test_ioctl"])
		t.true(on.map.has(name), name);
});

test("minified: smaller, and the same without the feature", async (t) => {
	const { path, code } = await built(NOSPF.name, NOSPF.fragments);
	const min = readFileSync(await build({ objtree: dirname(path), minify: true }), "utf8");
	t.true(min.length < code.length / 2);
	t.deepEqual(min.match(FEATURE) ?? [], []);
});

test("System.map: sizes are those of the functions' text", async (t) => {
	const { code, map } = await built("default", []);
	const at = code.indexOf(" find_vma = function(") + 1;
	const end = code.indexOf("\n}", at) + 2;
	t.true(at > 0);
	t.is(map.get("find_vma"), end - at);
});
