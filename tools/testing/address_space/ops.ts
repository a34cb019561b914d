// SPDX-License-Identifier: GPL-2.0-only
/** The operations of the random address-space test: what a program may do. */

/** Pages of the window that fixed ranges fall into. */
export const WINDOW_PAGES = 40;
/** Where things are, by the kernel's pages and tables. */
export interface Places {
	page: number;
	/** The window: around the end of what a table of pmds covers, so that page tables of two levels begin and
	 *  end inside it. */
	window: number;
	start_brk: number;
	stack: [number, number];
	/** The end of the area for mappings. */
	mmap_base: number;
}

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const MADV = { DONTNEED: 4, DONTFORK: 10, DOFORK: 11, WIPEONFORK: 18, KEEPONFORK: 19 } as const;
export const MREMAP_MAYMOVE = 1;
export const MREMAP_FIXED = 2;
export const MREMAP_DONTUNMAP = 4;

/** Pages are numbers inside the window. */
export type Op =
	| {
			op: "mmap";
			page: number;
			n: number;
			prot: number;
			shared: boolean;
			how: "fixed" | "noreplace" | "hint" | "any";
	  }
	| { op: "munmap"; page: number; n: number }
	| { op: "mprotect"; page: number; n: number; prot: number }
	| { op: "mremap"; page: number; old: number; n: number; flags: number; to: number }
	| { op: "madvise"; page: number; n: number; advice: number }
	| { op: "brk"; n: number }
	| { op: "load"; page: number }
	| { op: "store"; page: number; value: number }
	| { op: "fork" }
	| { op: "exit" }
	| { op: "switch"; to: number };

/** What one operation did. */
export interface Outcome {
	/** Result of the system call, pid of fork, byte of a load. */
	ret: number;
	/** Signal that it raised, or 0. */
	signal: number;
	/** /proc/PID/maps of the process that runs afterwards. */
	maps: string;
	/** What debug_validate() found. */
	problems: string[];
}
