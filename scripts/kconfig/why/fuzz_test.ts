// SPDX-License-Identifier: GPL-2.0-only
//
// Random small trees: what explain() finds is compared with all sets of up to three values,
// tried one by one. SEED=n takes another seed, RUNS=n does more.

import test from "ava";
import { conf_read_text } from "../confdata.ts";
import { get } from "../engine.ts";
import type { Kconf, Sym } from "../lkc.ts";
import { S_INT, S_TRISTATE } from "../lkc.ts";
import { sandbox } from "../testutil.ts";
import type { Assignment } from "../why.ts";
import { explain, fragment_text } from "../why.ts";
import { kept_by_user } from "./effects.ts";
import { prompts_of } from "./goal.ts";
import { is_logical, trial_begin, unmet_selects, value_of } from "./trial.ts";

const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 150);

type Random = (n: number) => number;

/** A linear congruential generator: numbers from 0 to n-1. */
function random(seed: number): Random {
	let x = (seed * 2654435761 + 12345) >>> 0;
	return (n) => {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		return Math.floor((x / 2 ** 32) * n);
	};
}

/** A tree of seven symbols or so. Each only refers to earlier ones, so there are no loops. */
function make_tree(rand: Random): string {
	let text = 'config MODULES\n\tbool "modules"\n\tmodules\n\tdefault y\n';
	const names: string[] = ["MODULES"];
	const pick = (): string => names[rand(names.length)] as string;
	const term = (): string => {
		const name = pick();
		const all = [
			name,
			name,
			name,
			name,
			`!${name}`,
			`${name}=y`,
			`${name}!=n`,
			`${name}=m`,
			"UNDEFINED",
			"m",
		];
		return all[rand(all.length)] as string;
	};
	const expr = (): string => {
		const a = term();
		const b = term();
		return [a, a, `${a} && ${b}`, `${a} || ${b}`, `!(${a} && ${b})`, `(${a} || ${b}) && ${term()}`][
			rand(6)
		] as string;
	};
	const maybe = (n: number, line: () => string): string => (rand(n) === 0 ? line() : "");
	for (let i = 0; i < 6; i++) {
		const name = `S${i}`;
		if (rand(8) === 0) {
			text += `choice\n\tprompt "choice ${i}"\n${maybe(3, () => `\tdepends on ${expr()}\n`)}`;
			for (const member of ["A", "B", "C"].slice(0, 2 + rand(2))) {
				text += `config ${name}${member}\n\tbool "${name}${member}"\n`;
				text += maybe(3, () => `\tdepends on ${expr()}\n`);
			}
			text += "endchoice\n";
			names.push(`${name}A`, `${name}B`);
			continue;
		}
		if (rand(8) === 0) {
			text += `config ${name}\n\tint "${name}"\n\tdefault ${rand(3)} if ${expr()}\n\tdefault ${rand(9)}\n`;
			text += maybe(2, () => `\trange 1 ${3 + rand(5)} if ${expr()}\n`);
			text += maybe(2, () => `\tdepends on ${expr()}\n`);
			text += `config ${name}X\n\tbool "${name}X"\n\tdepends on ${name} > ${rand(4)}\n`;
			names.push(`${name}X`);
			continue;
		}
		const type = rand(2) ? "bool" : "tristate";
		const prompt = rand(4) === 0 ? "" : ` "${name}"${maybe(4, () => ` if ${expr()}`)}`;
		text += `config ${name}\n\t${type}${prompt}\n`;
		text += maybe(2, () => `\tdepends on ${expr()}\n`);
		text += maybe(3, () => `\tdefault ${rand(2) ? "y" : expr()} if ${expr()}\n`);
		text += maybe(4, () => "\tdefault y\n");
		// A select is a dependency of its target: only of such as nothing depends on before.
		text += maybe(2, () => `\tselect T${rand(2)}${maybe(3, () => ` if ${expr()}`)}\n`);
		text += maybe(4, () => `\timply T${rand(2)}\n`);
		names.push(name);
	}
	for (const target of ["T0", "T1"]) {
		const prompt = rand(2) ? "" : ` "${target}"`;
		text += `config ${target}\n\t${rand(2) ? "bool" : "tristate"}${prompt}\n`;
		text += maybe(3, () => `\tdepends on ${expr()}\n`);
		names.push(target);
	}
	text += `config LAST\n\ttristate "last"\n\tdepends on ${expr()}\n\tdepends on ${expr()}\n`;
	return text;
}

function make_config(rand: Random, kconf: Kconf): string {
	let text = "";
	for (const sym of kconf.symbols.values()) {
		if (!is_logical(sym) || prompts_of(sym).length === 0 || rand(2)) continue;
		text += rand(2) ? `CONFIG_${sym.name}=y\n` : `# CONFIG_${sym.name} is not set\n`;
	}
	return text;
}

function all_values(kconf: Kconf): Assignment[] {
	const res: Assignment[] = [];
	for (const sym of kconf.symbols.values()) {
		if (prompts_of(sym).length === 0) continue;
		const values =
			sym.type === S_TRISTATE
				? ["n", "m", "y"]
				: sym.type === S_INT
					? ["0", "1", "2", "3", "4", "5"]
					: ["n", "y"];
		for (const value of values) res.push({ sym, value });
	}
	return res;
}

interface Rules {
	/** No select may then be without its dependencies that was not before. */
	clean: boolean;
	/** Nothing that the user has on may become n. */
	lossless: boolean;
}

/** The size of the smallest set that gives the symbol the value, up to `max`; else null. */
function brute_force(kconf: Kconf, sym: Sym, want: string, max: number, rules: Rules): number | null {
	const all = all_values(kconf);
	const trial = trial_begin(kconf);
	trial.set([]);
	const before = unmet_selects(kconf);
	const kept = rules.lossless ? [...kept_by_user(kconf, [sym])] : [];
	const works = (set: Assignment[]): boolean => {
		trial.set(set);
		const good = value_of(kconf, sym) === want && set.every((a) => value_of(kconf, a.sym) === a.value);
		if (kept.some((own) => value_of(kconf, own) === "n")) return false;
		return (
			good &&
			(set.length === 0 || !rules.clean || [...unmet_selects(kconf)].every((s) => before.has(s)))
		);
	};
	const go = (set: Assignment[], from: number, left: number): boolean => {
		if (left === 0) return works(set);
		for (let i = from; i < all.length; i++) {
			const next = all[i] as Assignment;
			if (!set.some((a) => a.sym === next.sym) && go([...set, next], i + 1, left - 1)) return true;
		}
		return false;
	};
	try {
		for (let size = 0; size <= max; size++) if (go([], 0, size)) return size;
		return null;
	} finally {
		trial.end();
	}
}

test(`random trees (SEED=${SEED} RUNS=${RUNS}): what is found is right, and the smallest`, (t) => {
	const MAX = 2;
	const seen = { found: 0, impossible: 0, open: 0, proved: 0, smaller: 0, lossy: 0, overlooked: 0 };
	for (let run = 0; run < RUNS; run++) {
		const rand = random(SEED * 100_003 + run);
		const kconfig = make_tree(rand);
		const box = sandbox({ Kconfig: kconfig });
		const kconf = box.parse();
		const config = make_config(rand, kconf);
		const read = (text: string): void => conf_read_text(kconf, { name: ".config", text });
		for (const name of ["LAST", "T0", "S5"]) {
			const sym = kconf.symbols.get(name);
			if (!sym || !is_logical(sym)) continue;
			for (const want of sym.type === S_TRISTATE ? ["n", "m", "y"] : ["n", "y"]) {
				read(config);
				const ex = explain(kconf, name, want);
				const what = `run ${run}: ${name}=${want}\n${config}\n${kconfig}`;
				const { solution, smaller } = ex;
				const clean = solution?.unmet.length === 0;
				const brute = (lossless: boolean): number | null =>
					brute_force(kconf, sym, want, MAX, { clean, lossless });
				const size = brute(false);
				t.is(ex.holds, size === 0, what);
				if (ex.holds) continue;
				if (!solution) {
					t.is(size, null, `a set was overlooked, ${what}`);
					seen[ex.impossible ? "impossible" : "open"]++;
					continue;
				}
				seen.found++;
				const { set, smallest, lossless } = solution;
				if (smallest) {
					seen.proved++;
					const least = smaller ? brute(true) : size;
					t.is(set.length > MAX ? null : set.length, least, `not the smallest, ${what}`);
				}
				if (smaller) {
					seen.smaller++;
					t.true(lossless && !smaller.lossless && smaller.set.length < set.length, what);
					if (smaller.smallest)
						t.is(smaller.set.length > MAX ? null : smaller.set.length, size, what);
				}
				if (!lossless) {
					seen.lossy++;
					const better = brute(true);
					if (ex.loss_needed) t.is(better, null, `nothing need be lost, ${what}`);
					else if (better !== null && clean) seen.overlooked++;
				}
				const fragment = fragment_text(kconf, ex);
				read(config + fragment);
				t.is(get(kconf, name), want, `${fragment} does not do it, ${what}`);
				for (const { sym: own, value } of set) t.is(get(kconf, own.name ?? ""), value, what);
			}
		}
		box.remove();
		if (!t.passed) break;
	}
	t.log(seen);
	t.true(seen.found > 0 && seen.impossible > 0 && seen.proved > 0 && seen.lossy > 0);
});
