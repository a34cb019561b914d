// SPDX-License-Identifier: GPL-2.0-only
/** The page is one file, and nothing that it shows can break out of it. */
import test from "ava";
import { failure_page, script_json } from "./html.ts";
import { failure, overtaken, result, trace } from "./testtrace.ts";

const data_of = (page: string) => JSON.parse(/<script id="data" type="application\/json">(.*?)<\/script>/s.exec(page)?.[1] ?? "");

test("the page needs no other file and no network", (t) => {
	const page = failure_page([{ result: result({ failures: 1 }), failure: failure(overtaken()) }]);
	t.notRegex(page, /https?:\/\/|<link|<img|\bsrc=|@import|url\(|\bfetch\(|\bimport\(/);
	t.notRegex(page, /\/\*(CSS|DATA|SCRIPT)\*\//);
	t.is([...page.matchAll(/<script\b/g)].length, 2);
	t.regex(page, /prefers-color-scheme: dark/);
});

test("text of a failure stays text", (t) => {
	const evil = "</script><script>alert(1)</script><!-- $& $' \u2028!";
	const page = failure_page([{ result: result({ scenario: evil }), failure: failure(trace({ name: evil }), { text: evil }) }]);
	t.false(page.includes("alert(1)</script>"));
	t.is(data_of(page)[0].text.split("\n")[0], evil);
	t.notRegex(script_json(evil), /[<>&\u2028]/);
	t.is(JSON.parse(script_json(evil)), evil);
});

test("steps carry what the page shows: words, locks, states once each", (t) => {
	const state = { mmap_seq: [40], vmas: [{ start: 0x20000000, end: 0x20002000, flags: "rw" }], ptes: [], locks: [] };
	const events = trace(
		{ op: "lock", name: "ptl", addr: 20, state }, { op: "write", value: 7, state: { ...state } }, { cpu: 1, value: 3, newest: 7, state: { ...state, mmap_seq: [41] } },
		{ op: "unlock", name: "ptl", addr: 20 }, { cpu: 1, op: "down_read", name: "sem", addr: 24 },
	);
	const [page] = data_of(failure_page([{ result: result(), failure: failure(events, { conflict: [1, 2] }) }]));
	t.deepEqual(page.columns, ["CPU0", "CPU1"]);
	t.is(page.states.length, 2);
	t.deepEqual(page.steps.map((s: { state?: number }) => s.state), [0, 0, 1, undefined, undefined]);
	t.deepEqual(page.steps[0].lock, { addr: 20, name: "ptl", holder: "CPU0" });
	t.deepEqual(page.steps[3].lock, { addr: 20, name: "ptl", leaves: "CPU0" });
	t.is(page.steps[4].lock.holder, "CPU1, read");
	t.is(page.steps[1].word.text, "7");
	/* What is there, not what was read. */
	t.is(page.steps[2].word.text, "7");
	t.deepEqual(page.steps.map((s: { conflict: boolean }) => s.conflict), [false, true, true, false, false]);
});

test("an execution that fails nothing has a page, and so have several", (t) => {
	const clean = failure(overtaken(), { kind: "", text: "", replay: "" });
	const [page, other] = data_of(failure_page([{ result: result(), failure: clean }, { result: result(), failure: failure(overtaken()) }]));
	t.is(page.title, "fault-munmap: nothing fails");
	t.is(page.replay, "");
	t.is(other.title, "fault-munmap: a check fails");
});
