// SPDX-License-Identifier: GPL-2.0-only
//
// Connects the program to a terminal: reads keys, shows screens, and leaves the terminal as
// it was, however the program ends. Only what changed is written, row by row.

import type { Interface } from "node:readline";
import { emitKeypressEvents } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import type { Ending } from "./app.ts";
import type { Key, Size } from "./dialog.ts";
import { ASCII_LINES } from "./dialog.ts";
import type { Model } from "./model.ts";
import type { Cell, Screen } from "./screen.ts";
import { NOT_SAVED } from "./texts.ts";
import type { Theme } from "./theme.ts";

export interface Terminal {
	readonly input: ReadStream;
	readonly output: WriteStream;
	readonly theme: Theme;
	readonly utf8: boolean;
}

/** How long to wait for the rest of a key's code before it is the escape key alone. */
const ESCAPE_DELAY_MS = 400;

const CSI = "\x1b[";
/** The other screen of the terminal, if it has two; and no wrapping at its right edge. */
const ENTER = `${CSI}?1049h${CSI}?7l${CSI}2J`;
const LEAVE = `${CSI}0m${CSI}2J${CSI}H${CSI}?7h${CSI}?25h${CSI}?1049l`;

interface Keypress {
	name?: string;
	ctrl?: boolean;
	meta?: boolean;
	shift?: boolean;
}

const NAMES: Readonly<Record<string, Key>> = { return: "enter", space: " " };
const NAMED = /^(up|down|left|right|pageup|pagedown|home|end|enter|escape|backspace|delete|f\d+)$/;
const CONTROLS: Readonly<Record<string, Key>> = { n: "down", p: "up", h: "backspace", m: "enter" };

/** The name that the program has for a key; null for keys that mean nothing to it. */
export function key_name(str: string | undefined, key: Keypress): Key | null {
	const name = NAMES[key.name ?? ""] ?? key.name ?? "";
	if (name === "tab") return key.shift ? "backtab" : "tab";
	if (key.ctrl && /^[a-z]$/.test(name)) return CONTROLS[name] ?? `ctrl-${name}`;
	if (NAMED.test(name)) return name;
	if (key.meta || str === undefined || /^\p{C}/u.test(str)) return null;
	return str;
}

/** A row as the bytes that show it. */
export function row_text(row: readonly Cell[], theme: Theme, utf8: boolean): string {
	let out = "";
	let look = "";
	for (const [x, { ch, style }] of row.entries()) {
		if (theme[style] !== look) {
			look = theme[style];
			out += `${CSI}${look}m`;
		}
		if (utf8) out += ch;
		else if (ch === "") out += "?";
		else out += ASCII_LINES[ch] ?? (/^[\x20-\x7e]$/.test(ch) ? ch : "?");
		// A character of two cells may be one cell wide to the terminal: say where we are.
		if (utf8 && ch === "") out += `${CSI}${x + 2}G`;
	}
	return out;
}

/** Runs the program on a terminal until it ends. */
export function run_tty(model: Model, terminal: Terminal): Promise<Ending> {
	const { input, output, theme, utf8 } = terminal;
	let shown: string[] = [];
	let active = false;
	let painting = false;

	const size = (): Size => ({ rows: output.rows || 24, cols: output.columns || 80 });
	const enter = (): void => {
		active = true;
		shown = [];
		// Whoever had the terminal meanwhile may have left it in another mode.
		input.setRawMode(false);
		input.setRawMode(true);
		input.resume();
		output.write(ENTER);
	};
	const leave = (): void => {
		if (!active) return;
		active = false;
		output.write(LEAVE);
		input.setRawMode(false);
		input.pause();
	};
	const paint = (screen: Screen): void => {
		let out = "";
		for (const [y, row] of screen.cells.entries()) {
			const text = row_text(row, theme, utf8);
			if (shown[y] === text) continue;
			shown[y] = text;
			out += `${CSI}${y + 1};1H${text}`;
		}
		const { cursor } = screen;
		out += cursor ? `${CSI}${cursor.y + 1};${cursor.x + 1}H${CSI}?25h` : `${CSI}?25l`;
		output.write(out);
	};

	return new Promise((resolve, reject) => {
		const undo: (() => void)[] = [];
		const finish = (settle: () => void): void => {
			leave();
			for (const off of undo) off();
			settle();
		};
		const end = (ending: Ending): void => finish(() => resolve(ending));
		/** Shows the screen when there are no more keys: a text that is pasted is many of them. */
		const show_soon = (): void => {
			if (painting) return;
			painting = true;
			setImmediate(() => {
				painting = false;
				try {
					if (active) paint(model.screen(size()));
				} catch (e) {
					finish(() => reject(e));
				}
			});
		};
		/** Does something that may end the program, and shows the result. */
		const step = (work: () => Ending | null): void => {
			try {
				const ending = work();
				if (ending) end(ending);
				else show_soon();
			} catch (e) {
				finish(() => reject(e));
			}
		};
		const repaint = (): void => {
			shown = [];
			step(() => null);
		};
		const resume = (): void => {
			enter();
			repaint();
		};
		const on_key = (str: string | undefined, key: Keypress): void => {
			const name = key_name(str, key);
			if (name === null) return;
			if (name === "ctrl-c") step(() => model.interrupt());
			else if (name === "ctrl-l") repaint();
			else if (name === "ctrl-z") {
				leave();
				// All that runs in the foreground stops, make too. Who cannot be stopped goes on.
				process.kill(0, "SIGTSTP");
				setImmediate(() => active || resume());
			} else step(() => model.press(name, size()));
		};
		/** The terminal is gone: there is nothing to put in order, and nobody to tell. */
		const hang_up = (): void => {
			active = false;
			for (const off of undo) off();
			output.on("error", () => {});
			process.kill(process.pid, "SIGHUP");
		};
		const on_signal = (signal: string): void => {
			if (signal === "SIGINT") step(() => model.interrupt());
			else if (signal === "SIGHUP") hang_up();
			else end({ code: 143, out: "", err: NOT_SAVED });
		};
		const listen = (emitter: NodeJS.EventEmitter, event: string, fn: (...a: never[]) => void) => {
			emitter.on(event, fn as never);
			undo.push(() => emitter.off(event, fn as never));
		};
		listen(input, "keypress", on_key);
		listen(input, "end", hang_up);
		listen(input, "error", hang_up);
		listen(output, "error", hang_up);
		listen(output, "resize", repaint);
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) listen(process, signal, on_signal);
		listen(process, "SIGCONT", resume);
		listen(process, "exit", leave);
		listen(process, "uncaughtExceptionMonitor", leave);
		emitKeypressEvents(input, { escapeCodeTimeout: ESCAPE_DELAY_MS } as unknown as Interface);
		resume();
	});
}
