// SPDX-License-Identifier: GPL-2.0-only
/**
 * Charges to a memory cgroup: faults whose charge fails (failcharge.config), one in each execution and each of them in
 * some; and the counter under them, which everybody adds to without a lock. Without MEMCG the faults are faults.
 */
import { CONFIG_MEMCG } from "generated/autoconf.ts";
import { user_write_file } from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	page_counter_charge,
	page_counter_init,
	page_counter_read,
	page_counter_set_max,
	page_counter_try_charge,
	page_counter_uncharge,
	type page_counter,
} from "linux/page_counter.ts";
import {
	A,
	check_that,
	fork,
	in_kernel,
	LEN,
	madvise_dontneed,
	map_file,
	map_written,
	munmap,
	note,
	noted,
	PAGE,
	PROT_RW,
	read,
	type Scenario,
	start_threads,
	store,
	untouched,
	V,
	written,
} from "../scenario.ts";

/** From here on what the process asks for is charged to a group of its own. */
function member(setup: () => void): () => void {
	return () => {
		setup();
		user_write_file("/sys/fs/cgroup/a/b/cgroup.procs", "0");
	};
}
const V1 = "/sys/fs/cgroup/memory/a";
/** Another vma on the page table of A. */
const C = A + 8 * PAGE;

/** And at the limit of its group, or of the one above, it is not killed, but waits. It has one page that is charged. */
function member_that_waits(group: "/b" | ""): () => void {
	return () => {
		member(untouched)();
		map_written(C, 1);
		if (CONFIG_MEMCG) {
			const used = page_counter_read(current().mm.memcg.memory);

			user_write_file(`${V1}${group}/memory.limit_in_bytes`, `${used * PAGE}`);
			user_write_file(`${V1}${group}/memory.oom_control`, "1");
		}
	};
}
/** Who is told that the group is out of memory. */
function when_under_oom(then: () => void): void {
	in_kernel(() => {
		if (CONFIG_MEMCG) {
			const memcg = current().mm.memcg;

			while (READ_ONCE(memcg.under_oom) === 0) cpu_relax();
		}
	});
	then();
}
function unmap_page(): void {
	note(1, munmap(C, PAGE));
}
function unmapped_and_stored(): void {
	check_that(noted(1) === 0, "munmap fails");
	stored();
}
function stored(): void {
	check_that(noted(0) === 1 && read(A) === V, "the write is lost");
}
/** The write is there, or the page is as it was, or gone. */
function stored_or(before: number): () => void {
	return () => {
		const v = read(A);

		check_that(noted(0) === 1, "the write fails");
		check_that(v === V || v === before || v === -1, `a value from nowhere: ${v}`);
	};
}
const CONFIGS = ["failcharge.config"];

interface counters extends struct {
	root: embed<page_counter> /* see page_counter */;
	leaf: embed<page_counter> /* see page_counter */;
}
const counters = DEFINE<counters>();

/** A counter below another one, which has a limit; and so many pages. */
function counter(max: number, charged: number): void {
	start_threads(2);
	page_counter_init(counters.root, NULL);
	page_counter_init(counters.leaf, counters.root);
	page_counter_set_max(counters.root, max);
	page_counter_charge(counters.leaf, charged);
}
function charge(cpu: number): void {
	note(
		cpu,
		in_kernel(() => (page_counter_try_charge(counters.leaf, 1) === NULL ? 1 : 0)),
	);
}
function uncharge(): void {
	in_kernel(() => page_counter_uncharge(counters.leaf, 1));
}
function usage_is(n: number): void {
	check_that(
		page_counter_read(counters.leaf) === n,
		`the leaf counts ${page_counter_read(counters.leaf)}, not ${n}`,
	);
	check_that(
		page_counter_read(counters.root) === n,
		`the root counts ${page_counter_read(counters.root)}, not ${n}`,
	);
}

export const scenarios: Record<string, Scenario> = {
	"charge-fault-munmap": {
		about: "a write fault whose charge may fail, beside munmap of its page",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "a page that is charged and not mapped is given back, and so is its charge",
		setup: member(untouched),
		cpus: [store, () => munmap(A, LEN)],
		check: () => check_that(read(A) === -1, "a page is mapped after munmap"),
		configs: CONFIGS,
	},
	"charge-fault-fault": {
		about: "two write faults of one page, whose charges may fail: one of the pages is not needed",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "nothing is lost, and each charge is given back once",
		setup: member(untouched),
		cpus: [store, () => read(A)],
		check: stored_or(0),
		configs: CONFIGS,
	},
	"charge-cow-dontneed": {
		about: "a copy on write whose charge may fail, beside MADV_DONTNEED of the page",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "the copy is there, or the source is as it was; each charge is given back once",
		setup: member(() => {
			written();
			fork();
		}),
		cpus: [store, () => madvise_dontneed(A, LEN)],
		check: stored_or(0),
		configs: CONFIGS,
	},
	"charge-file": {
		about: "a write to a private page of a file: the file's page is charged, and the copy",
		patch: "none: mm/memory.c do_cow_fault(), mm/filemap.c __filemap_add_folio()",
		invariant: "whichever fails, each charge is given back once",
		setup: member(() => {
			start_threads(1);
			map_file(A, LEN, PROT_RW, false);
		}),
		cpus: [store],
		check: stored_or(-2),
		configs: CONFIGS,
	},
	"charge-wait-limit": {
		about: "a fault that waits at the limit of its group, beside who is told so and raises it",
		patch: "none: mm/memcontrol.c mem_cgroup_oom_synchronize(), memcg_oom_recover()",
		invariant: "who waits is woken, and takes the fault again",
		setup: member_that_waits("/b"),
		cpus: [
			store,
			() => when_under_oom(() => note(1, user_write_file(`${V1}/b/memory.limit_in_bytes`, "-1"))),
		],
		check() {
			check_that(noted(1) > 0, "the limit cannot be raised");
			stored();
		},
		configs: ["memcg.config"],
		only: true,
	},
	"charge-wait-uncharge": {
		about: "a fault that waits at the limit of its group, beside who is told so and unmaps a page",
		patch: "none: mm/memcontrol.c mem_cgroup_oom_synchronize(), uncharge_batch()",
		invariant: "who waits is woken by memory that is given back",
		setup: member_that_waits("/b"),
		cpus: [store, () => when_under_oom(unmap_page)],
		check: unmapped_and_stored,
		configs: ["memcg.config"],
		only: true,
	},
	"charge-wait-above": {
		about: "the same at the limit of the group above",
		patch: "none: mm/memcontrol.c memcg_oom_wake_function()",
		invariant: "who waits in a group is woken by memory that one below gives back",
		setup: member_that_waits(""),
		cpus: [store, () => when_under_oom(unmap_page)],
		check: unmapped_and_stored,
		configs: ["memcg.config"],
		only: true,
	},
	"charge-charge": {
		about: "two charges of a page below a limit of one",
		patch: "none: mm/page_counter.c page_counter_try_charge()",
		invariant: "one of them succeeds, and no more is counted than was charged",
		setup: () => counter(1, 0),
		cpus: [() => charge(0), () => charge(1)],
		check() {
			check_that(noted(0) + noted(1) === 1, `${noted(0) + noted(1)} charges below a limit of one`);
			usage_is(1);
		},
	},
	"charge-uncharge": {
		about: "a charge at the limit beside the end of another page",
		patch: "none: mm/page_counter.c page_counter_try_charge(), page_counter_uncharge()",
		invariant: "what is refused is not counted, at any level",
		setup: () => counter(1, 1),
		cpus: [() => charge(0), uncharge],
		check: () => usage_is(noted(0)),
	},
	"charge-limit": {
		about: "a charge beside a new limit, below what there would be with it",
		patch: "none: mm/page_counter.c page_counter_set_max()",
		invariant: "the charge is refused, or the limit",
		setup: () => counter(2, 1),
		cpus: [
			() => charge(0),
			() =>
				note(
					1,
					in_kernel(() => (page_counter_set_max(counters.root, 1) === 0 ? 1 : 0)),
				),
		],
		check() {
			usage_is(1 + noted(0));
			check_that(noted(0) === 0 || noted(1) === 0, "more is charged than the limit");
		},
	},
};
