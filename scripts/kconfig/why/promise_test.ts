// SPDX-License-Identifier: GPL-2.0-only
//
// Random trees with all that the language has (oracle_gen.ts): what explain_all() says to set
// is put into the .config, read again, and has to come out; and what it says to be
// impossible may not come out with values drawn at random. SEED=n takes another seed, RUNS=n
// does more.

import type { ExecutionContext } from "ava";
import test from "ava";
import { type Compat, is_compat } from "../compat.ts";
import { conf_read_text } from "../confdata.ts";
import type { Kconf, Sym } from "../lkc.ts";
import { ConfExit, S_HEX, S_INT, S_STRING, S_TRISTATE, S_UNKNOWN } from "../lkc.ts";
import { make_case } from "../oracle_gen.ts";
import { sym_clear_all_valid } from "../symbol.ts";
import type { Sandbox } from "../testutil.ts";
import { merged, sandbox, xorshift } from "../testutil.ts";
import type { Question } from "../why.ts";
import { explain_all, explain_all_text, fragment_text } from "../why.ts";
import { prompts_of } from "./goal.ts";
import { points_of } from "./points.ts";
import { same_text } from "./texts.ts";
import type { Assignment } from "./trial.ts";
import { is_logical, trial_begin, value_of } from "./trial.ts";

const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 60);
const COMPATS = process.env.KCONFIG_COMPAT?.split(" ") ?? ["7.2", "6.6", "u-boot"];
/** How many sets of values are drawn to disprove that something is impossible. */
const DRAWS = 100;

/** The tree of a case, if it can be read. */
function parse_case(box: Sandbox, files: Readonly<Record<string, string>>, compat: Compat): Kconf | null {
	for (const [name, text] of Object.entries(files)) box.put(name, text);
	try {
		return box.parse(compat);
	} catch (e) {
		if (e instanceof ConfExit) return null;
		throw e;
	}
}

/** Values to ask for: also such as cannot be. */
function wishes(kconf: Kconf, sym: Sym): string[] {
	const { type } = sym;
	if (type === S_TRISTATE) return ["n", "m", "y"];
	if (type === S_INT || type === S_HEX || type === S_STRING) return [...points_of(kconf).of(sym)];
	return ["n", "y"];
}

const same = (sym: Sym, a: string, b: string): boolean => (is_logical(sym) ? a === b : same_text(sym, a, b));

/** Values drawn at random that give what is said to be impossible, as text; null: there were none. */
function counterexample(kconf: Kconf, asked: ReadonlyMap<Sym, string>, next: () => number): string | null {
	const settable = [...kconf.symbols.values()].filter((sym) => prompts_of(sym).length > 0);
	if (settable.length === 0) return null;
	const trial = trial_begin(kconf);
	const has = ({ sym, value }: Assignment): boolean => same(sym, value_of(kconf, sym), value);
	let found: string | null = null;
	for (let i = 0; i < DRAWS && found === null; i++) {
		// Half of them with the symbols themselves, which only leaves the rest to be guessed.
		const set = new Map<Sym, string>();
		for (const [sym, want] of asked) if (next() % 2 === 0 && settable.includes(sym)) set.set(sym, want);
		for (let n = next() % 5; n > 0; n--) {
			const sym = settable[next() % settable.length] as Sym;
			const all = wishes(kconf, sym);
			if (!set.has(sym)) set.set(sym, all[next() % all.length] as string);
		}
		const values = [...set].map(([sym, value]) => ({ sym, value }));
		trial.set(values);
		if (values.every(has) && [...asked].every(([sym, value]) => has({ sym, value })))
			found = values.map(({ sym, value }) => `${sym.name}=${value}`).join(" ");
	}
	trial.end();
	return found;
}

function keep_promises(t: ExecutionContext, compat: Compat): void {
	const seen = { trees: 0, holds: 0, set: 0, impossible: 0, open: 0 };
	for (let run = 0; run < RUNS && t.passed; run++) {
		const next = xorshift(SEED * 1_000_003 + run);
		for (let i = 0; i < 8; i++) next();
		const { files } = make_case(Array.from({ length: 300 }, next), compat);
		const box = sandbox();
		const kconf = parse_case(box, files, compat);
		const symbols = kconf ? [...kconf.symbols.values()].filter(({ type }) => type !== S_UNKNOWN) : [];
		const config = files[".config"] ?? "";
		const read = (text: string): void => {
			if (!kconf) return;
			conf_read_text(kconf, { name: ".config", text });
			// Before 6.11 a choice with a new member forgets its answer once its value has been calculated.
			if (!kconf.rules.old_choices) sym_clear_all_valid(kconf);
		};
		for (let i = 0; kconf && symbols.length > 0 && i < 4; i++) {
			read(config);
			const asked = new Map<Sym, string>();
			for (let n = 1 + (next() % 2); n > 0; n--) {
				const sym = symbols[next() % symbols.length] as Sym;
				const all = wishes(kconf, sym);
				asked.set(sym, all[next() % all.length] as string);
			}
			const questions: Question[] = [...asked].map(([sym, want]) => ({ sym, want }));
			const together = explain_all(kconf, questions, { trials: 300, milliseconds: 200 });
			const text = explain_all_text(kconf, together);
			const what = `run ${run}:\n${text}\n${config}---\n${files.Kconfig}`;
			if (!together.solution) {
				seen[together.holds ? "holds" : together.impossible ? "impossible" : "open"]++;
				const set = together.impossible ? counterexample(kconf, asked, next) : null;
				t.is(set, null, `not impossible, ${what}`);
				continue;
			}
			seen.set++;
			read(merged(config, fragment_text(kconf, together)));
			for (const [sym, want] of asked)
				t.true(same(sym, value_of(kconf, sym), want), `${sym.name} is not ${want}, ${what}`);
			for (const { sym, value } of together.solution.set)
				t.true(same(sym, value_of(kconf, sym), value), `${sym.name} was not taken, ${what}`);
		}
		if (kconf) seen.trees++;
		box.remove();
	}
	t.log(seen);
	t.true(seen.trees > 0 && seen.set > 0 && seen.impossible > 0);
}

for (const compat of COMPATS.filter(is_compat))
	test(`random trees by ${compat} (SEED=${SEED} RUNS=${RUNS}): what is said to be set comes out`, (t) => {
		keep_promises(t, compat);
	});
