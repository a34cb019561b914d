// SPDX-License-Identifier: GPL-2.0-only
/** A recording whose program reads more of a file than there is memory: the pages that it has read go for others, and
 *  it ends as it did. */
import test from "ava";
import { objtree } from "../../scripts/lib/objtree.ts";
import { kunit_config } from "../testing/kunit/run.ts";
import { boot, find_kernel } from "./machine.ts";
import { make_plan } from "./plan.ts";
import { is_clean, make_report, print_text } from "./report.ts";
import { ABSENT, END, START, trace } from "./testutil.ts";

/** In MiB: of the machine, and of the file. */
const MEM = 32;
const FILE = 64;
const AT = 0x7ffff3fcb000;

test.serial("replay of a program that reads more than there is memory", async (t) => {
	const bytes = FILE * 0x100000;
	/* What is mapped around a fault is 64 KiB. */
	const faults = Array.from({ length: bytes / 65536 }, (_, i) => `fault 1 ${(AT + i * 65536).toString(16)}`);
	const recorded = trace(
		`${START}
1 mmap(NULL, ${bytes}, PROT_READ, MAP_PRIVATE, 3</data>, 0) = 0x${AT.toString(16)}
${faults.join("\n")}
1 munmap(0x${AT.toString(16)}, ${bytes}) = 0
${END}`,
		{ "maps.final": ABSENT },
	);
	const kernel = find_kernel(await objtree(kunit_config("default")));
	const replayer = await boot({ kernel, cpus: 1, mem: MEM, check: true });
	try {
		const plan = make_plan(recorded);
		const outcome = await replayer.run(plan);
		const report = make_report(recorded, plan, outcome, {
			cpus: 1,
			check: true,
			speculative: kernel.spf,
			arch: kernel.arch,
		});
		t.true(is_clean(report), print_text(report));
		t.deepEqual(report.console, []);
		t.true((report.vmstat.pgsteal_file ?? 0) > ((FILE - MEM) * 0x100000) / 4096, "so many pages have gone");
		t.is(report.vmstat.oom_kill ?? 0, 0);
	} finally {
		await replayer.shutdown();
	}
});
