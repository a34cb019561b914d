// SPDX-License-Identifier: GPL-2.0-only
/** The page is one file, and nothing that it shows can break out of it. */
import test from "ava";
import type { PageData } from "../page/data.ts";
import { failure_page, script_json } from "./html.ts";
import { DECODER, failure, overtaken, result, trace } from "./testtrace.ts";

const data_of = (page: string): PageData[] =>
	JSON.parse(/<script id="data" type="application\/json">(.*?)<\/script>/s.exec(page)?.[1] ?? "");

test("the page needs no other file and no network", (t) => {
	const page = failure_page([{ result: result({ failures: 1 }), failure: failure(overtaken()) }]);
	t.notRegex(page, /https?:\/\/|<link|<img|\bsrc=|@import ["u]|url\(|\bfetch\(|\bimport\(/);
	t.notRegex(page, /\/\*(CSS|DATA|SCRIPT)\*\//);
	t.is([...page.matchAll(/<script\b/g)].length, 2);
	t.regex(page, /prefers-color-scheme: dark/);
});

test("text of a failure stays text", (t) => {
	const evil = "</script><script>alert(1)</script><!-- $& $' \u2028!";
	const page = failure_page([
		{ result: result({ scenario: evil }), failure: failure(trace({ name: evil }), { text: evil }) },
	]);
	t.false(page.includes("alert(1)</script>"));
	t.is(data_of(page)[0].text.split("\n")[0], evil);
	t.notRegex(script_json(evil), /[<>&\u2028]/);
	t.is(JSON.parse(script_json(evil)), evil);
});

test("steps carry what the page shows: words, sources, states once each", (t) => {
	const space = {
		addr: 0x1000,
		ctx_id: 1,
		cpus: [0],
		mmap_seq: 40,
		vmas: [
			{ start: 0x20000000, end: 0x20002000, flags: 3, depth: 0 },
			{ start: 0x20004000, end: 0x20005000, flags: 1, depth: 1 },
		],
		ptes: [{ addr: 0x20000000, pte: 0xf1867 }],
	};
	const state = {
		spaces: [space, { ...space, addr: 0x2000, ctx_id: 2, cpus: [] }],
		locks: [{ name: "ptl", addr: 20, holder: "CPU0" }],
		tlbs: [
			{
				cpu: 1,
				entries: [{ addr: 0x20000000, pte: 0xf1825, ctx_id: 2 }],
				tables: [{ addr: 0x20000000, pmd: 0xfb067, ctx_id: 1 }],
			},
			{ cpu: 0, entries: [], tables: [] },
		],
		buffers: [{ cpu: 0, stores: [{ addr: 4, value: 7 }] }],
	};
	const file = "tools/explore/outside/html.ts";
	const events = trace(
		{ op: "lock", name: "ptl", addr: 20, state, file, line: 3 },
		{ op: "write", value: 7, state: { ...state } },
		{ cpu: 1, value: 3, newest: 7, state: { ...state, locks: [] } },
		{ op: "unlock", name: "ptl", addr: 20 },
	);
	const [page] = data_of(
		failure_page([{ result: result(), failure: failure(events, { conflict: [1, 2], decoder: DECODER }) }]),
	);
	t.deepEqual(page.columns, ["CPU0", "CPU1"]);
	t.deepEqual(
		page.steps.map((s) => s.state),
		[0, 0, 1, undefined, undefined],
	);
	t.is(page.steps[1].word?.text, "7");
	/* What is there, not what was read. */
	t.is(page.steps[2].word?.text, "7");
	t.deepEqual(
		page.steps.map((s) => s.conflict),
		[false, true, true, false, false],
	);
	t.is(page.breaking, 2);
	t.true(page.steps[4].fails);
	t.is(page.sources[file][3], " * Failures as one page to step through: page/page.html with its style, its");
	const groups = new Map(page.states[0].map((g) => [g.title, g.rows.map((r) => `${r.key}: ${r.text}`)]));
	t.deepEqual(groups.get("Locks held"), ["ptl 0x14: CPU0"]);
	t.deepEqual(groups.get("mm 0 vmas, by depth in mm_rb"), [
		"0x20000000–0x20002000: rw-p",
		"· 0x20004000–0x20005000: r--p",
	]);
	t.deepEqual(groups.get("mm 1 page table"), ["0x20000000: pfn 0xf1 RW A D NX"]);
	t.deepEqual(groups.get("TLB of CPU1"), ["0x20000000, mm 1: pfn 0xf1 RO A NX"]);
	t.deepEqual(groups.get("Page walk cache of CPU1"), ["0x20000000, mm 0: table in pfn 0xfb"]);
	t.false(groups.has("Page walk cache of CPU0"));
	t.deepEqual(groups.get("Store buffer of CPU0, oldest first"), ["1. x: 7"]);
});

test("the page says what must hold, and what the mutant takes out", (t) => {
	const listed = {
		name: "fault-munmap",
		file: "",
		about: "a fault beside munmap",
		patch: "V2.1",
		invariant: "nothing is mapped",
		cpus: 2,
		models: [],
		configs: [],
		only: false,
		quick: false,
	};
	const [page] = data_of(
		failure_page([{ result: result({ mutant: "skip-seq2" }), failure: failure(overtaken()), listed }]),
	);
	t.is(page.scenario?.invariant, "nothing is mapped");
	t.regex(page.mutant?.diff ?? "", /^--- a\/kernel\/mm\/memory\.ts/);
	t.is(page.command, "npx spf explore fault-munmap --model sc --mutant skip-seq2 --replay 'spf1:AAAA'");
});

test("an execution that fails nothing has a page, and so have several", (t) => {
	const clean = failure(overtaken(), { kind: "", text: "", replay: "" });
	const [page, other] = data_of(
		failure_page([
			{ result: result(), failure: clean },
			{ result: result(), failure: failure(overtaken()) },
		]),
	);
	t.is(page.title, "fault-munmap: nothing fails");
	t.is(page.command, "");
	t.is(page.breaking, undefined);
	t.is(other.title, "fault-munmap: a check fails");
});
