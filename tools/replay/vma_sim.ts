// SPDX-License-Identifier: GPL-2.0-only
/**
 * The rules by which 5.17 splits and merges vmas and hands out anon_vmas, and
 * nothing else: no pages, no locks. Tests run plans on it in many orders, to
 * see that every order which a plan allows ends in the same maps.
 */
import {
	MADV,
	MAP_ANONYMOUS,
	MAP_DROPPABLE,
	MAP_NORESERVE,
	MAP_PRIVATE,
	MAP_STACK,
	MAP_TYPE,
	PAGE_SIZE,
	PROT_WRITE,
	page_up,
} from "./abi.ts";
import { pages } from "./model.ts";
import type { Op, Trace } from "./trace.ts";

interface Vma {
	start: number;
	end: number;
	prot: number;
	/** Flags that are no permissions. */
	flags: number;
	/** Open file, or -1; distinct for what never merges. */
	file: string;
	pgoff: number;
	/** Number of the anon_vma; 0: none. */
	anon: number;
	policy: string;
}

const SHARED = 1;
const ACCOUNT = 2;
const NORESERVE = 4;
const STACK = 8;
const SPECIAL = 16;
const NOHUGEPAGE = 1 << 13;

/** One address space: the program's. */
export class VmaSim {
	vmas: Vma[] = [];
	brk = 0;
	private heap = 0;
	private next_anon = 1;

	/** `newer`: two rules of later kernels, which the recordings come from: since
	 *  6.1 the heap does not merge with what lies below its start, and since 6.7
	 *  MAP_STACK memory does not want huge pages. */
	constructor(
		readonly trace: Trace,
		readonly mm: number,
		readonly newer = false,
	) {}

	/** What /proc/PID/maps would show. */
	maps(): string {
		return this.vmas
			.map(
				(v) =>
					`${v.start.toString(16)}-${v.end.toString(16)} ${v.prot} ${v.flags & SHARED ? "s" : "p"} ${v.file === "" ? 0 : v.pgoff}`,
			)
			.join("\n");
	}

	/** Also what is not shown but decides later merges: which share an anon_vma. */
	state(): string {
		const names = new Map<number, number>();
		const anon = this.vmas.map(({ anon }) => {
			if (anon && !names.has(anon)) names.set(anon, names.size + 1);
			return names.get(anon) ?? 0;
		});
		return `${this.maps()}\n${anon.join(" ")}`;
	}

	/** Runs one operation; those of other address spaces do nothing here. */
	run(op: Op) {
		if (op.kind === "exec") {
			if (op.image === 0) this.exec();
			return;
		}
		if (op.mm !== this.mm || op.expected.errno !== undefined) return;
		if (op.kind === "fault") return this.fault(op);
		if (op.kind !== "call") return;
		const [a, b, c, d] = op.args;
		const [start, end] = pages(a, b ?? 0);
		switch (op.name) {
			case "brk":
				return this.set_brk(op.expected.value!);
			case "mmap": {
				const at = op.expected.value!;
				const shared = (d & MAP_TYPE) !== MAP_PRIVATE && (d & MAP_TYPE) !== MAP_DROPPABLE;
				const anonymous = (d & MAP_ANONYMOUS) !== 0;
				const accounted = c & PROT_WRITE && !shared && !(d & MAP_NORESERVE);
				const flags =
					(this.newer && d & MAP_STACK ? NOHUGEPAGE : 0) |
					(shared ? SHARED : 0) |
					(accounted ? ACCOUNT : 0) |
					(d & MAP_NORESERVE ? NORESERVE : 0);
				const file = anonymous ? (shared ? `shared ${op.line}` : "") : `file ${op.opened}`;
				return this.map(at, at + page_up(b), c & 7, flags, file, anonymous ? at : op.args[5]);
			}
			case "munmap":
				return this.unmap(start, end);
			case "mprotect":
				return this.change(start, end, (v) => ({
					prot: c & 7,
					flags:
						v.flags |
						(c & PROT_WRITE &&
						!(v.flags & (ACCOUNT | SHARED | NORESERVE)) &&
						!(v.prot & PROT_WRITE)
							? ACCOUNT
							: 0),
				}));
			case "mbind":
				return this.change(start, end, ({ prot, flags }) => ({
					prot,
					flags,
					policy: c === 0 ? "" : `${c} ${op.text}`,
				}));
			case "madvise": {
				const bit = ADVICE.get(c);
				if (bit !== undefined)
					this.change(start, end, (v) => ({
						prot: v.prot,
						flags: bit > 0 ? v.flags | bit : v.flags & ~-bit,
					}));
				return;
			}
			case "mremap":
				return this.move(a, page_up(b), op.expected.value!, page_up(c));
		}
	}

	private exec(): void {
		const image = this.trace.images[0];
		this.brk = image.start_brk;
		this.heap = page_up(image.start_brk);
		for (const line of image.lines) {
			const accounted = line.prot & PROT_WRITE && !line.shared ? ACCOUNT : 0;
			const special = line.file === -2 ? SPECIAL : line.name === "[stack]" ? STACK : 0;
			const file = line.opened >= 0 ? `file ${line.opened}` : line.file === -2 ? line.name : "";
			this.map(
				line.start,
				line.end,
				line.prot,
				(line.shared ? SHARED : 0) | accounted | special,
				file,
				file === "" ? line.start : line.offset,
			);
		}
	}

	private index(address: number): number {
		let i = 0;
		while (i < this.vmas.length && this.vmas[i].end <= address) i++;
		return i;
	}

	private split(address: number): void {
		const i = this.index(address);
		const v = this.vmas[i];
		if (!v || v.start >= address) return;
		this.vmas.splice(i + 1, 0, { ...v, start: address, pgoff: v.pgoff + (address - v.start) });
		v.end = address;
	}

	private unmap(start: number, end: number): void {
		this.split(start);
		this.split(end);
		this.vmas = this.vmas.filter((v) => v.end <= start || v.start >= end);
	}

	private map(start: number, end: number, prot: number, flags: number, file: string, pgoff: number) {
		this.unmap(start, end);
		const area = { start, end, prot, flags, file, pgoff, anon: 0, policy: "" };
		if (!this.merge(area)) this.vmas.splice(this.index(start), 0, area);
	}

	/** vma_merge(): joins the area, which nothing covers now, with neighbours. */
	private merge(area: Vma): boolean {
		if (area.flags & (SPECIAL | STACK)) return false;
		const i = this.index(area.start);
		const prev = this.vmas[i - 1];
		const next = this.vmas[i];
		const like = (v: Vma | undefined): v is Vma =>
			v !== undefined &&
			v.prot === area.prot &&
			v.flags === area.flags &&
			v.file === area.file &&
			v.policy === area.policy &&
			(!v.anon || !area.anon || v.anon === area.anon);
		const after =
			like(prev) && prev.end === area.start && prev.pgoff + (prev.end - prev.start) === area.pgoff;
		if (this.newer && area.file === "" && area.start === this.heap && prev?.end === this.heap) return false;
		const before =
			like(next) && next.start === area.end && area.pgoff + (area.end - area.start) === next.pgoff;
		if (after && before && (!prev.anon || !next.anon || prev.anon === next.anon)) {
			prev.end = next.end;
			prev.anon ||= next.anon || area.anon;
			this.vmas.splice(i, 1);
			return true;
		}
		if (after) {
			prev.end = area.end;
			prev.anon ||= area.anon;
			return true;
		}
		if (!before) return false;
		next.start = area.start;
		next.pgoff = area.pgoff;
		next.anon ||= area.anon;
		return true;
	}

	/** mprotect() and madvise(): vma by vma. */
	private change(start: number, end: number, how: (v: Vma) => Partial<Vma>) {
		for (let at = start; at < end; ) {
			const v = this.vmas[this.index(at)];
			if (!v || v.start > at) return;
			const to = Math.min(end, v.end);
			const changed = { ...v, ...how(v) };
			if (changed.prot !== v.prot || changed.flags !== v.flags || changed.policy !== v.policy) {
				const area = { ...changed, start: at, end: to, pgoff: v.pgoff + (at - v.start) };
				/* The part leaves its vma, whose rest keeps the anon_vma. */
				this.unmap(at, to);
				if (!this.merge(area)) this.vmas.splice(this.index(at), 0, area);
			}
			at = to;
		}
	}

	private set_brk(brk: number): void {
		const [old_end, new_end] = [page_up(this.brk), page_up(brk)];
		this.brk = brk;
		if (new_end > old_end) this.map(old_end, new_end, 3, ACCOUNT, "", old_end);
		else if (new_end < old_end) this.unmap(new_end, old_end);
	}

	private move(from: number, old_length: number, to: number, length: number) {
		const v = this.vmas[this.index(from)];
		if (!v || v.start > from) return;
		const area = { ...v, start: to, end: to + length, pgoff: v.pgoff + (from - v.start) };
		if (from === to) {
			if (length <= old_length) return this.unmap(to + length, to + old_length);
			v.end = to + length;
			return;
		}
		this.unmap(to, to + length);
		if (!area.anon && area.file === "") area.pgoff = to;
		if (!this.merge(area)) this.vmas.splice(this.index(to), 0, area);
		this.unmap(from, from + old_length);
	}

	private fault(op: Op): void {
		const address = op.args[0];
		let i = this.index(address);
		const v = this.vmas[i];
		if (op.expected.signal) return;
		if (!v) throw new Error(`fault of line ${op.line} finds no vma`);
		if (v.start > address) {
			if (!(v.flags & STACK)) throw new Error(`fault of line ${op.line} finds no vma`);
			const page = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
			v.pgoff -= v.start - page;
			v.start = page;
			i = this.index(address);
		}
		if (op.access !== "write" || v.flags & SHARED || v.anon) return;
		/* find_mergeable_anon_vma(): the next vma's, else the one's before. */
		const compatible = (a: Vma | undefined, b: Vma | undefined) =>
			a !== undefined &&
			b !== undefined &&
			a.end === b.start &&
			a.file === b.file &&
			a.flags === b.flags &&
			a.policy === b.policy &&
			a.pgoff + (a.end - a.start) === b.pgoff;
		const next = this.vmas[i + 1];
		const prev = this.vmas[i - 1];
		if (compatible(v, next) && next.anon) v.anon = next.anon;
		else if (compatible(prev, v) && prev.anon) v.anon = prev.anon;
		else v.anon = this.next_anon++;
	}
}

/** Bits for madvise() flags: set, or cleared where negative. */
const ADVICE = new Map([
	[MADV.MADV_DONTFORK, 1 << 8],
	[MADV.MADV_DOFORK, -(1 << 8)],
	[MADV.MADV_WIPEONFORK, 1 << 9],
	[MADV.MADV_KEEPONFORK, -(1 << 9)],
	[MADV.MADV_DONTDUMP, 1 << 10],
	[MADV.MADV_DODUMP, -(1 << 10)],
	[MADV.MADV_SEQUENTIAL, 1 << 11],
	[MADV.MADV_MERGEABLE, 1 << 14],
	[MADV.MADV_UNMERGEABLE, -(1 << 14)],
	[MADV.MADV_HUGEPAGE, 1 << 12],
	[MADV.MADV_NOHUGEPAGE, NOHUGEPAGE],
]);
