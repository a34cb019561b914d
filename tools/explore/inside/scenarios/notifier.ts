// SPDX-License-Identifier: GPL-2.0-only
/**
 * MMU notifiers: a device that translates the addresses of the process (drivers/misc/mmu_mirror.ts) beside faults and
 * system calls that change what it has translated. Beside what a scenario checks, at each end the device may have no
 * translation that the page tables do not have (kernel/mm/debug_validate_notifier.ts).
 *
 * Mostly the device has no translation at first: so it looks at the page tables while they change. Where it has one,
 * the scenario's name says so.
 */
import { __NR_close, __NR_sim_mirror_access, __NR_sim_mirror_open } from "asm/unistd.ts";
import { MIRROR_INTERVAL, MIRROR_LOAD, MIRROR_NOTIFIER, MIRROR_STORE } from "uapi/linux/mmu_mirror.ts";
import {
	A,
	as_child,
	B,
	brk,
	check_protected,
	check_that,
	exit_group,
	fork,
	forked,
	LEN,
	madvise_dontneed,
	map,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	protect,
	read,
	resize,
	run_task,
	type Scenario,
	start_threads,
	store,
	user_syscall,
	V,
	write,
} from "../scenario.ts";

const MAYMOVE_FIXED_DONTUNMAP = 7;
const EFAULT = -14;
const EPERM = -1;
/** Places of notes: descriptors of the devices. */
const FD = 14;
const OTHER = 13;

const open = (kind: number, addr = A, len = LEN): number => user_syscall(__NR_sim_mirror_open, addr, len, kind);
const close = (fd: number): number => user_syscall(__NR_close, fd);
const access = (op: number, addr: number, value = 0): number =>
	user_syscall(__NR_sim_mirror_access, noted(FD), op, addr, value);
const device_load = (addr = A): number => access(MIRROR_LOAD, addr);
const device_store = (addr = A): number => access(MIRROR_STORE, addr, V);

/** One page at A that holds a 1, another page beside it, and two threads. */
function pages(): void {
	start_threads(2);
	map(A, LEN);
	write(A, 1);
	write(A + PAGE, 1);
}
/** And a device that has translated nothing. */
const device = (kind: number) => () => {
	pages();
	note(FD, open(kind));
};
/** And one that has, for writing. */
const used_device = (kind: number) => () => {
	device(kind)();
	device_store(A + 1);
	on_cpu(1, () => read(A));
};
/** The page is shared with a child that nobody runs: the next write to it copies. */
function copy_on_write(): void {
	pages();
	fork();
}
const copied_device = (kind: number) => () => {
	copy_on_write();
	note(FD, open(kind));
};

/** What the device finds where CPU 1 unmaps: what was there, or nothing. */
function check_load(): void {
	check_that(noted(0) === 1 || noted(0) === EFAULT, `the device loads ${noted(0)}`);
	check_that(device_load() === EFAULT, "the device reads what is not mapped");
}
function check_store(): void {
	check_that(noted(0) === 0 || noted(0) === EFAULT, `the device stores: ${noted(0)}`);
	check_that(device_load() === EFAULT, "the device reads what is not mapped");
}
const load_it = () => note(0, device_load());
const store_it = () => note(0, device_store());
const unmap = () => note(1, munmap(A, PAGE));
const give_up = () => note(1, madvise_dontneed(A, PAGE));
function check_given_up(): void {
	check_that(noted(0) === 0 || noted(0) === 1, `the device loads ${noted(0)}`);
	check_that(device_load() === 0, "the device reads what is gone");
}

/** What a program wrote before mprotect() returned, and nothing after that. */
function check_stored(): void {
	note(0, noted(0) === 0 ? 1 : 0);
	check_protected(1);
	check_that(device_store() === EPERM, "the device writes to what is read-only");
}
function check_both_see(): void {
	check_that(noted(0) === 1, "the write fails");
	check_that(read(A) === V && device_load() === V, "the device does not see what was written");
}

const config = { configs: ["notifier.config"], only: true };

export const scenarios: Record<string, Scenario> = {
	"notifier-munmap": {
		...config,
		about: "a device's first load beside munmap",
		patch: "none: mm/mmu_notifier.c mn_hlist_invalidate_range_start()",
		invariant: "a translation that was looked up while entries went is thrown away",
		setup: device(MIRROR_NOTIFIER),
		cpus: [load_it, unmap],
		check: check_load,
	},
	"notifier-munmap-used": {
		...config,
		about: "a device that writes to a page that it has translated, beside munmap",
		patch: "none: mm/memory.c unmap_vmas()",
		invariant: "the page is freed when no device can write to it",
		setup: used_device(MIRROR_NOTIFIER),
		cpus: [store_it, unmap],
		check: check_store,
	},
	"notifier-dontneed": {
		...config,
		about: "a device's first load beside MADV_DONTNEED, which leaves the vma",
		patch: "none: mm/memory.c zap_page_range()",
		invariant: "what was looked up between start and end is worth nothing",
		setup: device(MIRROR_NOTIFIER),
		cpus: [load_it, give_up],
		check: check_given_up,
	},
	"notifier-dontneed-used": {
		...config,
		about: "a device that writes to a page that it has translated, beside MADV_DONTNEED",
		patch: "none: mm/memory.c zap_page_range()",
		invariant: "what the device writes is in the page that is there, or gone with the old one",
		setup: used_device(MIRROR_NOTIFIER),
		cpus: [store_it, give_up],
		check() {
			const v = read(A);

			check_that(noted(0) === 0 && noted(1) === 0, "the device cannot store");
			check_that((v === 0 || v === V) && device_load() === v, "the device sees another page");
		},
	},
	"notifier-mprotect-used": {
		...config,
		about: "a device that writes to a page that it has translated, beside mprotect",
		patch: "none: mm/mprotect.c change_pmd_range()",
		invariant: "the device writes nothing when mprotect has returned",
		setup: used_device(MIRROR_NOTIFIER),
		cpus: [store_it, protect],
		check: check_stored,
	},
	"notifier-mremap-used": {
		...config,
		about: "a device that writes to a page that it has translated, beside mremap with MREMAP_DONTUNMAP",
		patch: "none: mm/mremap.c move_page_tables()",
		invariant: "the device does not reach a page by the address that it had",
		setup: used_device(MIRROR_NOTIFIER),
		cpus: [store_it, () => note(1, resize(A, PAGE, PAGE, MAYMOVE_FIXED_DONTUNMAP, B) === B ? 0 : -1)],
		check() {
			const [old, moved] = [read(A), read(B)];

			check_that(noted(0) === 0 && noted(1) === 0, "an error");
			check_that((old === 0 && moved === V) || (old === V && moved === 1), "the write is lost");
			check_that(device_load() === old, "the device reads the page that was moved");
		},
	},
	"notifier-fork-used": {
		...config,
		about: "a device that writes to a page that it has translated, beside fork",
		patch: "none: mm/memory.c copy_page_range()",
		invariant: "the device writes to the parent's memory, and from the fork on never to the child's",
		setup: used_device(MIRROR_NOTIFIER),
		cpus: [store_it, () => note(1, fork())],
		check() {
			check_that(noted(0) === 0 && noted(1) > 0, "an error");
			check_that(
				device_store(A + 1) === 0 && read(A) === V && read(A + 1) === V,
				"the write is lost",
			);
			const child = as_child(() => read(A + 1));
			check_that(child === V, `the child reads ${child}`);
			check_that(
				as_child(() => write(A + 1, 3)) && read(A + 1) === V,
				"the child writes to our page",
			);
		},
	},
	"notifier-cow": {
		...config,
		about: "a device's first load beside a speculative fault that copies the page on write",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "the device translates to the copy",
		setup: copied_device(MIRROR_NOTIFIER),
		cpus: [
			store,
			() => {
				const v = device_load();

				check_that(v === 1 || v === V, "the device loads what nobody wrote");
			},
		],
		check: check_both_see,
	},
	"notifier-cow-abort": {
		...config,
		about: "a speculative fault that copies on write beside brk, with a device",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy(); out_notify",
		invariant: "a fault that gives up ends the range that it has begun (R21)",
		setup: copied_device(MIRROR_NOTIFIER),
		cpus: [store, () => note(1, brk(0) > 0 ? 0 : 1)],
		check: check_both_see,
	},
	"notifier-cow-register": {
		...config,
		about: "a speculative fault that copies on write beside a device that is opened",
		patch: "V2.24 mm: write lock mmu_notifier_lock when registering mmu notifiers",
		invariant: "who comes between the start and the end of a range is not told of the end (R20)",
		setup: copy_on_write,
		cpus: [store, () => note(FD, open(MIRROR_NOTIFIER))],
		check: check_both_see,
	},
	"notifier-close": {
		...config,
		about: "a device that is closed beside munmap of what it has translated",
		patch: "none: mm/mmu_notifier.c mmu_notifier_unregister()",
		invariant: "no callback runs any more when the subscription is freed",
		setup: used_device(MIRROR_NOTIFIER),
		cpus: [() => note(0, close(noted(FD))), unmap],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "an error");
		},
	},
	"notifier-exit": {
		...config,
		about: "a process that ends beside a device of it, which a child has, too",
		patch: "none: mm/mmap.c exit_mmap()",
		invariant: "a device without an address space translates nothing",
		setup() {
			start_threads(1);
			map(A, LEN);
			write(A, 1);
			note(FD, open(MIRROR_NOTIFIER));
			fork();
			on_cpu(1, () => run_task(forked()));
			/* A page that the child has not. */
			write(A, 1);
			device_store(A + 1);
		},
		cpus: [exit_group, load_it],
		check() {
			check_that(noted(0) === 1 || noted(0) === EFAULT, `the device loads ${noted(0)}`);
			check_that(on_cpu(1, () => device_load()) === EFAULT, "the device reads freed memory");
		},
	},
	"interval-dontneed": {
		...config,
		about: "a device's first load beside MADV_DONTNEED, by an interval notifier",
		patch: "none: mm/mmu_notifier.c mmu_interval_read_begin()",
		invariant: "who has looked at entries while they went looks again, when they are gone",
		setup: device(MIRROR_INTERVAL),
		cpus: [load_it, give_up],
		check: check_given_up,
	},
	"interval-cow-register": {
		...config,
		about: "a speculative fault that copies on write beside an interval notifier that is inserted",
		patch: "V2.24 mm: write lock mmu_notifier_lock when registering mmu notifiers",
		invariant: "no range ends that has not begun (R20)",
		setup: copy_on_write,
		cpus: [store, () => note(FD, open(MIRROR_INTERVAL))],
		check: check_both_see,
	},
	"interval-remove": {
		...config,
		about: "a device that is closed beside munmap of what it has translated, by an interval notifier",
		patch: "none: mm/mmu_notifier.c mmu_interval_notifier_remove()",
		invariant: "the tree does not change while it is walked, and who leaves waits for that",
		setup: used_device(MIRROR_INTERVAL),
		cpus: [() => note(0, close(noted(FD))), unmap],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "an error");
		},
	},
	"interval-insert": {
		...config,
		about: "a second device, opened beside MADV_DONTNEED of what the first one has translated",
		patch: "none: mm/mmu_notifier.c mn_itree_inv_end()",
		invariant: "who comes while the tree is walked is put into it at the end, and looks no earlier",
		setup: used_device(MIRROR_INTERVAL),
		cpus: [
			() => {
				note(OTHER, open(MIRROR_INTERVAL));
				note(0, user_syscall(__NR_sim_mirror_access, noted(OTHER), MIRROR_LOAD, A));
			},
			give_up,
		],
		check: check_given_up,
	},
};
