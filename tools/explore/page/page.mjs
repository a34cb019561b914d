// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs in the browser: draws a schedule and the machine's state at one step of
 * it. Text goes in as text, never as markup.
 */
const $ = (id) => document.getElementById(id);
const pages = JSON.parse($("data").textContent);

let page = pages[0];
/** Indices of the steps that are listed, and which of them is the current one. */
let listed = [];
let at = 0;
let rows = [];
let timer = 0;

function el(tag, text, ...classes) {
	const e = document.createElement(tag);
	if (text !== undefined) e.textContent = text;
	e.classList.add(...classes.filter(Boolean));
	return e;
}

/* ---- the schedule ---- */

function draw_schedule() {
	const table = el("table");
	const head = el("tr");
	const columns = page.columns.filter((c) => listed.some((i) => page.steps[i].column === c));
	for (const name of ["step", ...columns]) {
		const th = el("th", name);
		th.scope = "col";
		head.append(th);
	}
	const thead = el("thead");
	thead.append(head);
	const body = el("tbody");
	const chains = new Map();
	let who;
	rows = listed.map((index, i) => {
		const s = page.steps[index];
		const row = el("tr", undefined, who !== undefined && who !== s.who && "turn");
		row.append(el("td", ""));
		for (const _ of columns) row.append(el("td"));
		const cell = row.children[1 + columns.indexOf(s.column)];
		if (who !== undefined && who !== s.who) cell.append(el("span", s.turn === "preempts" ? "switch, preempted" : "switch", "turn-mark"));
		const chain = s.calls.slice(-2).join(" › ");
		if (chain && (chains.get(s.who) !== chain || who !== s.who)) cell.append(el("span", chain, "calls"));
		chains.set(s.who, chain);
		const kind = s.context === "irq" ? "[irq] " : s.context === "buffer" ? "[store buffer] " : "";
		const text = el("span", `${s.conflict ? "✱ " : ""}${kind}${s.text}`, s.conflict && "conflict");
		cell.append(text);
		cell.title = `${s.calls.join(" › ")}\n${s.place}`;
		row.addEventListener("click", () => go(i));
		body.append(row);
		who = s.who;
		return row;
	});
	table.append(thead, body);
	$("schedule").replaceChildren(table);
}

/* ---- the state ---- */

/** Name → text of what there is after a step, group by group. */
function state_at(index) {
	const groups = new Map();
	const s = index < 0 ? undefined : page.states[page.steps[index].state];
	if (s) {
		groups.set("mmap_seq", s.mmap_seq.map((v, i) => [s.mmap_seq.length > 1 ? `mm ${i}` : "mmap_seq", `${v} (${v % 2 ? "odd: a writer is inside" : "even"})`]));
		groups.set("Locks", s.locks.map((l) => [l.name, l.holder]));
		groups.set("VMA tree", s.vmas.map((v) => [`${hex(v.start)}–${hex(v.end)}`, v.flags]));
		groups.set("Page table", s.ptes.map((p) => [hex(p.addr), hex(p.pte)]));
	}
	const words = new Map();
	const held = new Map();
	for (let i = 0; i <= index; i++) {
		const { word, lock } = page.steps[i];
		if (word) words.set(word.addr, [word.name, word.text]);
		if (!lock) continue;
		const rest = (held.get(lock.addr) ?? []).filter(([, holder]) => holder !== lock.leaves);
		held.set(lock.addr, lock.holder ? [...rest, [lock.name, lock.holder]] : rest);
	}
	if (!s) groups.set("Locks held", [...held.values()].flat());
	groups.set("Words that are shared, as last seen", [...words].filter(([addr]) => page.shared.includes(addr)).map(([addr, [name, text]]) => [name, text, addr]));
	return groups;
}
const hex = (v) => `0x${(v < 0 ? v >>> 0 : v).toString(16)}`;
const key_of = ([name, , addr]) => `${name} ${addr ?? ""}`;

/** Rows with what happened to each: a mark, and its old text. */
function changes(before, now) {
	const old = new Map((before ?? []).map((r) => [key_of(r), r[1]]));
	const list = now.map((r) => {
		const was = old.get(key_of(r));
		old.delete(key_of(r));
		if (was === undefined) return { mark: "+", kind: "new", name: r[0], text: r[1] };
		return was === r[1] ? { mark: "", name: r[0], text: r[1] } : { mark: "●", kind: "changed", name: r[0], text: `${r[1]} (was ${was})` };
	});
	for (const [key, text] of old) list.push({ mark: "−", kind: "gone", name: key.split(" ")[0], text });
	return list;
}

function draw_state() {
	const index = listed[at];
	const s = page.steps[index];
	const groups = state_at(index);
	const before = state_at(at > 0 ? listed[at - 1] : -1);
	const parts = [el("h2", `Step #${s.step}, ${s.column}${s.context === "task" ? "" : ` (${s.context})`}`), el("code", s.text), el("p", "")];
	const chain = parts[2];
	chain.append(el("code", s.calls.map((c) => `${c}()`).join(" › ")), el("br"), el("code", s.place, "none"));
	for (const [title, list] of groups) {
		parts.push(el("h2", title));
		const table = el("table");
		for (const c of changes(at > 0 ? before.get(title) : list, list)) {
			const row = el("tr", undefined, c.kind);
			row.append(el("td", c.mark), el("td", c.name), el("td", c.text));
			table.append(row);
		}
		parts.push(table.children.length > 0 ? table : el("p", "none", "none"));
	}
	$("state").replaceChildren(...parts);
}

/* ---- where one is ---- */

function go(i) {
	rows[at]?.classList.remove("here");
	rows[at]?.removeAttribute("aria-current");
	if (rows[at]) rows[at].firstChild.textContent = `  #${page.steps[listed[at]].step}`;
	at = Math.max(0, Math.min(listed.length - 1, i));
	rows.forEach((row, k) => {
		row.classList.toggle("later", k > at);
		row.firstChild.textContent = `${k === at ? "▶ " : "  "}#${page.steps[listed[k]].step}`;
	});
	rows[at].classList.add("here");
	rows[at].setAttribute("aria-current", "step");
	rows[at].scrollIntoView({ block: "nearest" });
	$("slider").value = at;
	$("where").textContent = `step ${at + 1} of ${listed.length}`;
	draw_state();
}

function list_steps(current) {
	const all = $("all").checked;
	listed = page.steps.map((_, i) => i).filter((i) => all || page.steps[i].shared);
	$("slider").max = listed.length - 1;
	draw_schedule();
	at = 0;
	const found = listed.findIndex((i) => i >= current);
	go(found < 0 ? listed.length - 1 : found);
}

function show_page(i) {
	page = pages[i];
	$("title").textContent = page.title;
	document.title = `${page.title} – spf explore`;
	$("about").textContent = page.about;
	$("text").textContent = page.text;
	$("replay").textContent = page.replay;
	list_steps(0);
}

function play(on = timer === 0) {
	clearInterval(timer);
	timer = on ? setInterval(() => (at < listed.length - 1 ? go(at + 1) : play(false)), 600) : 0;
	$("play").textContent = on ? "❚❚ pause" : "▶ play";
	$("play").setAttribute("aria-label", on ? "pause" : "play");
}

const KEYS = {
	ArrowRight: () => go(at + 1), j: () => go(at + 1), ArrowLeft: () => go(at - 1), k: () => go(at - 1),
	Home: () => go(0), End: () => go(listed.length - 1), " ": () => play(), a: () => $("all").click(),
};
document.addEventListener("keydown", (event) => {
	/* Keys of the controls themselves stay theirs. */
	if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
	if (event.key === " " && /BUTTON|INPUT/.test(event.target.tagName)) return;
	const run = KEYS[event.key];
	if (!run) return;
	event.preventDefault();
	run();
});
$("first").onclick = () => go(0);
$("back").onclick = () => go(at - 1);
$("play").onclick = () => play();
$("on").onclick = () => go(at + 1);
$("last").onclick = () => go(listed.length - 1);
$("slider").oninput = () => go(Number($("slider").value));
$("all").onchange = () => list_steps(listed[at]);
$("page").onchange = () => show_page($("page").selectedIndex);
for (const p of pages) $("page").append(el("option", `${p.title} (${p.about})`));
$("page").hidden = pages.length < 2;
show_page(0);
/* #12 in the address begins at that step. */
const start = /^#(\d+)$/.exec(location.hash)?.[1];
if (start) list_steps(page.steps.findIndex((s) => s.step >= Number(start)));
