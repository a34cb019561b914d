// SPDX-License-Identifier: GPL-2.0-only
//
// What is remembered of $(shell,…) never is an old answer: whatever a command depends on is
// changed, and it has to say what it would say without a memory. Without strace nothing is
// remembered, and the answers are the same.

import { spawnSync } from "node:child_process";
import {
	chmodSync,
	existsSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { get, parse } from "./engine.ts";
import type { KconfHost } from "./lkc.ts";
import { shell_host } from "./shell_cache.ts";
import { wants_its_turn } from "./shell_known.ts";
import { stamp } from "./shell_stamp.ts";
import { tracer } from "./shell_trace.ts";
import { type Sandbox, sandbox } from "./testutil.ts";

const WATCHED = tracer().length > 0;
const has = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** Files that have just been written are not trusted: let them grow older. */
const settle = (): void => {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
};

/** What a command says now. */
function say(box: Sandbox, command: string, more: Record<string, string> = {}): string {
	box.put("Kconfig", `config A\n\tstring\n\tdefault "$(shell,${command})"\n`);
	settle();
	const host: KconfHost = {
		env: { PATH: `${box.dir}/bin:${process.env.PATH}`, XDG_CACHE_HOME: join(box.dir, ".cache"), ...more },
		cwd: box.dir,
		out: () => {},
		err: () => {},
	};
	const { host: ready, remember } = shell_host(host, "7.2", "Kconfig");
	const kconf = parse("Kconfig", ready);
	remember();
	return get(kconf, "A");
}

/** Is there an answer to this command in a cache of this directory? */
function is_remembered(box: Sandbox, command: string): boolean {
	const dir = join(box.dir, ".cache/spf-kconfig");
	if (!existsSync(dir)) return false;
	return readdirSync(dir).some((name) =>
		Object.hasOwn(JSON.parse(readFileSync(join(dir, name), "utf8")).commands, command),
	);
}

/** Overwrites a file and leaves its size and its date as they were. */
function overwrite(box: Sandbox, name: string, text: string): void {
	const path = join(box.dir, name);
	if (text.length !== statSync(path).size) throw new Error(`${name}: another size`);
	// To the nanosecond, which node's own calls do not keep.
	spawnSync("touch", ["-r", path, `${path}.date`]);
	writeFileSync(path, text);
	spawnSync("touch", ["-r", `${path}.date`, path]);
}

function put_program(box: Sandbox, name: string, text: string): void {
	box.put(name, text);
	chmodSync(join(box.dir, name), 0o755);
}

interface Case {
	readonly title: string;
	readonly command: string;
	readonly needs?: string;
	setup(box: Sandbox): void;
	readonly first: string;
	change(box: Sandbox): void;
	readonly after: string;
	readonly env?: Record<string, string>;
	/** The environment afterwards. */
	readonly after_env?: Record<string, string>;
}

/** Remembered, until the change. */
const CASES: readonly Case[] = [
	{
		title: "a script that reads another one",
		command: "sh ./a.sh",
		setup: (box) => {
			box.put("a.sh", ". ./b.sh\necho $x\n");
			box.put("b.sh", "x=1\n");
		},
		first: "1",
		change: (box) => box.put("b.sh", "x=2\n"),
		after: "2",
	},
	{
		title: "a tool that is overwritten in place, with its size and date",
		command: "tool --version",
		setup: (box) => put_program(box, "bin/tool", "#!/bin/sh\necho 1\n"),
		first: "1",
		change: (box) => overwrite(box, "bin/tool", "#!/bin/sh\necho 2\n"),
		after: "2",
	},
	{
		title: "a file that was not there",
		command: "test -e new/file && echo y || echo n",
		setup: () => {},
		first: "n",
		change: (box) => box.put("new/file", ""),
		after: "y",
	},
	{
		title: "another tool before it in PATH",
		command: "true && basename /a/b",
		setup: (box) => box.put("bin/x", ""),
		first: "b",
		change: (box) => put_program(box, "bin/basename", "#!/bin/sh\necho other\n"),
		after: "other",
	},
	{
		title: "a link that leads elsewhere, to a file that is as old",
		command: "cat link",
		setup: (box) => {
			box.put("one", "1\n");
			box.put("two", "2\n");
			symlinkSync("one", join(box.dir, "link"));
		},
		first: "1",
		change: (box) => {
			rmSync(join(box.dir, "link"));
			symlinkSync("two", join(box.dir, "link"));
		},
		after: "2",
	},
	{
		title: "names in a directory",
		command: "echo d/*.txt",
		setup: (box) => box.put("d/a.txt", ""),
		first: "d/a.txt",
		change: (box) => box.put("d/b.txt", ""),
		after: "d/a.txt d/b.txt",
	},
	{
		title: "which directory is newer",
		command: "test a -nt b && echo y || echo n",
		setup: (box) => {
			box.put("a/x", "");
			settle();
			box.put("b/x", "");
		},
		first: "n",
		change: (box) => box.put("a/y", ""),
		after: "y",
	},
	{
		title: "may a file be run?",
		command: "test -x f && echo y || echo n",
		setup: (box) => box.put("f", ""),
		first: "n",
		change: (box) => chmodSync(join(box.dir, "f"), 0o755),
		after: "y",
	},
	{
		title: "from another directory, on the way through a pipe and a loop",
		command: "cd sub && for f in one two; do cat $f; done | tr -d x",
		setup: (box) => {
			box.put("sub/one", "x1\n");
			box.put("sub/two", "x2\n");
		},
		first: "1 2",
		change: (box) => overwrite(box, "sub/two", "x3\n"),
		after: "1 3",
	},
	{
		title: "a header that a compiler finds",
		command: "gcc -E -P in.c",
		needs: "gcc",
		setup: (box) => {
			box.put("in.c", '#include "in.h"\n');
			box.put("in.h", "one\n");
		},
		first: "one",
		change: (box) => overwrite(box, "in.h", "two\n"),
		after: "two",
	},
	{
		title: "a variable that changes all the time",
		command: "echo $COLUMNS",
		setup: () => {},
		first: "80",
		change: () => {},
		after: "99",
		env: { COLUMNS: "80" },
		after_env: { COLUMNS: "99" },
	},
	{
		title: "a script that reads such a variable",
		command: "./a.sh",
		setup: (box) => put_program(box, "a.sh", "#!/bin/sh\necho $MAKEFLAGS\n"),
		first: "-s",
		change: () => {},
		after: "-j",
		env: { MAKEFLAGS: "-s" },
		after_env: { MAKEFLAGS: "-j" },
	},
];

for (const one of CASES) {
	test(`anew: ${one.title}`, (t) => {
		if (one.needs && !has(one.needs)) return t.pass(`there is no ${one.needs}`);
		const box = sandbox();
		t.teardown(() => box.remove());
		one.setup(box);
		t.is(say(box, one.command, one.env), one.first);
		// One of a directory whose own date counts is only remembered when that has settled.
		t.is(say(box, one.command, one.env), one.first);
		if (WATCHED) t.true(is_remembered(box, one.command), "remembered");
		t.is(say(box, one.command, one.env), one.first);
		one.change(box);
		t.is(say(box, one.command, one.after_env ?? one.env), one.after);
	});
}

/** Never remembered: what they depend on is in no file, or they do more than to answer. */
const NEVER: Readonly<Record<string, string>> = {
	"the time": "date +%s%N",
	"the time, of a script": "sh ./clock.sh",
	"a program that nobody knows": "./copy-of-env",
	"another language": "./tool.py",
	"the kernel": "cat /proc/uptime",
	"the kernel, from a variable": "cat $UPTIME",
	"a process": "echo $$",
	"a process, in a name": "x=f_$$; echo $x",
	"a temporary name": "mktemp -u",
	"a temporary file": "f=$(mktemp) && echo $f && rm $f",
	chance: "awk 'BEGIN { srand(); print rand() }'",
	"the time, of a source": "echo __TIME__ | gcc -E -P -",
	"a file that is left behind": "echo a >> log; wc -l < log",
	"a file that is taken away": "rm -f gone; echo a",
	"a version control system": "git rev-parse HEAD",
	"a text from a variable": "eval $UPTIME",
	"something that goes on": "sleep 0 & echo a",
	"a limit": "ulimit -n",
};

for (const [title, command] of Object.entries(NEVER)) {
	test(`never remembered: ${title}`, (t) => {
		const box = sandbox({ gone: "" });
		t.teardown(() => box.remove());
		box.put("clock.sh", "date +%s%N\n");
		put_program(box, "tool.py", "#!/usr/bin/env python3\nprint(1)\n");
		put_program(box, "copy-of-env", readFileSync("/usr/bin/env", "latin1"));
		writeFileSync(join(box.dir, "copy-of-env"), readFileSync("/usr/bin/env"));
		// Kconfig would take the brackets for its own.
		const written = command.includes("$(") ? "sh ./it.sh" : command;
		box.put("it.sh", `${command}\n`);
		say(box, written, { UPTIME: "/proc/uptime" });
		say(box, written, { UPTIME: "/proc/uptime" });
		t.false(is_remembered(box, written));
	});
}

function orders(t: ExecutionContext, env: Record<string, string>): void {
	const box = sandbox({ f: "1\n" });
	t.teardown(() => box.remove());
	const ask = (name: string, command: string) => `config ${name}\n\tstring\n\tdefault "$(shell,${command})"\n`;
	box.put(
		"Kconfig",
		ask("A", "cat f") +
			ask("B", "echo 2 >f; echo run >>log") +
			ask("C", "cat f") +
			ask("D", "echo run >>log"),
	);
	settle();
	const host: KconfHost = {
		env: { PATH: process.env.PATH, XDG_CACHE_HOME: join(box.dir, ".cache"), ...env },
		cwd: box.dir,
		out: () => {},
		err: () => {},
	};
	for (const before of ["1", "2"]) {
		const { host: ready, remember } = shell_host(host, "7.2", "Kconfig");
		const kconf = parse("Kconfig", ready);
		remember();
		t.deepEqual(
			["A", "B", "C", "D"].map((name) => get(kconf, name)),
			[before, "", "2", ""],
		);
	}
	t.is(box.read("log"), "run\n".repeat(4));
}

test("what one command writes the next one reads", (t) => orders(t, {}));
test("the same with KCONFIG_NOCACHE=1", (t) => orders(t, { KCONFIG_NOCACHE: "1" }));

test("what a script writes is there for a command that could be run ahead", (t) => {
	for (const env of [{}, { KCONFIG_NOCACHE: "1" }]) {
		const box = sandbox({ f: "1\n", "w.sh": "echo 2 > f\n" });
		const ask = (name: string, command: string) =>
			`config ${name}\n\tstring\n\tdefault "$(shell,${command})"\n`;
		box.put("Kconfig", ask("A", "cat f") + ask("B", "sh w.sh") + ask("C", "cat ./f"));
		settle();
		const host: KconfHost = {
			env: { PATH: process.env.PATH, XDG_CACHE_HOME: join(box.dir, ".cache"), ...env },
			cwd: box.dir,
			out: () => {},
			err: () => {},
		};
		const kconf = parse("Kconfig", shell_host(host, "7.2", "Kconfig").host);
		t.deepEqual(
			["A", "B", "C"].map((name) => get(kconf, name)),
			["1", "", "2"],
		);
		box.remove();
	}
});

/** Are they run where they stand, and not ahead of others? */
const TURNS: [string, boolean][] = [
	["cat f", false],
	["echo a >&2", false],
	["gcc --version | head -1", false],
	["gcc -S -x c /dev/null -o /dev/null 2>&1", false],
	["mkdir .tmp_$$; trap 'rm -rf .tmp_$$' EXIT; gcc -c -x c /dev/null -o .tmp_$$/x.o", false],
	["{ test -e f; } >/dev/null 2>&1 && echo y || echo n", false],
	["A=b echo c", false],
	["echo a > f", true],
	["echo a >| f", true],
	["true &> f", true],
	["./x.sh", true],
	["sh x.sh", true],
	[". ./x.sh", true],
	["$CC -v", true],
	["sed -i s/a/b/ f", true],
	["touch f", true],
	['echo "$(touch f)"', true],
	["echo `touch f`", true],
	["if test -e f; then touch g; fi", true],
	["gcc -c x.c", true],
	["gcc -c x.c -o x.o", true],
	["rm -f f", true],
	["trap 'rm -f f' EXIT; true", true],
	["git rev-parse HEAD", true],
	["read x; echo $x", true],
];
test("which commands are run where they stand", (t) => {
	for (const [command, turn] of TURNS) t.is(wants_its_turn(command), turn, command);
});

test("a path that cannot be looked at is one more answer", (t) => {
	const box = sandbox({ file: "" });
	t.teardown(() => box.remove());
	symlinkSync("loop", join(box.dir, "loop"));
	t.is(stamp(join(box.dir, "loop"), 1).text, "ELOOP");
	t.is(stamp(`/${"x".repeat(300)}`, 1).text, "ENAMETOOLONG");
	t.is(stamp(join(box.dir, "file/x"), 1).text, "ENOTDIR");
	const PATH = `${box.dir}/loop:${box.dir}/file:/${"x".repeat(300)}:${process.env.PATH}`;
	t.is(say(box, "echo a", { PATH }), "a");
	t.is(say(box, "echo a", { PATH }), "a");
});

/** spf-conf as a process of its own: its standard streams are those of the commands. */
function conf(box: Sandbox, env: Record<string, string>, input = "") {
	const main = join(import.meta.dirname, "spf-conf.ts");
	const tsx = import.meta.resolve("tsx");
	return spawnSync(process.execPath, ["--import", tsx, main, "--alldefconfig", "Kconfig"], {
		cwd: box.dir,
		env: { PATH: process.env.PATH, XDG_CACHE_HOME: join(box.dir, ".cache"), ...env },
		encoding: "utf8",
		input,
	});
}

test("what a command reads from standard input is not remembered", (t) => {
	const box = sandbox({ Kconfig: 'config A\n\tstring\n\tdefault "$(shell,cat)"\n' });
	t.teardown(() => box.remove());
	for (const text of ["one", "two"]) {
		t.is(conf(box, {}, text).status, 0);
		t.is(box.read(".config")?.match(/CONFIG_A="(.*)"/)?.[1], text);
		rmSync(join(box.dir, ".config"));
	}
});

test("messages of the shell are those of the reference", (t) => {
	const box = sandbox({ Kconfig: 'config A\n\tstring\n\tdefault "$(shell,no-such-command; echo $0)"\n' });
	t.teardown(() => box.remove());
	for (const KCONFIG_NOCACHE of ["0", "1"]) {
		const { stderr, status } = conf(box, { KCONFIG_NOCACHE });
		t.is(status, 0);
		t.regex(stderr, /^sh: .*no-such-command/m);
		t.is(box.read(".config")?.match(/CONFIG_A="(.*)"/)?.[1], "sh");
	}
});

test("nothing is left in TMPDIR, however it ends", async (t) => {
	const box = sandbox({ "tmp/x": "" });
	t.teardown(() => box.remove());
	const command = 'def_bool $(shell,sh -c "exit 1" || echo n)\n';
	const TMPDIR = join(box.dir, "tmp");
	const left = () => readdirSync(TMPDIR).filter((name) => name.startsWith("spf-kconfig"));
	box.put("Kconfig", `config A\n\t${command}`);
	t.is(conf(box, { TMPDIR }).status, 0);
	t.deepEqual(left(), []);
	box.put("Kconfig", `config A\n\t${command}config B\n\tnonsense\n`);
	t.is(conf(box, { TMPDIR, VARIABLE: "another cache" }).status, 1);
	t.deepEqual(left(), []);
	// Killed, it can do nothing itself.
	box.put("Kconfig", `config A\n\t${command}config B\n\tdef_bool $(shell,kill -9 $VICTIM; sleep 0.2)\n`);
	const main = join(import.meta.dirname, "spf-conf.ts");
	const start = 'export VICTIM=$$; exec "$0" --import "$1" "$2" --alldefconfig Kconfig';
	const { signal } = spawnSync("sh", ["-c", start, process.execPath, import.meta.resolve("tsx"), main], {
		cwd: box.dir,
		env: { PATH: process.env.PATH, XDG_CACHE_HOME: join(box.dir, ".cache"), TMPDIR },
	});
	t.is(signal, "SIGKILL");
	for (let i = 0; i < 100 && left().length > 0; i++) await new Promise((done) => setTimeout(done, 50));
	t.deepEqual(left(), []);
});
