// SPDX-License-Identifier: GPL-2.0-only
//
// explain() on a kernel tree: for symbols drawn from those that x86_64_defconfig leaves n,
// what it says to set is applied to the .config, and has to give the value; also for pairs of
// symbols, and for numbers just outside of their range. KCONFIG_TREE names the tree (skipped
// without it), KCONFIG_REFERENCE the tree's own conf, which is then asked, too, and of whose
// random configurations nothing may be impossible; of other trees than a kernel's KCONFIG_ROOT
// the first file, KCONFIG_BASE a configuration. SEED=n takes another seed, RUNS=n draws more.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import test from "ava";
import { type Compat, is_compat } from "../compat.ts";
import { conf_read_text, conf_write, config_prefix } from "../confdata.ts";
import { process_host } from "../host.ts";
import { strtoll } from "../expr.ts";
import type { Kconf, Sym } from "../lkc.ts";
import { kconf_alloc, S_HEX, S_INT } from "../lkc.ts";
import { conf_parse } from "../parser.ts";
import { sym_clear_all_valid } from "../symbol.ts";
import { merged } from "../testutil.ts";
import type { Question } from "../why.ts";
import { explain_all, fragment_text } from "../why.ts";
import { prompts_of } from "./goal.ts";
import { number_text } from "./texts.ts";
import { is_logical, value_of } from "./trial.ts";

const TREE = process.env.KCONFIG_TREE;
const REFERENCE = process.env.KCONFIG_REFERENCE;
const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? (REFERENCE ? 20 : 40));
const COMPAT = (process.env.KCONFIG_COMPAT ?? "7.2") as Compat;
const ROOT = process.env.KCONFIG_ROOT ?? "Kconfig";
const BASE = process.env.KCONFIG_BASE;

const run = TREE ? test : test.skip;
if (!TREE) process.stderr.write("why/tree_test: skipped; set KCONFIG_TREE to a kernel tree\n");

/** What the Kconfig files ask of the environment, unless it says so itself. */
function environment(tree: string): Record<string, string | undefined> {
	return {
		ARCH: "x86",
		SRCARCH: "x86",
		KERNELVERSION: "0",
		CC: "gcc",
		LD: "ld",
		CC_VERSION_TEXT: "gcc",
		RUSTC: "rustc",
		PAHOLE_VERSION: "0",
		...process.env,
		srctree: tree,
	};
}

/** The mode that gives everything new its default: BusyBox has none but to answer with newlines. */
const silent_old = (compat: Compat): string[] => (compat === "busybox" ? ["-o"] : ["-s", "--olddefconfig"]);

/** A draw without replacement. */
function draw<T>(from: T[], n: number, seed: number): T[] {
	let x = seed >>> 0;
	const rest = [...from];
	const res: T[] = [];
	while (res.length < n && rest.length > 0) {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		res.push(...rest.splice(Math.floor((x / 2 ** 32) * rest.length), 1));
	}
	return res;
}

const is_ranged = ({ type, prop }: Sym): boolean =>
	(type === S_INT || type === S_HEX) && prop.some((each) => each.type === "range" && each.expr?.type === "range");

/** A number just above the first range. */
function beside(kconf: Kconf, sym: Sym): string {
	const range = sym.prop.find(({ type }) => type === "range")?.expr;
	const end = range?.type === "range" ? value_of(kconf, range.right) : "0";
	return number_text(sym, strtoll(end, sym.type === S_HEX ? 16 : 10) + 1n);
}

interface Tree {
	readonly kconf: Kconf;
	readonly env: Record<string, string | undefined>;
	/** A directory for files, which is to be removed. */
	readonly dir: string;
	/** The configuration from which is asked, as the engine writes it. */
	readonly config: string;
	read(text: string): void;
}

/** The tree with its configuration; null, and the test has failed, if it cannot be read. */
function open_tree(t: ExecutionContext): Tree | null {
	t.timeout(20 * 60 * 1000);
	const tree = TREE as string;
	const env = environment(tree);
	const dir = mkdtempSync(join(tmpdir(), "kconfig-why-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	let printed = "";
	const err = (text: string): void => {
		printed += text;
	};
	const host = process_host({ env, cwd: dir, out: () => {}, err });
	const kconf = kconf_alloc(host, is_compat(COMPAT) ? COMPAT : undefined);
	try {
		conf_parse(kconf, ROOT);
	} catch {
		t.fail(`the tree cannot be read; KCONFIG_COMPAT says whose rules it is for\n${printed}`);
		return null;
	}
	const read = (text: string): void => conf_read_text(kconf, { name: ".config", text });
	read(readFileSync(BASE ?? join(tree, "arch/x86/configs/x86_64_defconfig"), "latin1"));
	kconf.silent = true;
	conf_write(kconf, ".config");
	return { kconf, env, dir, config: readFileSync(join(dir, ".config"), "latin1"), read };
}

run(`what explain() says to set is enough (SEED=${SEED} RUNS=${RUNS})`, (t) => {
	const opened = open_tree(t);
	if (!opened) return;
	const { kconf, env, dir, config, read } = opened;
	const off = (sym: Sym): boolean => is_logical(sym) && value_of(kconf, sym) === "n";
	const drawn = draw([...kconf.symbols.values()].filter(off), RUNS, SEED);
	const numbers = draw([...kconf.symbols.values()].filter(is_ranged), Math.ceil(RUNS / 4), SEED);
	const questions: Question[][] = drawn.map((sym) => [{ sym }]);
	for (let i = 1; i < drawn.length; i += 4) questions.push([i - 1, i].map((at) => ({ sym: drawn[at] as Sym })));
	for (const sym of numbers) questions.push([{ sym, want: beside(kconf, sym) }]);
	const seen = {
		set: 0,
		smallest: 0,
		lossless: 0,
		loss_needed: 0,
		least: 0,
		impossible: 0,
		open: 0,
		slowest_ms: 0,
	};
	for (const asked of questions) {
		const name = asked
			.map(({ sym, want }) => `${sym.name}${want === undefined ? "" : `=${want}`}`)
			.join(" ");
		read(config);
		sym_clear_all_valid(kconf);
		const begin = performance.now();
		const ex = explain_all(kconf, asked);
		seen.slowest_ms = Math.max(seen.slowest_ms, Math.round(performance.now() - begin));
		if (!ex.solution) {
			seen[ex.impossible ? "impossible" : "open"]++;
			const told = ex.parts.some(({ unmet }) => unmet.length > 0);
			t.true(ex.holds || ex.impossible || ex.reasons.length > 0 || told, `${name}: no word why`);
			continue;
		}
		seen.set++;
		if (ex.solution.smallest) seen.smallest++;
		if (ex.solution.lossless) seen.lossless++;
		if (ex.loss_needed) seen.loss_needed++;
		if (ex.least_loss) seen.least++;
		const fragment = fragment_text(kconf, ex);
		const text = merged(config, fragment, config_prefix(kconf));
		read(text);
		for (const { sym, want } of ex.parts)
			t.is(value_of(kconf, sym), want as string, `${name}\n${fragment}`);
		if (!REFERENCE) continue;
		writeFileSync(join(dir, ".config"), text);
		const ref = spawnSync(REFERENCE, [...silent_old(COMPAT), ROOT], {
			cwd: dir,
			env,
			encoding: "utf8",
			input: "\n".repeat(99_999),
		});
		t.is(ref.status, 0, `${name}: ${ref.stderr}`);
		const written = readFileSync(join(dir, ".config"), "utf8").split("\n");
		for (const line of fragment.split("\n").filter(Boolean)) {
			t.true(written.includes(line), `the reference does not take ${line}: ${name}\n${fragment}`);
		}
		const prefix = config_prefix(kconf);
		for (const { sym, want } of ex.parts) {
			if (want === "n") continue;
			t.true(written.includes(`${prefix}${sym.name}=${want}`), `the reference: ${name}\n${fragment}`);
		}
	}
	t.log(seen);
	t.true(seen.set > 0);
});

const CAN_RANDOM = TREE && REFERENCE && COMPAT !== "busybox";
(CAN_RANDOM ? test.serial : test.skip)(
	`what a random configuration has can be had (SEED=${SEED} RUNS=${RUNS})`,
	(t) => {
		const opened = open_tree(t);
		if (!opened) return;
		const { kconf, env, dir, config, read } = opened;
		const settable = [...kconf.symbols.values()].filter((sym) => prompts_of(sym).length > 0);
		const values = (text: string): Map<Sym, string> => {
			read(text);
			return new Map(settable.map((sym) => [sym, value_of(kconf, sym)]));
		};
		const before = values(config);
		const seen = { set: 0, symbols: 0, holds: 0, open: 0, lost: 0, slowest_ms: 0 };
		for (let i = 0; i < RUNS; i++) {
			const seed = SEED * 1000 + i;
			const random = spawnSync(REFERENCE as string, ["-s", "--randconfig", ROOT], {
				cwd: dir,
				env: { ...env, KCONFIG_SEED: `${seed}` },
				encoding: "latin1",
			});
			t.is(random.status, 0, random.stderr);
			const after = values(readFileSync(join(dir, ".config"), "latin1"));
			/* What only a text can give, or what nobody sees, is no question. */
			const other = settable.filter(
				(sym) => after.get(sym) !== before.get(sym) && after.get(sym) !== "",
			);
			const asked = draw(other, 1 + (i % 4), seed).map((sym) => ({
				sym,
				want: after.get(sym) as string,
			}));
			read(config);
			const begin = performance.now();
			const ex = explain_all(kconf, asked, { trials: 20_000, milliseconds: 3000 });
			seen.slowest_ms = Math.max(seen.slowest_ms, Math.round(performance.now() - begin));
			const name = asked.map(({ sym, want }) => `${sym.name}=${want}`).join(" ");
			t.falsy(ex.impossible, `seed ${seed}: ${name}`);
			if (!ex.solution) {
				seen[ex.holds ? "holds" : "open"]++;
				if (!ex.holds) t.log(`no set found: ${name}`);
				continue;
			}
			seen.set++;
			seen.symbols += asked.length;
			seen.lost += ex.solution.lost;
			const fragment = fragment_text(kconf, ex);
			writeFileSync(join(dir, ".config"), merged(config, fragment, config_prefix(kconf)));
			const made = spawnSync(REFERENCE as string, [...silent_old(COMPAT), ROOT], {
				cwd: dir,
				env,
				encoding: "latin1",
			});
			t.is(made.status, 0, made.stderr);
			const come = values(readFileSync(join(dir, ".config"), "latin1"));
			for (const { sym, want } of asked)
				t.is(come.get(sym), want, `the reference: ${name}\n${fragment}`);
		}
		t.log(seen);
		t.true(seen.set > 0);
	},
);
