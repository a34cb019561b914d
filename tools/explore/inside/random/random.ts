// SPDX-License-Identifier: GPL-2.0-only
/**
 * Scenarios that are made from a number: random/17 is the same one each time, and random/17-3-5 is the same without
 * its operations 3 and 5. What they do is fixed before they run; what they find is kept in RAM, as with any other.
 *
 * Of one CPU, the model (model.ts) says what each operation answers and what memory is after it. Of several, there
 * has to be an order of the operations in which the model answers the same and ends in the same memory.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { smp_mb } from "host/door.ts";
import { __NR_close, __NR_mmap, __NR_sim_drop_caches } from "asm/unistd.ts";
import { CONFIG_FAULT_INJECTION } from "generated/autoconf.ts";
import { failures } from "host/cpu.ts";
import { log_result, logged, rerunning } from "host/log.ts";
import { aside } from "host/quiet.ts";
import { current } from "kernel/sched/core.ts";
import { EAGAIN, EFAULT, ENFILE, ENOMEM, ENOSPC } from "linux/errno.ts";
import { MAP_FIXED, MAP_PRIVATE } from "linux/mman.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { debug_validate } from "mm/debug_validate.ts";
import {
	check_that,
	child_on,
	forked,
	munmap,
	on_cpu,
	pid_of,
	read,
	STACK_TOP,
	type Scenario,
	start_threads,
	thread,
	user_syscall,
} from "../scenario.ts";
import { generate, without } from "./generate.ts";
import { type Mapped, Model } from "./model.ts";
import { FAR, FILE_PAGES, type Op, op_text, type Plan, plan_text, WINDOW } from "./ops.ts";
import { type Look, border_page, look, map_names, NAMES, open_file, page_of, perform, set_border } from "./perform.ts";

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

/** Addresses that do not fit into a word are those near the border, or near the top. */
const NEAR = 0x100000;
const NEAR_BORDER = -0x20000000;
const NEAR_TOP = -0x10000;
function keep(place: number, value: number): number {
	const from = value / PAGE_SIZE - border_page();
	let word = value;

	if (value >= 0x40000000)
		word = Math.abs(from) < NEAR ? NEAR_BORDER - from : NEAR_TOP - (STACK_TOP - value) / PAGE_SIZE;
	results.value[place] = word;
	return value;
}
function kept(place: number): number {
	const v = results.value[place];

	if (v < NEAR_BORDER + NEAR) return (border_page() + (NEAR_BORDER - v)) * PAGE_SIZE;
	return v < NEAR_TOP ? STACK_TOP + (v - NEAR_TOP) * PAGE_SIZE : v;
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
	set_border(plan.border);
	start_threads(plan.family ? 1 : plan.cpus.length);
	if (plan.thread) thread();
	map_names();
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

/** What differs between memory and a model, in words; nothing: each page is as in one of these. */
function difference(models: Model[], process: number, mm: mm_struct): string | undefined {
	const places = new Set(models.flatMap((m) => [...m.processes[process].pages.keys()]));

	for (let i = 0; i < WINDOW + FAR; i++) places.add(page_of(i));
	for (let i = 0; i < HEAP_PAGES; i++) places.add(HEAP / PAGE_SIZE + i);
	for (const at of places) {
		const is = look(mm, at);
		const wrong = models.map((m) => page_difference(is, m, m.processes[process].pages.get(at)));

		if (wrong.every((w) => w !== undefined)) return `${(at * PAGE_SIZE).toString(16)} ${wrong[0]}`;
	}
	return undefined;
}
function page_difference(is: Look | undefined, model: Model, wanted: Mapped | undefined): string | undefined {
	if (is === undefined && wanted === undefined) return undefined;
	if (is === undefined || wanted === undefined)
		return is === undefined ? "is not mapped, and should be" : "is mapped, and should not be";
	if (is.prot !== wanted.prot) return `has protection ${is.prot}, and should have ${wanted.prot}`;
	if (is.locked !== wanted.locked)
		return is.locked ? "is locked, and should not be" : "is not locked, and should be";
	if (is.advised !== wanted.advised)
		return `has the flags ${is.advised.toString(16)}, and should have ${wanted.advised.toString(16)}`;
	const should = wanted.slot < 0 ? 0 : model.value(wanted);

	/* Nothing need be there where nothing was stored, and what a file or shared memory has is elsewhere. */
	if (is.value < 0 ? wanted.object < 0 && !model.untouched(wanted) : wanted.slot >= 0 && is.value !== should)
		return `holds ${is.value < 0 ? "nothing" : is.value}, and should hold ${should}`;
	return undefined;
}

/** Does an operation say that it has failed for want of memory? */
function out_of_memory(o: Op, ret: number, before: Model): boolean {
	if (o.op === "brk") return ret === before.processes[0].brk * PAGE_SIZE;
	return [ENOMEM, EAGAIN, EFAULT, ENFILE, ENOSPC].includes(-ret);
}

/** What a look from within an execution finds wrong, if anything; it makes no step, and is not made again. */
function looked(fn: () => string | undefined): string | undefined {
	if (rerunning()) {
		logged();
		return undefined;
	}
	const wrong = aside(fn);

	log_result(0);
	return wrong;
}

/** One CPU: each operation is looked at. */
function run_alone(plan: Plan): void {
	const forks = [...plan.setup, ...plan.cpus[0]].some((o) => o.op === "fork");
	let model = model_of(plan);
	let known = !model.unsure;
	let failed = 0;

	for (const [i, o] of plan.cpus[0].entries()) {
		const ret = keep(plan.setup.length + i, perform(o, pid_of(0)));
		const it = `operation ${plan.setup.length + i} (${op_text(o)})`;

		if (o.op === "exit" || o.op === "exit_group") return;
		const before = CONFIG_FAULT_INJECTION ? model.copy() : model;
		const [after] = known ? model.step(0, 0, o, ret) : [model];
		/* An allocation fails in it: it may have come to any of its pages, and the rest is as it was. */
		const now: number = CONFIG_FAULT_INJECTION ? failures() : 0;
		const fails = now !== failed;
		const in_vain = known && fails && (after === undefined || ret < -1);

		if (in_vain) {
			check_that(
				out_of_memory(o, ret, before),
				`${it}, for which an allocation fails, answers ${ret}`,
			);
		} else check_that(after !== undefined, `${it} answers ${ret}`);
		/* What looks reads memory, not what the CPU has in its store buffer. */
		smp_mb();
		const wrong = looked(() => {
			const differs =
				known &&
				!after?.unsure &&
				difference(in_vain ? [before, model, before.unmapped(o)] : [after], 0, current().mm);

			if (differs) return differs;
			for (const at of fails || !known ? [] : after.brought)
				if ((look(current().mm, at)?.value ?? -1) < 0)
					return `${(at * PAGE_SIZE).toString(16)} is not there`;
			/* Of several processes that is too much to look at. */
			return forks ? undefined : debug_validate()[0];
		});

		check_that(wrong === undefined, `after ${it} ${wrong}`);
		if (in_vain || after.unsure) known = false;
		else model = after;
		failed = now;
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
	if (plan.cpus.some((ops) => ops.some((o) => o.op === "exit_group" || o.op === "exec"))) return;
	/* Nor what a call has come to that fails in the middle. */
	if (CONFIG_FAULT_INJECTION && failures() !== 0) return;
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
		if (++tried > ORDERS || model.unsure) return true;
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
			const wrong = mm === NULL ? undefined : difference([model], process, mm);

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
			if (o.op === "exit" || o.op === "exit_group" || o.op === "exec") return;
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
