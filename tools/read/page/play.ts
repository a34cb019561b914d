// SPDX-License-Identifier: GPL-2.0-only
/** Explores the program that is edited in this page. */
import { count } from "../../../scripts/lib/words.ts";
import type { ModelName } from "../../explore/protocol.ts";
import { base_name, USUAL } from "../kernel/kernel.ts";
import { Machine } from "./machine.ts";
import { show_steps } from "./stepper.ts";
import { kernel_of } from "./take.ts";

/** Without a sign of life a program has a loop that makes no step. */
const SILENCE_MS = 20_000;

async function explore(text: string, model: ModelName, status: Element): Promise<void> {
	const tell = (what: string) => {
		status.textContent = what;
	};
	tell("the kernel is fetched");
	const machine = new Machine(await kernel_of(base_name(USUAL)), text);
	tell("explored…");
	const silent = () => setTimeout(() => machine.give_up(), SILENCE_MS);
	let timer = silent();
	try {
		const said = await machine.run({ scenario: "program", model, whole: true }, ({ made, bound }) => {
			clearTimeout(timer);
			timer = silent();
			const within = bound === undefined ? "" : `, with at most ${count(bound, "preemption")}`;
			tell(`${count(made, "execution")}${within}`);
		});
		if (said.kind === "nothing")
			tell(`${count(said.made, "execution")}: that is all of them, and nothing fails`);
		if (said.kind === "problem") {
			const line = machine.line_of(said.stack);
			tell(`${line === undefined ? "" : `line ${line}: `}${said.text}`);
		}
		if (said.kind !== "found") return;
		const what = said.replayed.failure?.text.split("\n", 1)[0] ?? "nothing fails";
		const how = `found in ${count(said.made, "execution")}; as few preemptions as it takes`;
		const told = { title: what, about: `${model.toUpperCase()}; ${how}`, command: "" };
		show_steps(status, [await machine.steps(said.replayed, told)], () => {});
		tell(`${what}: ${how}`);
	} catch (error) {
		if (!machine.gave_up) throw error;
		tell("it makes no step for long: is there a loop that waits without looking at a word?");
	} finally {
		clearTimeout(timer);
	}
}

export function watch(): void {
	const text = document.querySelector<HTMLTextAreaElement>("textarea#text");
	const program = document.querySelector<HTMLSelectElement>("select#program");
	const model = document.querySelector<HTMLSelectElement>("select#model");
	const button = document.querySelector<HTMLButtonElement>("button#explore");
	const status = document.querySelector("[data-steps] [role=status]");
	if (!text || !program || !model || !button || !status) return;
	program.addEventListener("change", () => {
		text.value = program.value;
	});
	button.addEventListener("click", () => {
		button.disabled = true;
		for (const before of document.querySelectorAll(".steps")) before.remove();
		void explore(text.value, model.value as ModelName, status)
			.catch((error: Error) => {
				status.textContent = error.message;
			})
			.finally(() => {
				button.disabled = false;
			});
	});
}
