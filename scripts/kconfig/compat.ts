// SPDX-License-Identifier: GPL-2.0-only
//
// Whose rules hold: one row for every release of Linux, and for every other project with a
// conf of its own, whose trees are read as they are. No counterpart in Linux; each row says
// what its scripts/kconfig does.

import { hash_str, sum_of_bytes } from "./hash.ts";

/** What --compat and $KCONFIG_COMPAT may say. */
export const COMPATS = ["5.17", "6.1", "6.6", "6.12", "7.2", "coreboot", "u-boot", "buildroot", "busybox"] as const;
export type Compat = (typeof COMPATS)[number];

export const COMPAT_6_12 = "6.12";
export const COMPAT_7_2 = "7.2";

/** The statements and words of the language, and how files are found. */
interface Language {
	/** Words with a meaning, and the meaning: keyword, or what it is another spelling of. */
	readonly words: Readonly<Record<string, string>>;
	/**
	 * The language of zconf.l and zconf.y, before 5.0: most words have a meaning only where a line
	 * begins, words within a line may contain "." and "/", texts of one word need no quotes, and an
	 * "if" in a choice may contain everything.
	 */
	readonly zconf: boolean;
	/** $(…) is expanded, and there are assignments. */
	readonly macros: boolean;
	/** $NAME in a name of a file, or in the title, is the value of a symbol. */
	readonly symbols_in_names: boolean;
	/** "source" takes a pattern. */
	readonly source_glob: boolean;
	/** A file may be sourced again. */
	readonly source_again: boolean;
	/** What may stand in a choice. */
	readonly in_choice: ReadonlySet<string>;
	/** "depends on A if B". */
	readonly depends_if: boolean;
	/** The mainmenu statement may be missing: what the title is then. */
	readonly title: string;
	/** A choice may have a type of its own. */
	readonly choice_type: boolean;
}

/** What is said of the files, and how values follow from them. */
interface Semantics {
	/** The reference's hash table, whose order messages and auto.conf have. */
	readonly bucket: (name: string | null) => number;
	/** Choices are symbols with a value, and may be tristate, optional and named: before 6.11. */
	readonly old_choices: boolean;
	/** Texts that were warnings until 7.x are errors. */
	readonly strict: boolean;
	/** y, m and n are tristates when values are compared or shown. */
	readonly typed_constants: boolean;
	/** What an int or a hex without any value is. */
	readonly no_int: string;
	readonly no_hex: string;
	/** In the conditions of what is not a tristate, X!=n becomes X. */
	readonly trans_bool: boolean;
	/** A number outside of its range becomes the end's number, not its text. */
	readonly range_as_number: boolean;
	/** The condition that a menu hands down is that of its prompt. */
	readonly menu_prompt_dep: boolean;
	/** An imply that is y keeps a symbol from becoming m, and needs no dependencies. */
	readonly imply_not_m: boolean;
	/** The rules of 2.6: no dependencies of its own, no implies, everything is written. */
	readonly ancient: boolean;
	/** Where messages about syntax point, counted from the statement. */
	readonly syntax_line: number;
}

/** The command, and the files that it reads and writes. */
interface Files {
	/** The prefix of names in files, if $CONFIG_ does not say another; and whether it may. */
	readonly prefix: string;
	readonly prefix_fixed: boolean;
	/** The variable that names the configuration file. */
	readonly config_variable: string;
	/** KCONFIG_WERROR: "read" ends when the file has been read, "all" also for unmet dependencies. */
	readonly werror: "no" | "read" | "all";
	/** KCONFIG_WARN_UNKNOWN_SYMBOLS is looked at. */
	readonly warn_unknown: boolean;
	/** KCONFIG_WARN_CHANGED_INPUT is looked at. */
	readonly warn_changed: boolean;
	/** Lines of a .config: what is not quite one is "exact"ly found, or set "by_value", or let pass. */
	readonly config_lines: "exact" | "by_value" | "lax";
	/** What a second assignment brings: a warning, or a notice that does not count. */
	readonly reassign: "warning" | "notice";
	/** A number outside of its range is asked for again. */
	readonly forget_range: boolean;
	/** How the files for the build are written. */
	readonly auto: "rust" | "plain" | "split" | "none";
	/** "# end of MENU" lines, and no new .config where nothing changes. */
	readonly end_of_menu: boolean;
	/** Also after comments: 5.17. */
	readonly end_of_comment: boolean;
	/** KCONFIG_NEGATIVES and KCONFIG_SPLITCONFIG. */
	readonly coreboot_files: boolean;
	/** How the place of an entry in the menus is shown with its help. */
	readonly location: "with entry" | "all of it" | "main menu" | "short";
	/** What savedefconfig says first when it fails. */
	readonly save_error: string;
	/** Modes that there are not, and other names of some. */
	readonly no_modes: ReadonlySet<string>;
	readonly mode_names: Readonly<Record<string, string>>;
	/** Modes that have a letter, too. */
	readonly short_modes: Readonly<Record<string, string>>;
	/** What --defconfig reads where it needs no name; $(ARCH) stands for that variable. */
	readonly default_config: string | null;
	/** syncconfig needs a configuration, and the seed is an error message. */
	readonly sync_needs_config: boolean;
	/** syncconfig writes a .config only if something has changed, and says so. */
	readonly sync_lazy: boolean;
	/** An int or hex that cannot be read ends the questions with an error. */
	readonly ends_at_eof: boolean;
}

export interface Rules extends Language, Semantics, Files {
	readonly name: Compat;
	/** Of what they are the rules, in words. */
	readonly of: string;
}

const words = (...list: string[]): Record<string, string> => Object.fromEntries(list.map((word) => [word, word]));

const WORDS = words(
	..."bool choice comment config def_bool def_tristate default depends endchoice endif endmenu help hex".split(
		" ",
	),
	..."if imply int mainmenu menu menuconfig modules on prompt range select source string tristate visible".split(
		" ",
	),
);

const linux_7_2: Rules = {
	name: "7.2",
	of: "Linux 7.2",
	words: { ...WORDS, ...words("transitional") },
	zconf: false,
	macros: true,
	symbols_in_names: false,
	source_glob: false,
	source_again: false,
	in_choice: new Set(["comment", "config", "if"]),
	depends_if: true,
	title: "Main menu",
	choice_type: false,
	bucket: (name) => (name === null ? 0 : hash_str(name) % (1 << 14)),
	old_choices: false,
	strict: true,
	typed_constants: true,
	no_int: "0",
	no_hex: "0x0",
	trans_bool: false,
	range_as_number: false,
	menu_prompt_dep: false,
	imply_not_m: false,
	ancient: false,
	syntax_line: 0,
	prefix: "CONFIG_",
	prefix_fixed: false,
	config_variable: "KCONFIG_CONFIG",
	werror: "all",
	warn_unknown: true,
	warn_changed: true,
	config_lines: "exact",
	reassign: "warning",
	forget_range: false,
	auto: "rust",
	end_of_menu: true,
	end_of_comment: false,
	coreboot_files: false,
	location: "with entry",
	save_error: "n",
	no_modes: new Set(),
	mode_names: {},
	short_modes: {},
	default_config: null,
	sync_needs_config: false,
	sync_lazy: false,
	ends_at_eof: false,
};

const linux_6_12: Rules = {
	...linux_7_2,
	name: "6.12",
	of: "Linux 6.12",
	words: WORDS,
	source_again: true,
	depends_if: false,
	choice_type: true,
	strict: false,
	warn_changed: false,
	ends_at_eof: true,
};

const linux_6_6: Rules = {
	...linux_6_12,
	name: "6.6",
	of: "Linux 6.6",
	words: { ...WORDS, ...words("optional") },
	bucket: (name) => (name === null ? 0 : hash_str(name) % 9973),
	old_choices: true,
	no_int: "",
	no_hex: "",
	syntax_line: 1,
	werror: "read",
	config_lines: "lax",
	forget_range: true,
	ends_at_eof: false,
};

const linux_6_1: Rules = {
	...linux_6_6,
	name: "6.1",
	of: "Linux 6.1",
	werror: "all",
	config_lines: "by_value",
	location: "all of it",
};

const linux_5_17: Rules = {
	...linux_6_6,
	name: "5.17",
	of: "Linux 5.17",
	typed_constants: false,
	trans_bool: true,
	range_as_number: true,
	werror: "no",
	warn_unknown: false,
	auto: "plain",
	end_of_comment: true,
	location: "main menu",
};

const coreboot: Rules = {
	...linux_6_6,
	name: "coreboot",
	of: "coreboot",
	source_glob: true,
	in_choice: new Set(["comment", "config", "if", "source"]),
	typed_constants: false,
	no_int: "0",
	no_hex: "0x0",
	trans_bool: true,
	werror: "all",
	config_lines: "exact",
	reassign: "notice",
	forget_range: false,
	coreboot_files: true,
	save_error: "\n",
};

const OLD_WORDS = {
	...WORDS,
	...words("optional", "option"),
	"---help---": "help",
};

const IN_OLD_CHOICE = new Set(["comment", "config", "menuconfig", "if", "source", "word"]);

const u_boot: Rules = {
	...linux_5_17,
	name: "u-boot",
	of: "U-Boot",
	words: Object.fromEntries(Object.entries(OLD_WORDS).filter(([word]) => word !== "modules")),
	zconf: true,
	in_choice: IN_OLD_CHOICE,
	menu_prompt_dep: true,
	imply_not_m: true,
	auto: "split",
	end_of_menu: false,
	end_of_comment: false,
	location: "short",
	default_config: "arch/$(ARCH)/defconfig",
	sync_needs_config: true,
	no_modes: new Set(["helpnewconfig", "yes2modconfig", "mod2yesconfig", "mod2noconfig"]),
};

const buildroot: Rules = {
	...u_boot,
	name: "buildroot",
	of: "Buildroot",
	macros: false,
	symbols_in_names: true,
	title: "Buildroot Configuration",
	prefix: "",
	config_variable: "BR2_CONFIG",
	mode_names: { oldnoconfig: "olddefconfig" },
	default_config: ".defconfig",
	sync_lazy: true,
};

const busybox: Rules = {
	...buildroot,
	name: "busybox",
	of: "BusyBox",
	words: {
		...u_boot.words,
		boolean: "bool",
		def_boolean: "def_bool",
		enable: "select",
		...words("requires"),
	},
	symbols_in_names: false,
	title: "Busybox Configuration",
	bucket: (name) => (name === null ? 256 : sum_of_bytes(name) & 0xff),
	ancient: true,
	prefix: "CONFIG_",
	prefix_fixed: true,
	config_variable: "",
	mode_names: { silentoldconfig: "syncconfig" },
	short_modes: {
		o: "oldconfig",
		s: "syncconfig",
		d: "defconfig",
		D: "defconfig=",
		n: "allnoconfig",
		m: "allmodconfig",
		y: "allyesconfig",
		r: "randconfig",
	},
	sync_needs_config: false,
	default_config: "/dev/null",
	auto: "none",
	no_modes: new Set([...u_boot.no_modes, "alldefconfig", "savedefconfig", "listnewconfig", "olddefconfig"]),
};

const RULES: Readonly<Record<Compat, Rules>> = {
	"5.17": linux_5_17,
	"6.1": linux_6_1,
	"6.6": linux_6_6,
	"6.12": linux_6_12,
	"7.2": linux_7_2,
	coreboot,
	"u-boot": u_boot,
	buildroot,
	busybox,
};

/** The rules of a name. */
export function rules_of(compat: Compat): Rules {
	return RULES[compat];
}

/** Is this a name that --compat knows? */
export function is_compat(name: string): name is Compat {
	return Object.hasOwn(RULES, name);
}

/** Releases that are maintained for years: what their names say is certain. */
const LONGTERM: ReadonlySet<string> = new Set(["6.1", "6.6", "6.12", "7.2"]);

/** The release that a kernel says it is, if its rules are known here; else null. */
export function compat_of_version(version: string): Compat | null {
	const release = /^[0-9]+\.[0-9]+(?![0-9])/.exec(version)?.[0] ?? "";
	return LONGTERM.has(release) && is_compat(release) ? release : null;
}
