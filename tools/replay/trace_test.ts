// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { END, START, trace } from "./testutil.ts";
import { load_trace, type Op } from "./trace.ts";

const names = (ops: Op[]) =>
	ops.map((op) => (op.kind === "fault" ? `${op.access} ${op.args[0].toString(16)}` : op.name));

test("faults and calls in one order; the access follows the memory", (t) => {
	const { ops, omitted } = trace(`${START}
		fault 1 7ffff7fcb100
		fault 1 555555556010
		fault 1 555555556020
		1 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
		fault 1 7ffff7ffd010
		1 mprotect(0x7ffff7ffd000, 4096, PROT_NONE) = 0
		fault 1 7ffff7ffd010
		${END}`);
	t.deepEqual(names(ops), [
		"execve",
		"brk",
		"read 7ffff7fcb100",
		"read 555555556010",
		"write 555555556020",
		"mmap",
		"write 7ffff7ffd010",
		"mprotect",
		"read 7ffff7ffd010",
		"exit_group",
	]);
	t.true(ops[8].expected.signal);
	t.is(omitted.size, 0);
	t.is(
		ops.reduce((n, op) => n + op.lines, 0),
		6,
	);
	t.true(ops[9].snapshot && ops[9].last);
});

test("what happened before the program does not count", (t) => {
	const { ops, omitted, foreign_faults } = trace(`
		fault 1 1000 strace
		1 execve("/usr/bin/setarch", ["setarch"], 0x7ffe /* 1 var */) = 0
		1 brk(NULL) = 0x1000
		fault 1 2000 setarch
		${START}
		${END}`);
	t.deepEqual(names(ops), ["execve", "brk", "exit_group"]);
	t.is(omitted.get("before the program"), 2);
	t.is(foreign_faults, 2);
});

test("a clone takes effect before the child's first sign of life", (t) => {
	const { ops, tasks } = trace(`${START}
		1 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0, stack=0x7f00} <unfinished ...>
		2 brk(NULL) = 0x555555557000
		1 <... clone3 resumed> => {parent_tid=[2]}, 88) = 2
		2 exit(0) = ?
		2 +++ exited with 0 +++
		${END}`);
	t.deepEqual(
		ops.map((op) => `${op.task} ${op.name}`),
		["0 execve", "0 brk", "0 clone3", "1 brk", "1 exit", "0 exit_group"],
	);
	t.like(tasks[1], { pid: 2, tgid: 1, parent: 0 });
	t.is(ops[3].mm, ops[2].mm);
});

test("calls that overlap are ordered so that the kernel's choice fits", (t) => {
	/* Both map at the top; thread 2's came first, though its end was seen last. */
	const { ops, unexplained } = trace(`${START}
		1 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0} => {parent_tid=[2]}, 88) = 2
		2 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>
		1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffc000
		2 <... mmap resumed>) = 0x7ffff7ffd000
		2 exit(0) = ?
		2 +++ exited with 0 +++
		${END}`);
	t.deepEqual(
		ops.slice(3, 5).map((op) => op.task),
		[1, 0],
	);
	t.deepEqual(unexplained, []);
});

test("fork copies, vfork shares until execve, wait follows the exit", (t) => {
	const { ops, images } = trace(`${START}
		1 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f10) = 2
		fault 2 555555556010
		2 exit_group(3) = ?
		1 wait4(2,  <unfinished ...>
		2 +++ exited with 3 +++
		1 <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 2
		1 vfork( <unfinished ...>
		3 execve("/bin/other", ["other"], 0x7ffe /* 1 var */ <unfinished ...>
		1 <... vfork resumed>) = 3
		3 <... execve resumed>) = 0
		3 brk(NULL) = 0x555555560000
		fault 3 55555555f000 other
		3 exit_group(0) = ?
		3 +++ exited with 0 +++
		1 --- SIGCHLD {si_signo=SIGCHLD} ---
		${END}`);
	const [fork, vfork] = ops.filter((op) => op.kind === "clone");
	t.true(fork.footprint.whole);
	t.false(vfork.footprint.whole);
	const wait = ops.find((op) => op.kind === "wait")!;
	t.is(ops[wait.after[0]].kind, "exit");
	const exec = ops.filter((op) => op.kind === "exec")[1];
	t.is(exec.mm, vfork.mm);
	t.false(images[1].recorded);
	t.is(images[1].start_brk, 0x555555560000);
	/* The parent goes on when the child has its own memory. */
	const last = ops[ops.length - 1];
	t.true(last.after.includes(ops.indexOf(exec)));
	const fault = ops.find((op) => op.args[0] === 0x55555555f000)!;
	t.is(fault.access, "read");
	t.falsy(fault.expected.signal);
});

test("a write to a signal: the line of the signal is the fault's result", (t) => {
	const { ops, omitted } = trace(`${START}
		fault 1 8
		1 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x8} ---
		${END}`);
	t.like(ops[2], { kind: "fault", lines: 1, expected: { signal: true } });
	t.is(omitted.size, 0);
});

test("what may be read was written to, if it ends in a signal", (t) => {
	const { ops } = trace(`${START}
		1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb0000
		fault 1 7ffff7fb0000
		fault 1 7ffff7fb0010
		1 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7fb0010} ---
		${END}`);
	t.like(ops[3], { kind: "fault", access: "read", expected: {} });
	t.like(ops[4], { kind: "fault", access: "write", expected: { signal: true } });
});

test("calls that do not come as far as memory are not replayed", (t) => {
	const { ops, omitted } = trace(`${START}
		1 prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) = 0
		1 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</write/only>, 0) = -1 EACCES (Permission denied)
		${END}`);
	t.deepEqual(
		[...omitted],
		[
			["prctl", 1],
			["mmap", 1],
		],
	);
	t.is(ops.length, 3);
});

test("the stack grows by the fault below it", (t) => {
	const { ops } = trace(`${START}
		fault 1 7ffffffdd000
		${END}`);
	t.true(ops[2].footprint.layout);
	t.deepEqual(ops[2].footprint.direct, [[0x7ffffffdd000, 0x7ffffffde000]]);
});

test("mistakes in files are one line with a place", (t) => {
	t.throws(() => trace(`${START}\n9 brk(NULL) = 0x1\n${END}`), {
		message: /strace\.txt:3: thread 9 appears without a clone/,
	});
	t.throws(() => trace(`${START}\n1 mprotect(0x1000, 4096, PROT_WHAT) = 0\n${END}`), {
		message: /strace\.txt:3: mprotect: 'PROT_WHAT'/,
	});
	t.throws(() => trace(`${START}\n${END}`, { "maps.initial": "" }), {
		message: /maps\.initial:1: the file is empty/,
	});
	t.throws(() => load_trace("/nonexistent"), {
		message: /^\/nonexistent\/strace\.txt: no such file; .*spf record/,
	});
});
