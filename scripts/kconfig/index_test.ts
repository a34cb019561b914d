// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of the library's face.

import test from "ava";
import { KconfigError, parse } from "./index.ts";
import { type Sandbox, sandbox } from "./testutil.ts";

const KCONFIG = `mainmenu "Täst"

config MODULES
	bool "modules"
	modules

config A
	tristate "Ä"
	help
	  Hilfe für A.

config N
	int "n"
	range 1 9
	depends on A

choice
	prompt "c"

config C1
	bool "c1"

config C2
	bool "c2"

endchoice

config HIDDEN
	string
	default "h"
`;

function open(box: Sandbox) {
	return parse("Kconfig", { env: {}, cwd: box.dir });
}

test("symbols: value, assignable, range, prompts, help, places", (t) => {
	const box = sandbox({ Kconfig: KCONFIG, base: "CONFIG_MODULES=y\nCONFIG_A=m\nCONFIG_N=4\n" });
	const kconfig = open(box);
	t.is(kconfig.title, "Täst");
	t.deepEqual(kconfig.files, ["Kconfig"]);
	const a = kconfig.symbol("A");
	t.is(a?.value, "n");
	t.is(a?.type, "tristate");
	t.deepEqual(a?.assignable, ["n", "y"]);
	kconfig.load("base");
	t.is(a?.value, "m");
	t.is(a?.user_value, "m");
	t.deepEqual(a?.assignable, ["n", "m", "y"]);
	t.deepEqual(a?.prompts, ["Ä"]);
	t.is(a?.help, "Hilfe für A.\n");
	t.deepEqual(a?.defined_at, [{ file: "Kconfig", line: 7 }]);
	const n = kconfig.symbol("N");
	t.is(n?.value, "4");
	t.deepEqual(n?.range, { low: 1n, high: 9n });
	t.deepEqual(n?.assignable, []);
	t.true(n?.changeable);
	t.false(n?.set("10"));
	t.is(n?.value, "4");
	t.true(a?.set("n"));
	t.false(n?.changeable);
	t.false(kconfig.symbol("HIDDEN")?.changeable);
	t.is(kconfig.symbol("NOSUCH"), undefined);
	t.is(kconfig.symbol("A"), a);
	const names = [...kconfig.symbols()].map(({ name }) => name);
	t.deepEqual(names, ["MODULES", "A", "N", "C1", "C2", "HIDDEN"]);
	box.remove();
});

test("a choice changes hands, a value is forgotten", (t) => {
	const box = sandbox({ Kconfig: KCONFIG });
	const kconfig = open(box);
	const [c1, c2] = [kconfig.symbol("C1"), kconfig.symbol("C2")];
	t.deepEqual([c1?.value, c2?.value], ["y", "n"]);
	t.true(c2?.set("y"));
	t.deepEqual([c1?.value, c2?.value], ["n", "y"]);
	c1?.unset();
	c2?.unset();
	t.deepEqual([c1?.value, c2?.value], ["y", "n"]);
	t.is(c2?.user_value, null);
	box.remove();
});

test("write, defconfig, explain", (t) => {
	const box = sandbox({ Kconfig: KCONFIG });
	const kconfig = open(box);
	kconfig.symbol("A")?.set("y");
	kconfig.write("out");
	t.regex(box.read("out") ?? "", /^CONFIG_A=y$/m);
	// As with the kernel's: a range is no default.
	t.is(kconfig.defconfig(), "CONFIG_A=y\nCONFIG_N=1\n");
	t.regex(kconfig.explain_text("N"), /N is 0|N is 1/);
	t.is(kconfig.explain("A").value, "y");
	box.remove();
});

test("without a name it is the file that the environment names", (t) => {
	const box = sandbox({ Kconfig: KCONFIG });
	const kconfig = parse("Kconfig", { env: { KCONFIG_CONFIG: "mine" }, cwd: box.dir });
	const failed = t.throws(() => kconfig.load(), { instanceOf: KconfigError });
	t.is(failed?.message, "mine: cannot be read");
	kconfig.symbol("A")?.set("y");
	kconfig.write();
	t.is(box.read(".config"), null);
	t.regex(box.read("mine") ?? "", /^CONFIG_A=y$/m);
	kconfig.symbol("A")?.set("n");
	kconfig.load();
	t.is(kconfig.symbol("A")?.value, "y");
	box.remove();
});

test("what is wrong is in the error, what is odd in the messages", (t) => {
	const box = sandbox({ Kconfig: `${KCONFIG}config A\n\tbool\n`, bad: "config\n", cfg: "x\n" });
	const kconfig = open(box);
	t.regex(kconfig.take_messages(), /ignoring type redefinition of 'A'/);
	t.is(kconfig.take_messages(), "");
	kconfig.load("cfg");
	t.is(kconfig.take_messages(), "cfg:1:warning: unexpected data: x\n");
	const failed = t.throws(() => kconfig.load("nowhere"), { instanceOf: KconfigError });
	t.is(failed?.message, "nowhere: cannot be read");
	t.is(failed?.code, 2);
	const wrong = t.throws(() => parse("bad", { env: {}, cwd: box.dir }), { instanceOf: KconfigError });
	t.is(wrong?.message, "bad:1: syntax error\nbad:1: invalid statement");
	t.is(wrong?.code, 1);
	t.throws(() => kconfig.write("cfg/out"), { instanceOf: KconfigError, message: /Not a directory|exists/ });
	box.remove();
});
