// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { undress } from "./pasted.ts";
import { parse_strace } from "./strace.ts";

const LINES = [
	'execve("/bin/prog", ["prog"], 0x7ffe /* 20 vars */) = 0',
	"brk(NULL)                               = 0x555555557000",
	"mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc9000",
	"exit_group(0)                           = ?",
	"+++ exited with 0 +++",
];
const TABLE = [
	"% time     seconds  usecs/call     calls    errors syscall",
	"------ ----------- ----------- --------- --------- ----------------",
	" 50.00    0.000012           6         2           mmap",
	"------ ----------- ----------- --------- --------- ----------------",
	"100.00    0.000024           4         6           total",
];

/** Calls with the lines on which they stand. */
const calls = (lines: string[]) =>
	parse_strace(`${lines.join("\n")}\n`, "strace.txt").events.flatMap((event) =>
		event.kind === "call" ? [`${event.line} ${event.name}`] : [],
	);
const names = (lines: string[]) => calls(lines).map((call) => call.split(" ")[1]);

test("text as people paste it", (t) => {
	const all = ["execve", "brk", "mmap", "exit_group"];
	const each = (how: (line: string, index: number) => string) => names(LINES.map(how));
	t.deepEqual(
		each((line) => `> ${line}`),
		all,
		"quoted",
	);
	t.deepEqual(
		each((line) => `>> ${line}`),
		all,
		"quoted twice",
	);
	t.deepEqual(
		each((line, n) => `${String(n + 1).padStart(6)}\t${line}`),
		all,
		"by cat -n",
	);
	t.deepEqual(
		each((line) => `2026-11-30T08:00:00.1234567Z ${line}`),
		all,
		"by a build server",
	);
	t.deepEqual(
		each((line) => `\x1b[32m${line}\x1b[0m`),
		all,
		"coloured",
	);
	t.deepEqual(
		each((line) => `${line}  `),
		all,
		"with blanks behind",
	);
	t.deepEqual(names(["```console", "$ sudo strace -f ./prog", ...LINES, "```"]), all, "between fences");
	t.deepEqual(names(["[root@host ~]# strace ./prog", ...LINES, "[root@host ~]#"]), all, "behind a prompt");
	t.deepEqual(names(["> ```", ...LINES.map((line) => `> ${line}`), "> ```"]), all, "both");
	const context = "[unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023]";
	const labelled = LINES.map((line) => `77 ${context} ${line.replace('prog",', 'prog" [bin_t],')}`);
	t.deepEqual(names(labelled), all, "with --secontext=full");
	t.deepEqual(names([...LINES, ...TABLE]), all, "with the table of -C");
	t.deepEqual(calls(["```", ...LINES]).slice(0, 2), ["2 execve", "3 brk"], "lines keep their numbers");
});

test("what was left out is noticed, and what is something else is not", (t) => {
	for (const dots of ["...", "[...]", "<snip>", "  …"])
		t.is(
			parse_strace([...LINES.slice(0, 2), dots, ...LINES.slice(3), ""].join("\n"), "strace.txt").gap,
			3,
			dots,
		);
	t.is(undress(LINES).gap, undefined);
	t.throws(() => names([...LINES.slice(0, 2), "hello world", ...LINES.slice(2)]), { message: /^strace.txt:3: / });
	t.throws(() => names([`> ${LINES[0]}`, ...LINES.slice(1)]), { message: /^strace.txt:1: / });
	const stack = " > /usr/lib/libc.so.6(mmap+0x1e) [0x11b3ae]";
	t.deepEqual(undress([stack, ...LINES]).lines, [stack, ...LINES]);
});
