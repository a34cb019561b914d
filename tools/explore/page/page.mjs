// SPDX-License-Identifier: GPL-2.0-only
// @ts-check
/**
 * Runs in the browser: draws a schedule and the machine's state at one step of
 * it. Text goes in as text, never as markup. What there is to draw: data.ts;
 * where: what page.html has between <body> and <noscript>.
 */

/**
 * @import {PageData, PageStep} from "./data.ts"
 * @typedef {{ mark: string; kind?: string; name: string; text: string }} Change
 */

/**
 * @param {Document | ShadowRoot} root
 * @param {PageData[]} pages
 * @param {(step: PageStep) => void} [hears] which step is shown
 */
export function step_through(root, pages, hears) {
	/** @param {string} id */
	function $(id) {
		const e = root.getElementById(id);
		if (!e) throw new Error(`page.html has no '${id}'`);
		return e;
	}
	/**
	 * @template {HTMLElement} T
	 * @param {string} id
	 * @param {new () => T} type
	 * @returns {T}
	 */
	function control(id, type) {
		const e = $(id);
		if (!(e instanceof type)) throw new Error(`'${id}' of page.html is no ${type.name}`);
		return e;
	}
	const slider = control("slider", HTMLInputElement);
	const all = control("all", HTMLInputElement);
	const chooser = control("page", HTMLSelectElement);

	let page = pages[0];
	/** Indices of the steps that are listed, and which of them is the current one. @type {number[]} */
	let listed = [];
	let at = 0;
	/** @type {HTMLElement[]} */
	let rows = [];
	/** @type {ReturnType<typeof setInterval> | undefined} */
	let timer;

	/**
	 * @param {string} tag
	 * @param {string} [text]
	 * @param {(string | false | undefined)[]} classes
	 */
	function el(tag, text, ...classes) {
		const e = document.createElement(tag);
		if (text !== undefined) e.textContent = text;
		for (const c of classes) if (c) e.classList.add(c);
		return e;
	}

	/**
	 * Lines that may be wider than there is room: with the keyboard one gets there, too.
	 * @param {string} kind @param {string} label
	 */
	function lines_of(kind, label) {
		const pre = el("pre", undefined, kind);
		pre.tabIndex = 0;
		pre.setAttribute("role", "region");
		pre.setAttribute("aria-label", label);
		return pre;
	}

	/** One line for several, unless all are listed. @param {PageStep} s */
	const words_of = (s) => (s.folded && !all.checked ? s.folded : s);
	/** @param {PageStep} s */
	const number_of = (s) => (s.step === undefined ? "✗" : `#${s.step}`);

	/* ---- the schedule ---- */

	function draw_schedule() {
		const table = el("table");
		const head = el("tr");
		const columns = page.columns.filter((c) => listed.some((i) => page.steps[i].column === c));
		for (const name of ["step", ...columns]) {
			const th = el("th", name);
			th.setAttribute("scope", "col");
			head.append(th);
		}
		const thead = el("thead");
		thead.append(head);
		const body = el("tbody");
		/** @type {Map<string, string>} */
		const chains = new Map();
		/** @type {string | undefined} */
		let who;
		rows = listed.map((index, i) => {
			const s = page.steps[index];
			const { text, calls } = words_of(s);
			const turn = who !== undefined && who !== s.who;
			const row = el(
				"tr",
				undefined,
				turn && "turn",
				s.fails && "fails",
				index === page.breaking && "breaking",
			);
			row.append(el("td", ""));
			let cell = el("td");
			const column = s.column === undefined ? -1 : columns.indexOf(s.column);
			if (column < 0) {
				cell.setAttribute("colspan", String(Math.max(1, columns.length)));
				row.append(cell);
			} else {
				const cells = columns.map(() => el("td"));
				cell = cells[column];
				row.append(...cells);
			}
			if (turn && !s.fails) cell.append(el("span", turn_before(index, listed[i - 1]), "turn-mark"));
			const chain = calls.slice(-2).join(" › ");
			if (chain && (chains.get(s.who) !== chain || turn)) cell.append(el("span", chain, "calls"));
			chains.set(s.who, chain);
			const marks = [s.fails && "✗", s.conflict && "✱", s.mark].filter(Boolean);
			const mark = marks.map((m) => `${m} `).join("");
			cell.append(el("span", `${mark}${text}`, s.conflict && "conflict"));
			cell.title = `${calls.join(" › ")}\n${s.file}${s.file ? `:${s.line}` : ""}`;
			row.addEventListener("click", () => go(i));
			body.append(row);
			who = s.who;
			return row;
		});
		table.append(thead, body);
		$("schedule").replaceChildren(table);
	}

	/** A switch may lie between steps that are not listed. @param {number} index @param {number} last */
	function turn_before(index, last) {
		for (let i = index; i > last; i--) {
			const { turn } = page.steps[i];
			if (turn) return turn;
		}
		return "";
	}

	/* ---- the state ---- */

	/**
	 * What there is after a step, group by group: key → text.
	 * @param {number} index
	 * @returns {Map<string, Map<string, string>>}
	 */
	function state_at(index) {
		/** @type {Map<string, Map<string, string>>} */
		const groups = new Map();
		if (index < 0) return groups;
		const { state } = page.steps[index];
		for (const { title, rows } of state === undefined ? [] : page.states[state])
			groups.set(title, new Map(rows.map((r) => [r.key, r.text])));
		/** @type {Map<string, string>} */
		const words = new Map();
		for (let i = 0; i <= index; i++) {
			const { word } = page.steps[i];
			if (word && page.shared.includes(word.addr))
				words.set(`${word.name} (0x${word.addr.toString(16)})`, word.text);
		}
		groups.set("Words that are shared, as last seen", words);
		return groups;
	}

	/**
	 * Rows with what happened to each: a mark, and its old text.
	 * @param {Map<string, string>} before
	 * @param {Map<string, string>} now
	 * @returns {Change[]}
	 */
	function changes(before, now) {
		/** @type {Change[]} */
		const list = [];
		for (const [name, text] of now) {
			const was = before.get(name);
			if (was === undefined) list.push({ mark: "+", kind: "new", name, text });
			else if (was === text) list.push({ mark: "", name, text });
			else list.push({ mark: "●", kind: "changed", name, text: `${text} (was ${was})` });
		}
		for (const [name, text] of before)
			if (!now.has(name)) list.push({ mark: "−", kind: "gone", name, text });
		return list;
	}

	/** Lines around a step. @param {PageStep} s */
	function source_of(s) {
		const lines = Object.entries(page.sources[s.file] ?? {}).filter(
			([n]) => Math.abs(Number(n) - s.line) <= 6,
		);
		if (lines.length === 0) return el("p", "the source is not at hand", "none");
		const pre = lines_of("source", "source");
		for (const [n, text] of lines) {
			const line = el(
				"span",
				`${n.padStart(5)}  ${text.replaceAll("\t", "    ")}`,
				Number(n) === s.line && "at",
			);
			pre.append(line);
		}
		return pre;
	}

	/** The last step of those that are one line. @param {number} index */
	function last_of(index) {
		const end = page.steps[index].folded?.last;
		const found = page.steps.findIndex((s) => s.step === end);
		return found < 0 ? index : found;
	}

	function draw_state() {
		const index = listed[at];
		const s = page.steps[index];
		const { text, calls } = words_of(s);
		const now = state_at(s.folded && !all.checked ? last_of(index) : index);
		const before = at > 0 ? state_at(listed[at] - 1) : now;
		const where = `${s.fails ? "Where it fails" : `Step #${s.step}`}${s.column === undefined ? "" : `, ${s.column}`}${s.context === "task" ? "" : ` (${s.context})`}`;
		const parts = [el("h2", where), el("code", text), el("p", "")];
		parts[2].append(
			el("code", calls.map((c) => `${c}()`).join(" › ")),
			el("br"),
			el("code", s.file ? `${s.file}:${s.line}` : "", "none"),
		);
		if (s.file) parts.push(source_of(s));
		for (const title of new Set([...now.keys(), ...before.keys()])) {
			const table = el("table");
			for (const c of changes(before.get(title) ?? new Map(), now.get(title) ?? new Map())) {
				const row = el("tr", undefined, c.kind);
				row.append(el("td", c.mark), el("td", c.name), el("td", c.text));
				table.append(row);
			}
			parts.push(el("h2", title), table.children.length > 0 ? table : el("p", "none", "none"));
		}
		$("state").replaceChildren(...parts);
	}

	/* ---- where one is ---- */

	/** @param {number} i */
	function go(i) {
		rows[at]?.classList.remove("here");
		rows[at]?.removeAttribute("aria-current");
		at = Math.max(0, Math.min(listed.length - 1, i));
		rows.forEach((row, k) => {
			row.classList.toggle("later", k > at);
			row.children[0].textContent = `${k === at ? "▶ " : "  "}${number_of(page.steps[listed[k]])}`;
		});
		rows[at]?.classList.add("here");
		rows[at]?.setAttribute("aria-current", "step");
		rows[at]?.scrollIntoView({ block: "nearest" });
		slider.value = String(at);
		$("where").textContent = `step ${at + 1} of ${listed.length}`;
		draw_state();
		hears?.(page.steps[listed[at]]);
	}

	/** @param {number | undefined} current */
	function list_steps(current) {
		listed = page.steps.map((_, i) => i).filter((i) => all.checked || page.steps[i].shown);
		slider.max = String(listed.length - 1);
		draw_schedule();
		at = 0;
		const found = listed.findIndex((i) => i >= (current ?? 0));
		go(found < 0 ? listed.length - 1 : found);
	}
	function go_breaking() {
		if (page.breaking !== undefined) list_steps(page.breaking);
	}

	/* ---- what it is about ---- */

	/**
	 * @param {string} title
	 * @param {(Node | string)[]} parts
	 */
	function detail(title, ...parts) {
		const d = el("details");
		d.append(el("summary", title), ...parts);
		return d;
	}
	/** A patch, its lines coloured. @param {string} text */
	function diff_of(text) {
		const pre = lines_of("diff", "patch");
		for (const line of text.trimEnd().split("\n")) {
			const kind = /^(---|\+\+\+|@@)/.test(line)
				? "none"
				: line.startsWith("+")
					? "new"
					: line.startsWith("-")
						? "old"
						: undefined;
			pre.append(el("span", line, kind));
		}
		return pre;
	}
	function draw_details() {
		const parts = [];
		const { scenario, mutant } = page;
		if (scenario) {
			const what = el("p", `${scenario.about} (${scenario.patch})`);
			parts.push(
				detail(
					"the scenario, and what must hold",
					what,
					el("p", `What must hold: ${scenario.invariant}`),
				),
			);
		}
		if (mutant) {
			const open = detail(
				`mutant ${mutant.name}: ${mutant.subject}`,
				el("p", `What must hold: ${mutant.invariant}`),
				diff_of(mutant.diff),
			);
			open.setAttribute("open", "");
			parts.push(open);
		}
		$("details").replaceChildren(...parts);
	}

	/** @param {number} i */
	function show_page(i) {
		page = pages[i];
		$("title").textContent = page.title;
		if (root instanceof Document) root.title = `${page.title} – spf explore`;
		$("about").textContent = page.about;
		$("text").textContent = page.text;
		$("command").textContent = page.command;
		$("repeat").hidden = page.command === "";
		$("breaking").hidden = page.breaking === undefined;
		draw_details();
		list_steps(0);
	}

	/** The clipboard, or where a browser gives none to files, the selection. */
	async function copy() {
		const text = page.command;
		let done = true;
		try {
			await navigator.clipboard.writeText(text);
		} catch {
			const range = document.createRange();
			range.selectNodeContents($("command"));
			getSelection()?.removeAllRanges();
			getSelection()?.addRange(range);
			done = document.execCommand("copy");
		}
		$("copy").textContent = done ? "copied" : "selected: copy it";
		setTimeout(() => ($("copy").textContent = "copy"), 1500);
	}

	function play(on = timer === undefined) {
		clearInterval(timer);
		timer = on ? setInterval(() => (at < listed.length - 1 ? go(at + 1) : play(false)), 600) : undefined;
		$("play").textContent = on ? "❚❚ pause" : "▶ play";
		$("play").setAttribute("aria-label", on ? "pause" : "play");
	}

	/** @type {Record<string, () => void>} */
	const KEYS = {
		ArrowRight: () => go(at + 1),
		j: () => go(at + 1),
		ArrowLeft: () => go(at - 1),
		k: () => go(at - 1),
		Home: () => go(0),
		End: () => go(listed.length - 1),
		" ": () => play(),
		a: () => all.click(),
		b: go_breaking,
		c: copy,
	};
	/** @param {KeyboardEvent} event */
	function pressed(event) {
		const on = event.target instanceof Element ? event.target.tagName : "";
		/* Keys of the controls themselves stay theirs. */
		if (event.ctrlKey || event.metaKey || event.altKey || on === "SELECT") return;
		if (event.key === " " && /BUTTON|INPUT|SUMMARY/.test(on)) return;
		const run = KEYS[event.key];
		if (!run) return;
		event.preventDefault();
		run();
	}
	root.addEventListener("keydown", (event) => pressed(/** @type {KeyboardEvent} */ (event)));
	$("first").onclick = () => go(0);
	$("back").onclick = () => go(at - 1);
	$("play").onclick = () => play();
	$("on").onclick = () => go(at + 1);
	$("last").onclick = () => go(listed.length - 1);
	$("breaking").onclick = go_breaking;
	$("copy").onclick = copy;
	slider.oninput = () => go(Number(slider.value));
	all.onchange = () => list_steps(listed[at]);
	chooser.onchange = () => show_page(chooser.selectedIndex);
	for (const p of pages) chooser.append(el("option", `${p.title} (${p.about})`));
	chooser.hidden = pages.length < 2;
	show_page(0);
	/* #12 in the address begins at that step, #broken where it goes wrong. */
	const start = root instanceof Document ? /^#(\d+)$/.exec(location.hash)?.[1] : undefined;
	if (start) list_steps(page.steps.findIndex((s) => s.step !== undefined && s.step >= Number(start)));
	if (location.hash === "#broken") go_breaking();
}
