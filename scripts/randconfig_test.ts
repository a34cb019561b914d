// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random configurations of x86, arm64 and powerpc in turn: each builds, boots and replays the sample, or runs a
 * program where its pages are too large for that. One for the stepper, which replays nothing, builds as well, and is
 * then turned into one for threads. SEED=n says from which on, RUNS=n how many.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { run } from "./lib/child.ts";
import { make_directory } from "./lib/files.ts";
import { build_dir, here } from "./lib/root.ts";

const SEED = Number(process.env.SEED ?? 20220128);
const RUNS = Number(process.env.RUNS ?? 1);
const ARCHES = ["x86", "arm64", "powerpc"];
/** Of powerpc's processors others can be configured, and not built. */
const GOAL: Record<string, string> = { powerpc: "ppc64_randconfig" };
/** For one CPU. */
const PROGRAM = `export const cpus = [({ mmap, store, load, PAGE_SIZE }) => {
	const addr = mmap(null, PAGE_SIZE);
	store(addr, 1);
	if (load(addr) !== 1) throw new Error("what was stored is not there");
}];
`;

for (let seed = SEED; seed < SEED + RUNS; seed++) {
	const arch = ARCHES[seed % ARCHES.length];
	test(`random configuration ${seed}, ${arch}`, async (t) => {
		const dir = join(build_dir(), `randconfig-${seed}`);
		const config = join(dir, ".config");
		make_directory(dir);
		const succeeds = async (cmd: string[]) => {
			const env = {
				...process.env,
				MAKEFLAGS: "",
				MAKELEVEL: "",
				KBUILD_NOCHECK: "1",
				KCONFIG_SEED: String(seed),
			};
			const { status, stdout, stderr } = await run(cmd, { cwd: here(), env });
			t.is(status, 0, `SEED=${seed}: ${cmd.join(" ")}\n${stdout}${stderr}`);
		};
		const make = (...goals: string[]) => succeeds(["make", "-s", `ARCH=${arch}`, `O=${dir}`, ...goals]);
		await make(GOAL[arch] ?? "randconfig");
		const chosen = readFileSync(config, "utf8");
		if (/^CONFIG_ARCH_HOST_STEPPER=y$/m.test(chosen)) {
			await make("vmlinux");
			const others = chosen.split("\n").filter((line) => !/ARCH_HOST_|PHYS_MEM_MB/.test(line));
			writeFileSync(config, `${others.join("\n")}\nCONFIG_ARCH_HOST_THREADS=y\n`);
			await make("olddefconfig");
		}
		await make("vmlinux");
		const program = join(dir, "program.mjs");
		writeFileSync(program, PROGRAM);
		const large = /^CONFIG_\w+_(16|64)K_PAGES=y$/m.test(chosen);
		await succeeds([
			process.execPath,
			"bin/spf.mjs",
			...(large ? ["run", program] : ["replay", "--check"]),
			"--vmlinux",
			join(dir, "vmlinux.mjs"),
		]);
	});
}
