// SPDX-License-Identifier: GPL-2.0-only
/** The stored logs of a real kernel against the port: every result, every map. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { here } from "../../lib/root.ts";
import { objtree } from "../../../scripts/lib/objtree.ts";
import { KUNIT_CONFIGS } from "../kunit/run.ts";
import { compact, parse_log } from "./log.ts";
import { replay, report } from "./run.ts";

const LOGS = join(here(), "tools/testing/differential/logs");
const logs = readdirSync(LOGS).sort();
const read = (name: string) => readFileSync(join(LOGS, name), "utf8");

for (const config of ["debug", "nospf"]) {
	test(`logs of a real kernel: ${config}`, async (t) => {
		const vmlinux = await objtree({ name: `kunit-${config}`, fragments: KUNIT_CONFIGS[config] });
		let steps = 0;
		for (const name of logs) {
			const outcome = await replay(vmlinux, read(name), config === "debug");
			t.is(report(outcome), undefined, name);
			steps += outcome.steps;
		}
		t.log(`${steps} steps`);
		t.true(steps > 1000);
	});
}

test("a log that the port does not repeat is told apart", async (t) => {
	const vmlinux = await objtree({ name: "kunit-debug", fragments: KUNIT_CONFIGS.debug });
	const head = [
		"k 6.18.0",
		"i x",
		"b 607000",
		"+ 405000-607000 rw-p 0 -",
		"+ 7ffffffde000-7ffffffff000 rw-p 0 [stack]",
	];
	const run = async (...lines: string[]) =>
		report(await replay(vmlinux, [...head, ...lines, ""].join("\n"), true));
	t.is(await run("s 0 brk 608000 = 608000", "+ 607000-608000 rw-p 0 [heap]"), undefined);
	t.is(await run("s 0 brk 608000 = 607000"), "line 6: task 0: brk 608000 = 608000, was 607000");
	t.regex(
		(await run("s 0 brk 608000 = 608000", "+ 607000-609000 rw-p 0 [heap]")) ?? "",
		/but the map\n {2}has 607000-608000.*\n {2}not 607000-609000/,
	);
	/* An error that a newer kernel answers otherwise is no difference. */
	t.is(await run("s 0 mremap 10000000 1000 1000000000000 1 0 = -22"), undefined);
	t.is(await run("s 0 load8 10000000 = !11 1 10000000", "s 0 load8 606000 = 0"), undefined);
});

test("what a 5.17 kernel does is told apart from newer ones", async (t) => {
	const vmlinux = await objtree({ name: "kunit-debug", fragments: KUNIT_CONFIGS.debug });
	const lines = [
		"i x",
		"b 607000",
		"+ 405000-607000 rw-p 0 [heap]",
		"+ 7ffffffde000-7ffffffff000 rw-p 0 [stack]",
		"s 0 brk 608000 = 608000",
	];
	const log = (kernel: string, ...maps: string[]) => [`k ${kernel}`, ...lines, ...maps, ""].join("\n");
	t.is(
		report(await replay(vmlinux, log("5.17.0", "- 405000", "+ 405000-608000 rw-p 0 [heap]"), true)),
		undefined,
	);
	t.truthy(report(await replay(vmlinux, log("6.18.0", "- 405000", "+ 405000-608000 rw-p 0 [heap]"), true)));
});

test("maps become differences, for each process", (t) => {
	const line = (range: string) => `m ${range} rw-p 00000000 00:00 0 `;
	const text = [
		"k 6.18",
		line("00400000-00401000"),
		line("00500000-00501000"),
		"s 0 fork 1 = 0",
		line("00400000-00401000"),
		line("00500000-00501000"),
		"s 1 munmap 400000 1000 = 0",
		line("00500000-00501000"),
		"s 0 munmap 500000 1000 = 0",
		line("00400000-00401000"),
		"s 1 munmap 0 1000 = 0",
		line("00500000-00501000"),
	].join("\n");
	const short = compact(text);
	t.is(
		short,
		[
			"k 6.18",
			"+ 400000-401000 rw-p 0 -",
			"+ 500000-501000 rw-p 0 -",
			"s 0 fork 1 = 0",
			"s 1 munmap 400000 1000 = 0",
			"- 400000",
			"s 0 munmap 500000 1000 = 0",
			"- 500000",
			"s 1 munmap 0 1000 = 0",
			"",
		].join("\n"),
	);
	const { steps } = parse_log(short);
	t.deepEqual(steps.at(-1)?.maps, ["500000-501000 rw-p 0 -"]);
	t.deepEqual(steps[2].maps, ["400000-401000 rw-p 0 -"]);
	t.deepEqual(steps[3].args, [0, 0x1000]);
});
