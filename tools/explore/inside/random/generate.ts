// SPDX-License-Identifier: GPL-2.0-only
/** A random program from a number: the same for the same one. */
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
	MAP_LOCKED,
	MAP_NORESERVE,
	MAP_POPULATE,
	MREMAP_DONTUNMAP,
	MREMAP_FIXED,
	MREMAP_MAYMOVE,
} from "linux/mman.ts";
import { random_numbers } from "../strategy/random.ts";
import { type Backing, BORDER, FAR, FILE_PAGES, type Op, type Plan, WINDOW } from "./ops.ts";

type Weighted<T> = readonly (readonly [number, T])[];

const ADVICE: Weighted<number> = [
	[6, MADV_DONTNEED],
	[2, MADV_FREE],
	[2, MADV_COLD],
	[1, MADV_PAGEOUT],
	[2, MADV_POPULATE_READ],
	[3, MADV_POPULATE_WRITE],
	[1, MADV_DONTFORK],
	[1, MADV_DOFORK],
	[1, MADV_WIPEONFORK],
	[1, MADV_KEEPONFORK],
	[2, MADV_DONTDUMP],
	[1, MADV_DODUMP],
	[1, MADV_NORMAL],
	[1, MADV_RANDOM],
	[1, MADV_SEQUENTIAL],
	[1, MADV_WILLNEED],
];
const KINDS: Weighted<Op["op"]> = [
	[12, "load"],
	[24, "store"],
	[8, "mmap"],
	[9, "munmap"],
	[12, "mprotect"],
	[14, "mremap"],
	[12, "madvise"],
	[3, "name"],
	[5, "mlock"],
	[1, "mlock2"],
	[3, "munlock"],
	[1, "mlockall"],
	[1, "munlockall"],
	[2, "brk"],
	[2, "fork"],
	[3, "child"],
	[1, "thread"],
	[1, "drop_caches"],
	[1, "msync"],
	[1, "mincore"],
	[3, "hint"],
	[1, "clear_refs"],
];
/** What takes so many steps that it is nothing beside others. */
const KINDS_READER: Weighted<Op["op"]> = [...KINDS, [1, "smaps"]];
/** With exec(), which waits for threads that run nowhere: of a process that has none. */
const KINDS_ALONE = KINDS_READER.filter(([, kind]) => kind !== "thread").concat([[2, "exec"]]);

export function generate(seed: number): Plan {
	const next = random_numbers(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995);
	const below = (n: number) => next() % n;
	const chance = (percent: number) => below(100) < percent;
	const pick = <T>(of: Weighted<T>): T => {
		let at = below(of.reduce((sum, [weight]) => sum + weight, 0));
		for (const [weight, value] of of) if ((at -= weight) < 0) return value;
		return of[0][1];
	};
	const prot = () =>
		pick([
			[8, 3],
			[4, 1],
			[1, 0],
			[1, 7],
		]);
	/** Each store has a value of its own. */
	let value = 1;
	/** Where vmas of the set-up are: most operations begin or end at or inside of one. */
	const areas: { page: number; n: number }[] = [];
	/** The pages that this program is about. */
	let hot = 0;

	const page = () => {
		if (chance(45)) return Math.min(WINDOW - 1, Math.max(0, hot + below(3) - 1));
		if (chance(85) && areas.length > 0) {
			const a = areas[below(areas.length)];
			return a.page + below(a.n);
		}
		return below(WINDOW + FAR);
	};
	const limit = (p: number) => (p < WINDOW ? WINDOW : WINDOW + FAR) - p;
	const range = () => {
		/* A vma and maybe its neighbours; a part of one; anything. */
		if (chance(25) && areas.length > 0) {
			const a = areas[below(areas.length)];
			return { page: a.page, n: a.n };
		}
		/* Over the border. */
		if (chance(15)) {
			const p = BORDER - 1 - below(3);
			return { page: p, n: BORDER - p + 1 + below(3) };
		}
		const p = page();
		const n = pick([
			[6, 1],
			[5, 2],
			[3, 3],
			[2, 4],
			[1, 8],
			[1, WINDOW],
		]);
		return { page: p, n: Math.min(n, limit(p)) };
	};
	const backing = (): Backing =>
		pick([
			[10, "anon"],
			[1, "stack"],
			[2, "shared"],
			[1, "file"],
			[1, "file-shared"],
		]);
	const map = (at: { page: number; n: number }, how: "fixed" | "noreplace" | "hint"): Op => {
		const b = backing();
		return {
			op: "mmap",
			...at,
			prot: prot(),
			how,
			backing: b,
			index: b === "file" || b === "file-shared" ? below(FILE_PAGES - 1) : 0,
			more: pick([
				[14, 0],
				[1, MAP_LOCKED],
				[1, MAP_POPULATE],
				[1, MAP_NORESERVE],
			]),
		};
	};
	const remap = (): Op => {
		const { page: p, n } = range();
		const how = pick([
			[2, "grow"],
			[2, "shrink"],
			[6, "move"],
			[3, "inside"],
			[2, "keep"],
		] as const);
		if (how === "grow")
			return {
				op: "mremap",
				page: p,
				old: n,
				n: n + 1 + below(2),
				flags: chance(60) ? MREMAP_MAYMOVE : 0,
				to: 0,
			};
		if (how === "shrink") return { op: "mremap", page: p, old: n, n: 1 + below(n), flags: 0, to: 0 };
		const size = chance(80) ? n : 1 + below(4);
		/* Beside where it was, most likely within its vma or upon a neighbour; or anywhere. */
		const to = how === "inside" ? (chance(50) ? p - size - below(2) : p + n + below(2)) : page();
		const at = Math.max(0, Math.min(to, to < WINDOW ? WINDOW - size : WINDOW + FAR - size));
		if (how === "keep")
			return {
				op: "mremap",
				page: p,
				old: n,
				n,
				flags: MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
				to: Math.max(0, Math.min(at, (at < WINDOW ? WINDOW : WINDOW + FAR) - n)),
			};
		return { op: "mremap", page: p, old: n, n: size, flags: MREMAP_MAYMOVE | MREMAP_FIXED, to: at };
	};
	const operation = (kinds = KINDS): Op => {
		const op = pick(kinds);
		switch (op) {
			case "load":
				return { op, page: page() };
			case "store":
			case "child":
				return { op, page: page(), value: value++ };
			case "mmap":
				return map(
					range(),
					pick([
						[6, "fixed"],
						[1, "noreplace"],
						[2, "hint"],
					]),
				);
			case "mprotect":
				return { op, ...range(), prot: prot() };
			case "mremap":
				return remap();
			case "madvise":
				return { op, ...range(), advice: pick(ADVICE) };
			case "name":
				return {
					op,
					...range(),
					name: pick([
						[2, 0x78],
						[1, 0x79],
						[1, 0],
					]),
				};
			case "mlockall":
				return { op, flags: 1 + below(7) };
			case "clear_refs":
				return { op, what: 1 + below(3) };
			case "msync":
				return { op, ...range(), flags: 1 + below(7) };
			case "brk":
				return { op, n: below(4) };
			case "munmap":
			case "mlock":
			case "mlock2":
			case "munlock":
			case "mincore":
			case "hint":
				return { op, ...range() };
			default:
				return { op };
		}
	};

	const setup: Op[] = [];
	/* Densely, one behind the other, with a hole now and then. */
	for (let at = below(BORDER), n = 2 + below(4); n > 0 && at < WINDOW; n--) {
		const size = Math.min(chance(8) ? 9 + below(6) : 1 + below(4), WINDOW - at);
		const area = { page: at, n: size };
		/* Most of them so that they could be one. */
		setup.push(
			chance(60)
				? { op: "mmap", ...area, prot: 3, how: "fixed", backing: "anon", index: 0, more: 0 }
				: map(area, "fixed"),
		);
		areas.push(area);
		if (size > 8 && chance(60)) setup.push({ op: "madvise", ...area, advice: MADV_POPULATE_WRITE });
		at += size + (chance(25) ? 1 : 0);
	}
	if (chance(25)) {
		const stack = chance(50);
		const area = { page: WINDOW + FAR - 2, n: 1 + below(2) };
		setup.push(
			stack
				? { op: "mmap", ...area, prot: 3, how: "fixed", backing: "stack", index: 0, more: 0 }
				: map(area, "fixed"),
		);
		areas.push(area);
	}
	/* Pages are there or not, and have been about. */
	const some: Weighted<Op["op"]> = [
		[30, "store"],
		[10, "load"],
		[9, "mprotect"],
		[3, "mremap"],
		[3, "munmap"],
		[4, "madvise"],
		[1, "name"],
		[2, "mlock"],
		[1, "brk"],
		[1, "fork"],
	];
	hot = areas[below(areas.length)].page;
	for (let n = 2 + below(9); n > 0; n--) {
		hot = page() % WINDOW;
		setup.push(operation(some));
	}
	const last = setup[setup.length - 1];
	hot = chance(30) ? BORDER - below(2) : "page" in last ? last.page % WINDOW : hot;

	const border = pick([
		[8, 0],
		[1, 1],
		[1, 2],
	]);
	/* A third of them for one CPU, with more operations: no schedules, but deep states. */
	if (below(3) === 0) {
		const thread = chance(50);
		const ops = Array.from({ length: 4 + below(7) }, () => operation(thread ? KINDS_READER : KINDS_ALONE));
		return { family: false, border, thread, setup, cpus: [ops] };
	}
	const family = chance(15);
	const cpus = !family && chance(15) ? 3 : 2;
	const programs = Array.from({ length: cpus }, (_, cpu) => {
		const ops = Array.from({ length: 1 + below(cpus > 2 ? 2 : 3) }, () => operation());
		/* Beside a writer somebody should use what it writes about. */
		if (cpu === 0 && chance(60)) ops[0] = { op: "store", page: hot, value: value++ };
		if (chance(6)) ops.push({ op: cpu > 0 && chance(60) ? "exit" : "exit_group" });
		return ops;
	});
	return { family, border, thread: chance(30), setup, cpus: programs };
}
/** Without these operations, by their numbers in plan_text(). */
export function without(plan: Plan, left_out: readonly number[]): Plan {
	let number = 0;
	const keep = (ops: Op[]) => ops.filter(() => !left_out.includes(number++));
	return { ...plan, setup: keep(plan.setup), cpus: plan.cpus.map(keep) };
}
