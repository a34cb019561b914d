// SPDX-License-Identifier: GPL-2.0-only
/** "Take it out": a kernel without it is explored here, and what then goes wrong is stepped through. */
import { count } from "../../../scripts/lib/words.ts";
import type { PageStep } from "../../explore/page/data.ts";
import { type Delta, derived, type Kernel, line_in_tree } from "../kernel/kernel.ts";
import type { MutantData } from "./data.ts";
import { reveal } from "./configs.ts";
import { data } from "./load.ts";
import { Machine, type Said } from "./machine.ts";
import { show_steps } from "./stepper.ts";

/** So long a failure is looked for; the schedule that is kept with the mutant is shown then. */
const PATIENCE_MS = 60_000;

/** A kernel by name: some are what another one is, but for what differs. */
export async function kernel_of(name: string): Promise<Kernel> {
	const found = await data<Kernel | { of: string; delta: Delta }>(`kernel/${name}`);
	return "of" in found ? derived(await kernel_of(found.of), found.delta) : found;
}

/** Marks in the source on the right where a step is. */
function mark(step: PageStep, sources: Kernel["sources"]): void {
	for (const e of document.querySelectorAll(".step-here")) e.classList.remove("step-here");
	const line = line_in_tree(step.line, sources[step.file] ?? []);
	const row =
		line === undefined ? null : document.querySelector(`[data-at="${CSS.escape(`${step.file}:${line}`)}"]`);
	if (!row) return;
	row.classList.add("step-here");
	const fold = row.closest("details");
	if (fold) fold.open = true;
	reveal(row);
}

async function search(machine: Machine, m: MutantData, tell: (text: string) => void): Promise<[Said, string]> {
	const start = performance.now();
	const late = setTimeout(() => {
		if (m.schedule.length > 0) machine.give_up();
	}, PATIENCE_MS);
	try {
		const said = await machine.run({ scenario: m.scenario, model: m.model }, (p) =>
			tell(`${p.made} executions, with at most ${count(p.bound ?? 0, "preemption")}`),
		);
		const seconds = ((performance.now() - start) / 1000).toFixed(1);
		if (said.kind !== "found") return [said, ""];
		return [
			said,
			`found here in ${count(said.made, "execution")}, ${seconds} s; as few preemptions as it takes`,
		];
	} catch (error) {
		if (!machine.gave_up) throw error;
		tell("nothing so far: the schedule that is kept with the mutant");
		const { scenario, model, schedule } = m;
		return [
			await machine.run({ scenario, model, schedule }, () => {}),
			"the schedule that is kept with the mutant",
		];
	} finally {
		clearTimeout(late);
	}
}

async function take_out(name: string, after: Element, tell: (text: string) => void): Promise<void> {
	tell("the kernel without it is fetched; one that nobody has asked for is built first");
	const m = await data<MutantData>(`mutant/${name}`);
	if (m.problem !== undefined) throw new Error(m.problem);
	const kernel = derived(await kernel_of(m.kernel), m.delta);
	const machine = new Machine(kernel);
	tell("explored…");
	const [said, how] = await search(machine, m, tell);
	if (said.kind === "problem") throw new Error(said.text);
	if (said.kind !== "found" || !said.replayed.failure)
		throw new Error("the schedule does not fail here; the command on its page searches for longer");
	const page = await machine.steps(said.replayed, {
		title: `${m.scenario} without it: ${said.replayed.failure.text.split("\n", 1)[0]}`,
		about: `${m.model.toUpperCase()}, ${m.config ?? "stepper.config"}; ${how}`,
		command: m.command,
		mutant: { name, subject: m.subject, invariant: m.invariant, diff: m.diff },
		listed: said.listed,
	});
	show_steps(after, [page], (step) => mark(step, kernel.sources));
	tell(how);
}

export function watch(): void {
	document.addEventListener("click", (event) => {
		const button = (event.target as Element).closest?.<HTMLButtonElement>("button[data-mutant]");
		const place = button?.closest("[data-steps]");
		const status = place?.querySelector("[role=status]");
		if (!button || !place || !status) return;
		const buttons = document.querySelectorAll<HTMLButtonElement>("button[data-mutant]");
		for (const b of buttons) b.disabled = true;
		const tell = (text: string) => {
			status.textContent = text;
		};
		void take_out(button.dataset.mutant ?? "", status, tell)
			.catch((error: Error) => tell(error.message))
			.finally(() => {
				for (const b of buttons) b.disabled = false;
			});
	});
}
