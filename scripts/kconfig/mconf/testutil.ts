// SPDX-License-Identifier: GPL-2.0-only
//
// A program without a terminal, for the tests of this directory.

import { COMPAT_7_2 } from "../lkc.ts";
import { mconf_load } from "../mconf.ts";
import type { Sandbox } from "../testutil.ts";
import { sandbox } from "../testutil.ts";
import type { App, Ending } from "./app.ts";
import type { Key, Size } from "./dialog.ts";
import { mconf_model } from "./model.ts";
import { screen_text } from "./screen.ts";

export interface Session {
	readonly box: Sandbox;
	readonly app: App;
	size: Size;
	ending: Ending | null;
	/** Presses keys: names ("up"), or texts that are typed letter by letter ("'usb"). */
	press(...keys: Key[]): void;
	interrupt(): void;
	/** The screen as text. */
	text(): string;
	/** The line of the menu or list that is chosen now: the one with the cursor. */
	line(): string;
	/** The lines between the edges of the inner box. */
	list(): string[];
}

/** Starts the program with these files. */
export function session(files: Record<string, string>, env: Record<string, string | undefined> = {}): Session {
	const box = sandbox(files);
	box.env = env;
	const host = {
		env,
		cwd: box.dir,
		out: (text: string) => {
			box.printed.out += text;
		},
		err: (text: string) => {
			box.printed.err += text;
		},
	};
	const app = mconf_load({ kconfig: "Kconfig", silent: false, compat: COMPAT_7_2 }, host);
	const model = mconf_model(app);
	const s: Session = {
		box,
		app,
		size: { rows: 24, cols: 80 },
		ending: null,
		press(...keys) {
			for (const key of keys) {
				const typed = key.startsWith("'") ? [...key.slice(1)] : [key];
				for (const one of typed) s.ending = model.press(one, s.size);
			}
		},
		interrupt() {
			s.ending = model.interrupt();
		},
		text: () => screen_text(model.screen(s.size)).join("\n"),
		line() {
			const screen = model.screen(s.size);
			const text = screen_text(screen)[screen.cursor?.y ?? -1] ?? "";
			return text.replace(/^[ │]+|[ │]+$/g, "");
		},
		list() {
			const lines = screen_text(model.screen(s.size));
			return lines.flatMap((line) => /^ *│ │ (.*) │ │$/.exec(line)?.[1]?.trimEnd() || []);
		},
	};
	return s;
}
