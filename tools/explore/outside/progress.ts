// SPDX-License-Identifier: GPL-2.0-only
/** On a terminal: one bar for each scenario that is under way, with what is left of it. */
import { MultiBar, type SingleBar } from "cli-progress";
import { at_end } from "../../../scripts/lib/at_end.ts";
import { count } from "../../../scripts/lib/words.ts";
import type { Progress, Result, TotalProgress } from "./types.ts";

/** What a bar says beside its picture. */
export function progress_text(p: Progress): string {
	const rate = p.seconds > 0 ? p.made / p.seconds : 0;
	/* Not by the rate: a search is slow at first, until its code is compiled, and its kinds differ. */
	const { made, seconds } = p.expected ?? { made: 0, seconds: 0 };
	const [of, left] =
		made > p.made ? [` of about ${made}`, `, ${time_text(seconds * (1 - p.made / made))} left`] : ["", ""];
	return `${p.made}${of}, ${Math.round(rate)}/s${left}`;
}

/** And that of many searches. */
export function total_text({ done, all, seconds_left }: TotalProgress): string {
	const left = seconds_left === undefined ? "" : `, ${time_text(seconds_left)} left`;
	return `${done} of ${count(all, "search", "searches")}${left}`;
}

/** A number and a unit are enough. */
function time_text(seconds: number): string {
	if (seconds < 99) return `${Math.ceil(seconds)} s`;
	if (seconds < 99 * 60) return `${Math.round(seconds / 60)} min`;
	return seconds < 99 * 3600 ? `${Math.round(seconds / 3600)} h` : "days";
}

/** Results are printed in between: then the bars have gone, and come back with the next news. */
export class Bars {
	#bars: MultiBar | undefined;
	#of = new Map<string, SingleBar>();
	/** Whoever ends us gets the cursor back, once it is hidden: until then no signal need wait. */
	#release: (() => void) | undefined;
	#total?: TotalProgress;
	#total_bar?: SingleBar;
	/** Of all; seen with the next news. */
	total(t: TotalProgress): void {
		if (t.all > 1) this.#total = t;
	}
	show(p: Progress): void {
		const name = `${p.scenario} ${p.model}`;
		const bars = this.all_bars();
		const bar = this.#of.get(name) ?? bars.create(1, 0);
		this.#of.set(name, bar);
		bar.setTotal(Math.max(1, p.made, p.expected?.made ?? 2 * p.made));
		bar.update(p.made, { name, text: progress_text(p) });
		if (this.#total) {
			this.#total_bar?.setTotal(this.#total.all);
			this.#total_bar?.update(this.#total.done, { name: "all", text: total_text(this.#total) });
		}
	}
	private all_bars(): MultiBar {
		if (this.#bars) return this.#bars;
		this.#release ??= at_end(() => this.hide());
		this.#bars = new MultiBar({
			format: "{name} [{bar}] {text}",
			barsize: 20,
			stream: process.stderr,
			clearOnComplete: true,
			hideCursor: true,
		});
		if (this.#total) this.#total_bar = this.#bars.create(1, 0, { name: "all", text: "" });
		return this.#bars;
	}
	done(_: Result): void {
		this.hide();
	}
	stop(): void {
		this.hide();
		this.#release?.();
		this.#release = undefined;
	}
	private hide(): void {
		this.#bars?.stop();
		this.#bars = undefined;
		this.#of.clear();
	}
}
