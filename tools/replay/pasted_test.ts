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
	t.deepEqual(
		each((line, n) => `${n + 7}:${line}`),
		all,
		"by grep -n",
	);
	t.deepEqual(
		each((line) => `Nov 30 10:00:01 host.name prog[12]: ${line}`),
		all,
		"by syslog",
	);
	t.deepEqual(
		each((line) => `app-1  | ${line}`),
		all,
		"of a container",
	);
	t.deepEqual(
		each((line, n) => `12:00:0${n} ${line}`),
		all,
		"with times",
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

/** Names and results of what somebody saw on a terminal, and lines that are not strace's. */
function seen(text: string): string[] {
	const { events, others } = parse_strace(`${text.trim()}\n`, "strace.txt", true);
	return events
		.map((e) => (e.kind === "call" ? `${e.name} ${e.result.errno ?? e.result.value ?? "?"}` : e.kind))
		.concat(others.map((line) => `line ${line}`));
}

test("what the program wrote to the same terminal is not strace's", (t) => {
	const between = [...LINES.slice(0, 2), "hello world", "x (y) = z", ...LINES.slice(2)].join("\n");
	t.deepEqual(seen(between).slice(-2), ["line 3", "line 4"]);
	t.is(seen(between).length, LINES.length + 2);
	t.deepEqual(seen('write(1, "hello\\n", 6hello\n)                  = 6\nbrk(NULL) = 0x1000'), [
		"write 6",
		"brk 4096",
	]);
	t.deepEqual(seen('write(1, "hello", 5hello)   = 5'), ["write 5"]);
	t.deepEqual(seen('write(1, "a\\n(b) = c\\n", 10a\n(b) = c\n)   = 10'), ["write 10"]);
	t.deepEqual(seen('writev(1, [{iov_base="a]", iov_len=2}, {iov_base="\\n", iov_len=1}], 2a]\n) = 3'), [
		"writev 3",
	]);
	t.deepEqual(
		seen(
			'[pid  12] write(1, "hi", 2 <unfinished ...>\n[pid  11] exit_group(0) = ?\n' +
				"hi[pid  12] <... write resumed>) = 2\n[pid  12] brk(NULL) = 0x1000",
		),
		["write 2", "exit_group ?", "brk 4096"],
	);
	t.deepEqual(seen('[pid 12] write(1, "hi\\n", 3hi\n <unfinished ...>\n[pid 12] <... write resumed>) = 3'), [
		"write 3",
	]);
	/* A file of strace's has no such lines. */
	t.throws(() => parse_strace(between, "strace.txt"), { message: /^strace.txt:3: / });
	t.deepEqual(seen("no strace\nat all"), ["line 1", "line 2"]);
});

test("wrapped lines are one", (t) => {
	const long = "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc9000";
	const failed =
		'openat(AT_FDCWD, "/lib/x86_64-linux-gnu/libc-not-here.so.6", O_RDONLY) = ' +
		"-1 ENOENT (No such file or directory)";
	const all = [...LINES, long, failed, long, "munmap(0x7ffff7fc9000, 4096) = 0"];
	const plain = seen(all.join("\n"));
	for (const columns of [40, 72, 80, 97]) {
		const cut = all.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, "g")) ?? []);
		t.deepEqual(seen(cut.join("\n")), plain, `after column ${columns}`);
		const folded = all.map((line) =>
			line.replace(new RegExp(`(.{1,${columns}})( |$)`, "g"), "$1\n").trimEnd(),
		);
		t.deepEqual(seen(folded.join("\n")), plain, `at a blank before column ${columns}`);
		const blanks = folded.map((line) => line.replaceAll("\n", " \n"));
		t.deepEqual(seen(blanks.join("\n")), plain, "… and blanks left behind");
		const quoted = folded.join("\n").replace(/^/gm, "> ");
		t.deepEqual(seen(quoted), plain, `… and quoted`);
	}
});

test("what was left out is noticed, and what is something else is not", (t) => {
	for (const dots of ["...", "[...]", "<snip>", "  …"])
		t.is(
			parse_strace([...LINES.slice(0, 2), dots, ...LINES.slice(3), ""].join("\n"), "strace.txt").gap,
			3,
			dots,
		);
	const named = 'openat(3, "a [word_t] b", O_RDONLY) = 3';
	t.deepEqual(undress([named]).lines, [named], "a name is no context");
	t.is(undress(LINES).gap, undefined);
	t.throws(() => names([...LINES.slice(0, 2), "hello world", ...LINES.slice(2)]), { message: /^strace.txt:3: / });
	t.throws(() => names([`> ${LINES[0]}`, ...LINES.slice(1)]), { message: /^strace.txt:1: / });
	const stack = " > /usr/lib/libc.so.6(mmap+0x1e) [0x11b3ae]";
	t.deepEqual(undress([stack, ...LINES]).lines, [stack, ...LINES]);
});
