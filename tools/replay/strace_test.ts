// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { type Call, parse_strace } from "./strace.ts";

const T = "1795212507.313906";

function one(text: string): Call {
	const { events } = parse_strace(`7 ${T} ${text}\n`, "s");
	const [call] = events;
	if (call.kind !== "call") throw new Error("no call");
	return call;
}

test("a call on one line: pid, time, arguments, result", (t) => {
	const call = one(
		"mmap(NULL, 36039, PROT_READ|PROT_EXEC, MAP_PRIVATE, 3</etc/ld.so.cache>, 0x1000) = 0x7ffff7fb7000",
	);
	t.is(call.pid, 7);
	t.is(call.entered, 1795212507313906);
	t.is(call.name, "mmap");
	t.is(call.result.value, 0x7ffff7fb7000);
	t.deepEqual(call.args[0], { kind: "name", name: "NULL" });
	t.deepEqual(call.args[1], { kind: "number", value: 36039 });
	t.like(call.args[2], { kind: "binary", op: "|" });
	t.deepEqual(call.args[4], { kind: "fd", fd: { kind: "number", value: 3 }, path: "/etc/ld.so.cache" });
	t.deepEqual(call.args[5], { kind: "number", value: 4096 });
});

test("results: errno, unknown, notes behind them, returned descriptors", (t) => {
	t.deepEqual(one("mprotect(0x1000, 4096, PROT_READ) = -1 ENOMEM (Cannot allocate memory)").result, {
		value: -1,
		errno: "ENOMEM",
	});
	t.deepEqual(one("exit_group(0)   = ?").result, {});
	t.deepEqual(
		one("wait4(-1, 0x7ffe, 0, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)").result,
		{},
	);
	const delayed = one("brk(NULL)       = 0x555555559000 (DELAYED)");
	t.true(delayed.delayed);
	t.is(delayed.result.value, 0x555555559000);
	t.is(one("brk(NULL) = 0x5555 (INJECTED)").result.value, 0x5555);
	t.is(one("brk(NULL) = 0x5555 <0.000012>").result.value, 0x5555);
	t.is(one('memfd_create("x", 0) = 3</memfd:x (deleted)>').result.path, "/memfd:x (deleted)");
});

test("arguments nest: structs, arrays, sets, strings, comments, results", (t) => {
	const clone3 = one(
		"clone3({flags=CLONE_VM|CLONE_THREAD, child_tid=0x7f90, exit_signal=0, stack=0x7f00, set_tid=[1, 2]} => {parent_tid=[15454]}, 88) = 15454",
	);
	t.is(clone3.args.length, 2);
	t.like(clone3.args[0], { kind: "binary", op: "=>" });
	const execve = one(
		String.raw`execve("/bin/sh", ["sh", "-c", "echo \"(, } ]\" \303\244\n"...], 0x7fff /* 42 vars, "(" */) = 0`,
	);
	t.is(execve.args.length, 3);
	const argv = execve.args[1];
	t.true(argv.kind === "array" && argv.items.length === 3);
	t.deepEqual(argv.kind === "array" && argv.items[2], {
		kind: "string",
		text: 'echo "(, } ]" \u00c3\u00a4\n',
		truncated: true,
	});
	t.is(one("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], WNOHANG|__WALL, NULL) = 9").args.length, 4);
	t.is(one("rt_sigprocmask(SIG_SETMASK, ~[RTMIN RT_1], [CHLD INT], 8) = 0").args.length, 4);
	t.is(
		one(
			"mmap(NULL, 1<<20, PROT_NONE, MAP_PRIVATE|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, 5</dev/zero<char 1:5>>, 0) = -1 EINVAL (Invalid argument)",
		).args.length,
		6,
	);
	t.is(one("madvise(0x1000, 4096, 0x3039 /* MADV_??? */) = 0").args.length, 3);
});

test("split calls are joined, with both times", (t) => {
	const { events } = parse_strace(
		[
			`7 ${T} wait4(8,  <unfinished ...>`,
			"8 1795212507.313907 munmap(0x1000, 4096 <unfinished ...>",
			"8 1795212507.313908 <... munmap resumed>) = 0",
			"7 1795212507.313909 <... wait4 resumed>NULL, 0, NULL) = 8",
		].join("\n"),
		"s",
	);
	t.is(events.length, 2);
	const [wait, munmap] = events as Call[];
	t.is(wait.args.length, 4);
	t.deepEqual([wait.line, wait.last_line, wait.lines], [1, 4, 2]);
	t.is(wait.left - wait.entered, 3);
	t.is(munmap.result.value, 0);
});

test("a call that never comes back stays unfinished", (t) => {
	const { events } = parse_strace(
		`7 ${T} futex(0x1000, FUTEX_WAIT, 0 <unfinished ...>\n7 ${T} +++ killed by SIGKILL +++\n`,
		"s",
	);
	t.like(events[0], { kind: "call", unfinished: true });
	t.like(events[1], { kind: "exit", signal: "SIGKILL" });
});

test("exits and signals", (t) => {
	const { events } = parse_strace(
		[
			`7 ${T} --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---`,
			`7 ${T} +++ killed by SIGSEGV (core dumped) +++`,
			`8 ${T} +++ exited with 3 +++`,
		].join("\n"),
		"s",
	);
	t.like(events[0], { kind: "signal", name: "SIGSEGV" });
	t.like(events[1], { kind: "exit", signal: "SIGSEGV" });
	t.like(events[2], { kind: "exit", code: 3 });
});

test("an execve by a thread takes over the leader's pid", (t) => {
	const { events } = parse_strace(
		[
			`9 ${T} execve("/bin/true", ["true"], 0x7ffe /* 1 var */ <unfinished ...>`,
			`7 ${T} +++ superseded by execve in pid 9 +++`,
			`7 ${T} <... execve resumed>) = 0`,
		].join("\n"),
		"s",
	);
	t.like(events[1], { kind: "exit", superseded_by: 9 });
	t.is((events[0] as Call).result.value, 0);
});

test("operators bind as in C", (t) => {
	const [flags] = one("f(A|B|21<<S) = 0").args;
	t.like(flags, { op: "|", left: { op: "|" }, right: { op: "<<", left: { value: 21 } } });
});

test("a thread that is killed inside a call: what strace writes at each place", (t) => {
	const texts = [
		"???( <unfinished ...>\n7 T +++ killed by SIGKILL +++",
		"???() = ?\n7 T +++ exited with 0 +++",
		"????( <unfinished ...>\n7 T <... ???? resumed>) = ?",
		"wait4(8,  <unfinished ...>\n7 T <... wait4 resumed> <unfinished ...>) = ?",
		"wait4(8,  <unfinished ...>) = ?",
		"mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0 <unfinished ...>\n7 T <... ??? resumed>) = ?",
		"munmap(0x1000, 4096) = ? <unavailable>",
		"munmap(0x1000, 4096 <detached ...>",
		'execve("/bin/x", ["x"], 0x7ffe /* 1 var */ <pid changed to 8 ...>',
		"mmap(NULL <unfinished ...>",
	];
	for (const text of texts) {
		const { events } = parse_strace(`7 ${T} ${text.replaceAll("7 T", `7 ${T}`)}\n`, "s");
		t.deepEqual((events[0] as Call).result, {}, text);
	}
	const { events } = parse_strace(`7 ${T} ???( <unfinished ...>\n7 ${T} <... brk resumed>NULL) = 0x5000\n`, "s");
	t.like(events[0], { name: "brk", result: { value: 0x5000 }, unfinished: false });
});

test("results of all kinds", (t) => {
	t.deepEqual(one("clone(child_stack=NULL, flags=SIGCHLD) = ? ERESTARTNOINTR (To be restarted)").result, {});
	t.deepEqual(one("mmap(NULL, 1, 0, 0, -1, 0) = -1 (errno 512)").result, { value: -1, errno: "ERRNO_512" });
	t.is(one("fork() = 12<sh>").result.value, 12);
	t.is(one("fork() = 12 /* 3 in strace's PID NS */").result.value, 12);
	t.is(one("mmap(NULL, 1, 0, 0, -1, 0) = 0x1000 (INJECTED: args, retval) (DELAYED)").result.value, 4096);
	t.deepEqual(one("memfd_create() = 3</memfd:x>(deleted)").result, { value: 3, path: "/memfd:x (deleted)" });
	t.deepEqual(one("open() = 3</dev/null<char 1:3>> <0.000020>").result, { value: 3, path: "/dev/null" });
});

test("as people paste it: without times, threads, with all sorts of columns", (t) => {
	const heads = [
		"",
		"12:13:14 ",
		"12:13:14.123456 ",
		"     0.000123 ",
		"12:13:14.123456 (+     0.000123) ",
		"[   9] ",
		"[00007f1200000000] ",
		"1795212507 ",
	];
	for (const head of heads) {
		const { events, clock, no_pids } = parse_strace(
			`${head}brk(NULL) = 0x5000\n${head}+++ exited with 0 +++`,
			"s",
		);
		t.like(events[0], { kind: "call", pid: 1, name: "brk", result: { value: 0x5000 }, entered: 1 }, head);
		t.deepEqual([events.length, clock, no_pids], [2, "lines", true]);
	}
});

test("lines without a number are of the thread that nobody made", (t) => {
	const { events, notes } = parse_strace(
		[
			"vfork( <unfinished ...>",
			"strace: Process 8 attached",
			"[pid     8] munmap(0x1000, 4096) = 0",
			"[pid     7] <... vfork resumed>) = 8",
			" > /lib/libc.so.6(munmap+0xb) [0x1234]",
			"[pid     8] +++ exited with 0 +++",
			"brk(NULL) = 0x5000",
		].join("\n"),
		"s",
	);
	t.deepEqual(
		events.map((event) => event.pid),
		[7, 8, 8, 7],
	);
	t.is(notes, 2);
});

test("a file that ends within a line", (t) => {
	const { events, cut } = parse_strace(`7 ${T} brk(NULL) = 0x5000\n7 ${T} mmap(NULL, 40`, "s");
	t.is(events.length, 1);
	t.true(cut);
});

const malformed: [string, RegExp][] = [
	["hello", /^s:1: expected 'PID TIME CALL'/],
	[`7 ${T} brk(\x1b[2J\x07) = 0`, /^s:1: [ -~]*$/],
	[`7 ${T} brk(${"{".repeat(60000)}) = 0`, /^s:1: .* nested more than 64 deep$/],
	[`7 ${T} brk(${"-".repeat(60000)}1) = 0`, /^s:1: .* nested more than 64 deep$/],
	[`7 ${T} brk(${"1|".repeat(60000)}1) = 0`, /^s:1: more than 512 operators/],
	[`7 ${T} brk(NULL`, /^s:1: '\)' is missing|^s:1: ',' or '\)' is missing/],
	[`7 ${T} brk(NULL)`, /^s:1: no result/],
	[`7 ${T} brk("abc) = 0`, /^s:1: a string does not end/],
	[`7 ${T} brk({a=1) = 0`, /^s:1: /],
	[`7 ${T} brk(NULL) = 0x1${"0".repeat(17)}`, /^s:1: no number of 64 bits/],
	[`7 ${T} brk(${"9".repeat(21)}) = 0`, /^s:1: no number of 64 bits/],
	[`7 ${T} brk(NULL) = -1`, /^s:1: result -1 without an errno/],
	[`7 ${T} <... brk resumed>) = 0`, /^s:1: brk of thread 7 resumes/],
	[
		`7 ${T} brk(NULL <unfinished ...>\n7 ${T} <... mmap resumed>) = 0`,
		/^s:2: mmap resumes, but thread 7 is inside brk of line 1/,
	],
	[`7 ${T} brk(NULL <unfinished ...>\n7 ${T} brk(NULL) = 0`, /^s:2: thread 7 enters brk inside brk of line 1/],
	[`7 ${T} +++ gone +++`, /^s:1: not the end of a thread/],
	[`7 ${T} --- what ---`, /^s:1: not a signal/],
	["", /^s:1: /],
];
for (const [text, message] of malformed)
	test(`malformed: ${JSON.stringify(text).slice(0, 60)} ${text.length}`, (t) => {
		if (text === "") return void t.deepEqual(parse_strace("", "s").events, []);
		t.throws(() => parse_strace(`${text}\n`, "s"), { message });
	});
