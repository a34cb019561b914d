// SPDX-License-Identifier: GPL-2.0-only
//
// Makes random Kconfig trees, .configs and answers for the tests that compare this engine
// with the reference (oracle_test.ts). Everything is drawn from a tape of numbers that a
// property-based tester gives: zeros, and what is behind the end of the tape, stand for the
// simplest thing at hand, so that a shorter tape is a simpler case.

import type { Compat } from "./lkc.ts";
import { rules_of } from "./compat.ts";

/** Where decisions come from. */
export class Tape {
	private at = 0;
	private readonly values: readonly number[];

	constructor(values: readonly number[]) {
		this.values = values;
	}

	/** A number from 0 to n-1. */
	int(n: number): number {
		const value = this.values[this.at++] ?? 0;
		return Math.floor((value / 65536) * n);
	}

	/** True with a probability of `percent`; never on an empty tape. */
	chance(percent: number): boolean {
		return this.int(100) >= 100 - percent;
	}

	pick<T>(list: readonly T[]): T {
		return list[this.int(list.length)] as T;
	}

	get left(): number {
		return this.values.length - this.at;
	}
}

/** One run of the command. Texts are bytes, one to a character. */
export interface Case {
	files: Record<string, string>;
	args: string[];
	env: Record<string, string>;
	input: string;
}

type Kind = "bool" | "tristate" | "int" | "hex" | "string";

interface Name {
	readonly name: string;
	readonly kind: Kind;
}

const NAMES = "A B C D E F G H I J K L N O P Q R S T W-X 0 9Z x_y V".split(" ");
const KINDS: readonly Kind[] = ["bool", "tristate", "bool", "tristate", "int", "hex", "string", "bool"];
const UNDEFINED = ["UNDEF", "U2"];
const NUMBERS = [
	"0",
	"1",
	"2",
	"7",
	"10",
	"99",
	"100",
	"-3",
	"0x1F",
	"0xa",
	"010",
	"12345678901234567890",
	"0x",
	"1f",
	"",
];
const TEXTS = [
	"text",
	"x y",
	"back\\\\slash",
	'say \\"hi\\"',
	"it's",
	"",
	" lead",
	"tail ",
	"gr\xc3\xbc\xc3\x9fe",
	"\xff\xfe",
	"$",
	"$(X)",
	"# no comment",
	"m",
	"0x10",
	"12",
	"%s %d",
];
const ANSWERS = [
	"",
	"y",
	"n",
	"m",
	"?",
	"1",
	"2",
	"3",
	"Y",
	"yes",
	"no",
	"mod",
	"M",
	"2?",
	"1?",
	"9",
	"0",
	"-1",
	"12",
	"0x1f",
	"ff",
	"abc",
	" y ",
	"YES",
	"?x",
	'"q"',
	"a b",
	"99999999999999999999",
	"\xc3\xa4",
	"\t",
	"100",
	"7",
];

interface Scope {
	/** Names of a higher number than this may be defined here without making a loop. */
	readonly floor: number;
	readonly depth: number;
}

class TreeMaker {
	readonly files: Record<string, string> = {};
	readonly names: Name[] = [];
	private readonly wild: boolean;
	private next = 0;
	/** $(yes) and $(no) can be used. */
	private macros = false;
	private file_count = 0;
	private readonly old: boolean;
	private readonly old_choices: boolean;
	private readonly trans = new Set<number>();
	private readonly in_choice = new Set<number>();
	private readonly t: Tape;

	constructor(t: Tape, compat: Compat) {
		this.t = t;
		this.old = !rules_of(compat).strict;
		this.old_choices = rules_of(compat).old_choices;
		this.wild = t.chance(8);
		const count = 3 + t.int(NAMES.length - 3);
		const shift = t.int(KINDS.length);
		for (const [i, name] of NAMES.slice(0, count).entries()) {
			this.names.push({ name, kind: KINDS[(i * 5 + shift + t.int(4)) % KINDS.length] as Kind });
		}
	}

	make(): Record<string, string> {
		const { t } = this;
		let text = t.chance(50) ? `mainmenu ${this.quoted()}\n\n` : "";
		this.macros = t.chance(50);
		text += this.macros ? this.assignments(100) : "";
		if (t.chance(80))
			text += `config MODULES\n\t${t.chance(70) ? 'bool "modules"' : "bool"}\n\tmodules\n${t.chance(60) ? "\tdefault y\n" : ""}\n`;
		text += this.block({ floor: -1, depth: 0 }, 4 + t.int(12));
		this.files.Kconfig = text;
		return this.files;
	}

	private quoted(): string {
		const { t } = this;
		const text = t.chance(70)
			? t.pick(["prompt", "one", "two words", "Option three", "last"])
			: t.pick(TEXTS);
		if (t.chance(8) && !/['"\\]/.test(text)) return `'${text}'`;
		if (t.chance(6)) return `"${text} $(V${t.int(3)})"`;
		return `"${text}"`;
	}

	/** An expression over names below `limit`. */
	expr(limit: number, depth = 0): string {
		const { t } = this;
		const roll = t.int(depth > 2 ? 8 : 16);
		if (roll < 6) return this.logical(limit);
		if (roll < 8) return this.comparison(limit);
		if (roll < 9) return `!${this.expr_tight(limit, depth + 1)}`;
		if (roll < 12) return `${this.expr(limit, depth + 1)} && ${this.expr(limit, depth + 1)}`;
		if (roll < 15) return `${this.expr(limit, depth + 1)} || ${this.expr(limit, depth + 1)}`;
		return `(${this.expr(limit, depth + 1)})`;
	}

	private expr_tight(limit: number, depth: number): string {
		return this.t.chance(50) ? this.logical(limit) : `(${this.expr(limit, depth)})`;
	}

	private any_name(limit: number): string {
		const { t } = this;
		const max = this.wild ? this.names.length : Math.min(limit, this.names.length);
		if (max <= 0 || t.chance(5)) return t.pick([...UNDEFINED, "MODULES"]);
		return (this.names[t.int(max)] as Name).name;
	}

	private logical(limit: number): string {
		const { t } = this;
		if (t.chance(12))
			return t.pick([
				"y",
				"n",
				"m",
				'"y"',
				'"n"',
				'"x"',
				'"$(no)"',
				"'m'",
				this.macros || t.chance(2) ? "$(yes)" : "n",
			]);
		for (let tries = 0; tries < 3; tries++) {
			const name = this.any_name(limit);
			const kind = this.names.find((n) => n.name === name)?.kind;
			if (kind === "bool" || kind === "tristate") return name;
		}
		return this.any_name(limit);
	}

	/** Not A != y: the reference goes wrong with that. */
	private comparison(limit: number): string {
		const { t } = this;
		const name = this.any_name(limit);
		const kind = this.names.find((n) => n.name === name)?.kind ?? "bool";
		const op = t.pick(["=", "!=", "<", "<=", ">", ">="]);
		const value = t.chance(25)
			? this.any_name(limit)
			: kind === "bool" || kind === "tristate"
				? t.pick(["n", "y", "m", '"n"', "2"])
				: kind === "string"
					? t.pick(['"text"', '"12"', '""', "word", '"9"'])
					: t.pick(NUMBERS.slice(0, 12).map((n, i) => (i % 3 ? n : `"${n}"`)));
		const space = t.chance(80) ? " " : "";
		const safe = op === "!=" && value === "y" ? "=" : op;
		return `${name}${space}${safe}${space}${value}`;
	}

	private cond(limit: number, percent = 30): string {
		return this.t.chance(percent) ? ` if ${this.expr(limit)}` : "";
	}

	private assignments(basics = 0): string {
		const { t } = this;
		let text = t.chance(basics) ? "yes := y\nno = n\n" : "";
		for (let i = t.int(4); i > 0; i--) {
			// Not V0 := $(V0): the reference reads memory there that it has given back.
			text += t.pick([
				`V${1 + t.int(2)} ${t.pick(["=", ":=", "+="])} $(V0)x\n`,
				`V${t.int(3)} ${t.pick(["=", ":=", "+="])} ${t.pick(["a", " b # c", "$(E1) $(E2)", "", "y", "$(shell,echo one two)"])}\n`,
				`f${t.int(2)} = $(1)-$(2)\n`,
				"$(info,said $(V1) at $(filename):$(lineno))\n",
				"$(warning-if,$(yes),careful)\n",
				"$(warning-if,n,not so)\n",
				"$(error-if,$(no),never)\n",
				`V1 := $(f${t.int(2)},$(V0),two ,(a,b))\n`,
				'V2 := $(shell,printf "a\\nb\\n\\n"; echo err >&2)\n',
				"V0 := $(info,now)$(E1)\n",
				`$(f${t.int(2)},A,B) = x\n`,
			]);
		}
		return `${text}\n`;
	}

	private block(scope: Scope, count: number): string {
		let text = "";
		for (let i = 0; i < count && (i === 0 || this.t.left > 0); i++) text += this.statement(scope);
		return text;
	}

	private statement(scope: Scope): string {
		const { t } = this;
		const roll = t.int(scope.depth > 3 ? 60 : 100);
		if (roll < 48) return this.config(scope);
		if (roll < 52) return `comment ${this.quoted()}\n${this.depends(this.next, 40)}\n`;
		if (roll < 57) return this.redefinition(scope);
		if (roll < 60) return this.assignments();
		if (roll < 70) return this.choice(scope);
		const inner: Scope = { floor: Math.max(scope.floor, this.next - 1), depth: scope.depth + 1 };
		if (roll < 80) return `if ${this.expr(this.next)}\n\n${this.block(inner, 1 + t.int(4))}endif\n\n`;
		if (roll < 92) {
			const visible = t.chance(25) ? `\tvisible if ${this.expr(this.next)}\n` : "";
			const head = `menu ${this.quoted()}\n${this.depends(this.next, 40)}${visible}\n`;
			return `${head}${this.block(inner, t.int(5))}endmenu\n\n`;
		}
		const name = `${t.chance(30) ? "sub/" : ""}Kconfig.${this.file_count++}`;
		this.files[name] = this.block({ ...scope, depth: scope.depth + 1 }, t.int(4));
		return `source "${name}"\n${this.old && t.chance(10) ? `source "${name}"\n` : ""}\n`;
	}

	private depends(limit: number, percent: number): string {
		const { t } = this;
		let text = "";
		while (t.chance(percent)) {
			text += `\tdepends on ${this.expr(limit)}${this.old ? "" : this.cond(limit, 25)}\n`;
		}
		return text;
	}

	private config(scope: Scope): string {
		if (this.next >= this.names.length) return this.redefinition(scope);
		return this.definition(this.next++, scope.depth);
	}

	/** A further definition of a name that no condition around it depends on. */
	private redefinition(scope: Scope): string {
		const low = this.wild ? 0 : scope.floor + 1;
		if (low >= this.next) return "";
		const at = low + this.t.int(this.next - low);
		if (this.trans.has(at) || (this.in_choice.has(at) && !this.t.chance(5))) return "";
		return this.definition(at, scope.depth, this.t.chance(50));
	}

	private definition(at: number, depth: number, bare = false): string {
		const { t } = this;
		const { name, kind } = this.names[at] as Name;
		const real = t.chance(2) ? t.pick(KINDS) : kind;
		if (!this.old && !bare && t.chance(depth === 0 ? 4 : 1)) {
			this.trans.add(at);
			return `config ${name}\n\t${real}\n\ttransitional\n${this.help()}\n`;
		}
		const prompted = t.chance(70);
		let text = `${t.chance(prompted ? 12 : 1) ? "menuconfig" : "config"} ${name}\n`;
		const lines: string[] = [];
		if (bare) lines.push(prompted ? `\tprompt ${this.quoted()}${this.cond(at)}\n` : "");
		else if (prompted) lines.push(`\t${real} ${this.quoted()}${this.cond(at)}\n`);
		else if (kind === "bool" && t.chance(30)) lines.push(`\tdef_bool ${this.expr(at)}${this.cond(at)}\n`);
		else if (kind === "tristate" && t.chance(30))
			lines.push(`\tdef_tristate ${this.expr(at)}${this.cond(at)}\n`);
		else lines.push(`\t${real}\n`);
		lines.push(this.depends(at, 30));
		while (t.chance(40)) lines.push(`\tdefault ${this.value(at, real)}${this.cond(at)}\n`);
		if (kind === "int" || kind === "hex" ? t.chance(50) : t.chance(1)) {
			const end = (): string =>
				t.chance(15) && at > 0 ? this.any_name(at) : t.pick(NUMBERS.slice(0, 14));
			lines.push(`\trange ${end()} ${end()}${this.cond(at)}\n`);
		}
		while (kind === "bool" || kind === "tristate" ? t.chance(25) : t.chance(1)) {
			const from = this.wild ? 0 : at + 1;
			const target =
				from < this.names.length
					? (this.names[from + t.int(this.names.length - from)] as Name).name
					: "UNDEF";
			lines.push(`\t${t.pick(["select", "imply"])} ${target}${this.cond(at)}\n`);
		}
		if (t.chance(15)) lines.reverse();
		text += lines.join("");
		return `${text}${this.help()}\n`;
	}

	private value(limit: number, kind: Kind): string {
		const { t } = this;
		if (kind === "bool" || kind === "tristate")
			return t.chance(60) ? t.pick(["y", "n", "m"]) : this.expr(limit);
		// Not a member of a choice: the reference may crash then.
		const name = t.chance(12) ? this.any_name(limit) : null;
		if (name !== null && ![...this.in_choice].some((at) => this.names[at]?.name === name)) return name;
		if (kind === "string") return t.chance(15) ? "$(V0)x" : `"${t.pick(TEXTS)}"`;
		const number = t.pick(NUMBERS);
		return number === "" || t.chance(20) ? `"${number}"` : number;
	}

	private help(): string {
		const { t } = this;
		if (!t.chance(25)) return "";
		const line = (): string =>
			t.pick([
				"\t  Some help.",
				"\t  More.\t ",
				"",
				"\t\tdeeper",
				"\t  $(V0) \"quote' \\",
				"\t  gr\xc3\xbc\xc3\x9fe",
				"          spaces",
			]);
		let text = `\thelp\n\t  ${t.pick(["First line.", "x", "The first.  "])}\n`;
		while (t.chance(50)) text += `${line()}\n`;
		return text;
	}

	private choice(scope: Scope): string {
		const { t } = this;
		const start = this.next;
		const members: number[] = [];
		const many = this.old_choices && t.chance(50);
		for (let i = 1 + t.int(4); i > 0 && this.next < this.names.length; i--) members.push(this.next++);
		for (const at of members) {
			this.in_choice.add(at);
			const kind = many && t.chance(75) ? "tristate" : "bool";
			this.names[at] = { name: (this.names[at] as Name).name, kind };
		}
		const outside = scope.depth > 0 && t.chance(3) ? this.next - 1 : start;
		let text = `choice${this.old_choices && t.chance(20) ? ` ${t.pick(["C0", "C1"])}` : ""}\n`;
		text += many ? "\ttristate" : this.old_choices && t.chance(50) ? "\tbool" : "\tprompt";
		text += ` ${this.quoted()}${this.cond(outside)}\n${this.depends(start, 25)}`;
		if (this.old_choices && t.chance(25)) text += "\toptional\n";
		while (t.chance(30))
			text += `\tdefault ${members.length > 0 && !t.chance(6) ? (this.names[t.pick(members)] as Name).name : this.any_name(start)}${this.cond(start)}\n`;
		text += `${this.help()}\n`;
		let open = false;
		for (const at of members) {
			if (!open && t.chance(10)) {
				text += `if ${this.expr(start)}\n`;
				open = true;
			}
			if (t.chance(5)) text += `comment ${this.quoted()}\n`;
			const { name, kind } = this.names[at] as Name;
			text += `config ${name}\n\t${kind} ${this.quoted()}${this.cond(start, 20)}\n${this.depends(start, 20)}`;
			if (t.chance(10))
				text += `\tselect ${(this.names[Math.min(this.next, this.names.length - 1)] as Name).name}\n`;
			if (t.chance(2)) text += "\tdefault y\n";
			text += `${this.help()}\n`;
			if (open && t.chance(50)) {
				text += "endif\n";
				open = false;
			}
		}
		return `${text}${open ? "endif\n" : ""}endchoice\n\n`;
	}
}

/** A .config about the names of a tree; `prefix` is what CONFIG_ is. */
function make_config(t: Tape, names: readonly Name[], prefix: string): string {
	const lines: string[] = [];
	const all: readonly Name[] = [...names, { name: "MODULES", kind: "bool" }];
	for (let i = t.int(all.length + 4); i > 0; i--) {
		const { name, kind } = t.pick(all);
		const value: Record<Kind, readonly string[]> = {
			bool: ["y", "y", "y", "n", "m", "yes", "Y", "", "x"],
			tristate: ["y", "m", "m", "n", "y", "mod", "M", "2"],
			int: ["3", "10", "-3", "99", "0", "007", "0x3", "", "abc", "12345678901234567890"],
			hex: ["0x1F", "ff", "0X5", "0", "10", "0x", "g", "", "-1"],
			string: [
				'"text"',
				'"say \\"hi\\" \\\\"',
				'""',
				'"open',
				"bare",
				'"end" more',
				'"gr\xc3\xbc\xc3\x9fe \xff"',
				'"a\\',
			],
		};
		const good = t.chance(20) ? value[t.pick(KINDS)] : value[kind].slice(0, 4);
		if ((kind === "bool" || kind === "tristate") && t.chance(40))
			lines.push(`# ${prefix}${name} is not set`);
		else lines.push(`${prefix}${name}=${t.pick(good)}`);
		if (t.chance(5))
			lines.push(
				t.pick([
					" CONFIG_A=y",
					"A=y",
					"# comment",
					"",
					`${prefix}NOWHERE=y`,
					`# ${prefix}A is not set `,
					`#${prefix}A is not set`,
					`# ${prefix}NOWHERE is not set`,
					`${prefix}A`,
					"junk",
					`${prefix}=y`,
					`# ${prefix}A B is not set`,
					"\t",
					`${prefix}A = y`,
					"\xff",
				]),
			);
	}
	const eol = t.chance(6) ? "\r\n" : "\n";
	const text = lines.map((line) => line + eol).join("");
	return t.chance(4) ? text.slice(0, -1) : text;
}

const MODES = [
	"--alldefconfig",
	"--allyesconfig",
	"--allmodconfig",
	"--allnoconfig",
	"--olddefconfig",
	"--defconfig=base",
	"--savedefconfig=defconfig",
	"--syncconfig",
	"--randconfig",
	"--listnewconfig",
	"--helpnewconfig",
	"--oldconfig",
	"--oldaskconfig",
	"--yes2modconfig",
	"--mod2yesconfig",
	"--mod2noconfig",
];

function make_input(t: Tape): string {
	let text = "";
	for (let i = t.int(30); i > 0; i--) text += `${t.pick(ANSWERS)}\n`;
	if (t.chance(4)) text += `${"x".repeat(300)}\n`;
	return t.chance(20) ? text.slice(0, t.chance(50) ? -1 : undefined) : text + "\n".repeat(300);
}

/** One random case. */
export function make_case(tape: readonly number[], compat: Compat): Case {
	const t = new Tape(tape);
	const env: Record<string, string> = { E1: "env one", E2: "y" };
	const mode = t.pick(MODES);
	const args = [mode, "Kconfig"];
	if (t.chance(20)) args.unshift("-s");
	if (t.chance(4)) env.CONFIG_ = t.pick(["", "X_", "CONFIG_"]);
	const prefix = env.CONFIG_ ?? "CONFIG_";
	const special = t.int(400);
	if (special > 390) env.KCONFIG_WERROR = "1";
	else if (special > 380) env.KCONFIG_WARN_UNKNOWN_SYMBOLS = "1";
	else if (special > 350) env.KCONFIG_WARN_CHANGED_INPUT = "1";
	else if (special > 340) env.KCONFIG_NOSILENTUPDATE = "1";
	else if (special > 330) env.KCONFIG_OVERWRITECONFIG = "1";
	else if (special > 320) env.KCONFIG_CONFIG = t.pick(["out/my.config", "./.config", ""]);
	else if (special > 310) env.KCONFIG_DEFCONFIG_LIST = t.pick(["none base", "base", ""]);
	else if (special > 300) env.KCONFIG_AUTOCONFIG = t.pick(["auto.conf", "gen/auto.conf"]);
	else if (special > 290) env.KCONFIG_AUTOHEADER = "gen/h.h";
	else if (special > 280) env.KCONFIG_RUSTCCFG = "rustc";
	env.KCONFIG_SEED = t.chance(80) ? String(t.int(60000)) : t.pick(["0", "0x12", "-1", "017", "99999999999"]);
	if (mode === "--randconfig" && t.chance(40))
		env.KCONFIG_PROBABILITY = t.pick([
			"10",
			"90",
			"20:30",
			"10:20:30",
			"0",
			"100",
			"60:50",
			"101",
			"x",
			"50:50",
			"5:",
			":5",
			"-1",
			"1:2:3:4",
		]);
	const maker = new TreeMaker(t, compat);
	const files = maker.make();
	if (t.chance(70)) files[env.KCONFIG_CONFIG || ".config"] = make_config(t, maker.names, prefix);
	if (mode.startsWith("--defconfig") || env.KCONFIG_DEFCONFIG_LIST)
		files.base = make_config(t, maker.names, prefix);
	if (mode === "--syncconfig" && t.chance(50)) {
		files[env.KCONFIG_AUTOCONFIG ?? "include/config/auto.conf"] = make_config(
			t,
			maker.names,
			prefix,
		).replaceAll('"', "");
	}
	if (/all.*config|rand/.test(mode) && t.chance(30)) {
		env.KCONFIG_ALLCONFIG = t.pick(["1", "", "base", "all.config", "missing"]);
		const own = mode === "--randconfig" ? "allrandom.config" : mode.slice(2).replace(/config$/, ".config");
		files[t.pick(["all.config", own, "base"])] = make_config(t, maker.names, prefix);
	}
	return { files, args, env, input: make_input(t) };
}
