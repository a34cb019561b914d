// SPDX-License-Identifier: GPL-2.0-only
/** Results as text: one line for what holds, a schedule in columns for what does not. */
import type { Failure, Result, TraceEvent } from "./types.ts";

const hex = (v: number) => (Number.isInteger(v) && Math.abs(v) > 9 ? `0x${(v < 0 && v > -0x80000001 ? v >>> 0 : v).toString(16)}` : String(v));

/** What an access did, in as few words as there are. */
export function describe(e: TraceEvent): string {
	const { op, name, old, value } = e;
	if (op === "read") {
		const stale = e.newest === undefined ? "" : `  <- stale, newest is ${hex(e.newest)}`;
		return `${name} is ${hex(value)}${stale}`;
	}
	if (op === "commit") return `commit ${name} ${hex(old)} -> ${hex(value)}`;
	if (op === "write" || op === "rmw" || op === "add") return `${name} ${hex(old)} -> ${hex(value)}`;
	if (op === "begin") return "interrupt";
	if (op === "page") return `page ${name} whole`;
	if (op === "free") return `${name} is freed`;
	return `${op} ${/lock|down|up_|grade/.test(op) ? name : ""}${e.failed ? " fails" : ""}`.trimEnd();
}

/** Steps at places that more than one context uses in this execution, and locks. */
export function relevant(trace: TraceEvent[]): TraceEvent[] {
	const users = new Map<number, Set<string>>();
	const written = new Set<number>();
	const who = (e: TraceEvent) => `${e.context === "buffer" ? "task" : e.context}${e.cpu}`;
	for (const e of trace) {
		users.set(e.addr, (users.get(e.addr) ?? new Set()).add(who(e)));
		if (e.op !== "read") written.add(e.addr);
	}
	return trace.filter((e, i) => ((users.get(e.addr)?.size ?? 0) > 1 && written.has(e.addr)) || i === trace.length - 1 || e.op === "begin");
}

export function columns(f: Failure, width: number): string {
	const events = relevant(f.trace);
	const cpus = [...new Set(events.map((e) => e.cpu))].sort((a, b) => a - b);
	const room = Math.max(26, Math.floor((width - 6) / Math.max(1, cpus.length)));
	const lines: string[] = [];
	const put = (cpu: number, text: string, step = "") => {
		const i = cpus.indexOf(cpu);
		const cut = text.length > room - 2 && i < cpus.length - 1 ? `${text.slice(0, room - 3)}~` : text;
		lines.push(`${step.padStart(5)} ${" ".repeat(i * room)}${cut}`.trimEnd());
	};
	lines.push(`${"".padStart(6)}${cpus.map((c) => `CPU${c}`.padEnd(room)).join("")}`.trimEnd());
	let last: TraceEvent | undefined;
	for (const e of events) {
		if (last && (last.cpu !== e.cpu || last.context !== e.context))
			lines.push(`      ${"-".repeat(Math.min(width - 6, room * cpus.length))}${e.preempts ? " preempted" : ""}`);
		if (!last || last.func !== e.func || last.cpu !== e.cpu || last.context !== e.context)
			put(e.cpu, `${e.context === "task" ? "" : `[${e.context}] `}${e.func}()`);
		const mark = f.conflict?.includes(e.step) ? "* " : "  ";
		put(e.cpu, `${mark}${describe(e)}`, `#${e.step}`);
		last = e;
	}
	return lines.join("\n");
}

/** One line for a scenario under a model. */
export function summary(r: Result): string {
	const how = r.exhausted
		? r.bound === null ? "exhausted" : `all with at most ${r.bound} preemptions`
		: `not exhausted (${r.strategy})`;
	const rate = r.seconds > 0 ? `, ${Math.round((r.executions + r.blocked) / r.seconds)}/s` : "";
	return `explored ${r.executions} executions (${r.blocked} blocked), ${how}, ${r.cpus} CPUs, ${r.model.toUpperCase()}, ${r.failures} failures${rate}`;
}

export function failure_report(r: Result, f: Failure, width: number): string {
	const out = [
		`${r.scenario}: ${f.kind} under ${r.model.toUpperCase()}${r.mutant ? `, mutant ${r.mutant}` : ""}, ${r.cpus} CPUs, execution ${r.executions}`,
		`  ${f.text}`,
		`  in ${f.func || "?"}(), ${f.file}:${f.line}`,
		"",
		f.trace.length > 0 ? columns(f, width) : "",
		"",
	];
	if (f.conflict) {
		out.push("the accesses that conflict last:");
		for (const step of f.conflict) {
			const e = f.trace[step];
			out.push(`  #${step} CPU${e.cpu}${e.context === "task" ? "" : ` [${e.context}]`} ${describe(e)}: ${e.calls.slice(-3).join(" > ")}, ${e.file}:${e.line}`);
		}
		out.push("");
	}
	for (const w of f.waits ?? [])
		out.push(`  CPU${w.cpu} [${w.context}] waits for ${w.for}${w.holder ? `, held by ${w.holder}` : ""}`);
	const cpus = new Set(f.trace.map((e) => e.cpu)).size;
	out.push(`${f.minimised ? "minimised" : "not minimised"}: ${f.preemptions} preemptions, ${cpus} CPUs, ${f.trace.length} steps`);
	if (f.replay !== "") out.push(replay_command(r, f));
	return out.join("\n");
}
export function replay_command(r: Result, f: Failure): string {
	return `spf explore ${r.scenario} --model ${r.model}${r.mutant ? ` --mutant ${r.mutant}` : ""} --replay '${f.replay}'`;
}
