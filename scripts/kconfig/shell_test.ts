// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of $(shell,…) as spf-conf runs it: ahead, remembered, or when its turn comes. What
// comes out has to be the same.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { get, parse } from "./engine.ts";
import type { KconfHost } from "./lkc.ts";
import { shell_host } from "./shell_cache.ts";
import { tracer } from "./shell_trace.ts";
import { type Sandbox, sandbox } from "./testutil.ts";

const KCONFIG = `tool := $(shell,cat tool)
has = $(shell,{ $(1); } >/dev/null 2>&1 && echo y || echo n)

config A
	def_bool $(has,test "$(tool)" = gcc)

config B
	string
	default "$(shell,printf 'x\\ny\\n\\n'; echo said >&2)"

config C
	string
	default "<$(shell,kill -9 $$)$(shell,exit 3)>"

config D
	string
	default "$(shell,head -c 9000 /dev/zero | tr '\\0' z)"

config E
	string
	default "$(shell,echo run >> $LOG; echo $VARIABLE)"

config F
	string
	default "$(shell,echo run >> $LOG; echo $VARIABLE)"
`;

/** Without strace nothing is remembered. */
const WATCHED = tracer().length > 0;
const NAMES = ["A", "B", "C", "D", "E", "F"];

/** The values, what was said, and how often E's and F's command has been run so far. */
function look(box: Sandbox, more: Record<string, string> = {}) {
	let err = "";
	const host: KconfHost = {
		env: { PATH: process.env.PATH, LOG: "runs", XDG_CACHE_HOME: join(box.dir, "cache"), ...more },
		cwd: box.dir,
		out: () => {},
		err: (text) => {
			err += text;
		},
	};
	const { host: ready, remember } = shell_host(host, "7.2", "Kconfig");
	const kconf = parse("Kconfig", ready);
	remember();
	const runs = (box.read("runs") ?? "").split("\n").length - 1;
	return { values: NAMES.map((name) => get(kconf, name)), err, runs };
}

const want = (tool: string, variable: string) => [tool, "x y", "<>", "z".repeat(4095), variable, variable];

test("ahead, remembered, and one after the other: the same", (t) => {
	const box = sandbox({ Kconfig: KCONFIG, tool: "gcc\n" });
	// What leaves something behind is run as often as it stands there.
	t.deepEqual(look(box), { values: want("y", ""), err: WATCHED ? "said\n" : "", runs: 2 });
	t.deepEqual(look(box), { values: want("y", ""), err: WATCHED ? "said\n" : "", runs: 4 });
	if (WATCHED) t.is(readdirSync(join(box.dir, "cache/spf-kconfig")).length, 1);
	const anew = look(box, { KCONFIG_NOCACHE: "1" });
	// There standard error is the process's.
	t.deepEqual(anew, { values: want("y", ""), err: "", runs: 6 });
	box.remove();
});

test("another environment, another file that a command names: run again", (t) => {
	const box = sandbox({ Kconfig: KCONFIG, tool: "gcc\n" });
	look(box);
	t.deepEqual(look(box, { VARIABLE: "v" }).values, want("y", "v"));
	t.deepEqual(look(box).values, want("y", ""));
	box.put("tool", "clang\n");
	t.deepEqual(look(box).values, want("n", ""));
	box.remove();
});

test("a cache that is spoilt, or cannot be written, is none", (t) => {
	const box = sandbox({ Kconfig: KCONFIG, tool: "gcc\n", file: "" });
	look(box);
	const [name] = WATCHED ? readdirSync(join(box.dir, "cache/spf-kconfig")) : [];
	if (name) box.put(`cache/spf-kconfig/${name}`, '{ "key": 1');
	t.deepEqual(look(box).values, want("y", ""));
	t.deepEqual(look(box, { XDG_CACHE_HOME: join(box.dir, "file/x") }).values, want("y", ""));
	t.deepEqual(look(box, { XDG_CACHE_HOME: "/proc/none" }).values, want("y", ""));
	box.remove();
});
