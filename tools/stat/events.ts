// SPDX-License-Identifier: GPL-2.0-only
/** Names of the events that can be counted, as perf has them, and those of speculative faults. */
import * as perf from "../../include/uapi/linux/perf_event.ts";
import { UserError } from "../lib/errors.ts";

export interface StatEvent {
	name: string;
	config: number;
}

/** D12.26: the last. */
const EVENTS: [names: string[], config: number][] = [
	[["page-faults", "faults"], perf.PERF_COUNT_SW_PAGE_FAULTS],
	[["minor-faults"], perf.PERF_COUNT_SW_PAGE_FAULTS_MIN],
	[["major-faults"], perf.PERF_COUNT_SW_PAGE_FAULTS_MAJ],
	[["speculative-faults", "spf"], perf.PERF_COUNT_SW_SPF],
];

/** What is counted without -e. */
export function default_events(): StatEvent[] {
	return EVENTS.map(([[name], config]) => ({ name, config }));
}

function known(): string {
	return EVENTS.map(([names]) => names.join(" or ")).join(", ");
}

/** By the names of -e, which are shown as they were asked for. */
export function events_of(names: string[]): StatEvent[] {
	return names.map((name) => {
		const event = EVENTS.find(([all]) => all.includes(name));
		if (!event) throw new UserError(`-e ${name}: there is no such event; there are ${known()}`);
		return { name, config: event[1] };
	});
}
