// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the operations of ops.ts ought to do, as the plainest thing possible: a
 * process is a map from page number to page. No vmas, no page tables.
 */
import {
	MADV,
	MREMAP_DONTUNMAP,
	MREMAP_FIXED,
	MREMAP_MAYMOVE,
	type Op,
	type Outcome,
	type Places,
	PROT_WRITE,
} from "./ops.ts";

const EINVAL = -22;
const ENOMEM = -12;
const EFAULT = -14;
const EEXIST = -17;
const SIGBUS = 7;
const SIGSEGV = 11;

/** One page's byte: private pages own theirs, shared ones share it. */
interface Cell {
	v: number;
}
/** An anonymous shared mapping's memory: its size is fixed when it is made. */
interface Shm {
	cells: Cell[];
}
interface Page {
	prot: number;
	cell: Cell;
	shm?: Shm;
	index: number;
	dontfork: boolean;
	wipe: boolean;
}
export interface Proc {
	pages: Map<number, Page>;
	/** Start of the heap, and its end, as page numbers. */
	start_brk: number;
	brk: number;
}

const zero = (): Cell => ({ v: 0 });

export class Model {
	private readonly page: number;
	procs: (Proc | undefined)[] = [];
	current = 0;

	/** Where the area for mappings ends, and the window begins. */
	private readonly mmap_base: number;
	private readonly base: number;

	/** A process with a stack and an empty heap; all in bytes. */
	constructor({ page, window, start_brk, stack, mmap_base }: Places) {
		this.page = page;
		this.mmap_base = mmap_base / page;
		this.base = window / page;
		const pages = new Map<number, Page>();
		for (let at = stack[0] / page; at < stack[1] / page; at++)
			pages.set(at, { prot: 3, cell: zero(), index: 0, dontfork: false, wipe: false });
		this.procs.push({ pages, start_brk: start_brk / page, brk: start_brk / page });
	}

	get proc(): Proc {
		const p = this.procs[this.current];
		if (!p) throw new Error("the current process is gone");
		return p;
	}

	/** Highest free range of n pages below mmap_base, as a top-down search finds it. */
	private place(n: number): number {
		let end = this.mmap_base;
		for (const at of [...this.proc.pages.keys()].sort((a, b) => b - a)) {
			if (at >= end) continue;
			if (end - (at + 1) >= n) break;
			end = at;
		}
		return end - n;
	}

	private free(at: number, n: number): boolean {
		for (let i = 0; i < n; i++) if (this.proc.pages.has(at + i)) return false;
		return true;
	}

	private unmap(at: number, n: number) {
		for (let i = 0; i < n; i++) this.proc.pages.delete(at + i);
	}

	/** Does the operation; returns undefined if `seen` is right, else what is not. */
	step(op: Op, seen: Outcome): string | undefined {
		const expect = (ret: number, signal = 0) =>
			ret === seen.ret && signal === seen.signal
				? undefined
				: `returned ${seen.ret} signal ${seen.signal}, expected ${ret} signal ${signal}`;
		const { pages } = this.proc;
		switch (op.op) {
			case "mmap": {
				let at = this.base + op.page;
				if (op.how === "noreplace" && !this.free(at, op.n)) return expect(EEXIST);
				if (op.how === "any" || (op.how === "hint" && !this.free(at, op.n)))
					at = this.place(op.n);
				this.unmap(at, op.n);
				const shm = op.shared ? { cells: Array.from({ length: op.n }, zero) } : undefined;
				for (let index = 0; index < op.n; index++)
					pages.set(at + index, {
						prot: op.prot,
						cell: shm?.cells[index] ?? zero(),
						shm,
						index,
						dontfork: false,
						wipe: false,
					});
				return expect(at * this.page);
			}
			case "munmap":
				this.unmap(this.base + op.page, op.n);
				return expect(0);
			case "mprotect":
				for (let i = 0; i < op.n; i++) {
					const page = pages.get(this.base + op.page + i);
					if (!page) return expect(ENOMEM);
					page.prot = op.prot;
				}
				return expect(0);
			case "madvise":
				return expect(this.madvise(this.base + op.page, op.n, op.advice));
			case "mremap":
				return this.mremap(op, seen, expect);
			case "brk": {
				const { start_brk, brk } = this.proc;
				const want = start_brk + op.n;
				if (want <= brk) this.unmap(want, brk - want);
				else
					for (let at = brk; at < want; at++)
						pages.set(at, {
							prot: 3,
							cell: zero(),
							index: 0,
							dontfork: false,
							wipe: false,
						});
				this.proc.brk = want;
				return expect(want * this.page);
			}
			case "load":
			case "store": {
				const page = pages.get(this.base + op.page);
				const need = op.op === "store" ? PROT_WRITE : ~0;
				if (!page || !(page.prot & need)) return expect(0, SIGSEGV);
				if (page.shm && page.index >= page.shm.cells.length) return expect(0, SIGBUS);
				if (op.op === "load") return expect(page.cell.v);
				page.cell.v = op.value;
				return expect(0);
			}
			case "fork": {
				const child = new Map<number, Page>();
				for (const [at, page] of pages) {
					if (page.dontfork) continue;
					const cell = page.shm ? page.cell : page.wipe ? zero() : { ...page.cell };
					child.set(at, { ...page, cell });
				}
				this.procs.push({ ...this.proc, pages: child });
				return seen.ret > 0 ? undefined : `fork returned ${seen.ret}`;
			}
			case "exit":
				if (this.procs.filter(Boolean).length === 1) return; /* the last one stays */
				this.procs[this.current] = undefined;
				this.current = this.procs.findIndex(Boolean);
				return;
			case "switch": {
				const alive = this.procs.map((p, i) => (p ? i : -1)).filter((i) => i >= 0);
				this.current = alive[op.to % alive.length];
				return;
			}
		}
	}

	private madvise(at: number, n: number, advice: number): number {
		let hole = false;
		for (let i = 0; i < n; i++) {
			const page = this.proc.pages.get(at + i);
			if (!page) {
				hole = true;
				continue;
			}
			if (advice === MADV.DONTNEED && !page.shm) page.cell = zero();
			if (advice === MADV.DONTFORK) page.dontfork = true;
			if (advice === MADV.DOFORK) page.dontfork = false;
			if (advice === MADV.WIPEONFORK) {
				if (page.shm) return EINVAL;
				page.wipe = true;
			}
			if (advice === MADV.KEEPONFORK) page.wipe = false;
		}
		return hole ? ENOMEM : 0;
	}

	/** Where the old range may be several vmas, EFAULT is right as well: the
	 *  model does not know where one vma ends and an equal one begins. */
	private mremap(
		op: Op & { op: "mremap" },
		seen: Outcome,
		expect: (ret: number) => string | undefined,
	): string | undefined {
		const { pages } = this.proc;
		const from = this.base + op.page;
		const { old, n, flags } = op;
		const fixed = (flags & MREMAP_FIXED) !== 0;
		const keep = (flags & MREMAP_DONTUNMAP) !== 0;
		if ((fixed || keep) && !(flags & MREMAP_MAYMOVE)) return expect(EINVAL);
		if (keep && old !== n) return expect(EINVAL);
		if (!pages.has(from)) return expect(EFAULT);
		let to = this.base + op.to;
		if (fixed || keep) {
			if (from + old > to && to + n > from) return expect(EINVAL);
			if (fixed) this.unmap(to, n);
			if (old >= n) {
				this.unmap(from + n, old - n);
			}
		} else if (n <= old) {
			this.unmap(from + n, old - n);
			return expect(from * this.page);
		}
		const moved = Math.min(old, n);
		const mapped = Array.from({ length: moved }, (_, i) => pages.get(from + i));
		if (mapped.some((p) => !p)) return expect(EFAULT);
		if (seen.ret === EFAULT && moved > 1) return;
		if (!fixed && !keep && this.free(from + old, n - old)) to = from;
		else if (!fixed && !keep && !(flags & MREMAP_MAYMOVE)) return expect(ENOMEM);
		else if (!fixed) {
			/* DONTUNMAP without FIXED takes the address as a hint. */
			if (!keep || op.to < 0 || !this.free(to, n)) to = this.place(n);
		}
		const last = mapped[moved - 1] as Page;
		for (let i = 0; i < n; i++) {
			const page = i < moved ? (mapped[i] as Page) : undefined;
			if (to !== from && page) {
				if (keep) pages.set(from + i, { ...page, cell: page.shm ? page.cell : zero() });
				else pages.delete(from + i);
			}
			const index = last.index + (i - moved + 1);
			pages.set(to + i, page ?? { ...last, index, cell: last.shm?.cells[index] ?? zero() });
		}
		return expect(to * this.page);
	}

	/** Ranges of the current process with their permissions, as maps shows them,
	 *  neighbours that look the same joined. */
	ranges(): string[] {
		const out: { from: number; to: number; perms: string }[] = [];
		for (const at of [...this.proc.pages.keys()].sort((a, b) => a - b)) {
			const page = this.proc.pages.get(at) as Page;
			const perms =
				(page.prot & 1 ? "r" : "-") +
				(page.prot & 2 ? "w" : "-") +
				(page.prot & 4 ? "x" : "-") +
				(page.shm ? "s" : "p");
			const prev = out.at(-1);
			if (prev && prev.to === at && prev.perms === perms) prev.to++;
			else out.push({ from: at, to: at + 1, perms });
		}
		return out.map(
			({ from, to, perms }) =>
				`${(from * this.page).toString(16)}-${(to * this.page).toString(16)} ${perms}`,
		);
	}
}

/** The same from the text of /proc/PID/maps. */
export function ranges_of(maps: string): string[] {
	const out: { from: string; to: string; perms: string }[] = [];
	for (const line of maps.split("\n")) {
		const [, from, to, perms] = /^0*([0-9a-f]+)-0*([0-9a-f]+) (\S{4})/.exec(line) ?? [];
		if (!from || from.startsWith("ffffffff")) continue;
		const prev = out.at(-1);
		if (prev && prev.to === from && prev.perms === perms) prev.to = to;
		else out.push({ from, to, perms });
	}
	return out.map((r) => `${r.from}-${r.to} ${r.perms}`);
}
