// SPDX-License-Identifier: GPL-2.0-only
/** Faults on mappings of a file, which are never speculative: v2 leaves them to the classic path. */
import {
	A,
	as_child,
	as_task,
	B,
	check_protected,
	check_that,
	child_on,
	drop_caches,
	fork,
	LEN,
	madvise_dontneed,
	map_file,
	mprotect,
	mremap,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	PROT_READ,
	PROT_RW,
	protect,
	read,
	type Scenario,
	start_threads,
	store,
	V,
	write,
} from "../scenario.ts";

/** Two pages of a file at A: what it says at 0, and that it is in the cache. */
function file(shared: boolean, prot = PROT_RW): void {
	start_threads(2);
	map_file(A, LEN, prot, shared);
	note(8, read(A));
	madvise_dontneed(A, LEN);
}
/** Parent and child, on two CPUs, have the file mapped, shared. */
function mapped_twice(): void {
	start_threads(1);
	map_file(A, LEN, PROT_RW, true);
	note(8, read(A));
	child_on(1);
}
/** What one page table maps: mremap moves it whole. */
const TABLE = 0x200000;
const TO = A + 16 * TABLE;
/** Both have a private mapping of the file that they have written to: they share an anon_vma, too. */
function family_mapped(): void {
	start_threads(1);
	map_file(A, TABLE, PROT_RW, false);
	write(A, 1);
	child_on(1);
}
/** The second one is there, too, and says what is noted in 9. */
function both_cached(): void {
	file(false);
	note(9, read(A + PAGE));
	madvise_dontneed(A, LEN);
}
const at_start = () => noted(8);
function check_file(): void {
	munmap(A, LEN);
	drop_caches();
}

export const scenarios: Record<string, Scenario> = {
	"file-read-munmap": {
		about: "a read fault of a file's page beside the munmap of it",
		patch: "none: do_read_fault()",
		invariant: "after munmap nothing is mapped there",
		setup: () => file(false),
		cpus: [() => note(0, read(A)), () => munmap(A, LEN)],
		check() {
			check_that(noted(0) === at_start() || noted(0) === -1, "a value from nowhere");
			check_that(read(A) === -1, "a page is mapped after munmap");
			check_file();
		},
	},
	"file-around-read": {
		about: "read faults of two pages of a file, of which each maps the other one, too",
		patch: "none: mm/filemap.c filemap_map_pages()",
		invariant: "a page has as many references as entries",
		setup: () => both_cached(),
		cpus: [() => note(0, read(A)), () => note(1, read(A + PAGE))],
		check() {
			check_that(noted(0) === at_start() && noted(1) === noted(9), "a value from nowhere");
			check_file();
		},
	},
	"file-around-cow": {
		about: "a read fault, which maps what is around, beside a private write to what is around",
		patch: "none: mm/filemap.c filemap_map_pages()",
		invariant: "the copy stays",
		setup: () => both_cached(),
		cpus: [() => note(0, read(A)), () => note(1, write(A + PAGE, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === at_start() && noted(1) === 1, "a value from nowhere");
			check_that(read(A + PAGE) === V, "a write is lost");
			check_file();
		},
	},
	"file-cow-cow": {
		about: "two writes to a page of a private mapping of a file",
		patch: "none: do_cow_fault()",
		invariant: "both write to one copy, the file sees neither",
		setup: () => file(false),
		cpus: [() => note(0, write(A + 8, V) ? 1 : 0), () => note(1, write(A + 16, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(
				read(A + 8) === V && read(A + 16) === V && read(A) === at_start(),
				"a write is lost",
			);
			map_file(A, LEN, PROT_READ, true);
			check_that(read(A + 8) !== V && read(A + 16) !== V, "a private write reached the file");
			check_file();
		},
	},
	"file-shared-write": {
		about: "two writes to a page of a shared mapping of a file",
		patch: "none: do_shared_fault(), wp_page_shared()",
		invariant: "both are in the file",
		setup: () => file(true),
		cpus: [store, () => note(1, write(A + 8, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			map_file(A, LEN, PROT_READ, false);
			check_that(read(A) === V && read(A + 8) === V, "a write is lost");
			check_file();
		},
	},
	"file-shared-mprotect": {
		about: "a write to a page of a shared mapping beside mprotect to read-only",
		patch: "none: mprotect_fixup()",
		invariant: "after mprotect(PROT_READ) nobody writes",
		setup: () => file(true),
		cpus: [store, protect],
		check() {
			check_protected(at_start());
			check_file();
		},
	},
	"file-shared-dontneed": {
		about: "a write to a page of a shared mapping beside MADV_DONTNEED, which tells the file of it",
		patch: "none: zap_pte_range()",
		invariant: "the write is in the file",
		setup: () => file(true),
		cpus: [store, () => madvise_dontneed(A, LEN)],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_file();
		},
	},
	"file-private-fork": {
		about: "a write to a page of a private mapping beside fork",
		patch: "none: copy_page_range()",
		invariant: "parent and child do not see each other's writes after fork",
		setup: () => file(false),
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the parent's write is lost");
			const child = as_child(() => read(A));

			check_that(child === V || child === at_start(), "the child sees a page of nobody");
			write(A, 3);
			check_that(as_child(() => read(A)) === child, "the child sees the parent's write");
			as_child(() => munmap(A, LEN));
			check_file();
		},
	},
	"file-fork-munmap": {
		about: "fork of a mapping of a file beside its end in another process: mmap_lock is not the same",
		patch: "none: kernel/fork.c dup_mmap(), mm/mmap.c unlink_file_vma()",
		invariant: "the interval tree of a file is changed under its lock",
		setup: mapped_twice,
		cpus: [() => note(0, fork()), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(0) > 0 && noted(1) === 0, "a call fails");
			check_that(as_task(noted(0), () => read(A)) === at_start(), "a value from nowhere");
		},
	},
	"file-fork-map": {
		about: "fork of a mapping of a file beside the mapping of it by another process",
		patch: "none: kernel/fork.c dup_mmap(), mm/mmap.c vma_link()",
		invariant: "the interval tree of a file is changed under its lock",
		setup: mapped_twice,
		cpus: [() => note(0, fork()), () => map_file(B, LEN, PROT_RW, true)],
		check() {
			check_that(noted(0) > 0, "fork fails");
			check_that(on_cpu(1, () => read(B)) === at_start(), "a value from nowhere");
		},
	},
	"file-split-munmap": {
		about: "a split of a mapping of a file beside the end of one in another process",
		patch: "none: mm/mmap.c __vma_adjust(), unlink_file_vma()",
		invariant: "the interval tree of a file is changed under its lock",
		setup: mapped_twice,
		cpus: [() => note(0, mprotect(A, PAGE, PROT_READ)), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "a call fails");
			check_that(read(A) === at_start() && !write(A, V), "the protection is another one");
		},
	},
	"file-move-split": {
		about: "the move of a private mapping of a file beside a split of it in another process",
		patch: "none: mm/mremap.c take_rmap_locks(), mm/mmap.c __vma_adjust()",
		invariant: "who needs the lock of a file and that of an anon_vma takes the file's first",
		setup: family_mapped,
		cpus: [() => note(0, mremap(A, TABLE, TO)), () => note(1, mprotect(A, PAGE, PROT_READ))],
		check() {
			check_that(noted(0) === TO && noted(1) === 0, "a call fails");
			check_that(read(TO) === 1 && on_cpu(1, () => read(A)) === 1, "a page is lost");
		},
	},
	"file-munmap-drop": {
		about: "the end of the last mapping of a file beside who throws out all files that nobody uses",
		patch: "none: fs/inode.c iput(), evict_inodes()",
		invariant: "who gives the last reference back does not touch the inode after that",
		setup: () => file(true),
		cpus: [() => note(0, munmap(A, LEN)), drop_caches],
		check() {
			check_that(noted(0) === 0 && read(A) === -1, "munmap fails");
		},
	},
	"file-map-drop": {
		about: "the mapping of a file that nobody has open beside who throws out all files that nobody uses",
		patch: "none: fs/inode.c iget_locked(), evict_inodes()",
		invariant: "a file that is found stays as long as it is mapped",
		setup() {
			file(true);
			munmap(A, LEN);
		},
		cpus: [() => map_file(A, LEN, PROT_RW, true), drop_caches],
		check() {
			check_that(read(A) === at_start(), "a value from nowhere");
			check_file();
		},
	},
};
