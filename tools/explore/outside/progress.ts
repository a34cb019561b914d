// SPDX-License-Identifier: GPL-2.0-only
/** On a terminal: one bar for each scenario that is under way, with what is left of it. */
import { MultiBar, type SingleBar } from "cli-progress";
import { at_end } from "../../../scripts/lib/at_end.ts";
import type { Progress, Result } from "./types.ts";

/** What a bar says beside its picture. */
export function progress_text(p: Progress): string {
	const rate = p.seconds > 0 ? p.executions / p.seconds : 0;
	const total = p.estimate !== undefined && p.estimate > p.executions ? Math.round(p.estimate) : undefined;
	const left = total !== undefined && rate > 0 ? `, ${time_text((total - p.executions) / rate)} left` : "";
	return `${p.executions}${total === undefined ? "" : ` of about ${total}`}, ${Math.round(rate)}/s${left}`;
}

/** The estimate is a guess: a number and a unit are enough. */
function time_text(seconds: number): string {
	if (seconds < 99) return `${Math.ceil(seconds)} s`;
	if (seconds < 99 * 60) return `${Math.round(seconds / 60)} min`;
	return seconds < 99 * 3600 ? `${Math.round(seconds / 3600)} h` : "days";
}

/** Results are printed in between: then the bars have gone, and come back with the next news. */
export class Bars {
	#bars: MultiBar | undefined;
	#of = new Map<string, SingleBar>();
	/** Whoever ends us gets the cursor back. */
	#release = at_end(() => this.hide());
	show(p: Progress): void {
		const name = `${p.scenario} ${p.model}`;
		this.#bars ??= new MultiBar({
			format: "{name} [{bar}] {text}",
			barsize: 20,
			stream: process.stderr,
			clearOnComplete: true,
			hideCursor: true,
		});
		const bar = this.#of.get(name) ?? this.#bars.create(1, 0);
		this.#of.set(name, bar);
		bar.setTotal(Math.max(1, p.executions, Math.round(p.estimate ?? 2 * p.executions)));
		bar.update(p.executions, { name, text: progress_text(p) });
	}
	done(_: Result): void {
		this.hide();
	}
	stop(): void {
		this.hide();
		this.#release();
	}
	private hide(): void {
		this.#bars?.stop();
		this.#bars = undefined;
		this.#of.clear();
	}
}
