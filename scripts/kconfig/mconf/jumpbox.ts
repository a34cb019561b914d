// SPDX-License-Identifier: GPL-2.0-only
//
// The box that finds any entry while one types, after the "jump to" of Kconfiglib's
// menuconfig. The kernel's mconf has nothing like it.

import type { Kconf } from "../lkc.ts";
import { sym_calc_value, sym_get_string_value } from "../symbol.ts";
import { to_text } from "../text.ts";
import type { Dialog, Size } from "./dialog.ts";
import { draw_box, full_height, full_width, open_dialog, print_arrows } from "./dialog.ts";
import { line_edit } from "./inputbox.ts";
import { cut, fill, put, subwin } from "./screen.ts";
import type { Target } from "./search.ts";
import { filter_targets, jump_targets } from "./search.ts";

export interface JumpResult {
	readonly action: "go" | "info" | "why" | "exit";
	readonly target: Target | null;
}

const HELP = "Words in names or texts, e.g.: usb ^PCI net.*driver";
const HINT = "<Enter> go there   <Up> <Down> choose   <F2> information   <F3> why?   <Esc> back";

/** One line about a target. */
function target_text(kconf: Kconf, { kind, name, prompt, menu }: Target): string {
	if (kind !== "symbol" || !menu.sym) return `${kind} "${prompt}"`;
	sym_calc_value(kconf, menu.sym);
	const value = to_text(sym_get_string_value(menu.sym));
	return `${name} [=${value}]${prompt === "" ? "" : ` "${prompt}"`}`;
}

/** Lets the user find an entry. `init` is what was typed last time. */
export function dialog_jump(kconf: Kconf, init = ""): Dialog<JumpResult> & { text(): string } {
	const targets = jump_targets(kconf);
	const line = line_edit(init);
	let found: readonly Target[] = [];
	let filtered: string | null = null;
	let wrong = "";
	let at = 0;
	let scroll = 0;

	/** What is found is looked up when it is needed, not for each letter of a text that is pasted. */
	const filter = (): void => {
		if (filtered === line.text()) return;
		filtered = line.text();
		const res = filter_targets(kconf, targets, line.text());
		wrong = res instanceof Error ? "This is not a regular expression (yet)" : "";
		if (res instanceof Error) return;
		found = res;
		at = 0;
		scroll = 0;
	};
	const rows_of = (size: Size): number => full_height(size) - 9;
	const move = (by: number, rows: number): void => {
		at = Math.max(0, Math.min(found.length - 1, at + by));
		scroll = Math.max(at - rows + 1, Math.min(scroll, at));
	};
	return {
		text: () => line.text(),
		draw(screen) {
			const height = full_height(screen);
			const width = full_width(screen);
			filter();
			const rows = rows_of(screen);
			move(0, rows);
			const title = "Jump to symbol, choice, menu or comment";
			const win = open_dialog(screen, height, width, title);
			const frame = subwin(win, 3, width - 4, 1, 2);
			draw_box(frame, "dialog", "border");
			put(frame, 0, 2, cut(` ${HELP} `, width - 8), "dialog");
			const box = subwin(win, rows + 2, width - 4, 4, 2);
			draw_box(box, "menubox_border", "menubox");
			const list = subwin(box, rows, width - 6, 1, 1);
			for (let y = 0; y < rows; y++) {
				const target = found[scroll + y];
				fill(list, y, "menubox");
				if (!target) continue;
				const look = scroll + y === at ? "item_selected" : "item";
				put(list, y, 1, cut(target_text(kconf, target), list.width - 2), look);
			}
			const below = scroll + rows < found.length;
			print_arrows(box, 3, 0, rows + 1, { above: scroll > 0, below });
			const count = wrong || `${found.length === 0 ? "nothing" : found.length} found`;
			put(box, rows + 1, 10, ` ${count} `, "position_indicator");
			put(win, height - 2, 2, cut(HINT, width - 4), "dialog");
			line.draw(subwin(frame, 1, frame.width - 4, 1, 2), 0);
		},
		press(key, screen) {
			if (line.press(key)) return null;
			filter();
			const rows = rows_of(screen);
			const done = (action: JumpResult["action"]) => ({
				result: { action, target: found[at] ?? null },
			});
			if (key === "escape") return done("exit");
			if (key === "enter") return found[at] ? done("go") : null;
			if (key === "f2" || key === "f1" || key === "ctrl-f") return found[at] ? done("info") : null;
			if (key === "f3") return found[at] ? done("why") : null;
			if (key === "up" || key === "backtab") move(-1, rows);
			else if (key === "down" || key === "tab") move(1, rows);
			else if (key === "pageup") move(-rows, rows);
			else if (key === "pagedown") move(rows, rows);
			return null;
		},
	};
}
