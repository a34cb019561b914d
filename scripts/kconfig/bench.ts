// SPDX-License-Identifier: GPL-2.0-only
//
// How long spf-conf takes on a kernel's tree, beside that tree's own conf: whole processes,
// one after the other in turns, so that what else the machine does falls on all of them.
//
//	make bench-kconfig KCONFIG_TREE=DIR [RUNS=9]
//
// DIR is a kernel tree in which "make defconfig" has built scripts/kconfig/conf.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { tree_environment } from "./testutil.ts";

const SPF_CONF = join(import.meta.dirname, "dist/spf-conf.mjs");
const HEAP = ["--min-semi-space-size=32", "--max-semi-space-size=32"];

/** Has node write its largest resident size, in KiB, to descriptor 3 when it ends. */
const REPORT = `process.on('exit', () => require('fs').writeSync(3, String(process.resourceUsage().maxRSS)))`;
const PRELOAD = `data:text/javascript,import { createRequire } from 'node:module'; const require = createRequire('/'); ${REPORT}`;

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

function run(who: Contestant, cwd: string, tree_env: NodeJS.ProcessEnv): string {
	const [program, ...args] = who.command as [string, ...string[]];
	rmSync(join(cwd, ".config"), { force: true });
	const start = performance.now();
	const { status, stderr, output } = spawnSync(program, [...args, "-s", "--alldefconfig", "Kconfig"], {
		cwd,
		env: { ...tree_env, ...who.env },
		encoding: "latin1",
		stdio: ["ignore", "ignore", "pipe", "pipe"],
	});
	who.seconds.push((performance.now() - start) / 1000);
	if (status !== 0) fail(`${who.name} ended with ${status}: ${stderr.trim().split("\n").at(-1)}`);
	who.memory = Math.max(who.memory, Number(output[3] ?? 0) / 1024);
	return readFileSync(join(cwd, ".config"), "latin1");
}

function main(): void {
	const tree = process.env.KCONFIG_TREE;
	if (!tree) fail("say which tree: make bench-kconfig KCONFIG_TREE=DIR");
	const reference = join(tree, "scripts/kconfig/conf");
	if (!existsSync(reference)) fail(`${reference}: not there; run "make defconfig" in that tree`);
	const cwd = mkdtempSync(join(tmpdir(), "bench-kconfig-"));
	const tree_env = { ...process.env, ...tree_environment(tree), XDG_CACHE_HOME: join(cwd, "cache") };
	const ours = [process.execPath, ...HEAP, `--import=${PRELOAD}`, SPF_CONF];
	const contestant = (name: string, command: readonly string[], env = {}): Contestant => ({
		name,
		command,
		env,
		seconds: [],
		memory: 0,
	});
	const all = [
		contestant("conf", [reference]),
		contestant("spf-conf, KCONFIG_NOCACHE=1", ours, { KCONFIG_NOCACHE: "1" }),
		contestant("spf-conf", ours),
	] as const;
	// What it is to remember in the turns that count.
	run(all[2], cwd, tree_env);
	all[2].seconds.length = 0;
	const runs = Number(process.env.RUNS ?? 9);
	for (let i = 0; i < runs; i++) {
		const [want, ...got] = all.map((who) => run(who, cwd, tree_env));
		if (got.some((text) => text !== want)) fail("the .config files differ");
	}
	rmSync(cwd, { recursive: true });

	const table = new Table({
		head: ["alldefconfig", "median s", "min s", "conf / it", "MB"],
		style: { head: [] },
	});
	const base = median(all[0].seconds);
	for (const { name, seconds, memory } of all) {
		const mid = median(seconds);
		const row = [mid, Math.min(...seconds), base / mid].map((value) => value.toFixed(2));
		table.push([name, ...row, memory > 0 ? memory.toFixed(0) : ""]);
	}
	console.log(`${tree}: ${runs} turns, ${availableParallelism()} processors, node ${process.version}`);
	console.log(table.toString());
}

main();
