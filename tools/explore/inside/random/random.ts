// SPDX-License-Identifier: GPL-2.0-only
/**
 * Scenarios that are made from a number: random/17 is the same one each time, and random/17-3-5 is the same without
 * its operations 3 and 5. What they do is fixed before they run; what they find is kept in RAM, as with any other.
 *
 * Of one CPU, the model (model.ts) says what each operation answers and what memory is after it. Of several, there
 * has to be an order of the operations in which the model answers the same and ends in the same memory.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { __NR_close, __NR_mmap, __NR_sim_drop_caches } from "asm/unistd.ts";
import { user_validate } from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import { MAP_FIXED, MAP_PRIVATE } from "linux/mman.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	check_that,
	child_on,
	forked,
	map,
	munmap,
	on_cpu,
	pid_of,
	read,
	STACK_TOP,
	type Scenario,
	start_threads,
	thread,
	user_syscall,
	write,
} from "../scenario.ts";
import { generate, without } from "./generate.ts";
import { Model } from "./model.ts";
import { FAR, FILE_PAGES, type Op, op_text, type Plan, plan_text, WINDOW } from "./ops.ts";
import { look, NAMES, open_file, page_of, perform } from "./perform.ts";

const NAME = /^random\/(\d+)((?:-\d+)*)$/;
const HEAP = 0x10000000;
const HEAP_PAGES = 4;
/** Steps that are tried to find an order; one that needs more counts as found. */
const ORDERS = 20_000;

interface results extends struct {
	value: array<int, 128>;
	file: array<int, 8>;
}
const results = DEFINE<results>();

/** Addresses that do not fit into a word are those near the top. */
function keep(place: number, value: number): number {
	results.value[place] = value < 0x40000000 ? value : -0x10000 - (STACK_TOP - value) / PAGE_SIZE;
	return value;
}
function kept(place: number): number {
	const v = results.value[place];

	return v >= -0x10000 ? v : STACK_TOP + (v + 0x10000) * PAGE_SIZE;
}

/** What the file has, of which nothing then is in memory. */
function look_at_file(): void {
	const fd = open_file();

	user_syscall(__NR_mmap, NAMES + 0x100000, FILE_PAGES * PAGE_SIZE, 1, MAP_FIXED | MAP_PRIVATE, fd, 0);
	user_syscall(__NR_close, fd);
	for (let i = 0; i < FILE_PAGES; i++) results.file[i] = read(NAMES + 0x100000 + i * PAGE_SIZE);
	munmap(NAMES + 0x100000, FILE_PAGES * PAGE_SIZE);
	user_syscall(__NR_sim_drop_caches);
}

function set_up(plan: Plan): void {
	start_threads(plan.family ? 1 : plan.cpus.length);
	if (plan.thread) thread();
	map(NAMES, PAGE_SIZE);
	write(NAMES, 0x78);
	write(NAMES + 2, 0x79);
	look_at_file();
	for (const [i, o] of plan.setup.entries()) keep(i, perform(o, pid_of(0)));
	if (plan.family) child_on(1);
}

/** The model after the set-up. */
function model_of(plan: Plan): Model {
	const file: number[] = [];

	for (let i = 0; i < FILE_PAGES; i++) file.push(results.file[i]);
	const model = new Model({ page_of, heap: HEAP / PAGE_SIZE, size: PAGE_SIZE, file }, false);

	for (const [i, o] of plan.setup.entries()) {
		const [after] = model.step(0, 0, o, kept(i));

		check_that(after !== undefined, `set-up: ${op_text(o)} answers ${kept(i)}`);
		if (after !== model) Object.assign(model, after);
	}
	if (plan.family) model.fork();
	return model;
}

/** What differs between memory and the model, in words; nothing: the same. */
function difference(model: Model, process: number, mm: mm_struct): string | undefined {
	const { pages } = model.processes[process];
	const places = new Set(pages.keys());

	for (let i = 0; i < WINDOW + FAR; i++) places.add(page_of(i));
	for (let i = 0; i < HEAP_PAGES; i++) places.add(HEAP / PAGE_SIZE + i);
	for (const at of places) {
		const is = look(mm, at);
		const wanted = pages.get(at);
		const where = (at * PAGE_SIZE).toString(16);

		if (is === undefined && wanted === undefined) continue;
		if (is === undefined || wanted === undefined)
			return is === undefined
				? `${where} is not mapped, and should be`
				: `${where} is mapped, and should not be`;
		if (is.prot !== wanted.prot)
			return `${where} has protection ${is.prot}, and should have ${wanted.prot}`;
		if (is.locked !== wanted.locked)
			return is.locked
				? `${where} is locked, and should not be`
				: `${where} is not locked, and should be`;
		const should = wanted.slot < 0 ? 0 : model.value(wanted);

		/* Nothing need be there where nothing was stored, and what a file or shared memory has is elsewhere. */
		if (
			is.value < 0
				? wanted.object < 0 && !model.untouched(wanted)
				: wanted.slot >= 0 && is.value !== should
		)
			return `${where} holds ${is.value < 0 ? "nothing" : is.value}, and should hold ${should}`;
	}
	return undefined;
}

/** One CPU: each operation is looked at. */
function run_alone(plan: Plan): void {
	const forks = [...plan.setup, ...plan.cpus[0]].some((o) => o.op === "fork");
	let model = model_of(plan);

	for (const [i, o] of plan.cpus[0].entries()) {
		const ret = keep(plan.setup.length + i, perform(o, pid_of(0)));
		const it = `operation ${plan.setup.length + i} (${op_text(o)})`;

		if (o.op === "exit" || o.op === "exit_group") return;
		const [after] = model.step(0, 0, o, ret);

		check_that(after !== undefined, `${it} answers ${ret}`);
		model = after;
		const wrong = difference(model, 0, current().mm);

		check_that(wrong === undefined, `after ${it} ${wrong}`);
		/* Of several processes that is too much to look at. */
		if (forks) continue;
		for (const problem of user_validate()) check_that(false, `after ${it}: ${problem}`);
	}
}

/** The address space of the process that a CPU runs, or of one of its threads; NULL: it has ended. */
function mm_of(cpu: number): mm_struct {
	return on_cpu(cpu, () => current().mm);
}

/** Several CPUs: is there an order of the operations that explains what they found and what is left? */
function check_order(plan: Plan): void {
	const family = plan.family;
	/* Nobody can say what a thread that was killed has come to. */
	if (plan.cpus.some((ops) => ops.some((o) => o.op === "exit_group"))) return;
	const spaces: mm_struct[] = family ? [mm_of(0), mm_of(1)] : [NULL];
	if (!family) for (let cpu = 0; cpu < plan.cpus.length; cpu++) if (spaces[0] === NULL) spaces[0] = mm_of(cpu);
	const first: number[] = [];
	let number = plan.setup.length;

	for (const ops of plan.cpus) {
		first.push(number);
		number += ops.length;
	}
	let tried = 0;
	let nearest = "";
	let depth = -1;
	const explained = (model: Model, done: number[], sum: number): boolean => {
		if (++tried > ORDERS) return true;
		let any = false;

		for (let cpu = 0; cpu < plan.cpus.length; cpu++) {
			const i = done[cpu];
			const o: Op | undefined = plan.cpus[cpu][i];

			if (o === undefined) continue;
			any = true;
			const next = model.copy();
			const after = [...done];

			after[cpu]++;
			next.close(cpu);
			for (const m of next.step(family ? cpu : 0, cpu, o, kept(first[cpu] + i)))
				if (explained(m, after, sum + 1)) return true;
			if (sum >= depth) {
				depth = sum;
				nearest = `operation ${first[cpu] + i} (${op_text(o)}) answers ${kept(first[cpu] + i)}`;
			}
		}
		if (any) return false;
		for (const [process, mm] of spaces.entries()) {
			const wrong = mm === NULL ? undefined : difference(model, process, mm);

			if (wrong === undefined) continue;
			depth = sum;
			nearest = wrong;
			return false;
		}
		return true;
	};
	const model = model_of(plan);

	model.several = true;
	const found = explained(
		model,
		plan.cpus.map(() => 0),
		0,
	);

	check_that(
		found,
		`no order of the operations explains what they found: in the one that comes nearest ${nearest}`,
	);
}

function program(plan: Plan, cpu: number): () => void {
	const ops = plan.cpus[cpu];
	let first = plan.setup.length;

	for (let i = 0; i < cpu; i++) first += plan.cpus[i].length;
	return () => {
		const pid = plan.family && cpu === 1 ? forked() : pid_of(cpu);

		for (const [i, o] of ops.entries()) {
			keep(first + i, perform(o, pid));
			if (o.op === "exit" || o.op === "exit_group") return;
		}
	};
}

interface Made extends Scenario {
	file: string;
	operations: number;
}
/** The scenario of that name, if it is one of these. */
export function random_scenario(name: string): Made | undefined {
	const [, seed, left_out] = NAME.exec(name) ?? [];

	if (seed === undefined) return undefined;
	const plan = without(generate(Number(seed)), left_out.split("-").slice(1).map(Number));
	const alone = plan.cpus.length === 1;

	return {
		file: "tools/explore/inside/random/random.ts",
		operations: plan.setup.length + plan.cpus.flat().length,
		about: plan_text(plan),
		patch: "none: made at random",
		invariant: alone
			? "each operation answers what the model does, and memory is as it says"
			: "some order of the operations explains what they find and leave",
		setup: () => set_up(plan),
		cpus: alone ? [() => run_alone(plan)] : plan.cpus.map((_, cpu) => program(plan, cpu)),
		check: alone ? undefined : () => check_order(plan),
	};
}
