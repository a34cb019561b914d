// SPDX-License-Identifier: GPL-2.0-only
//
// How the parts of a screen look: the themes of Linux's scripts/kconfig/lxdialog/util.c as
// terminal attributes, and which theme a terminal gets.

import type { Style } from "./screen.ts";
import { STYLES } from "./screen.ts";

/** Each style as the parameters of an SGR sequence. */
export type Theme = Readonly<Record<Style, string>>;

type Color = "black" | "red" | "green" | "yellow" | "blue" | "cyan" | "white";
const NUMBER: Readonly<Record<Color, number>> = {
	black: 0,
	red: 1,
	green: 2,
	yellow: 3,
	blue: 4,
	cyan: 6,
	white: 7,
};

/** "yellow on blue", with "bold " in front if it is. */
function sgr(look: string): string {
	const [, bold, fg, bg] = /^(bold )?(\w+) on (\w+)$/.exec(look) as RegExpExecArray;
	const color = (name: string | undefined): number => NUMBER[name as Color];
	return `0;${bold ? "1;" : ""}3${color(fg)};4${color(bg)}`;
}

type Looks = Readonly<Record<Style, string>>;

const CLASSIC: Looks = {
	screen: "bold cyan on blue",
	shadow: "bold black on black",
	dialog: "black on white",
	title: "bold yellow on white",
	border: "bold white on white",
	button_active: "bold white on blue",
	button_inactive: "black on white",
	button_key_active: "bold white on blue",
	button_key_inactive: "red on white",
	button_label_active: "bold yellow on blue",
	button_label_inactive: "bold black on white",
	inputbox: "black on white",
	position_indicator: "bold yellow on white",
	menubox: "black on white",
	menubox_border: "bold white on white",
	item: "black on white",
	item_selected: "bold white on blue",
	tag: "bold yellow on white",
	tag_selected: "bold yellow on blue",
	tag_key: "bold yellow on white",
	tag_key_selected: "bold yellow on blue",
	check: "black on white",
	check_selected: "bold white on blue",
	uarrow: "bold green on white",
	darrow: "bold green on white",
};

const BLUETITLE: Looks = {
	...CLASSIC,
	title: "bold blue on white",
	button_key_active: "bold yellow on blue",
	button_label_active: "bold white on blue",
	position_indicator: "bold blue on white",
	tag: "bold blue on white",
	tag_key: "bold blue on white",
};

const BLACKBG: Looks = {
	screen: "bold red on black",
	shadow: "black on black",
	dialog: "white on black",
	title: "red on black",
	border: "bold black on black",
	button_active: "yellow on red",
	button_inactive: "yellow on black",
	button_key_active: "bold yellow on red",
	button_key_inactive: "red on black",
	button_label_active: "white on red",
	button_label_inactive: "white on black",
	inputbox: "yellow on black",
	position_indicator: "red on black",
	menubox: "yellow on black",
	menubox_border: "bold black on black",
	item: "white on black",
	item_selected: "white on red",
	tag: "red on black",
	tag_selected: "bold yellow on red",
	tag_key: "red on black",
	tag_key_selected: "bold yellow on red",
	check: "yellow on black",
	check_selected: "bold yellow on red",
	uarrow: "red on black",
	darrow: "red on black",
};

const BOLD = "0;1";
const REVERSE = "0;7";
const MONO: Readonly<Partial<Record<Style, string>>> = {
	title: BOLD,
	button_active: REVERSE,
	button_inactive: "0;2",
	button_key_active: REVERSE,
	button_key_inactive: BOLD,
	button_label_active: REVERSE,
	position_indicator: BOLD,
	item_selected: REVERSE,
	tag: BOLD,
	tag_selected: REVERSE,
	tag_key: BOLD,
	tag_key_selected: REVERSE,
	check: BOLD,
	check_selected: REVERSE,
	uarrow: BOLD,
	darrow: BOLD,
};

function theme_of(look: (style: Style) => string): Theme {
	return Object.fromEntries(STYLES.map((style) => [style, look(style)])) as Theme;
}

export const MONO_THEME: Theme = theme_of((style) => MONO[style] ?? "0");

const THEMES: Readonly<Record<string, Theme>> = {
	classic: theme_of((style) => sgr(CLASSIC[style])),
	bluetitle: theme_of((style) => sgr(BLUETITLE[style])),
	blackbg: theme_of((style) => sgr(BLACKBG[style])),
	mono: MONO_THEME,
};

type Env = Readonly<Record<string, string | undefined>>;

/** Terminals that have no colour, whatever else they can. */
const COLOURLESS = /^(dumb|unknown|vt\d+.*|.*-mono|.*-m)?$/;

/** $MENUCONFIG_COLOR, or no colour if the terminal has none or the user wants none. */
export function choose_theme(env: Env): Theme {
	const colourless = COLOURLESS.test(env.TERM ?? "") || Boolean(env.NO_COLOR);
	if (colourless) return MONO_THEME;
	return THEMES[env.MENUCONFIG_COLOR ?? "bluetitle"] ?? (THEMES.bluetitle as Theme);
}

/** May text go to the terminal as UTF-8? */
export function is_utf8(env: Env): boolean {
	if (env.TERM === "dumb") return false;
	const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
	return /utf-?8/i.test(locale);
}
