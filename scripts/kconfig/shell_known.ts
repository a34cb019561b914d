// SPDX-License-Identifier: GPL-2.0-only
//
// Which commands of $(shell,…) can be remembered at all: those of programs whose output follows
// from their arguments, their environment and the files that they look at. Of any other program
// nothing is remembered: it may ask for the time, which no trace shows. No counterpart in Linux.

/** Programs that read what they are to do from a file or their arguments. */
export const SHELL = /^(?:sh|dash|bash|ash)$/;

/** Compilers and what belongs to them: names with a target before them, a version behind. */
const COMPILER = new RegExp(
	"^(?:[\\w.]+-)*(?:gcc|g\\+\\+|cpp|cc|c\\+\\+|clang|clang\\+\\+|clang-cpp|cc1|cc1plus|cc1obj|collect2|as|" +
		"ld|ld\\.bfd|ld\\.gold|ld\\.lld|lld|ar|nm|objcopy|objdump|readelf|strip|ranlib|size|strings|elfedit|" +
		"addr2line|gcc-ar|gcc-nm|gcc-ranlib|llvm-\\w+|pahole|bindgen|rustc)(?:-[\\d.]+)?$",
);

const TOOLS = `[ awk basename cat cmp cut dirname echo egrep env expr false fgrep fold gawk grep head join mawk
	mkdir mktemp nawk nl od original-awk paste pkg-config pkgconf printenv printf readlink realpath rev rm rmdir
	sed seq sort tac tail tee test touch tr true uniq wc`;
const TOOL = new Set(TOOLS.split(/\s+/));

/** These show all of their environment. */
const SHOWS_ALL = new Set(["env", "printenv"]);

export const is_compiler = (name: string): boolean => COMPILER.test(name);

/** Does the output of a program of this name follow from what a trace shows? */
export const is_known = (name: string): boolean => SHELL.test(name) || TOOL.has(name) || COMPILER.test(name);

/**
 * What changes from one call of make or of a shell to the next, and is hardly ever read. A command
 * that may read it is remembered for one value of them.
 */
export const VOLATILE: ReadonlySet<string> = new Set([
	"_",
	"COLUMNS",
	"KCONFIG_COMPAT",
	"KCONFIG_CONFIG",
	"KCONFIG_PROBABILITY",
	"KCONFIG_SEED",
	"LINES",
	"MAKEFLAGS",
	"MAKELEVEL",
	"MAKEOVERRIDES",
	"MAKE_TERMERR",
	"MAKE_TERMOUT",
	"MFLAGS",
	"OLDPWD",
	"SHLVL",
]);

const READS_VOLATILE = new RegExp(
	`\\b(?:${[...VOLATILE].filter((name) => name !== "_").join("|")})\\b|\\$\\{?_\\b|` +
		"\\b(?:export|declare|typeset|compgen|env|printenv|ENVIRON)\\b|\\bset\\b(?!\\s+[-+\\w$\"'])",
);

/** May a program of this name, or a text that is run, look at variables of VOLATILE? */
export const shows_environment = (name: string): boolean => SHOWS_ALL.has(name);
export const reads_volatile = (text: string): boolean => READS_VOLATILE.test(text);

/** Where a word of the shell can be a command. */
const START = "(?:^|[;&|({!`]|\\b(?:if|then|else|do|while|until)\\b)\\s*";

/** What makes the output of a text depend on what is in no file. */
const CHANGES = new RegExp(
	[
		// The number of a process, unless it is part of the name of a temporary file.
		"(?<![\\w./$-])\\$\\$",
		"\\$\\{?(?:PPID|BASHPID|RANDOM|SRANDOM|SECONDS|EPOCH\\w+)|\\$!",
		"\\b(?:PPID|BASHPID|RANDOM|SRANDOM|SECONDS|EPOCHSECONDS|EPOCHREALTIME)\\b",
		// What the process has, and nobody else.
		`${START}(?:eval|ulimit|umask|times|jobs|history)\\b`,
		"/proc\\b|/sys/|/dev/(?!null\\b)",
		"-t\\s*[012&]",
		// The time, or chance.
		"%\\([^)]*\\)T|\\b(?:srand|rand|systime|strftime)\\b|\\bsort\\b.*\\s(?:-\\w*R|--random|--sort=r)",
		"__(?:DATE|TIME|TIMESTAMP)__",
	].join("|"),
	"m",
);

const COMMENT = /^\s*#.*$/gm;
const without_comments = (text: string): string => text.replace(COMMENT, "");

/** Does the output of this text, as a command or a script, depend on what is in no file? */
export const is_changing = (text: string): boolean => CHANGES.test(without_comments(text));

/** Of a source: does it ask for the time? */
export const asks_for_time = (text: string): boolean => /__(?:DATE|TIME|TIMESTAMP)__/.test(text);

/** Does a text ask which of two files is newer? To others the date of a directory is nothing. */
export const compares_dates = (text: string): boolean => /-[no]t\b/.test(text);

const OWN_WORD = /[^\s'"`;|&()<>]*\$\$[^\s'"`;|&()<>]*/g;
const REDIRECTION = />[>|]?\s*(?!\/dev\/null\b|OWN\b)/;

/**
 * Does a command start something that it does not wait for, or ask what the terminal is? Then it
 * is not watched.
 */
export const is_loose = (command: string): boolean => /(?<![&>|])&(?![&>\d-])|-t\s*[012]\b|\btty\b/.test(command);

/** Words of the shell that leave nothing behind; "trap" and "cd" only change the command's own shell. */
const SHELL_WORDS = `: [ break case cd command continue do done echo elif else esac exit export false fi for if
	in printf readonly return set shift test then trap true unset until while wait { } !`;
const HARMLESS = new Set(SHELL_WORDS.split(/\s+/));

/** A compiler that is only asked something writes no file. */
const ASKS = /\s(?:-E|-v|-V|-print[\w=-]*|-dump\w+|-###|-fsyntax-only|--version|--help|--print[\w=-]*)(?:\s|$)/;
const WRITES_NOWHERE = /\s-o\s*(?:\/dev\/null\b|OWN\b)/;

/** Does one of a command's simple commands, whose own names are replaced by OWN, leave nothing behind? */
function is_harmless(text: string): boolean {
	const words = text
		.replace(/^(?:\s*\w+=\S*\s+)+/, "")
		.trim()
		.split(/\s+/);
	const [word = ""] = words;
	if (word === "" || /^\w+=/.test(word)) return true;
	if (word === "command") return /^-[vV]$/.test(words[1] ?? "");
	if (/^(?:if|then|else|elif|do|while|until|!|\{)$/.test(word)) return is_harmless(words.slice(1).join(" "));
	const name = word.slice(word.lastIndexOf("/") + 1);
	if (/^(?:mkdir|rm|rmdir)$/.test(name)) return words.slice(1).every((w) => w.startsWith("-") || w === "OWN");
	if (/^(?:tee|touch|mktemp|env)$/.test(name) || SHELL.test(name)) return false;
	if (name === "sed" && words.some((w) => /^-\w*i|^--in-place/.test(w))) return false;
	if (is_compiler(name)) {
		const line = ` ${words.slice(1).join(" ")}`;
		return /\s-o/.test(line) ? WRITES_NOWHERE.test(line) : ASKS.test(line);
	}
	return HARMLESS.has(word) || is_known(name);
}

/**
 * May a command leave something behind for others, or read what is typed? Then it is run when its
 * turn comes. Files with the number of their process in their name are its own.
 */
export function wants_its_turn(command: string): boolean {
	const text = command.replace(OWN_WORD, "OWN").replace(/[<>]&\s*[\d-]/g, ">/dev/null");
	if (REDIRECTION.test(text)) return true;
	// What stands in quotes is no command, unless there is an expansion in it.
	const bare = text
		.replace(/\btrap\s+(["'])(.*?)\1/g, "$2; trap")
		.replace(/'[^']*'|"[^"$`]*"/g, "Q")
		.replace(/\\./g, "Q");
	return !bare
		.replace(/\d?[<>]+\s*\/dev\/null/g, " ")
		.split(/&&|\|\||[;|&`()]|\$\(|^\s*\{|\}\s*$/)
		.every(is_harmless);
}
