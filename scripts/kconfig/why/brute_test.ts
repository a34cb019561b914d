// SPDX-License-Identifier: GPL-2.0-only
//
// Random small trees with ranges, and questions about one symbol or several: what
// explain_all() says is compared with all values of all symbols that can be set, tried one by
// one. SEED=n takes another seed, RUNS=n does more.

import type { ExecutionContext } from "ava";
import test from "ava";
import { conf_read_text, config_prefix } from "../confdata.ts";
import type { Compat } from "../compat.ts";
import { is_compat, rules_of } from "../compat.ts";
import { get } from "../engine.ts";
import type { Kconf, Sym } from "../lkc.ts";
import { S_HEX, S_INT, S_STRING, S_TRISTATE } from "../lkc.ts";
import { sym_string_within_range } from "../symbol.ts";
import { merged, sandbox } from "../testutil.ts";
import type { Assignment, Question, Together } from "../why.ts";
import { explain_all, fragment_text } from "../why.ts";
import { kept_by_user } from "./effects.ts";
import { prompts_of } from "./goal.ts";
import { same_text } from "./texts.ts";
import { is_logical, trial_begin, unmet_selects, value_of } from "./trial.ts";

const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 50);
/** Since 6.11, when choices were symbols, and what others have of their own. */
const COMPATS = process.env.KCONFIG_COMPAT?.split(" ") ?? ["7.2", "6.6", "u-boot", "busybox"];
/** Trees with more sets of values than this are left out. */
const MAX_SETS = 6000;
/** The numbers in the trees are below this. */
const TOP = 5;
/** The texts in the trees; one more is tried. */
const TEXTS = ["", "a", "b"];

type Random = (n: number) => number;

/** A linear congruential generator: numbers from 0 to n-1. */
function random(seed: number): Random {
	let x = (seed * 2654435761 + 12345) >>> 0;
	return (n) => {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		return Math.floor((x / 2 ** 32) * n);
	};
}

/** A tree of some six symbols, each of which refers to earlier ones only, but for selects. */
function make_tree(rand: Random, compat: Compat): string {
	const { old_choices: old, ancient, zconf, depends_if } = rules_of(compat);
	const option = ancient ? "" : zconf ? "\toption modules\n" : "\tmodules\n";
	const compares = ancient ? ["=", "!="] : ["<", ">", "=", "!=", "<=", ">="];
	const weak = ancient ? "select" : "imply";
	/* Modules that can be turned off, that are off for good, or on, or that there are none of. */
	const modules = ['bool "modules"\n\tdefault y', 'bool "modules"', "bool\n\tdefault n", "bool\n\tdefault y"];
	let text = rand(2) ? `config MODULES\n\t${modules[rand(5)] ?? modules[0]}\n${option}` : "";
	const logical: string[] = text === "" ? [] : ["MODULES"];
	const numbers: string[] = [];
	const texts: string[] = [];
	const pick = (from: readonly string[]): string => from[rand(from.length)] as string;
	const number = (): string => (numbers.length > 0 && rand(3) === 0 ? pick(numbers) : `${rand(TOP)}`);
	const mixed = (): string => (logical.length > 0 && rand(6) === 0 ? pick(logical) : number());
	const term = (): string => {
		if (texts.length > 0 && rand(5) === 0) return `${pick(texts)} ${pick(["=", "!="])} "${pick(TEXTS)}"`;
		if (numbers.length > 0 && (logical.length === 0 || rand(3) === 0))
			return `${pick(numbers)} ${pick(compares)} ${mixed()}`;
		if (logical.length === 0) return "y";
		const name = pick(logical);
		return pick([name, name, name, `!${name}`, `${name}=y`, `${name}!=n`, "UNDEFINED", "m"]);
	};
	const expr = (): string => {
		const [a, b] = [term(), term()];
		return pick([a, a, `${a} && ${b}`, `${a} || ${b}`, `!(${a} && ${b})`]);
	};
	const maybe = (n: number, line: () => string): string => (rand(n) === 0 ? line() : "");
	const depends = (n: number): string =>
		maybe(n, () => `\tdepends on ${expr()}${depends_if ? maybe(3, () => ` if ${expr()}`) : ""}\n`);
	const when = (n: number): string => maybe(n, () => ` if ${expr()}`);
	const selects = (n: number): string =>
		maybe(n, () => `\t${rand(3) ? "select" : weak} ${pick(["T", "T", "U"])}${when(3)}\n`);
	const twice = (): string => pick(["bool", "bool", "tristate"]);
	// A tree with a family has less else: two who select H, and more that is lost with their head.
	const family = rand(3) === 0;
	const count = family ? 1 : 4 + rand(2);
	for (let i = 0; i < count; i++) {
		const name = `S${i}`;
		const kind = rand(old ? 15 : 11);
		const menu = rand(8) === 0 && !ancient;
		const block = rand(10) === 0;
		if (menu) text += `menu "menu ${i}"\n\tvisible if ${expr()}\n`;
		if (block) text += `if ${expr()}\n`;
		if (kind === 10) {
			text += `config ${name}\n\tstring "${name}"\n${depends(2)}`;
			text += maybe(2, () => `\tdefault "${pick(TEXTS)}"${maybe(2, () => ` if ${expr()}`)}\n`);
			texts.push(name);
		} else if (kind < 4) {
			const type = rand(4) ? "int" : "hex";
			const prompt = rand(3) ? ` "${name}"` : "";
			text += `config ${name}\n\t${type}${prompt}\n`;
			text += depends(2);
			for (let j = rand(3); j > 0; j--)
				text += `\tdefault ${number()}${maybe(2, () => ` if ${expr()}`)}\n`;
			for (let j = rand(3); j > 0; j--) {
				const low = rand(4) ? `${rand(3)}` : number();
				const high = rand(8) ? (rand(3) ? `${2 + rand(TOP - 2)}` : number()) : "NOWHERE";
				text += `\trange ${low} ${high}${maybe(2, () => ` if ${expr()}`)}\n`;
			}
			numbers.push(name);
		} else if (kind === 4 || kind > 10) {
			const many = old && rand(2) === 0;
			const head = old ? `${pick(["", ` C${i}`])}\n\t${many ? "tristate" : "bool"}` : "\n\tprompt";
			text += `choice${head} "choice ${i}"\n${maybe(3, () => `\tdepends on ${expr()}\n`)}`;
			if (old) text += maybe(2, () => "\toptional\n");
			text += maybe(3, () => `\tdefault ${name}B${maybe(2, () => ` if ${expr()}`)}\n`);
			const members = many && rand(2) ? ["A", "B", "C"] : ["A", "B"];
			for (const member of members) {
				const type = many && rand(4) ? "tristate" : "bool";
				text += `config ${name}${member}\n\t${type} "${name}${member}"\n`;
				text += depends(3) + selects(6);
			}
			text += "endchoice\n";
			logical.push(...members.map((member) => `${name}${member}`));
		} else {
			const prompt = rand(4) === 0 ? "" : ` "${name}"${maybe(4, () => ` if ${expr()}`)}`;
			text += `config ${name}\n\t${rand(2) ? "bool" : "tristate"}${prompt}\n`;
			text += depends(2);
			text += maybe(3, () => `\tdefault ${rand(2) ? "y" : expr()} if ${expr()}\n`);
			text += selects(4);
			/* Once more: with a condition of its own, and perhaps where it can be seen. */
			const again = rand(3) ? "" : ` "${name}"${maybe(2, () => ` if ${expr()}`)}`;
			text += maybe(6, () => `config ${name}\n\t${twice()}${again}\n${depends(2)}${selects(3)}`);
			logical.push(name);
		}
		if (block) text += "endif\n";
		if (menu) text += "endmenu\n";
	}
	if (family) {
		text += 'config F\n\tbool "F"\n';
		for (const name of ["F0", "F1", "F2", "F3"]) {
			text += `config ${name}\n\tbool "${name}"\n\tdepends on F\n`;
			text += name < "F2" ? "\tselect H\n" : maybe(3, () => `\tdepends on ${expr()}\n`);
		}
		text += "config H\n\tbool\n";
	}
	text += `config T\n\t${rand(2) ? "bool" : "tristate"}${family || rand(2) ? "" : ' "T"'}\n${depends(2)}`;
	text += maybe(3, () => `\tselect U${maybe(3, () => ` if ${expr()}`)}\n`);
	return `${text}config U\n\t${rand(2) ? "bool" : "tristate"}${family || rand(3) ? "" : ' "U"'}\n${depends(2)}`;
}

/** The values that are worth telling apart. */
function domain(sym: Sym): string[] {
	if (sym.type === S_TRISTATE) return ["n", "m", "y"];
	if (sym.type === S_INT) return Array.from({ length: TOP + 3 }, (_, i) => `${i - 1}`);
	if (sym.type === S_HEX) return Array.from({ length: TOP + 2 }, (_, i) => `0x${i.toString(16)}`);
	return sym.type === S_STRING ? [...TEXTS, "other"] : ["n", "y"];
}

const settable = (kconf: Kconf): Sym[] => [...kconf.symbols.values()].filter((sym) => prompts_of(sym).length > 0);

function make_config(rand: Random, kconf: Kconf): string {
	const prefix = config_prefix(kconf);
	let text = "";
	const much = rand(2) === 0;
	for (const sym of settable(kconf)) {
		if (rand(much ? 5 : 2) === 1) continue;
		const value = domain(sym)[rand(domain(sym).length)] as string;
		if (sym.type === S_STRING) text += `${prefix}${sym.name}="${value}"\n`;
		else if (much && is_logical(sym)) text += `${prefix}${sym.name}=y\n`;
		else if (value === "m" || !is_logical(sym)) text += `${prefix}${sym.name}=${value}\n`;
		else text += rand(3) ? `${prefix}${sym.name}=y\n` : `# ${prefix}${sym.name} is not set\n`;
	}
	return text;
}

/** Are all numbers of a configuration in their ranges? */
function in_range(kconf: Kconf, config: string): boolean {
	return [...config.matchAll(/^(?:CONFIG_)?(\w+)=(\d\w*)$/gm)].every(([, name = "", value = ""]) => {
		const sym = kconf.symbols.get(name) as Sym;
		return is_logical(sym) || sym_string_within_range(kconf, sym, value);
	});
}

/** One set of values, and what comes of it. */
interface Outcome {
	readonly size: number;
	/** Every value of the set was accepted. */
	readonly accepted: boolean;
	readonly clean: boolean;
	readonly values: ReadonlyMap<Sym, string>;
}

/** All sets of values, or null if there are too many. */
function all_outcomes(kconf: Kconf): Outcome[] | null {
	const symbols = settable(kconf);
	const options = symbols.map((sym) => [null, ...domain(sym)]);
	if (options.reduce((product, { length }) => product * length, 1) > MAX_SETS) return null;
	const named = [...kconf.symbols.values()].filter((sym) => sym.menus.length > 0);
	const trial = trial_begin(kconf);
	trial.set([]);
	const before = unmet_selects(kconf);
	const found: Outcome[] = [];
	const visit = (): void => {
		const set = chosen();
		const picked = set
			.filter(({ sym, value }) => sym.in_choice && value === "y")
			.map(({ sym }) => sym.in_choice);
		// Of one choice only one can be y.
		if (new Set(picked).size < picked.length) return;
		trial.set(set);
		found.push({
			size: set.length,
			accepted: set.every(({ sym, value }) => same_value(sym, value_of(kconf, sym), value)),
			clean: [...unmet_selects(kconf)].every((sym) => before.has(sym)),
			values: new Map(named.map((sym) => [sym, value_of(kconf, sym)])),
		});
	};
	const at = symbols.map(() => 0);
	const chosen = (): Assignment[] =>
		symbols.flatMap((sym, i) => {
			const value = options[i]?.[at[i] as number] ?? null;
			return value === null ? [] : [{ sym, value }];
		});
	for (let i = 0; i >= 0; ) {
		visit();
		for (i = symbols.length - 1; i >= 0; i--) {
			at[i] = (at[i] as number) + 1;
			if ((at[i] as number) < (options[i]?.length ?? 0)) break;
			at[i] = 0;
		}
	}
	trial.end();
	return found;
}

const same_value = (sym: Sym, a: string, b: string): boolean => (is_logical(sym) ? a === b : same_text(sym, a, b));

const NOTHING_SEEN = {
	holds: 0,
	found: 0,
	several: 0,
	impossible: 0,
	open: 0,
	small: 0,
	least: 0,
	lossy: 0,
	smaller: 0,
};

/** Compares an answer with all that is possible; returns what is wrong with it, or null. */
function judge(
	seen: typeof NOTHING_SEEN,
	kconf: Kconf,
	together: Together,
	asked: readonly Required<Question>[],
	all: readonly Outcome[],
): string | null {
	const kept = [
		...kept_by_user(
			kconf,
			asked.map(({ sym }) => sym),
		),
	];
	const lost = ({ values }: Outcome): number => kept.filter((sym) => values.get(sym) === "n").length;
	const good = all.filter(
		({ accepted, values }) =>
			accepted && asked.every(({ sym, want }) => same_value(sym, values.get(sym) ?? "", want)),
	);
	const { solution, smaller } = together;
	if (together.holds !== good.some(({ size }) => size === 0)) return "holds";
	if (together.holds) {
		seen.holds++;
		return null;
	}
	if (!solution) {
		seen[together.impossible ? "impossible" : "open"]++;
		return good.length > 0 ? `${together.impossible ? "not impossible" : "overlooked"}` : null;
	}
	seen.found++;
	if (asked.length > 1) seen.several++;
	const clean = solution.unmet.length === 0;
	if (!clean && good.some((each) => each.clean)) return "there is a clean one";
	const equal = good.filter((each) => each.clean || !clean);
	const sizes = (some: readonly Outcome[]): number => Math.min(...some.map(({ size }) => size));
	const least = Math.min(...equal.map(lost));
	if (solution.smallest) {
		seen.small++;
		const rivals = smaller ? equal.filter((each) => lost(each) <= solution.lost) : equal;
		if (sizes(rivals) < solution.set.length) return "not the smallest";
	}
	if (!solution.lossless) seen.lossy++;
	if (together.least_loss) {
		seen.least++;
		if (least < solution.lost) return `loses ${solution.lost}, and ${least} would do`;
	}
	if (together.loss_needed && least === 0) return "no loss is needed";
	if (!smaller) return null;
	seen.smaller++;
	if (smaller.set.length >= solution.set.length || smaller.lost <= solution.lost)
		return "no point in the smaller";
	return smaller.smallest && sizes(equal) < smaller.set.length ? "the smaller is not the smallest" : null;
}

function compare(t: ExecutionContext, compat: Compat): void {
	const seen = { ...NOTHING_SEEN };
	for (let run = 0; run < RUNS && t.passed; run++) {
		const rand = random(SEED * 100_003 + run);
		const kconfig = make_tree(rand, compat);
		const box = sandbox({ Kconfig: kconfig });
		const kconf = box.parse(compat);
		box.remove();
		const config = make_config(rand, kconf);
		const read = (text: string): void => conf_read_text(kconf, { name: ".config", text });
		// Such numbers are forgotten, after others have been calculated with them.
		read(config);
		const forgets = kconf.rules.forget_range && !in_range(kconf, config);
		const all = forgets ? null : all_outcomes(kconf);
		if (!all) continue;
		const named = [...kconf.symbols.values()].filter((sym) => sym.menus.length > 0);
		for (let i = 0; i < 6; i++) {
			const asked = new Map<Sym, string>();
			for (let n = 1 + (rand(2) ? rand(3) : 0); n > 0; n--) {
				const sym = named[rand(named.length)] as Sym;
				asked.set(sym, domain(sym)[rand(domain(sym).length)] as string);
			}
			const head = kconf.symbols.get("H");
			if (i === 0 && head) asked.clear();
			if (i === 0 && head) asked.set(head, "n");
			const questions = [...asked].map(([sym, want]) => ({ sym, want }));
			read(config);
			const budget = { trials: 100_000, milliseconds: 20_000 };
			const together = explain_all(kconf, questions, budget);
			const names = questions.map(({ sym, want }) => `${sym.name}=${want}`).join(" ");
			const fragment = fragment_text(kconf, together);
			const what = `run ${run}: ${names}\n${config}---\n${kconfig}---\n${fragment}`;
			t.is(judge(seen, kconf, together, questions, all), null, what);
			if (!together.solution) continue;
			read(merged(config, fragment, config_prefix(kconf)));
			for (const { sym, want } of [
				...questions,
				...together.solution.set.map((a) => ({ ...a, want: a.value })),
			])
				t.true(
					same_value(sym, get(kconf, sym.name ?? ""), want),
					`${sym.name} is not ${want}, ${what}`,
				);
		}
	}
	t.log(seen);
	/* The trees that old rules allow have seldom two answers of which one is smaller and loses more. */
	const has_smaller = rules_of(compat).old_choices || seen.smaller > 0;
	t.true(seen.found > 0 && seen.several > 0 && seen.impossible > 0 && seen.lossy > 0 && has_smaller);
}

for (const compat of COMPATS.filter(is_compat)) {
	const title = `random trees by ${compat} (SEED=${SEED} RUNS=${RUNS})`;
	test(`${title}: every verdict is that of all values tried`, (t) => compare(t, compat));
}
