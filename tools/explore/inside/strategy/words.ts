// SPDX-License-Identifier: GPL-2.0-only
/**
 * A schedule in words, for unit tests: "CPU1 runs to after __find_vma; CPU0
 * runs munmap; CPU1 continues".
 *
 *   schedule  = directive { ";" directive }
 *   directive = "CPU" n ( "runs to" ( "before" | "after" ) function
 *             | "runs" [ what ] | "continues" )
 *
 * "before f" is before the first step inside of f, "after f" before the first
 * step behind a call of f that made one. "runs" and "continues" are to the end
 * of the CPU's program; what it runs is for the reader. Interrupts come as soon
 * as they can.
 */
import { ctx_cpu, ctx_kind, ctx_state, DONE, n_ctx } from "host/state.ts";
import type { Search } from "./types.ts";

interface Directive {
	cpu: number;
	until?: "before" | "after";
	func?: string;
}

/** Throws a RangeError that names the words it does not understand. */
export function parse_words(text: string): Directive[] {
	return text.split(";").map((part) => {
		const words = part.trim();
		const [, cpu, until, func] =
			/^CPU(\d+) (?:runs to (before|after) `?(\w+)`?|runs(?: \w+)?|continues)$/.exec(words) ?? [];
		if (cpu === undefined) throw new RangeError(`schedule: '${words}' is not understood`);
		return { cpu: Number(cpu), until: until as Directive["until"], func };
	});
}

export interface Words extends Search {
	/** The directive that could not be followed, if any. */
	unmet(): string | undefined;
}

export function words(text: string): Words {
	const directives = parse_words(text);
	let at = 0;
	let inside = false;
	let why: string | undefined;

	/** Does the step that the running context stands before lie in func? */
	function stands_in(func: string): boolean {
		const limit = Error.stackTraceLimit;
		Error.stackTraceLimit = 60;
		const stack = new Error().stack ?? "";
		Error.stackTraceLimit = limit;
		return new RegExp(`\\bat (?:\\S+\\.)?${func}(?:\\$\\d+)? `).test(stack);
	}

	return {
		name: `schedule "${text}"`,
		exhaustive: false,
		pick(enabled, running) {
			for (; at < directives.length && why === undefined; at++, inside = false) {
				const d = directives[at];
				let c = 0;
				while (c < n_ctx && !(ctx_kind[c] === "task" && ctx_cpu[c] === d.cpu)) c++;
				if (c === n_ctx) {
					why = `there is no CPU${d.cpu}`;
					break;
				}
				if (ctx_state[c] >= DONE) {
					if (d.func !== undefined) why = `CPU${d.cpu} ends without ${d.until} ${d.func}`;
					continue;
				}
				if (d.func !== undefined && running === c) {
					const now = stands_in(d.func);
					if (d.until === "before" ? now : inside && !now) continue;
					inside = now;
				}
				/* Whoever it waits for goes first: handlers, then anybody. */
				let rest = enabled;
				for (let i = 0; i < n_ctx; i++)
					if (ctx_kind[i] === "irq" && (enabled & (1 << i)) !== 0) return i;
				if ((enabled & (1 << c)) !== 0) return c;
				rest &= ~(1 << c);
				if (rest === 0) return -1;
				why = `CPU${d.cpu} has to wait for another one`;
			}
			return enabled === 0 ? -1 : 31 - Math.clz32(enabled & -enabled);
		},
		recorded() {},
		choose: () => 0,
		next: () => false,
		estimate: () => 1,
		unmet: () => why ?? (at < directives.length ? `it ended at directive ${at + 1}` : undefined),
	};
}
