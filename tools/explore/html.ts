// SPDX-License-Identifier: GPL-2.0-only
/**
 * A page to step through a schedule: columns, and the state of the address
 * space after each step. One file, no network; keyboard and mouse; marks and
 * words where other pages have colour only.
 */
import { describe, relevant, replay_command } from "./report.ts";
import type { Failure, Result } from "./types.ts";

/** JSON that may stand in a script element. */
const safe = (value: unknown) => JSON.stringify(value).replace(/</g, "\\u003c");

export function page(r: Result, f: Failure): string {
	const steps = relevant(f.trace).map((e) => ({
		n: e.step, cpu: e.cpu, context: e.context, func: e.func, what: describe(e), at: `${e.file}:${e.line}`,
		calls: e.calls.slice(-6), mark: f.conflict?.includes(e.step) ?? false, preempts: e.preempts, stale: e.newest !== undefined, state: e.state,
	}));
	const data = {
		title: `${r.scenario} under ${r.model.toUpperCase()}${r.mutant ? `, mutant ${r.mutant}` : ""}`,
		kind: f.kind, text: f.text, where: `${f.func}(), ${f.file}:${f.line}`, command: replay_command(r, f),
		cpus: [...new Set(steps.map((s) => s.cpu))].sort((a, b) => a - b), steps,
	};
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>spf explore</title>
<style>
:root { color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; --line: color-mix(in srgb, currentColor 25%, transparent) }
body { margin: 0; display: grid; grid-template-columns: minmax(0, 2fr) minmax(18rem, 1fr); grid-template-rows: auto 1fr; height: 100vh }
header { grid-column: 1 / -1; padding: .6rem 1rem; border-bottom: 1px solid var(--line) }
h1 { font-size: 1.05rem; margin: 0 0 .2rem } h2 { font-size: .95rem; margin: 1rem 0 .3rem }
code, table { font-family: ui-monospace, monospace; font-size: 12.5px }
main, aside { overflow: auto } aside { border-left: 1px solid var(--line); padding: 0 1rem 1rem }
table { border-collapse: collapse; width: 100% } th { position: sticky; top: 0; background: Canvas; text-align: left }
th, td { padding: .1rem .5rem; vertical-align: top } tr.step { cursor: pointer }
tr.now td { outline: 2px solid currentColor; outline-offset: -2px; font-weight: 600 }
tr.later { opacity: .45 } .func { opacity: .7 } .new { font-weight: 700; text-decoration: underline }
nav { display: flex; gap: .4rem; align-items: center; margin-top: .4rem } nav input { flex: 1 } pre { white-space: pre-wrap; overflow-wrap: anywhere }
</style></head><body>
<header><h1 id="title"></h1><div id="what"></div>
<nav><button id="first" title="Home">|&lt;</button><button id="back" title="left, k">&lt;</button><button id="play" title="space">play</button><button id="next" title="right, j">&gt;</button><button id="last" title="End">&gt;|</button><input id="at" type="range" min="0" aria-label="step"><output id="count"></output></nav></header>
<main><table id="steps"></table></main><aside id="state"></aside>
<script type="application/json" id="data">${safe(data)}</script>
<script>
const d = JSON.parse(document.getElementById("data").textContent), $ = (id) => document.getElementById(id);
const el = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };
const hex = (v) => v.toString(16);
$("title").textContent = d.title + ": " + d.kind; $("what").textContent = d.text + " \\u2014 " + d.where;
const head = el("tr"); head.append(el("th", "#")); for (const c of d.cpus) head.append(el("th", "CPU" + c)); $("steps").append(head);
let before;
const rows = d.steps.map((s, i) => {
	const tr = el("tr", undefined, "step"); tr.append(el("td", (s.mark ? "* " : "") + s.n));
	for (const c of d.cpus) {
		const td = el("td");
		if (c === s.cpu) {
			if (!before || before.func !== s.func || before.cpu !== s.cpu || before.context !== s.context)
				td.append(el("div", (s.preempts ? "\\u21e2 preempts: " : "") + (s.context === "task" ? "" : "[" + s.context + "] ") + s.func + "()", "func"));
			td.append(el("div", s.what));
		}
		tr.append(td);
	}
	tr.onclick = () => go(i); before = s; $("steps").append(tr); return tr;
});
let at = 0, timer;
function list(title, now, old) {
	const out = [el("h2", title)];
	if (now.length === 0) out.push(el("div", "none"));
	for (const x of now) out.push(el("div", (old.includes(x) ? "  " : "+ ") + x, old.includes(x) ? "" : "new"));
	for (const x of old) if (!now.includes(x)) out.push(el("div", "\\u2212 " + x, "new"));
	return out;
}
const words = (s) => s ? { seq: s.mmap_seq.map((v) => v + (v & 1 ? " odd: a writer is inside" : " even")), vmas: s.vmas.map((v) => hex(v.start) + "-" + hex(v.end) + " " + v.flags),
	ptes: s.ptes.map((p) => hex(p.addr) + " -> " + hex(p.pte >>> 0)), locks: s.locks.map((l) => l.name + " held by " + l.holder) } : { seq: [], vmas: [], ptes: [], locks: [] };
function go(i) {
	at = Math.max(0, Math.min(rows.length - 1, i));
	rows.forEach((r, k) => { r.className = "step" + (k === at ? " now" : k > at ? " later" : ""); });
	rows[at].scrollIntoView({ block: "nearest" });
	const s = d.steps[at], now = words(s.state), old = words(d.steps[at - 1]?.state);
	const calls = el("pre", s.calls.join(" > ") + "\\n" + s.at);
	$("state").replaceChildren(el("h2", "Step #" + s.n + (s.mark ? " * conflicts" : "") + (s.stale ? " (stale)" : "")), calls, ...list("mmap_seq", now.seq, old.seq), ...list("Page table", now.ptes, old.ptes),
		...list("VMAs", now.vmas, old.vmas), ...list("Locks", now.locks, old.locks), el("h2", "Replay"), el("pre", d.command));
	$("at").value = at; $("count").textContent = (at + 1) + " / " + rows.length;
}
function play() { if (timer) { clearInterval(timer); timer = undefined; } else timer = setInterval(() => { if (at === rows.length - 1) play(); else go(at + 1); }, 400); $("play").textContent = timer ? "stop" : "play"; }
$("at").max = rows.length - 1; $("at").oninput = (e) => go(Number(e.target.value));
$("first").onclick = () => go(0); $("back").onclick = () => go(at - 1); $("next").onclick = () => go(at + 1); $("last").onclick = () => go(rows.length - 1); $("play").onclick = play;
addEventListener("keydown", (e) => {
	const f = { ArrowLeft: () => go(at - 1), k: () => go(at - 1), ArrowRight: () => go(at + 1), j: () => go(at + 1), Home: () => go(0), End: () => go(rows.length - 1), " ": play }[e.key];
	if (f) { e.preventDefault(); f(); }
});
go(rows.length - 1);
</script></body></html>
`;
}
