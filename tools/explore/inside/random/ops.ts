// SPDX-License-Identifier: GPL-2.0-only
/** What random programs are made of, and how they are written for who reads them. */
import {
	MADV_COLD,
	MADV_DODUMP,
	MADV_DOFORK,
	MADV_DONTDUMP,
	MADV_DONTFORK,
	MADV_DONTNEED,
	MADV_FREE,
	MADV_KEEPONFORK,
	MADV_NORMAL,
	MADV_PAGEOUT,
	MADV_POPULATE_READ,
	MADV_POPULATE_WRITE,
	MADV_RANDOM,
	MADV_SEQUENTIAL,
	MADV_WILLNEED,
	MADV_WIPEONFORK,
	MREMAP_DONTUNMAP,
	MREMAP_FIXED,
	MREMAP_MAYMOVE,
} from "linux/mman.ts";

/** Pages are numbers in the window, which is around the end of what one page table maps; */
export const WINDOW = 16;
export const BORDER = 7;
/** and behind them a few that are far away. */
export const FAR = 4;
/** Pages of the file that programs map. */
export const FILE_PAGES = 4;

export type Backing = "anon" | "shared" | "file" | "file-shared" | "stack";
export type Op =
	| { op: "load"; page: number }
	| { op: "store"; page: number; value: number }
	| {
			op: "mmap";
			page: number;
			n: number;
			prot: number;
			how: "fixed" | "noreplace" | "hint";
			backing: Backing;
			index: number;
			more: number;
	  }
	| { op: "munmap" | "mlock" | "mlock2" | "munlock" | "mincore" | "hint"; page: number; n: number }
	| { op: "msync"; page: number; n: number; flags: number }
	| { op: "mprotect"; page: number; n: number; prot: number }
	| { op: "mremap"; page: number; old: number; n: number; flags: number; to: number }
	| { op: "madvise"; page: number; n: number; advice: number }
	| { op: "name"; page: number; n: number; name: number }
	| { op: "mlockall"; flags: number }
	| { op: "munlockall" | "fork" | "thread" | "exit" | "exit_group" | "exec" | "drop_caches" | "smaps" }
	| { op: "clear_refs"; what: number }
	| { op: "child"; page: number; value: number }
	| { op: "brk"; n: number };

/** A set-up, and what each CPU then does. */
export interface Plan {
	/** CPU 1 is a child of CPU 0's process; else all are threads of one. */
	family: boolean;
	/** Of what the border is: an index of BORDERS. */
	border: number;
	/** One more thread, that runs nowhere: only with two are faults speculative. */
	thread: boolean;
	setup: Op[];
	cpus: Op[][];
}

const prot_text = (prot: number) => (prot & 1 ? "r" : "-") + (prot & 2 ? "w" : "-") + (prot & 4 ? "x" : "-");
const ADVICE: Record<number, string> = {
	[MADV_DONTNEED]: "DONTNEED",
	[MADV_FREE]: "FREE",
	[MADV_NORMAL]: "NORMAL",
	[MADV_RANDOM]: "RANDOM",
	[MADV_SEQUENTIAL]: "SEQUENTIAL",
	[MADV_WILLNEED]: "WILLNEED",
	[MADV_COLD]: "COLD",
	[MADV_PAGEOUT]: "PAGEOUT",
	[MADV_POPULATE_READ]: "POPULATE_READ",
	[MADV_POPULATE_WRITE]: "POPULATE_WRITE",
	[MADV_DONTFORK]: "DONTFORK",
	[MADV_DOFORK]: "DOFORK",
	[MADV_WIPEONFORK]: "WIPEONFORK",
	[MADV_KEEPONFORK]: "KEEPONFORK",
	[MADV_DONTDUMP]: "DONTDUMP",
	[MADV_DODUMP]: "DODUMP",
};
const range = (page: number, n: number) => (n === 1 ? `${page}` : `${page}-${page + n - 1}`);

export function op_text(o: Op): string {
	switch (o.op) {
		case "load":
			return `load ${o.page}`;
		case "store":
		case "child":
			return o.op === "store"
				? `store ${o.page}, ${o.value}`
				: `fork, and the child stores ${o.page}, ${o.value}`;
		case "mmap":
			return [
				`mmap ${range(o.page, o.n)} ${prot_text(o.prot)} ${o.backing}`,
				o.backing.startsWith("file") ? `+${o.index}` : "",
				` ${o.how}${o.more ? ` |0x${o.more.toString(16)}` : ""}`,
			].join("");
		case "mprotect":
			return `mprotect ${range(o.page, o.n)} ${prot_text(o.prot)}`;
		case "mremap": {
			const flags = [
				o.flags & MREMAP_MAYMOVE ? "MAYMOVE" : "",
				o.flags & MREMAP_FIXED ? "FIXED" : "",
				o.flags & MREMAP_DONTUNMAP ? "DONTUNMAP" : "",
			];
			const to =
				o.flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)
					? ` to ${range(o.to, o.n)}`
					: ` to ${o.n} pages`;
			return `mremap ${range(o.page, o.old)}${to} ${flags.filter(Boolean).join("|")}`.trimEnd();
		}
		case "madvise":
			return `madvise ${range(o.page, o.n)} ${ADVICE[o.advice] ?? o.advice}`;
		case "name":
			return `name ${range(o.page, o.n)} ${o.name ? String.fromCharCode(o.name) : "none"}`;
		case "msync":
			return `msync ${range(o.page, o.n)}, ${o.flags}`;
		case "clear_refs":
			return `clear_refs ${o.what}`;
		case "mlockall":
			return `mlockall ${o.flags}`;
		case "brk":
			return `brk ${o.n} pages`;
		default:
			return "page" in o ? `${o.op} ${range(o.page, o.n)}` : o.op;
	}
}

/** Where page BORDER of the window is: where a page table begins, or one of a higher level. */
export const BORDERS = [
	{ at: 0x20200000, begins: "a page table" },
	{ at: 2 ** 30, begins: "a gibibyte" },
	{ at: 2 ** 39, begins: "512 gibibytes" },
] as const;

/** Each operation has a number, by which it can be left out. */
export function plan_text(p: Plan): string {
	let number = 0;
	const list = (ops: Op[]) => ops.map((o) => `    ${String(number++).padStart(2)}. ${op_text(o)}`);
	const who = p.family
		? "CPU 1 runs a child, forked after the set-up"
		: p.thread
			? "with a thread that runs nowhere"
			: "";
	const { begins } = BORDERS[p.border];
	return [
		`  page ${BORDER} begins ${begins}, pages from ${WINDOW} on are far away${who ? `; ${who}` : ""}`,
		"  set-up:",
		...list(p.setup),
		...p.cpus.flatMap((ops, cpu) => [`  CPU ${cpu}:`, ...list(ops)]),
	].join("\n");
}
