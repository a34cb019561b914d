// SPDX-License-Identifier: GPL-2.0-only
/** Tests of history.ts: what is remembered of searches, and what is made of it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { History, seconds_left } from "./history.ts";

test("sizes are there the next time; a damaged file, or no place for one, is none", (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf-history-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	const file = join(dir, "below/history.json");
	new History(file).add("a sc", { made: 5, seconds: 2 });
	t.deepEqual(new History(file).get("a sc"), { made: 5, seconds: 2 });
	t.is(new History(file).get("b sc"), undefined);
	writeFileSync(file, "{");
	t.is(new History(file).get("a sc"), undefined);
	new History("/dev/null/x").add("a", { made: 1, seconds: 1 });
	t.pass();
});

test("what is left, by what it took the last time and how fast it goes today", (t) => {
	const size = (seconds: number) => ({ made: 1, seconds });
	const done = { size: size(10), seconds: 20 };
	t.is(seconds_left([done, { size: size(4) }, { size: size(6) }], 2), 10);
	t.is(seconds_left([{ size: size(4) }], 1), 4, "nothing is done yet: as fast as the last time");
	t.is(seconds_left([done], 2), 0);
	t.is(seconds_left([done, {}], 2), undefined, "one that was never seen");
	t.is(seconds_left([{ seconds: 7 }, { size: size(3) }], 1), 3);
});
