// SPDX-License-Identifier: GPL-2.0-only
/** What was counted, as perf stat 6.1 prints it: its table, and with -x its lines for other programs. */
import { mean, stddev_of_mean } from "./numbers.ts";

export interface Measured {
	/** What was run. */
	name: string;
	/** Of each event in each run; negative: there is no such event here. */
	events: { name: string; values: number[] }[];
	/** In each run. */
	elapsed_ns: number[];
	/** On CPUs while it was counted, in the mean. */
	time_ns: number;
}

/** The deviation of the mean in per cent of it, as print_noise() has it. */
function relative(values: number[]): number {
	const average = mean(values);
	return average ? (100 * stddev_of_mean(values)) / average : 0;
}

function noise(values: number[]): string {
	const percent = relative(values);
	if (values.length === 1) return "";
	return percent ? `  ( +-${percent.toFixed(2).padStart(6)}% )` : "";
}

const NAME = 25;
/** Where perf has a metric, of which these events have none. */
const METRIC = 42;

const SUPPORTED = (values: number[]) => values.every((n) => n >= 0);

function row({ name, values }: Measured["events"][number]): string {
	const count = SUPPORTED(values) ? String(Math.round(mean(values))) : "<not supported>";
	const start = `${count.padStart(18)}      ${name.padEnd(NAME)}`;
	return `${start}${" ".repeat(METRIC)}${SUPPORTED(values) ? noise(values) : ""}`.trimEnd();
}

/** As print_footer(): with several runs as many digits as the deviation is worth. */
function elapsed(elapsed_ns: number[]): string {
	const average = mean(elapsed_ns) / 1e9;
	if (elapsed_ns.length === 1) return `${average.toFixed(9).padStart(18)} seconds time elapsed`;
	const deviation = stddev_of_mean(elapsed_ns) / 1e9;
	/* Two digits of it. */
	const digits = deviation > 1 ? 2 : deviation > 0 ? Math.min(9, Math.ceil(-Math.log10(deviation)) + 2) : 9;
	const percent = relative(elapsed_ns).toFixed(2).padStart(6);
	return (
		`${average.toFixed(digits).padStart(18)} +- ${deviation.toFixed(digits)} seconds time elapsed` +
		`  ( +-${percent}% )`
	);
}

export function* stat_lines(measured: Measured): Generator<string> {
	const runs = measured.elapsed_ns.length;
	yield "";
	yield ` Performance counter stats for '${measured.name}'${runs > 1 ? ` (${runs} runs)` : ""}:`;
	yield "";
	for (const event of measured.events) yield row(event);
	yield "";
	yield elapsed(measured.elapsed_ns);
	yield "";
}

/** value, unit, event, deviation (of several runs), time that it was counted, per cent of that, metric and its unit. */
export function* csv_lines({ events, elapsed_ns, time_ns }: Measured, separator: string): Generator<string> {
	for (const { name, values } of events) {
		const there = SUPPORTED(values);
		yield [
			there ? String(Math.round(mean(values))) : "<not supported>",
			"",
			name,
			...(elapsed_ns.length > 1 ? [`${(there ? relative(values) : 0).toFixed(2)}%`] : []),
			String(there ? Math.round(time_ns) : 0),
			"100.00",
			"",
			"",
		].join(separator);
	}
}
