// SPDX-License-Identifier: GPL-2.0-only
//
// The box that asks a question to be answered with yes or no. Mirrors Linux's
// scripts/kconfig/lxdialog/yesno.c.

import type { Dialog } from "./dialog.ts";
import { open_dialog, print_autowrap, print_buttons } from "./dialog.ts";
import { set_cursor } from "./screen.ts";

export type YesNo = "yes" | "no" | "escape";

/** Asks a question. */
export function dialog_yesno(question: string, height: number, width: number): Dialog<YesNo> {
	let button = 0;
	return {
		draw(screen) {
			const win = open_dialog(screen, height, Math.min(width, screen.cols - 2), null);
			print_autowrap(win, question, 1, height - 4);
			const at = print_buttons(win, [" Yes ", "  No  "], 13, button);
			set_cursor(win, at.y, at.x);
		},
		press(key) {
			if (/^[yY]$/.test(key)) return { result: "yes" };
			if (/^[nN]$/.test(key)) return { result: "no" };
			if (key === "escape") return { result: "escape" };
			if (key === "enter" || key === " ") return { result: button === 0 ? "yes" : "no" };
			if (["tab", "backtab", "left", "right"].includes(key)) button = 1 - button;
			return null;
		},
	};
}
