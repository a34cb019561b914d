// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { parse_faults } from "./faults.ts";
import { parse_maps } from "./maps.ts";
import { ABSENT, END, INITIAL, START, trace } from "./testutil.ts";
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

test("what a fault was for, where it is recorded", (t) => {
	const { ops } = trace(`${START}
		1 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
		touch 1 read 7ffff7ffd000
		touch 1 write 7ffff7ffd000
		touch 1 exec 7ffff7ffe000
		1 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7ffe000} ---
		${END}`);
	t.deepEqual(names(ops.slice(3, 6)), ["read 7ffff7ffd000", "write 7ffff7ffd000", "exec 7ffff7ffe000"]);
	t.deepEqual(
		ops.slice(3, 6).map((op) => [op.footprint.layout, op.expected.signal ?? false]),
		[
			[false, false],
			[true, false],
			[false, true],
		],
	);
});

test("a signal says of a guess that it was wrong: what was forbidden", (t) => {
	const { ops, omitted } = trace(`${START}
		1 mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb0000
		fault 1 7ffff7fb0000
		1 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7fb0000} ---
		1 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7faf000
		fault 1 7ffff7faf000
		1 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7faf000} ---
		fault 1 555555556010
		1 --- SIGSEGV {si_signo=SIGSEGV, si_code=SI_TKILL, si_pid=1, si_uid=0} ---
		1 --- SIGSEGV {si_signo=SIGSEGV, si_code=SI_KERNEL, si_addr=NULL} ---
		${END}`);
	t.deepEqual(
		ops.filter((op) => op.kind === "fault").map((op) => [op.access, op.expected.signal ?? false]),
		[
			["write", true],
			["exec", true],
			["read", false],
		],
	);
	t.is(omitted.get("SIGSEGV"), 2);
});

test("a clone that failed or is made once more has made nothing", (t) => {
	const { ops, omitted, tasks } = trace(`${START}
		1 clone(child_stack=NULL, flags=CLONE_FS|CLONE_NEWUSER|SIGCHLD) = -1 EINVAL (Invalid argument)
		1 clone(child_stack=NULL, flags=SIGCHLD) = ? ERESTARTNOINTR (To be restarted)
		1 clone(child_stack=NULL, flags=CLONE_THREAD) = -1 EINVAL (Invalid argument)
		${END}`);
	t.deepEqual(
		ops.filter((op) => op.kind === "clone").map((op) => op.expected),
		[{ errno: 22 }],
	);
	t.is(omitted.get("clone"), 2);
	t.is(tasks.length, 1);
});

test("an execve by a thread: it goes on under the leader's number", (t) => {
	const { ops, images } = trace(`${START}
		1 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0} => {parent_tid=[2]}, 88) = 2
		2 execve("/bin/other", ["other"], 0x7ffe /* 1 var */ <unfinished ...>
		1 +++ superseded by execve in pid 2 +++
		1 <... execve resumed>) = 0
		1 brk(NULL) = 0x555555560000
		${END}`);
	t.deepEqual(
		ops.slice(2).map((op) => `${op.task} ${op.name}`),
		["0 clone3", "0 exit", "1 execve", "1 brk", "1 exit_group"],
	);
	t.is(images[1].start_brk, 0x555555560000);
});

test("an image that was copied when the program had run on is one that was not recorded", (t) => {
	const late = `555555554000-555555559000 rw-p 00000000 fe:00 13                         /bin/other
7ffff7ffc000-7ffff7ffd000 rw-p 00000000 00:00 0
`;
	const recorded = (call: string) =>
		trace(
			`${START}
			1 execve("/bin/other", ["other"], 0x7ffe /* 1 var */) = 0 (DELAYED)
			${call}
			1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffc000
			${END}`,
			{ "maps.exec": `# strace.txt:3 start_brk=0x555555559000 brk=0x555555559000\n${late}` },
		).images[1].recorded;
	t.false(recorded("1 brk(NULL) = 0x555555559000"));
	t.true(recorded("1 munmap(0x7ffff7ffc000, 4096) = 0"));
	const fixed = "PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0";
	t.true(recorded(`1 mmap(0x7ffff7ffc000, 4096, ${fixed}) = 0x7ffff7ffc000`));
});

test("images of later execves, and the line at which the last maps were read", (t) => {
	const other = "555555554000-555555559000 rw-p 00000000 fe:00 13                         /bin/other\n";
	const { ops, images, final_line } = trace(
		`1 execve("/bin/prog", ["prog"], 0x7ffe /* 1 var */) = 0 (DELAYED)
		1 execve("/bin/other", ["other"], 0x7ffe /* 1 var */) = 0 (DELAYED)
		1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffc000
		1 munmap(0x7ffff7ffc000, 4096) = 0
		1 +++ killed by SIGKILL +++`,
		{
			"maps.initial": `# strace.txt:1 start_brk=0x555555557000 brk=0x555555557000\n${INITIAL}`,
			"maps.exec": `# strace.txt:2 start_brk=0x55555555a000 brk=0x55555555a000\n${other}`,
			"maps.final": `# strace.txt:3\n${other}7ffff7ffc000-7ffff7ffd000 r--p 00000000 00:00 0 \n`,
		},
	);
	t.deepEqual(
		images.map((image) => [image.recorded, image.start_brk, image.lines.length]),
		[
			[true, 0x555555557000, 4],
			[true, 0x55555555a000, 1],
		],
	);
	t.deepEqual(
		ops.map((op) => [op.name, op.snapshot]),
		[
			["execve", false],
			["execve", false],
			["mmap", false],
			["munmap", true],
			["exit", false],
		],
	);
	t.is(final_line, 3);
});

test("maps that were copied when calls were entered and had not begun", (t) => {
	const thread = "clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0} => {parent_tid=[2]}, 88) = 2";
	const map = "PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS";
	const brk = "brk=0x555555557000";
	const page = "40000000-40001000 r--p 00000000 00:00 0 \n";
	/* Copied behind line 4: which calls the maps have seen, by what they show. */
	const seen = (final: string) => {
		const { ops, final_line } = trace(
			`1 execve("/bin/prog", ["prog"], 0x7ffe /* 1 var */) = 0 (DELAYED)
			1 ${thread}
			2 mmap(NULL, 4096, ${map}|MAP_32BIT, -1, 0 <unfinished ...>
			1 mmap(0x10000, 4096, ${map}|MAP_FIXED, -1, 0) = 0x10000
			2 <... mmap resumed>) = 0x40000000
			1 +++ killed by SIGKILL +++
			2 +++ killed by SIGKILL +++`,
			{
				"maps.initial": `# strace.txt:1 start_${brk} ${brk}\n${INITIAL}`,
				"maps.final": `# strace.txt:4\n${final}${INITIAL}`,
			},
		);
		const calls = ops.filter(({ kind }) => kind === "call" || kind === "exit");
		const end = calls.findIndex(({ snapshot }) => snapshot);
		return [calls.slice(0, end).map(({ args }) => args[0]), final_line];
	};
	const low = "00010000-00011000 r--p 00000000 00:00 0 \n";
	t.deepEqual(seen(`${low}${page}`), [[0x10000, 0], undefined]);
	t.deepEqual(seen(low), [[0x10000], 4]);
	t.deepEqual(seen(page), [[0], 3]);
});

test("older recordings: what was mapped by the first brk, and what was not yet when another thread ended all", (t) => {
	const map = "PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0";
	const stack = "7ffff7ffd000-7ffff7fff000 r--p 00000000 00:00 0 ";
	const lines = INITIAL.split("\n");
	const { ops, images, final_line } = trace(
		`1 execve("/bin/prog", ["prog"], 0x7ffe /* 1 var */) = 0
		1 mmap(NULL, 8192, ${map}) = 0x7ffff7ffd000
		1 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0} => {parent_tid=[2]}, 88) = 2
		2 brk(NULL) = 0x555555557000 (DELAYED)
		1 exit_group(0 <unfinished ...>
		2 mmap(NULL, 8192, ${map}) = 0x7ffff7ffb000
		2 +++ exited with 0 +++
		1 <... exit_group resumed>) = ?
		1 +++ exited with 0 +++`,
		{
			"maps.initial": lines.toSpliced(3, 0, stack).join("\n"),
			"maps.final": lines.toSpliced(3, 0, stack).join("\n"),
		},
	);
	t.is(images[0].start_brk, 0x555555557000);
	t.is(images[0].lines.length, 4);
	t.is(final_line, 5);
	t.deepEqual(
		ops.filter((op) => op.snapshot).map((op) => op.name),
		["mmap"],
	);
});

test("a call that makes room came after a mapping that did not go there", (t) => {
	const map = "PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0";
	const { ops, unexplained } = trace(`${START}
		1 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0} => {parent_tid=[2]}, 88) = 2
		1 mmap(NULL, 8192, ${map}) = 0x7ffff7ffd000
		1 mmap(NULL, 8192, ${map}) = 0x7ffff7ffb000
		1 munmap(0x7ffff7ffd000, 8192 <unfinished ...>
		2 mmap(NULL, 8192, ${map} <unfinished ...>
		1 <... munmap resumed>) = 0
		2 <... mmap resumed>) = 0x7ffff7fc9000
		${END}`);
	t.deepEqual(
		ops.slice(5, 7).map((op) => op.name),
		["mmap", "munmap"],
	);
	t.deepEqual(unexplained, []);
});

test("strace was attached: the threads and the heap are there", (t) => {
	const heap = "555555557000-555555559000 rw-p 00000000 00:00 0                          [heap]\n";
	const lines = INITIAL.split("\n");
	const { ops, tasks } = trace("2 munmap(0x7ffff7fcb000, 4096) = 0", {
		"maps.initial":
			"# strace.txt:0 start_brk=0x555555557000 brk=0x555555559000 threads=1,2 time=1000000000\n" +
			lines.toSpliced(2, 0, heap.trim()).join("\n"),
	});
	t.deepEqual(
		ops.map((op) => `${op.task} ${op.name} ${op.lines}`),
		["0 execve 0", "0 brk 0", "0 clone 0", "1 munmap 1", "1 exit 0", "0 exit 0"],
	);
	t.deepEqual(
		tasks.map(({ pid, tgid }) => [pid, tgid]),
		[
			[1, 1],
			[2, 1],
		],
	);
});

test("what is missing is named, and what was found without it is there", (t) => {
	const { unknown, final_known, images, open_files } = trace(
		`1 mprotect(0x7f0000001000, 8192, PROT_READ) = 0
		1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f0000000000
		1 mmap(0x7f0000000000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 3, 0) = 0x7f0000000000
		1 brk(0x1000) = 0x1000`,
		{ "maps.initial": ABSENT, "maps.final": ABSENT, "faults.txt": ABSENT, "kernel.txt": ABSENT },
	);
	t.false(final_known);
	t.deepEqual(
		unknown.map((what) => what.replace(/ \(.*/, "")),
		[
			"the page faults",
			"the memory in which the program began",
			"the maps at its end",
			"the kernel that it ran on",
			"what happened before the first line of strace.txt",
			"which files were mapped",
		],
	);
	t.true(images[0].lines.some((line) => line.start === 0x7f0000001000 && line.end === 0x7f0000003000));
	t.is(open_files.length, 1);
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
	/* Older recorders read the maps of the first thread, which has none when it has ended. */
	const left = "1 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 2\n1 exit(0) = ?";
	const { unknown, final_known } = trace(`${START}\n${left}\n2 exit_group(0) = ?\n2 +++ exited with 0 +++`, {
		"maps.final": "",
	});
	t.is(final_known, false);
	t.regex(unknown.join(), /the first thread had ended/);
	t.throws(() => trace(`${START}\n${END}`, { "maps.final": "" }), {
		message: /maps\.final:1: the file is empty/,
	});
	t.throws(() => trace(`${START}\n${END}`, { "kernel.txt": "\n" }), {
		message: /kernel\.txt:1: the file is empty/,
	});
	t.throws(() => trace(`${START}\n${END}`, { "kernel.txt": "new\n" }), {
		message: /kernel\.txt:1: not the version/,
	});
	t.throws(() => load_trace("/nonexistent"), {
		message: /^\/nonexistent\/strace\.txt: no such file; .*spf record/,
	});
});

test("a name may hold what other programs take for the end of a line", (t) => {
	const name = "/tmp/a\rb\u2028c";
	const [line] = parse_maps(`555555554000-555555556000 r-xp 00000000 fe:00 11     ${name}\n`, "maps.final");
	t.is(line.name, name);
	const [fault] = parse_faults(`a\rb 7/8 1000.000100: page-faults: 555555554000\n`, "faults.txt");
	t.like(fault, { comm: "a\rb", pid: 7, tid: 8 });
});
