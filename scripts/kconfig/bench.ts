// SPDX-License-Identifier: GPL-2.0-only
//
// How long spf-conf takes on a tree, beside that tree's own conf: whole processes, one after
// the other in turns, so that what else the machine does falls on all of them.
//
//	make bench-kconfig KCONFIG_TREE=DIR [RUNS=9] [MODE=alldefconfig]
//
// DIR is a kernel tree in which "make defconfig" has built scripts/kconfig/conf. Another tree,
// like Buildroot's, also needs KCONFIG_ROOT, its first file, KCONFIG_CONF, a conf that can read
// it, and in the environment what its files ask for. "Commands given" means that both get what
// $(shell,...) printed from a file: conf from bench_popen.c, spf-conf from a module that is loaded
// first. What counts is processor time, in all threads and processes: on a busy machine the
// time on the wall says little.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { tree_environment } from "./testutil.ts";

const { env } = process;
const SPF_CONF = join(import.meta.dirname, "dist/spf-conf.mjs");
const ROOT = env.KCONFIG_ROOT ?? "Kconfig";
const MODE = env.MODE ?? "alldefconfig";

/** Has node write its largest resident size, in KiB, to descriptor 3 when it ends. */
const REPORT = "process.on('exit', () => require('fs').writeSync(3, String(process.resourceUsage().maxRSS)));\n";

/** The same as bench_popen.c, for spf-conf. */
const GIVEN = `
const text = require("fs").readFileSync(process.env.KCONFIG_ANSWERS, "latin1");
let pos = 0;
const next = () => {
	const blank = text.indexOf(" ", pos);
	pos = blank + 1 + Number(text.slice(pos, blank));
	return text.slice(blank + 1, pos);
};
const answers = new Map();
while (pos < text.length) answers.set(next(), next());
const builtin = process.getBuiltinModule;
const spawnSync = (program, args) => ({ stdout: answers.get(args.at(-2)), stderr: "", status: 0, signal: null });
process.getBuiltinModule = (name) => (name === "node:child_process" ? { spawnSync } : builtin(name));
`;

/** Times a command with bash: node does not know what its children took. */
const TIMED = 'TIMEFORMAT="%3U %3S"; time "$@" > /dev/null 2>&4';

interface Contestant {
	readonly name: string;
	readonly command: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	readonly seconds: number[];
	memory: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

function fail(text: string): never {
	process.stderr.write(`bench-kconfig: ${text}\n`);
	process.exit(2);
}

/** Runs one; returns the .config that it wrote. */
function run(who: Contestant, cwd: string, tree_env: NodeJS.ProcessEnv): string {
	rmSync(join(cwd, ".config"), { force: true });
	const command = ["-c", TIMED, "bash", ...who.command, "-s", `--${MODE}`, ROOT];
	const { status, output } = spawnSync("bash", command, {
		cwd,
		env: { ...tree_env, ...who.env },
		encoding: "latin1",
		stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
	});
	if (status !== 0) fail(`${who.name} ended with ${status}: ${output[4]?.trim().split("\n").at(-1)}`);
	const [user, system] = (output[2] ?? "").trim().split("\n").at(-1)?.split(" ") ?? [];
	who.seconds.push(Number(user) + Number(system));
	who.memory = Math.max(who.memory, Number(output[3] ?? 0) / 1024);
	return readFileSync(join(cwd, ".config"), "latin1");
}

/** The options that the command gives to node in its first line. */
function node_options(): string[] {
	const line = readFileSync(SPF_CONF, "utf8").split("\n", 1)[0] ?? "";
	return line.split(" ").filter((word) => word.startsWith("--"));
}

function main(): void {
	const tree = env.KCONFIG_TREE;
	if (!tree) fail("say which tree: make bench-kconfig KCONFIG_TREE=DIR");
	const reference = env.KCONFIG_CONF ?? join(tree, "scripts/kconfig/conf");
	if (!existsSync(reference))
		fail(`${reference}: not there; run "make defconfig" in that tree, or set KCONFIG_CONF`);
	const cwd = mkdtempSync(join(tmpdir(), "bench-kconfig-"));
	const preload = join(cwd, "popen.so");
	const { status } = spawnSync("cc", [
		"-O2",
		"-shared",
		"-fPIC",
		"-o",
		preload,
		join(import.meta.dirname, "bench_popen.c"),
	]);
	if (status !== 0) fail("bench_popen.c cannot be compiled: is there a C compiler?");
	writeFileSync(join(cwd, "report.cjs"), REPORT);
	writeFileSync(join(cwd, "given.cjs"), REPORT + GIVEN);
	const KCONFIG_ANSWERS = join(cwd, "answers");
	const tree_env: NodeJS.ProcessEnv = {
		...env,
		...(env.KCONFIG_ROOT ? { srctree: tree } : tree_environment(tree)),
		XDG_CACHE_HOME: join(cwd, "cache"),
		KCONFIG_ANSWERS,
	};
	// Certificates that node would read and nothing here needs take as long as a tree of files.
	delete tree_env.NODE_EXTRA_CA_CERTS;
	const ours = (module: string): string[] => [
		process.execPath,
		...node_options(),
		"--require",
		join(cwd, module),
		SPF_CONF,
	];
	const contestant = (name: string, command: readonly string[], more = {}): Contestant => ({
		name,
		command,
		env: more,
		seconds: [],
		memory: 0,
	});
	const all = [
		contestant("conf", [reference]),
		contestant("spf-conf, KCONFIG_NOCACHE=1", ours("report.cjs"), { KCONFIG_NOCACHE: "1" }),
		contestant("spf-conf", ours("report.cjs")),
		contestant("conf, commands given", [reference], { LD_PRELOAD: preload }),
		contestant("spf-conf, commands given", ours("given.cjs"), { KCONFIG_NOCACHE: "1" }),
	];
	writeFileSync(KCONFIG_ANSWERS, "");
	// What is to be remembered in the turns that count.
	for (const who of [all[3], all[2]] as Contestant[]) {
		run(who, cwd, tree_env);
		who.seconds.length = 0;
	}
	const runs = Number(env.RUNS ?? 9);
	for (let i = 0; i < runs; i++) {
		const [want, ...got] = all.map((who) => run(who, cwd, tree_env));
		if (got.some((text) => text !== want)) fail("the .config files differ");
	}
	rmSync(cwd, { recursive: true });

	const table = new Table({
		head: [MODE, "median s", "min s", "it / conf", "MB"],
		style: { head: [] },
	});
	for (const { name, seconds, memory } of all) {
		const base = all[name.endsWith("given") ? 3 : 0] as Contestant;
		const row = [median(seconds), Math.min(...seconds), median(seconds) / median(base.seconds)];
		table.push([name, ...row.map((value) => value.toFixed(2)), memory > 0 ? memory.toFixed(0) : ""]);
	}
	console.log(
		`${tree}: processor time, ${runs} turns, ${availableParallelism()} processors, node ${process.version}`,
	);
	console.log(table.toString());
}

main();
