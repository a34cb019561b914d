// SPDX-License-Identifier: GPL-2.0-only
/** A page in which small programs are edited and explored: those that the explorer is measured by, to begin with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { here } from "../../lib/root.ts";
import { html } from "./html.ts";
import { shell } from "./shell.ts";

const GOLDEN = "tools/explore/inside/scenarios/golden.ts";

/** Functions of a file as they stand there, without their types. */
function functions(text: string, names: readonly string[]): string {
	return names
		.map((name) => new RegExp(`^function ${name}\\(\\): void (\\{[\\s\\S]*?\\n\\})`, "m").exec(text)?.[1])
		.map((body, i) => `function ${names[i]}() ${body ?? "{}"}\n`)
		.join("\n");
}

interface Program {
	title: string;
	text: string;
}
function programs(): Program[] {
	const golden = readFileSync(join(here(), GOLDEN), "utf8");
	return [
		{
			title: "a seqlock: a writer beside readers",
			text:
				`const w = words("seq", "a", "b");\n\n` +
				`${functions(golden, ["seqlock_write", "seqlock_read"])}\n` +
				"cpus(seqlock_write, seqlock_read);\n",
		},
		{
			title: "munmap beside a speculative fault, in five words",
			text:
				`const w = words("seq", "pte", "mapped", "lock");\n\n` +
				`${functions(golden, ["munmap", "fault"])}\n` +
				"cpus(munmap, fault);\n",
		},
		{
			title: "the real thing: a store beside munmap()",
			text: `/* Two pages at A; the second one was written. */
setup(() => two_pages(2));

function store() {
	note(0, write(A, 0x41) ? 1 : 0);
}

function unmap() {
	munmap(A, 2 * PAGE);
	note(1, read(A));
}

check(() => check_that(noted(1) === -1, "a page is mapped after munmap"));
cpus(store, unmap);
`,
		},
	];
}

export function play_page(): string {
	const all = programs();
	return shell({
		page: "play.html",
		title: "Programs to change and explore",
		above: "index.html",
		steps: true,
		bar: html`<span>programs</span>`,
		body: html`<h1>Programs to change and explore</h1>
<p>Each function of <code>cpus()</code> runs on a CPU of its own, in every order that matters, on the kernel of this
tree, here in the page. Leave out a barrier or a check, and see what goes wrong. It is JavaScript; a word of
<code>words()</code> is a place in memory for <code>READ_ONCE()</code>, <code>WRITE_ONCE()</code>,
<code>smp_load_acquire()</code>, <code>smp_store_release()</code>, and a lock for <code>spin_lock()</code>.</p>
<div data-steps><p><label>program <select id="program">${all.map(
			(p) => html`<option value="${p.text}">${p.title}</option>`,
		)}</select></label> <label>memory model <select id="model"><option value="sc">SC</option><option
value="tso">TSO (x86)</option><option value="lkmm">LKMM (the kernel's)</option></select></label>
<button type="button" id="explore">Explore</button></p>
<textarea id="text" rows="30" spellcheck="false" autocomplete="off" aria-label="program">${all[0].text}</textarea>
<p role="status"></p></div>`,
	});
}
