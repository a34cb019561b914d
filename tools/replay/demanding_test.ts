// SPDX-License-Identifier: GPL-2.0-only
/** Recordings that ask much of the machine: whose program reads more of a file than there is memory, where the pages
 *  that it has read go for others; and one that maps very many files. */
import test from "ava";
import { objtree } from "../../scripts/lib/objtree.ts";
import { kunit_config } from "../testing/kunit/run.ts";
import { boot, find_kernel } from "./machine.ts";
import { make_plan } from "./plan.ts";
import { is_clean, make_report, print_text, type Report } from "./report.ts";
import { ABSENT, END, START, trace } from "./testutil.ts";
import type { Trace } from "./trace.ts";

/** In MiB: of the machine, and of the file. */
const MEM = 32;
const FILE = 64;
const AT = 0x7ffff3fcb000;

/** In order, on one CPU. */
async function replayed(recorded: Trace): Promise<Report> {
	const kernel = find_kernel(await objtree(kunit_config("default")));
	const replayer = await boot({ kernel, cpus: 1, mem: MEM, check: true });
	try {
		const plan = make_plan(recorded);
		const outcome = await replayer.run(plan);
		const how = { cpus: 1, check: true, speculative: kernel.spf, arch: kernel.arch };
		return make_report(recorded, plan, outcome, how);
	} finally {
		await replayer.shutdown();
	}
}

test.serial("replay of a program that reads more than there is memory", async (t) => {
	const bytes = FILE * 0x100000;
	/* What is mapped around a fault is 64 KiB. */
	const faults = Array.from({ length: bytes / 65536 }, (_, i) => `fault 1 ${(AT + i * 65536).toString(16)}`);
	const report = await replayed(
		trace(
			`${START}
1 mmap(NULL, ${bytes}, PROT_READ, MAP_PRIVATE, 3</data>, 0) = 0x${AT.toString(16)}
${faults.join("\n")}
1 munmap(0x${AT.toString(16)}, ${bytes}) = 0
${END}`,
			{ "maps.final": ABSENT },
		),
	);
	t.true(is_clean(report), print_text(report));
	t.deepEqual(report.console, []);
	t.true((report.vmstat.pgsteal_file ?? 0) > ((FILE - MEM) * 0x100000) / 4096, "so many pages have gone");
	t.is(report.vmstat.oom_kill ?? 0, 0);
});

test.serial("replay of a program that maps 1,700 files", async (t) => {
	const calls = Array.from({ length: 1700 }, (_, i) => {
		const at = `0x${(0x200000000000 + i * 4096).toString(16)}`;
		return `1 mmap(${at}, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 3</f${i}>, 0) = ${at}`;
	});
	const report = await replayed(trace(`${START}\n${calls.join("\n")}\n${END}`, { "maps.final": ABSENT }));
	t.true(is_clean(report), print_text(report));
});
