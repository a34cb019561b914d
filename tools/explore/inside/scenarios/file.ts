// SPDX-License-Identifier: GPL-2.0-only
/** Files: mapped, opened, closed, thrown out, and classic faults on their mappings. */
import { __NR_close, __NR_mmap, __NR_sim_open } from "asm/unistd.ts";
import { EBADF } from "linux/errno.ts";
import { MADV_RANDOM, MAP_FIXED, MAP_SHARED } from "linux/mman.ts";
import {
	A,
	as_child,
	as_task,
	B,
	check_protected,
	check_that,
	child_on,
	drop_caches,
	exit_group,
	fork,
	LEN,
	madvise,
	madvise_dontneed,
	map_file,
	map_written,
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
	user_syscall,
	V,
	write,
} from "../scenario.ts";

const INO = 4714;
const O_RDWR = 2;
/** For which the table always has room. */
const DESCRIPTORS = 1024;

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

/** Cached pages of a file at A, 8 and 9 say what is in the first two: nothing is mapped, no page table is there. */
function fresh(shared: boolean, len = LEN): void {
	start_threads(2);
	map_file(A, LEN, PROT_RW, shared);
	note(8, read(A));
	note(9, read(A + PAGE));
	munmap(A, LEN);
	map_file(A, len, PROT_RW, shared);
}
/** The same with one page, and something else that keeps all but the lowest table. */
function fresh_below(shared: boolean): void {
	fresh(shared, PAGE);
	map_written(B, 1);
}
/** Of a file that is longer than a node of its tree has places: nothing is in the cache. */
const FAR = 64 * PAGE;
function far(): void {
	start_threads(2);
	map_file(A, FAR + LEN, PROT_RW, true);
	/* One page at a time. */
	madvise(A, FAR + LEN, MADV_RANDOM);
}
function map_fd(addr: number, fd: number): number {
	return user_syscall(__NR_mmap, addr, LEN, PROT_RW, MAP_SHARED | MAP_FIXED, fd, 0);
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
	"file-close-drop": {
		about: "the last close of a file beside who throws out all files that nobody uses",
		patch: "none: fs/inode.c iput(), evict_inodes()",
		invariant: "who gives the last reference back does not touch the inode after that",
		setup() {
			start_threads(2);
			note(8, user_syscall(__NR_sim_open, INO, O_RDWR, LEN));
		},
		cpus: [() => note(0, user_syscall(__NR_close, noted(8))), drop_caches],
		check() {
			check_that(noted(0) === 0, "close fails");
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
	"file-cow-fresh": {
		about: "two writes to two pages of a private mapping of a file, where no page table is yet",
		patch: "none: do_cow_fault(), do_fault(), prealloc_pte",
		invariant: "one of the two page tables is used, the other one is freed",
		setup: () => fresh(false),
		cpus: [store, () => note(1, write(A + PAGE, V) ? 1 : 0)],
		check() {
			check_that(noted(0) === 1 && noted(1) === 1, "a write fails");
			check_that(read(A) === V && read(A + PAGE) === V, "a write is lost");
			check_file();
		},
	},
	"file-read-fresh": {
		about: "two read faults of a page of a file, without the lowest page table",
		patch: "none: mm/memory.c do_fault_around(), mm/filemap.c filemap_map_pages()",
		invariant: "one of the two page tables is used, the other one is freed",
		setup: () => fresh_below(false),
		cpus: [() => note(0, read(A)), () => note(1, read(A))],
		check() {
			check_that(noted(0) === at_start() && noted(1) === at_start(), "a value from nowhere");
			check_file();
		},
	},
	"file-shared-fresh": {
		about: "a write and a read of a page of a shared mapping of a file, without the lowest page table",
		patch: "none: do_shared_fault(), do_read_fault()",
		invariant: "both have one page, and one page table is used",
		setup: () => fresh_below(true),
		cpus: [store, () => note(1, read(A))],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(noted(1) === at_start() || noted(1) === V, "a value from nowhere");
			check_file();
		},
	},
	"file-fresh-munmap": {
		about: "a write fault of a private mapping of a file, where no page table is yet, beside its munmap",
		patch: "none: do_cow_fault(), free_pgtables()",
		invariant: "after munmap nothing is mapped there, and no page table is left",
		setup: () => fresh(false),
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
			check_file();
		},
	},
	"file-map-close": {
		about: "the mapping of a file beside the close of its descriptor",
		patch: "none: fs/file.c fget(), close_fd(), mm/mmap.c ksys_mmap_pgoff()",
		invariant: "who has looked a file up has a reference to it",
		setup() {
			start_threads(2);
			note(8, user_syscall(__NR_sim_open, INO, O_RDWR, LEN));
		},
		cpus: [() => note(0, map_fd(A, noted(8))), () => note(1, user_syscall(__NR_close, noted(8)))],
		check() {
			check_that(noted(1) === 0, "close fails");
			check_that(noted(0) === A || noted(0) === -EBADF, `mmap returns ${noted(0)}`);
			check_that(read(A) >= 0 === (noted(0) === A), "the mapping is not what mmap says");
			check_file();
		},
	},
	"file-grow-grow": {
		about: "two opens of a file that is empty, each of which makes it as long as it needs it",
		patch: "none: fs/file.ts i_size_grow(), in place of i_size_write()",
		invariant: "a file is as long as the longer one: what is mapped never becomes shorter",
		setup: () => start_threads(2),
		cpus: [
			() => note(0, user_syscall(__NR_sim_open, INO, O_RDWR, LEN)),
			() => note(1, user_syscall(__NR_sim_open, INO, O_RDWR, PAGE)),
		],
		check() {
			map_fd(A, noted(1));
			check_that(read(A + PAGE) >= 0, "the file has become shorter");
			user_syscall(__NR_close, noted(0));
			user_syscall(__NR_close, noted(1));
			check_file();
		},
	},
	"file-map-map": {
		about: "two processes map a file that both have mapped, once more",
		patch: "none: mm/mmap.c vma_link()",
		invariant: "the interval tree of a file is changed under its lock",
		setup: mapped_twice,
		cpus: [() => map_file(B, LEN, PROT_RW, true), () => map_file(B, LEN, PROT_RW, true)],
		check() {
			check_that(
				read(B) === at_start() && on_cpu(1, () => read(B)) === at_start(),
				"a value from nowhere",
			);
		},
	},
	"file-map-exit": {
		about: "a process maps a file once more, as another one that has it mapped ends",
		patch: "none: mm/mmap.c vma_link(), exit_mmap()",
		invariant: "the interval tree of a file is changed under its lock",
		setup: mapped_twice,
		cpus: [() => map_file(B, LEN, PROT_RW, true), exit_group],
		check: () => check_that(read(B) === at_start(), "a value from nowhere"),
	},
	"file-far-read": {
		about: "first reads of two pages of a file, far behind its start: its tree of pages becomes higher",
		patch: "none: lib/xarray.c xas_create(), mm/filemap.c filemap_add_folio()",
		invariant: "a node of the tree is whole before it is found",
		setup: far,
		cpus: [() => note(0, read(A + FAR)), () => note(1, read(A + FAR + PAGE))],
		check() {
			check_that(noted(0) >= 0 && noted(1) >= 0, "a read fails");
			munmap(A, FAR + LEN);
			drop_caches();
		},
		models: ["lkmm"],
	},
	"file-close-close": {
		about: "two closes of one descriptor",
		patch: "none: fs/file.c close_fd(), fs/file_table.c fput()",
		invariant: "one of them closes it, the other one finds nothing",
		setup() {
			start_threads(2);
			note(8, user_syscall(__NR_sim_open, INO, O_RDWR, LEN));
		},
		cpus: [
			() => note(0, user_syscall(__NR_close, noted(8))),
			() => note(1, user_syscall(__NR_close, noted(8))),
		],
		check() {
			const one = noted(0) === 0;

			check_that(noted(one ? 0 : 1) === 0 && noted(one ? 1 : 0) === -EBADF, "both close it, or none");
			drop_caches();
		},
	},
	"file-open-grows": {
		about: "an open that finds all descriptors taken, and makes room, beside the close of one",
		patch: "none: fs/file.c alloc_fd(), close_fd()",
		invariant: "a part of the table is there as long as one of its descriptors is taken",
		setup() {
			start_threads(2);
			for (let fd = 0; fd < DESCRIPTORS; fd++) user_syscall(__NR_sim_open, INO, O_RDWR, LEN);
		},
		cpus: [
			() => note(0, user_syscall(__NR_sim_open, INO, O_RDWR, LEN)),
			() => note(1, user_syscall(__NR_close, 5)),
		],
		check() {
			const fd = noted(0);

			check_that(noted(1) === 0, "close fails");
			check_that(fd === 5 || fd === DESCRIPTORS, `open returns ${fd}`);
			check_that(user_syscall(__NR_close, fd) === 0, "what was opened cannot be closed");
			for (let n = 0; n < DESCRIPTORS; n++) if (n !== 5) user_syscall(__NR_close, n);
			drop_caches();
		},
	},
	"file-open-open": {
		about: "two opens of a file that nobody has had open yet, each by the number",
		patch: "none: fs/inode.c iget_locked(), fs/file.c alloc_fd()",
		invariant: "there is one inode, and each has a descriptor of its own",
		setup: () => start_threads(2),
		cpus: [
			() => note(0, user_syscall(__NR_sim_open, INO, O_RDWR, LEN)),
			() => note(1, user_syscall(__NR_sim_open, INO, O_RDWR, LEN)),
		],
		check() {
			check_that(
				noted(0) >= 0 && noted(1) >= 0 && noted(0) !== noted(1),
				"a descriptor is taken twice",
			);
			map_fd(A, noted(0));
			map_fd(B, noted(1));
			write(A, V);
			check_that(read(B) === V, "the two have not one file");
			munmap(B, LEN);
			user_syscall(__NR_close, noted(0));
			user_syscall(__NR_close, noted(1));
			check_file();
		},
	},
};
