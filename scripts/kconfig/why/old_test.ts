// SPDX-License-Identifier: GPL-2.0-only
//
// What is told of choices by the rules from before 6.11, where they can be tristate, optional
// and named. What has to be set has been given to the conf of Linux 5.17 and 6.1.

import test from "ava";
import type { Compat } from "../compat.ts";
import { conf_read_simple } from "../confdata.ts";
import type { Kconf } from "../lkc.ts";
import { sym_clear_all_valid } from "../symbol.ts";
import { merged, sandbox } from "../testutil.ts";
import { explain_all, explain_all_text, find_symbol, fragment_text } from "../why.ts";

const M = 'config MODULES\n\tbool "modules"\n\tmodules\n\tdefault y\n';
const member = (name: string, type = "tristate"): string => `config ${name}\n\t${type} "${name}"\n`;
const bool = (name: string): string => member(name, "bool");
const MANY_MEMBERS = `${member("ONE")}${member("TWO")}${bool("ONLY")}endchoice\n`;
const MANY = `${M}config X\n\ttristate "X"\nchoice\n\ttristate "many"\n\tdefault TWO\n${MANY_MEMBERS}`;
const USER = `${bool("USER")}\tdepends on LEFT || RIGHT\n`;
const SIDES = `${bool("LEFT")}${bool("RIGHT")}endchoice\n${USER}`;
const OPTIONAL = `choice NAMED\n\tbool "none is fine"\n\toptional\n${SIDES}`;
const LIMITED = MANY.replace('\ttristate "many"\n', '\ttristate "many"\n\tdepends on X\n');

function ask(
	kconfig: string,
	config: string,
	compat: Compat,
	questions: string,
): { set: string; text: string; kconf: Kconf } {
	const box = sandbox({ Kconfig: kconfig, ".config": config });
	const kconf = box.parse(compat);
	conf_read_simple(kconf, ".config");
	sym_clear_all_valid(kconf);
	const asked = questions.split(" ").map((question) => {
		const [name = "", want] = question.split("=");
		const sym = find_symbol(kconf, name);
		return want === undefined ? { sym } : { sym, want };
	});
	const together = explain_all(kconf, asked);
	const res = { set: fragment_text(kconf, together), text: explain_all_text(kconf, together), kconf };
	if (res.set !== "") {
		// What it says to set comes out.
		box.put(".config", merged(config, res.set));
		box.conf("--compat", compat, "--olddefconfig", "Kconfig");
		const written = (box.read(".config") ?? "").split("\n");
		for (const { name, want } of together.parts) {
			if (want === null) continue;
			if (want === "n") res.text += written.includes(`CONFIG_${name}=y`) ? "NOT SO\n" : "";
			else res.text += written.includes(`CONFIG_${name}=${want}`) ? "" : "NOT SO\n";
		}
	}
	box.remove();
	return res;
}

const cases: [string, string, string, string, string, RegExp][] = [
	[
		"a member is chosen alone",
		MANY,
		"CONFIG_TWO=m\n",
		"ONE",
		"CONFIG_ONE=y\n",
		/its choice is m: none of it is chosen alone/,
	],
	[
		"a bool of such a choice",
		MANY,
		"CONFIG_TWO=m\n",
		"ONLY",
		"CONFIG_ONLY=y\n",
		/and no other member of its choice/,
	],
	[
		"a choice that is y goes back to m",
		MANY,
		"CONFIG_TWO=y\n",
		"TWO=m",
		"CONFIG_TWO=m\n",
		/its choice is y: one of it is chosen alone/,
	],
	[
		"what is y is taken back first",
		MANY,
		"CONFIG_TWO=y\n",
		"ONE=m",
		"# CONFIG_TWO is not set\nCONFIG_ONE=m\n",
		/TWO is not set {2}\(instead of its y, not after it\)/,
	],
	[
		"m where the choice is m already",
		MANY,
		"CONFIG_TWO=m\n",
		"ONE=m",
		"CONFIG_ONE=m\n",
		/the choice "many" is m/,
	],
	["two of them at once", MANY, "", "ONE=m TWO=m", "CONFIG_ONE=m\nCONFIG_TWO=m\n", /have ONE=m and TWO=m/],
	["one y, one m", MANY, "", "ONE=y TWO=m", "", /There are no values/],
	[
		"what limits the choice",
		LIMITED,
		"CONFIG_X=m\nCONFIG_ONE=m\n",
		"ONE",
		"CONFIG_X=y\nCONFIG_ONE=y\n",
		/the prompt "many" needs[\s\S]*unmet: X \[=m\] {2}can be set to y/,
	],
	[
		"an optional choice can be empty",
		OPTIONAL,
		"CONFIG_LEFT=y\n",
		"LEFT=n RIGHT=n",
		"# CONFIG_LEFT is not set\n",
		/chosen in the configuration/,
	],
	[
		"nothing of it is chosen",
		OPTIONAL,
		"",
		"LEFT",
		"CONFIG_LEFT=y\n",
		/nothing of the choice "none is fine" is chosen/,
	],
	[
		"what depends on any of it",
		OPTIONAL,
		"",
		"USER",
		"CONFIG_LEFT=y\nCONFIG_USER=y\n",
		/LEFT \[=n\] \|\| RIGHT \[=n\]/,
	],
	[
		"without optional there is always one",
		OPTIONAL.replace("\toptional\n", ""),
		"",
		"LEFT=n RIGHT=n",
		"",
		/There are no values/,
	],
];
for (const [name, kconfig, config, questions, set, text] of cases)
	for (const compat of ["5.17", "6.6"] as const)
		test(`${compat}: ${name}`, (t) => {
			const res = ask(kconfig, config, compat, questions);
			t.deepEqual(res.set.split("\n").sort(), set.split("\n").sort(), res.text);
			t.regex(res.text, text);
			t.notRegex(res.text, /NOT SO/);
		});

test("5.17: y, m and n are texts where they are compared, and an end of a range is a number", (t) => {
	const less = `${M}config F\n\ttristate "F"\nconfig H\n\tbool "H"\n\tdepends on F < n\n`;
	t.is(ask(less, "", "5.17", "H").set, "CONFIG_F=m\nCONFIG_H=y\n");
	t.regex(ask(less, "", "6.6", "H").text, /There are no values/);
	const end =
		'config A\n\tint "A"\n\tdefault 4\n\trange 4 NOWHERE if B\n' +
		`${bool("B")}${bool("C")}\tdepends on A <= 2\n`;
	t.is(ask(end, "CONFIG_A=5\n", "5.17", "C").set.includes("CONFIG_C=y"), true);
});

test("u-boot: a text is written without escapes", (t) => {
	const kconfig = 'config S\n\tstring "S"\nconfig T\n\tbool "T"\n\tdepends on S = "a\\\\b"\n';
	t.is(ask(kconfig, "", "u-boot", "S=a\\b").set, 'CONFIG_S="a\\b"\n');
});
