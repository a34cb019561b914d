// SPDX-License-Identifier: GPL-2.0-only
//
// Why has a symbol no other value, and what would give it one? Shows the answer of why.ts,
// and sets what that proposes. No counterpart in Linux.

import type { Kconf, Menu, Sym } from "../lkc.ts";
import { S_BOOLEAN, S_TRISTATE } from "../lkc.ts";
import { sym_calc_value, sym_get_string_value, sym_is_choice } from "../symbol.ts";
import { to_text } from "../text.ts";
import type { Explanation, Solution } from "../why.ts";
import { explain, explain_text, fragment_text } from "../why.ts";
import { commit, is_logical } from "../why/trial.ts";
import type { App, Steps } from "./app.ts";
import { show, show_textbox } from "./app.ts";
import { show_info } from "./pages.ts";
import * as texts from "./texts.ts";
import { dialog_yesno } from "./yesno.ts";

/** Lines of a question that list values. */
const MAX_LISTED = 5;

/** Asks whether to set the values. */
function* confirm(app: App, ex: Explanation, { changes }: Solution): Steps<boolean> {
	const { kconf } = app;
	const lines = to_text(fragment_text(kconf, ex)).trimEnd().split("\n");
	const more = lines.splice(MAX_LISTED).length;
	if (more > 0) lines.push(`and ${more} more`);
	const others = changes.filter(({ set }) => !set).length;
	const effect =
		others === 0 ? "Nothing else changes." : `${others} other symbol${others > 1 ? "s" : ""} will change.`;
	const text = ["Set these values?", ...lines.map((line) => `  ${line}`), effect].join("\n");
	const answer = yield* show(dialog_yesno(text, lines.length + 6, 70));
	return answer === "yes";
}

/** The value that the user may want to hear about: y, or n if the symbol has y. */
function first_want(kconf: Kconf, sym: Sym): string | undefined {
	sym_calc_value(kconf, sym);
	return is_logical(sym) && sym_get_string_value(sym) === "y" ? "n" : undefined;
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
	const keys = sym.type === S_TRISTATE ? "ymn" : sym.type === S_BOOLEAN ? "yn" : "";
	for (;;) {
		const ex = explain(kconf, sym, want);
		const { solution } = ex;
		const hint = (solution ? texts.WHY_HINT : "") + (keys === "" ? "" : texts.WHY_HINT_VALUES);
		const text = to_text(explain_text(kconf, ex));
		const extra = (key: string): string | undefined => {
			const lower = key.toLowerCase();
			if (lower === "s" && solution) return "set";
			return keys.includes(lower) ? lower : undefined;
		};
		const title = `Why is ${to_text(sym.name ?? "")} as it is?`;
		const res = yield* show_textbox(title, text, { extra, hint });
		if (!res.extra) return false;
		if (res.extra !== "set" || !solution) want = res.extra as string;
		else if (yield* confirm(app, ex, solution)) {
			commit(kconf, solution.set);
			return true;
		}
	}
}
