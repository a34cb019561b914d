// SPDX-License-Identifier: GPL-2.0-only
/**
 * What random programs ought to find: a process is a map from page number to
 * page. No vmas, no page tables.
 *
 * A call is one step, but its pages change one by one: until its CPU goes on, who
 * accesses a page on another one may still find the page that was there before.
 */
import { EBUSY, EEXIST, EFAULT, EINVAL, ENOMEM } from "linux/errno.ts";
import { VM_DONTCOPY, VM_DONTDUMP, VM_LOCKONFAULT, VM_RAND_READ, VM_SEQ_READ, VM_WIPEONFORK } from "linux/mm.ts";
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
	MADV_WIPEONFORK,
	MAP_LOCKED,
	MAP_POPULATE,
	MCL_CURRENT,
	MCL_FUTURE,
	MCL_ONFAULT,
	MS_ASYNC,
	MS_INVALIDATE,
	MS_SYNC,
	MREMAP_DONTUNMAP,
	MREMAP_FIXED,
	MREMAP_MAYMOVE,
} from "linux/mman.ts";
import type { Op } from "./ops.ts";

/** A page that is mapped; it never changes, another one takes its place. */
export interface Mapped {
	prot: number;
	/** Where its value is; -1: behind the end of what it maps. */
	slot: number;
	/** Of a private page of a file: what it is as long as nobody has stored. */
	backing: number;
	/** What it maps, if that is shared or a file. */
	object: number;
	index: number;
	shared: boolean;
	locked: boolean;
	/** What was advised of it, and whether it is locked when it comes: as flags of a vma. */
	advised: number;
	stack: boolean;
}
/** Flags of a vma that are what a program has asked for, page by page. */
export const ADVISED = VM_DONTCOPY | VM_WIPEONFORK | VM_DONTDUMP | VM_RAND_READ | VM_SEQ_READ | VM_LOCKONFAULT;
type Pages = Map<number, Mapped>;
interface Process {
	pages: Pages;
	/** New mappings are locked, and only when they come. */
	lock_future: boolean;
	onfault: number;
	brk: number;
}
/** A call that may not have come to all of its pages. */
interface Open {
	cpu: number;
	process: number;
	before: Pages;
}

/** Where the window and what is far away begin, and the heap; in pages. */
export interface Places {
	page_of: (page: number) => number;
	heap: number;
	size: number;
	file: readonly number[];
}
/** What advice changes in the flags of a vma. */
const ADVICE: Partial<Record<number, { set: number; clear: number }>> = {
	[MADV_NORMAL]: { set: 0, clear: VM_RAND_READ | VM_SEQ_READ },
	[MADV_RANDOM]: { set: VM_RAND_READ, clear: VM_SEQ_READ },
	[MADV_SEQUENTIAL]: { set: VM_SEQ_READ, clear: VM_RAND_READ },
	[MADV_DONTFORK]: { set: VM_DONTCOPY, clear: 0 },
	[MADV_DOFORK]: { set: 0, clear: VM_DONTCOPY },
	[MADV_WIPEONFORK]: { set: VM_WIPEONFORK, clear: 0 },
	[MADV_KEEPONFORK]: { set: 0, clear: VM_WIPEONFORK },
	[MADV_DONTDUMP]: { set: VM_DONTDUMP, clear: 0 },
	[MADV_DODUMP]: { set: 0, clear: VM_DONTDUMP },
};
const FILE = 0;
const ANON = { backing: -1, object: -1, index: 0, shared: false, advised: 0, stack: false };
/** Pages below a stack where nothing else may be when it grows. */
const GUARD_GAP = 256;

export class Model {
	/** What was stored; undefined: nothing. */
	private values: (number | undefined)[] = [];
	private objects: number[][] = [];
	processes: Process[] = [];
	private open: Open[] = [];
	/** Pages that the last call has brought in: each that may be accessed is there. */
	brought: number[] = [];
	/** From here on nobody can say what is locked: with a part of a vma, MREMAP_DONTUNMAP unlocks all of it. */
	unsure = false;

	/** `several`: other CPUs run beside. */
	constructor(
		private readonly places: Places,
		public several: boolean,
	) {
		this.objects.push(places.file.map((v) => this.slot(v)));
		this.processes.push({ pages: new Map(), lock_future: false, onfault: 0, brk: places.heap });
	}
	copy(): Model {
		const m: Model = Object.create(Model.prototype);
		return Object.assign(m, {
			places: this.places,
			several: this.several,
			values: [...this.values],
			objects: [...this.objects],
			processes: this.processes.map((p) => ({ ...p, pages: new Map(p.pages) })),
			/* Nobody changes them. */
			open: [...this.open],
			brought: [],
			unsure: this.unsure,
		});
	}
	private slot(value?: number): number {
		return this.values.push(value) - 1;
	}
	value(page: Mapped): number {
		return this.values[page.slot] ?? (page.backing >= 0 ? (this.values[page.backing] as number) : 0);
	}
	/** What a load finds. */
	private seen(page: Mapped | undefined): number {
		return page && page.prot !== 0 && page.slot >= 0 ? this.value(page) : -1;
	}
	/** Nothing was stored there, so that nothing need be there. */
	untouched(page: Mapped): boolean {
		return this.values[page.slot] === undefined;
	}

	/** A child of process 0. */
	fork(): void {
		const { pages, brk } = this.processes[0];
		this.processes.push({ pages: this.forked(pages), lock_future: false, onfault: 0, brk });
	}
	private forked(pages: Pages): Pages {
		const child: Pages = new Map();
		for (const [at, p] of pages) {
			if (p.advised & VM_DONTCOPY) continue;
			const wipe = (p.advised & VM_WIPEONFORK) !== 0;
			const slot = p.shared ? p.slot : this.slot(wipe ? undefined : this.values[p.slot]);
			const advised = p.advised & ~VM_LOCKONFAULT;
			child.set(at, { ...p, slot: p.slot < 0 ? -1 : slot, locked: false, advised });
		}
		return child;
	}

	/** The CPU is about to do the next thing: its last call is over. */
	close(cpu: number): void {
		if (this.open.some((o) => o.cpu === cpu)) this.open = this.open.filter((o) => o.cpu !== cpu);
	}
	/**
	 * The operation with this result: what memory may be then, nothing if the result is wrong.
	 * This one may be among them, changed.
	 */
	step(process: number, cpu: number, op: Op, ret: number): Model[] {
		this.brought = [];
		if (op.op === "load" || op.op === "store") return this.access(process, cpu, op, ret);
		const before = this.processes[process].pages;
		if (this.several) {
			this.open.push({ cpu, process, before: new Map(before) });
		}
		return this.call(this.processes[process], op, ret) ? [this] : [];
	}

	private access(process: number, cpu: number, op: Op & { op: "load" | "store" }, ret: number): Model[] {
		const { pages } = this.processes[process];
		const at = this.places.page_of(op.page);
		if (!pages.has(at)) this.grow_stack(pages, at);
		const found: (Mapped | undefined)[] = [pages.get(at)];
		for (const o of this.open)
			if (o.cpu !== cpu && o.process === process) {
				const old = o.before.get(at);
				if (!found.includes(old)) found.push(old);
			}
		if (op.op === "load") return found.some((p) => this.seen(p) === ret) ? [this] : [];
		const out: Model[] = [];
		let failed = false;
		for (const p of found) {
			const ok = p !== undefined && (p.prot & 2) !== 0 && p.slot >= 0;
			if (ok !== (ret === 1)) continue;
			if (!ok) {
				if (!failed) out.push(this.copy());
				failed = true;
				continue;
			}
			const m = this.copy();
			m.values[p.slot] = op.value;
			out.push(m);
		}
		return out;
	}
	/** An access below a stack. */
	private grow_stack(pages: Pages, at: number): void {
		let above = at + 1;
		while (above < at + GUARD_GAP && !pages.has(above)) above++;
		const stack = pages.get(above);
		if (!stack?.stack) return;
		for (let below = at - 1; below > at - GUARD_GAP; below--) {
			const p = pages.get(below);
			if (!p) continue;
			if (!p.stack && p.prot !== 0) return;
			break;
		}
		for (let p = at; p < above; p++) pages.set(p, { ...stack, slot: this.slot() });
	}

	/** Where a call that fails in the middle has unmapped what it was to replace. */
	unmapped(op: Op): Model {
		const m = this.copy();
		const { pages } = m.processes[0];
		if (op.op === "mmap") m.remove(pages, this.places.page_of(op.page), op.n);
		if (op.op === "mremap" && op.flags & MREMAP_FIXED) {
			m.remove(pages, this.places.page_of(op.to), op.n);
			if (op.old > op.n) m.remove(pages, this.places.page_of(op.page) + op.n, op.old - op.n);
		}
		return m;
	}
	private free(pages: Pages, at: number, n: number): boolean {
		for (let i = 0; i < n; i++) if (pages.has(at + i)) return false;
		return true;
	}
	private remove(pages: Pages, at: number, n: number): void {
		for (let i = 0; i < n; i++) pages.delete(at + i);
	}

	private call(proc: Process, op: Op, ret: number): boolean {
		const { pages } = proc;
		const first = "page" in op ? this.places.page_of(op.page) : 0;
		switch (op.op) {
			case "mmap":
				return this.mmap(proc, op, first, ret);
			case "munmap":
				this.remove(pages, first, op.n);
				return ret === 0;
			case "mprotect":
				for (let i = 0; i < op.n; i++) {
					const p = pages.get(first + i);
					if (!p) return ret === -ENOMEM;
					pages.set(first + i, { ...p, prot: op.prot });
				}
				return ret === 0;
			case "mremap":
				return this.mremap(proc, op, first, ret);
			case "madvise":
				return this.madvise(pages, first, op.n, op.advice, ret);
			case "name": {
				let wanted = 0;
				for (let i = 0; i < op.n; i++) {
					const p = pages.get(first + i);
					/* A file's mapping has the name of the file. */
					if (p && p.object >= 0) return ret < 0;
					if (!p) wanted = -ENOMEM;
				}
				return ret === wanted;
			}
			case "mlock":
			case "mlock2":
			case "munlock": {
				let absent = false;
				for (let i = 0; i < op.n; i++) {
					const p = pages.get(first + i);
					if (!p) return ret === -ENOMEM;
					absent ||= p.prot === 0 || (p.slot < 0 && op.op === "mlock");
					this.lock(
						pages,
						first + i,
						op.op !== "munlock",
						op.op === "mlock2" ? VM_LOCKONFAULT : 0,
					);
				}
				if (op.op === "mlock") this.bring(pages, first, op.n);
				if (op.op === "munlock") return ret === 0;
				/* It looks again without the lock; what is there then need not be what was locked. */
				if (this.several) return ret === 0 || ret === -ENOMEM;
				return ret === (absent ? -ENOMEM : 0);
			}
			case "mlockall": {
				if (op.flags === MCL_ONFAULT) return ret === -EINVAL;
				const onfault = op.flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0;
				proc.lock_future = (op.flags & MCL_FUTURE) !== 0;
				proc.onfault = proc.lock_future ? onfault : 0;
				if ((op.flags & MCL_CURRENT) === 0) return ret === 0;
				for (const at of pages.keys()) this.lock(pages, at, true, onfault);
				if (onfault === 0) for (const at of pages.keys()) this.bring(pages, at, 1);
				return ret === 0;
			}
			case "munlockall":
				proc.lock_future = false;
				proc.onfault = 0;
				for (const at of pages.keys()) this.lock(pages, at, false, 0);
				return ret === 0;
			case "brk": {
				const want = this.places.heap + op.n;
				if (want < proc.brk) this.remove(pages, want, proc.brk - want);
				for (let at = proc.brk; at < want; at++)
					pages.set(at, {
						...ANON,
						prot: 3,
						slot: this.slot(),
						locked: proc.lock_future,
						advised: proc.onfault,
					});
				if (proc.lock_future && proc.onfault === 0)
					this.bring(pages, proc.brk, want - proc.brk);
				proc.brk = want;
				return ret === want * this.places.size;
			}
			case "child": {
				/* It says what it found, and stores; it is gone when this CPU goes on. */
				const child = this.forked(pages);
				const p = child.get(first);
				if (!p) this.grow_stack(child, first);
				const q = child.get(first);
				if (q && q.prot & 2 && q.slot >= 0) {
					const found = this.value(q);
					this.values[q.slot] = op.value;
					return this.several || ret === found;
				}
				return this.several || ret === this.seen(q);
			}
			case "msync": {
				if (op.flags & MS_ASYNC && op.flags & MS_SYNC) return ret === -EINVAL;
				let hole = false;
				for (let i = 0; i < op.n; i++) {
					const p = pages.get(first + i);
					hole ||= p === undefined;
					if (hole && op.flags === MS_ASYNC) return ret === -ENOMEM;
					if (p?.locked && op.flags & MS_INVALIDATE) return ret === -EBUSY;
				}
				return ret === (hole ? -ENOMEM : 0);
			}
			case "mincore": {
				/* It lets go of the lock in between. */
				if (this.several) return ret >= 0 || ret === -ENOMEM;
				let known = 0;
				for (let i = 0; i < op.n; i++) {
					const p = pages.get(first + i);
					if (!p) return ret === -ENOMEM;
					/* What else is there is up to the kernel. */
					if (p.object < 0 && !this.untouched(p)) known |= 1 << i;
				}
				return ret >= 0 && (ret & known) === known;
			}
			case "exec":
				pages.clear();
				Object.assign(proc, { lock_future: false, onfault: 0, brk: this.places.heap });
				return ret === 0;
			case "hint":
			case "smaps":
			case "clear_refs":
			case "drop_caches":
				return ret === 0;
			case "fork":
			case "thread":
				return ret > 0;
			default:
				return true;
		}
	}

	private mmap(proc: Process, op: Op & { op: "mmap" }, first: number, ret: number): boolean {
		const { pages } = proc;
		let at = first;
		if (op.how === "noreplace" && !this.free(pages, at, op.n)) return ret === -EEXIST;
		if (op.how === "hint") {
			at = ret / this.places.size;
			if (!Number.isInteger(at) || at <= 0 || !this.free(pages, at, op.n)) return false;
			/* Another place, though this one is free, only below a stack. */
			if (at !== first && this.free(pages, first, op.n) && ![...pages.values()].some((p) => p.stack))
				return false;
		}
		this.remove(pages, at, op.n);
		let object = -1;
		if (op.backing === "shared")
			object = this.objects.push(Array.from({ length: op.n }, () => this.slot())) - 1;
		else if (op.backing.startsWith("file")) object = FILE;
		const shared = op.backing === "shared" || op.backing === "file-shared";
		for (let i = 0; i < op.n; i++) {
			const index = op.index + i;
			const cell = object < 0 ? -1 : (this.objects[object][index] ?? -1);
			pages.set(at + i, {
				...ANON,
				prot: op.prot,
				object,
				index,
				shared,
				slot: shared ? cell : object >= 0 && cell < 0 ? -1 : this.slot(),
				backing: shared ? -1 : cell,
				locked: proc.lock_future || (op.more & MAP_LOCKED) !== 0,
				advised: proc.onfault,
				stack: op.backing === "stack",
			});
		}
		if (proc.onfault === 0 && (proc.lock_future || op.more & (MAP_POPULATE | MAP_LOCKED)))
			this.bring(pages, at, op.n);
		return ret === at * this.places.size;
	}
	/** What is not in the range stays as it is. */
	private lock(pages: Pages, at: number, locked: boolean, onfault: number): void {
		const p = pages.get(at) as Mapped;
		pages.set(at, { ...p, locked, advised: (p.advised & ~VM_LOCKONFAULT) | onfault });
	}
	/** As far as it goes: up to what cannot be brought in. */
	private bring(pages: Pages, first: number, n: number): void {
		for (let at = first; at < first + n; at++) {
			const p = pages.get(at);
			if (!p || p.prot === 0 || p.slot < 0) return;
			this.brought.push(at);
		}
	}

	/** EFAULT is right as well where the old range may be several vmas: where one ends and an equal one begins is
	 *  not known here. */
	private mremap(proc: Process, op: Op & { op: "mremap" }, from: number, ret: number): boolean {
		const { pages } = proc;
		const { old, n, flags } = op;
		const fixed = (flags & MREMAP_FIXED) !== 0;
		const keep = (flags & MREMAP_DONTUNMAP) !== 0;
		if (!pages.has(from)) return ret === -EFAULT;
		let to = this.places.page_of(op.to);
		if (fixed) {
			if (from + old > to && to + n > from) return ret === -EINVAL;
			this.remove(pages, to, n);
			if (old > n) this.remove(pages, from + n, old - n);
		} else if (n <= old) {
			this.remove(pages, from + n, old - n);
			return ret === from * this.places.size;
		}
		const moved = Math.min(old, n);
		const source = Array.from({ length: moved }, (_, i) => pages.get(from + i));
		if (source.some((p) => !p)) return ret === -EFAULT;
		if (ret === -EFAULT && moved > 1) return true;
		if (!fixed && this.free(pages, from + old, n - old)) to = from;
		else if (!fixed && !(flags & MREMAP_MAYMOVE)) return ret === -ENOMEM;
		else if (!fixed) {
			to = ret / this.places.size;
			if (!Number.isInteger(to) || to <= 0 || !this.free(pages, to, n)) return false;
		}
		const last = source[moved - 1] as Mapped;
		for (let i = 0; i < n; i++) {
			const p = i < moved ? (source[i] as Mapped) : undefined;
			if (to !== from && p) {
				const left = {
					...p,
					locked: false,
					advised: p.advised & ~VM_LOCKONFAULT,
					slot: p.shared || p.slot < 0 ? p.slot : this.slot(),
				};
				if (keep) this.unsure ||= p.locked;
				if (keep) pages.set(from + i, left);
				else pages.delete(from + i);
			}
			if (p) {
				pages.set(to + i, p);
				continue;
			}
			const index = last.index + (i - moved + 1);
			const cell = last.object < 0 ? -1 : (this.objects[last.object][index] ?? -1);
			const slot = last.shared || (last.object >= 0 && cell < 0) ? cell : this.slot();
			pages.set(to + i, { ...last, index, slot, backing: last.shared ? -1 : cell });
		}
		return ret === to * this.places.size;
	}

	private madvise(pages: Pages, first: number, n: number, advice: number, ret: number): boolean {
		const wanted = this.advised(pages, first, n, advice);
		if (!this.several || (advice !== MADV_POPULATE_READ && advice !== MADV_POPULATE_WRITE)) {
			/* Of several reasons to fail, which comes first depends on where vmas end. */
			return advice === MADV_POPULATE_READ || advice === MADV_POPULATE_WRITE
				? wanted < 0 === ret < 0
				: ret === wanted;
		}
		/* It lets go of the lock in between. */
		return ret === 0 || ret === -EINVAL || ret === -ENOMEM || ret === -EFAULT;
	}
	private advised(pages: Pages, first: number, n: number, advice: number): number {
		let hole = false;
		for (let at = first; at < first + n; at++) {
			const p = pages.get(at);
			if (!p) {
				hole = true;
				continue;
			}
			switch (advice) {
				case MADV_DONTNEED:
				case MADV_FREE:
				case MADV_COLD:
				case MADV_PAGEOUT:
					if (p.locked) return -EINVAL;
					if (advice === MADV_FREE && p.object >= 0) return -EINVAL;
					if (advice === MADV_DONTNEED && !p.shared && p.slot >= 0)
						pages.set(at, { ...p, slot: this.slot() });
					break;
				case MADV_WIPEONFORK:
					if (p.object >= 0) return -EINVAL;
					break;
				case MADV_POPULATE_READ:
				case MADV_POPULATE_WRITE:
					if (p.slot < 0) return -EFAULT;
					if (!(p.prot & (advice === MADV_POPULATE_READ ? ~0 : 2))) return -EINVAL;
					this.bring(pages, at, 1);
			}
			const change = ADVICE[advice];
			if (!change) continue;
			const q = pages.get(at) as Mapped;
			pages.set(at, { ...q, advised: (q.advised & ~change.clear) | change.set });
		}
		return hole ? -ENOMEM : 0;
	}
}
