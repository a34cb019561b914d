// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is one thing to a reader and many steps to the machine: an inter-processor
 * interrupt with its queue, its flags and its wait; and a line of the source that
 * does the same to one word after the other.
 */
import type { Step } from "./steps.ts";

/** Of kernel/smp.ts. */
const IPI = new RegExp(
	`^(${[
		"on_each_cpu\\w*",
		"smp_call_function\\w*",
		"generic_exec_single",
		"csd_(lock|unlock|lock_wait)",
		"send_ipi",
		"smp_handle_ipi",
		"flush_smp_call_function_queue",
	].join("|")})$`,
);
const ipi_call = (s: Step) => s.calls.findIndex((name) => IPI.test(name));

/** Steps of one context that follow each other in what is shown. */
function runs(steps: Step[], same: (a: Step, b: Step) => boolean): Step[][] {
	const out: Step[][] = [];
	for (const s of steps) {
		if (!s.shown) continue;
		const last = out.at(-1);
		if (last && same(last[0], s)) last.push(s);
		else out.push([s]);
	}
	return out;
}
function fold(run: Step[], text: string, calls: string[]): void {
	run[0].folded = { text, calls, last: run[run.length - 1].event.step };
	for (const s of run.slice(1)) s.shown = false;
}

/** One line for what a CPU does of an IPI without another one in between. `cpu_of`: whose per-CPU data it is. */
export function fold_ipis(steps: Step[], cpu_of: (addr: number) => number | undefined): void {
	/* What a TLB flush hands over is written by one CPU, and read by handlers. */
	const handed = (s: Step) =>
		/^arch\/\w+\/mm\/tlb\.ts$/.test(s.event.file) &&
		!s.conflict &&
		steps.every((x) => x.who === s.who || x.event.addr !== s.event.addr || x.event.context === "irq");
	const machinery = (s: Step) =>
		!s.conflict &&
		s.event.phase === "run" &&
		s.event.newest === undefined &&
		(s.event.context === "irq" || ipi_call(s) >= 0 || handed(s));
	/* A store buffer's commits have no place in the source; the words have. */
	const words = new Map<number, boolean>();
	for (const s of steps)
		if (s.event.context !== "buffer")
			words.set(s.event.addr, (words.get(s.event.addr) ?? true) && machinery(s));
	const of_ipi = (s: Step) =>
		machinery(s) || (s.event.context === "buffer" && !s.conflict && words.get(s.event.addr) === true);
	const found = runs(steps, (a, b) => a.who === b.who && of_ipi(a) && of_ipi(b));
	for (const [i, run] of found.entries()) {
		if (!of_ipi(run[0])) continue;
		/* It is sent soon after. */
		if (
			run.every(handed) &&
			found
				.slice(i + 1, i + 4)
				.some((r) => r[0].who === run[0].who && r.some((s) => s.calls.includes("send_ipi")))
		) {
			for (const s of run) s.shown = false;
			continue;
		}
		if (run.length < 2) continue;
		if (run[0].event.context === "buffer") fold(run, "commits what an IPI is about", []);
		else if (run[0].event.context === "irq") fold(run, handler_text(run), []);
		else fold(run, sender_text(run, cpu_of), callers(run));
	}
}
/** Who sends it. */
function callers(run: Step[]): string[] {
	const s = run.find((x) => ipi_call(x) >= 0) ?? run[0];
	return ipi_call(s) < 0 ? s.calls : s.calls.slice(0, Math.max(1, ipi_call(s)));
}
function handler_text(run: Step[]): string {
	const called = new Set(
		run
			.map((s) => s.calls[s.calls.indexOf("flush_smp_call_function_queue") + 1])
			.filter((name) => name !== undefined && !IPI.test(name) && name !== "cpu_relax"),
	);
	const what = run[0].event.op === "begin" ? "interrupt" : "goes on";
	return called.size > 0 ? `${what}: ${[...called].map((c) => `${c}()`).join(", ")}` : what;
}
function sender_text(run: Step[], cpu_of: (addr: number) => number | undefined): string {
	const sent = run.filter((s) => s.calls.includes("send_ipi") && s.event.op === "rmw");
	const looks = run.filter((s) => s.calls.includes("csd_lock_wait") && s.event.op === "read");
	const [last] = looks.slice(-1);
	const waits = last !== undefined && (last.event.value & 1) !== 0;
	if (sent.length > 0) {
		const to = sent.map((s) => `CPU${cpu_of(s.event.addr) ?? "?"}`).join(", ");
		const caller = sent[0].calls[ipi_call(sent[0]) - 1];
		return `IPI to ${to}${caller ? `, from ${caller}()` : ""}${waits ? ", waits for it" : ""}`;
	}
	if (looks.length === 0) return "prepares an IPI";
	return waits ? "waits for its IPI" : "its IPI was answered";
}

/** Steps of one line of the source that do the same to a word each. */
const RUN = 3;
export function fold_words(steps: Step[], base_of: (s: Step) => string): void {
	const same = (a: Step, b: Step) =>
		a.who === b.who &&
		a.event.op === b.event.op &&
		a.event.file === b.event.file &&
		a.event.line === b.event.line &&
		/^(read|free)$/.test(b.event.op) &&
		b.event.phase === "run" &&
		[a, b].every((s) => s.event.newest === undefined && !s.conflict && !s.folded) &&
		b.turn === undefined;
	for (const run of runs(steps, same)) {
		if (run.length < RUN) continue;
		/* The base of the fields: what is copied or freed as one. */
		const what = run[0].event.op === "read" ? "are read" : "are freed";
		fold(run, `${base_of(run[0])}: ${run.length} words ${what}`, run[0].calls);
	}
}
