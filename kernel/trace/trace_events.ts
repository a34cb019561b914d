// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/trace/trace_events.c (5.17): which events there are, how they
 * are turned on and off, and their format files.
 * Left out: filters, triggers, pids, instances, modules.
 * Port: the linker's section of events is a list; a name is matched as by
 * set_event, where only the star is special.
 */
import { EINVAL } from "linux/errno.ts";
import {
	static_key_enabled,
	static_key_slow_dec,
	static_key_slow_inc,
} from "linux/jump_label.ts";
import type {
	trace_event_call,
	trace_event_field,
} from "linux/trace_events.ts";
import { tracepoint_key } from "linux/tracepoint.ts";
import { jump_label_update } from "kernel/jump_label.ts";
import { mmap_lock_events } from "trace/events/mmap_lock.ts";
import { pagefault_events } from "trace/events/pagefault.ts";
import { arch_trace_events } from "asm/trace/exceptions.ts";

export function trace_event_calls(): trace_event_call[] {
	return [
		...arch_trace_events(),
		...mmap_lock_events,
		...pagefault_events(),
	];
}

/** Of kernel/trace/trace_events_filter.c and lib/glob.c: * is any text. */
function glob_match(pat: string, str: string): boolean {
	const parts = pat.split("*");
	let at = parts[0].length;

	if (!str.startsWith(parts[0]))
		return false;
	if (parts.length === 1)
		return at === str.length;
	for (let i = 1; i < parts.length - 1; i++) {
		const found = str.indexOf(parts[i], at);

		if (found < 0)
			return false;
		at = found + parts[i].length;
	}
	const last = parts[parts.length - 1];
	return str.length - last.length >= at && str.endsWith(last);
}

/** Is it one that was asked for: by SYSTEM:EVENT, or either of them? */
function trace_event_match(call: trace_event_call, match: string): boolean {
	const at = match.indexOf(":");

	if (at < 0)
		return glob_match(match, call.name) ||
			glob_match(match, call.system);
	return glob_match(match.slice(0, at) || "*", call.system) &&
		glob_match(match.slice(at + 1) || "*", call.name);
}

function ftrace_event_enable_disable(
	call: trace_event_call, enable: boolean,
): void {
	const key = tracepoint_key(call.type);

	if (static_key_enabled(key) === enable)
		return;
	if (enable) {
		static_key_slow_inc(key);
		if (call.reg)
			call.reg();
	} else {
		if (call.unreg)
			call.unreg();
		static_key_slow_dec(key);
	}
}

/** Turn events on or off, as a write to set_event does: how many there are of
 *  that name, or -EINVAL if there is none. */
export function ftrace_set_clr_event(match: string, set: boolean): number {
	let matched = 0;

	for (const call of trace_event_calls()) {
		if (!trace_event_match(call, match))
			continue;
		ftrace_event_enable_disable(call, set);
		matched++;
	}
	jump_label_update();
	return matched === 0 ? -EINVAL : matched;
}

/* ---- format files ---- */

const common_fields: trace_event_field[] = [
	["unsigned short", "common_type", 0, 2, false],
	["unsigned char", "common_flags", 2, 1, false],
	["unsigned char", "common_preempt_count", 3, 1, false],
	["int", "common_pid", 4, 4, true],
];

/** A line of f_show(). */
function show_field(field: trace_event_field): string {
	const [type, name, offset, size, is_signed] = field;

	return `\tfield:${type} ${name};\toffset:${offset};` +
		`\tsize:${size};\tsigned:${is_signed ? 1 : 0};\n`;
}

/** The text of events/SYSTEM/EVENT/format. */
export function event_format(call: trace_event_call): string {
	return `name: ${call.name}\nID: ${call.type}\nformat:\n` +
		`${common_fields.map(show_field).join("")}\n` +
		`${call.fields.map(show_field).join("")}\n` +
		`print fmt: ${call.print_fmt}\n`;
}
