// SPDX-License-Identifier: GPL-2.0-only
//
// Why has a symbol no other value, and what would give it one? Shows the answer of why.ts,
// and sets what that proposes. No counterpart in Linux.

import { choice_move_first, sym_get_choice_menu } from '../choice.ts';
import type { Kconf, Menu, Sym } from '../lkc.ts';
import { mod, no, S_BOOLEAN, S_DEF_USER, S_TRISTATE, SYMBOL_DEF_USER, yes } from '../lkc.ts';
import { sym_calc_value, sym_clear_all_valid, sym_get_string_value, sym_is_choice } from '../symbol.ts';
import { to_text } from '../text.ts';
import type { Assignment, Explanation } from '../why.ts';
import { explain, explain_text, fragment_text } from '../why.ts';
import { trial_begin } from '../why/trial.ts';
import type { App, Steps } from './app.ts';
import { calc_all, show, show_textbox } from './app.ts';
import { show_info } from './pages.ts';
import * as texts from './texts.ts';
import { dialog_yesno } from './yesno.ts';

/** Lines of a question that list values. */
const MAX_LISTED = 5;

const is_logical = (sym: Sym): boolean => sym.type === S_BOOLEAN || sym.type === S_TRISTATE;

/** The values of all symbols, in order. */
function all_values(kconf: Kconf): string[] {
	calc_all(kconf);
	return kconf.all.map((sym) => (sym_is_choice(sym) ? '' : sym_get_string_value(sym)));
}

/** How many symbols that are not part of it a set of values would change. */
function side_effects(kconf: Kconf, set: readonly Assignment[]): number {
	const before = all_values(kconf);
	const trial = trial_begin(kconf);
	try {
		trial.set(set);
		const after = all_values(kconf);
		const own = new Set(set.map(({ sym }) => sym));
		return kconf.all.filter((sym, i) => before[i] !== after[i] && !own.has(sym)).length;
	} finally {
		trial.end();
	}
}

/** Sets values as if the configuration file said so: some show only because of the others. */
export function apply(kconf: Kconf, set: readonly Assignment[]): void {
	for (const { sym, value } of set) {
		const tri = value === 'y' ? yes : value === 'm' ? mod : no;
		sym.def[S_DEF_USER] = is_logical(sym) ? { val: '', tri } : { val: value, tri: no };
		sym.flags |= SYMBOL_DEF_USER;
		const choice = sym_get_choice_menu(sym);
		if (choice) choice_move_first(choice, sym);
	}
	sym_clear_all_valid(kconf);
}

/** Asks whether to set the values. */
function* confirm(app: App, ex: Explanation, set: readonly Assignment[]): Steps<boolean> {
	const { kconf } = app;
	const lines = to_text(fragment_text(kconf, ex)).trimEnd().split('\n');
	const more = lines.splice(MAX_LISTED).length;
	if (more > 0) lines.push(`and ${more} more`);
	const others = side_effects(kconf, set);
	const effect =
		others === 0 ? 'Nothing else changes.' : `${others} other symbol${others > 1 ? 's' : ''} will change.`;
	const text = ['Set these values?', ...lines.map((line) => `  ${line}`), effect].join('\n');
	const answer = yield* show(dialog_yesno(text, lines.length + 6, 70));
	return answer === 'yes';
}

/** The value that the user may want to hear about: y, or n if the symbol has y. */
function first_want(kconf: Kconf, sym: Sym): string | undefined {
	sym_calc_value(kconf, sym);
	return is_logical(sym) && sym_get_string_value(sym) === 'y' ? 'n' : undefined;
}

/** Explains a symbol. True if the user has set the values that were proposed. */
export function* show_why(app: App, menu: Menu): Steps<boolean> {
	const { kconf } = app;
	const { sym } = menu;
	if (!sym || sym_is_choice(sym)) {
		yield* show_info(app, menu);
		return false;
	}
	let want = first_want(kconf, sym);
	const keys = sym.type === S_TRISTATE ? 'ymn' : sym.type === S_BOOLEAN ? 'yn' : '';
	for (;;) {
		const ex = explain(kconf, sym, want);
		const set = ex.solution?.set ?? [];
		const hint = (set.length > 0 ? texts.WHY_HINT : '') + (keys === '' ? '' : texts.WHY_HINT_VALUES);
		const text = to_text(explain_text(kconf, ex));
		const extra = (key: string): string | undefined => {
			const lower = key.toLowerCase();
			if (lower === 's' && set.length > 0) return 'set';
			return keys.includes(lower) ? lower : undefined;
		};
		const title = `Why is ${to_text(sym.name ?? '')} as it is?`;
		const res = yield* show_textbox(title, text, { extra, hint });
		if (!res.extra) return false;
		if (res.extra !== 'set') want = res.extra as string;
		else if (yield* confirm(app, ex, set)) {
			apply(kconf, set);
			return true;
		}
	}
}
