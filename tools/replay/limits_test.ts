// SPDX-License-Identifier: GPL-2.0-only
/** Tests of machine.txt, of calls that its limits forbid, and of files that become longer. */
import test from "ava";
import { PR_SIM_RLIMIT } from "./abi.ts";
import { parse_machine, write_machine } from "./limits.ts";
import { LOCKED } from "./model.ts";
import { END, START, trace } from "./testutil.ts";
import type { Trace } from "./trace.ts";

const MACHINE = "page_size 4096\nmmap_min_addr 4096\novercommit_memory 0\nmemory 1000000000\nipc_lock 0\n";
const LIMITS = `${MACHINE}RLIMIT_AS 10000000\nRLIMIT_DATA unlimited\nRLIMIT_MEMLOCK 65536\n`;
const NO_LIMITS = `${MACHINE}RLIMIT_AS unlimited\nRLIMIT_DATA unlimited\nRLIMIT_MEMLOCK unlimited\n`;
const ANONYMOUS = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";

const run = (body: string, machine: string) => trace(`${START}\n${body}\n${END}`, { "machine.txt": machine });
const omitted = (body: string, machine: string) => [...run(body, machine).omitted.keys()].join();

test("machine.txt is read as it is written, and a line that is none is named", (t) => {
	const machine = parse_machine(LIMITS, "machine.txt");
	t.like(machine, { page_size: 4096, RLIMIT_AS: 1e7, RLIMIT_DATA: Number.POSITIVE_INFINITY });
	t.deepEqual(parse_machine(write_machine(machine), "m"), machine);
	t.is(write_machine({ page_size: undefined, memory: Number.NaN, ipc_lock: 1 }), "ipc_lock 1\n");
	for (const line of ["RLIMIT_AS", "RLIMIT_AS -1", "RLIMIT_NICE 5", "x", "page_size 4096 5"])
		t.throws(() => parse_machine(`ipc_lock 0\n${line}\n`, "m"), {
			message: /^m:2: not a rule of a machine/,
		});
	t.throws(() => parse_machine("page_size 65536\n", "m"), { message: /pages of 65536 bytes/ });
});

test("what the limit of locked memory refused is not begun", (t) => {
	const locked = (calls: string, machine: string) => {
		const map = `mmap(0x20000, 32768, ${ANONYMOUS.replace("ANONYMOUS", "ANONYMOUS|MAP_FIXED")} = 0x20000`;
		const area = run(`1 ${map}\n${calls}`, machine).model.areas.at(0x20000);
		return ((area?.value.flags ?? 0) & LOCKED) !== 0;
	};
	const refused = "1 mlock(0x20000, 32768) = -1 ENOMEM (Cannot allocate memory)";
	t.false(locked(refused, LIMITS.replace("65536", "16384")));
	const behind = "1 mlock(0x20000, 36864) = -1 ENOMEM (Cannot allocate memory)";
	t.true(locked(behind, LIMITS), "what is before a hole is locked");
});

/** What the limits of a recording are set to, in the order of the operations. */
const set = (trace: Trace) =>
	trace.ops
		.filter(({ args }) => args[0] === PR_SIM_RLIMIT)
		.map(({ name, args }) => [name.split(" ")[1], args[2]]);

test("the kernel gets the limits that the program began with", (t) => {
	t.deepEqual(set(run("", LIMITS)), [
		["RLIMIT_AS", 1e7],
		["RLIMIT_DATA", 2 ** 63],
		["RLIMIT_MEMLOCK", 65536],
	]);
	t.deepEqual(set(run("", "ipc_lock 1\nRLIMIT_MEMLOCK 65536\n")), [["RLIMIT_MEMLOCK", 2 ** 63]]);
	t.deepEqual(set(run("", "absent")), []);
});

test("who is no longer privileged is held to the limit of locked memory", (t) => {
	const machine = "ipc_lock 1\nRLIMIT_MEMLOCK 65536\n";
	const held = (lines: string, of = machine) => set(run(lines, of)).map(([, bytes]) => bytes !== 2 ** 63);
	t.deepEqual(held("1 setuid(65534) = 0"), [false, true]);
	t.deepEqual(held("1 setuid(0) = 0\n1 setresuid(-1, -1, 7) = 0\n1 setreuid(7, -1) = 0"), [false]);
	t.deepEqual(held("1 setuid(7) = -1 EPERM (Operation not permitted)"), [false]);
	t.deepEqual(held("1 setresuid(-1, 7, -1) = 0\n1 setreuid(-1, 0) = 0"), [false, true, false]);
	const caps = (names: string) =>
		`1 capset({version=1, pid=0}, {effective=${names}, permitted=0, inheritable=0}) = 0`;
	t.deepEqual(held(caps("1<<CAP_CHOWN")), [false, true]);
	t.deepEqual(held(caps("1<<CAP_CHOWN|1<<CAP_IPC_LOCK|1<<CAP_KILL")), [false]);
	t.deepEqual(held("1 setuid(0) = 0", "ipc_lock 0\nRLIMIT_MEMLOCK 65536\n"), [true]);
	/* A child's own. */
	t.deepEqual(held("1 fork() = 2\n2 setuid(7) = 0\n1 setuid(0) = 0\n2 +++ exited with 0 +++"), [false, true]);
});

test("a refused call is replayed: where no limit explains it, a difference is one", (t) => {
	const line = `1 mmap(NULL, 10000000, ${ANONYMOUS} = -1 ENOMEM (Cannot allocate memory)`;
	for (const machine of [LIMITS, NO_LIMITS]) {
		const { omitted, ops } = run(line, machine);
		t.is(omitted.size, 0);
		t.true(ops.find((op) => op.name === "mmap")?.unlimited);
	}
});

test("where a limit binds, calls keep their order", (t) => {
	const line = `1 mmap(NULL, 4096, ${ANONYMOUS} = 0x7ffff7fca000\n1 mlock(0x7ffff7fca000, 4096) = 0`;
	const whole = (machine: string) =>
		run(line, machine)
			.ops.filter(({ name }) => name === "mmap" || name === "mlock")
			.map(({ footprint }) => footprint.whole);
	t.deepEqual(whole(LIMITS), [true, true]);
	t.deepEqual(whole(NO_LIMITS), [false, false]);
	t.deepEqual(whole(`${NO_LIMITS.replace("RLIMIT_MEMLOCK unlimited", "RLIMIT_MEMLOCK 9999")}`), [false, true]);
});

test("more than all memory, and never more than there is", (t) => {
	const huge = `1 mmap(NULL, 2000000000, ${ANONYMOUS} = -1 ENOMEM (Cannot allocate memory)`;
	t.regex(omitted(huge, NO_LIMITS), /more than all memory of the recorded machine/);
	t.is(omitted(huge, NO_LIMITS.replace("overcommit_memory 0", "overcommit_memory 1")), "");
	t.regex(omitted(huge, NO_LIMITS.replace("overcommit_memory 0", "overcommit_memory 2")), /overcommit_memory 2/);
});

test("a limit that the program changes, for itself and its children", (t) => {
	const change = "1 prlimit64(0, RLIMIT_AS, {rlim_cur=4096*1024, rlim_max=RLIM64_INFINITY}, NULL) = 0";
	t.deepEqual(set(run(change, NO_LIMITS)).at(-1), ["RLIMIT_AS", 4 << 20]);
	const failed = change.replace("= 0", "= -1 EPERM (Operation not permitted)");
	t.is(omitted(failed, NO_LIMITS), "prlimit64");
	t.is(omitted("1 prlimit64(0, RLIMIT_NOFILE, {rlim_cur=4, rlim_max=4}, NULL) = 0", NO_LIMITS), "prlimit64");
	const child = `2 mmap(NULL, 4096, ${ANONYMOUS} = 0x7ffff7fca000\n2 +++ exited with 0 +++`;
	const mapped = (first: string, second: string) =>
		run(`${first}\n${second}\n${child}`, NO_LIMITS).ops.find(({ name }) => name === "mmap")?.footprint
			.whole;
	t.true(mapped(change, "1 fork() = 2"));
	t.false(mapped("1 fork() = 2", change));
});

test("a limit is set after all that other threads have done", (t) => {
	const clone = "1 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 2";
	const { ops } = run(
		`${clone}\n2 madvise(0x7ffff7fcb000, 4096, MADV_NORMAL) = 0
1 setrlimit(RLIMIT_DATA, {rlim_cur=4096, rlim_max=4096}) = 0\n2 +++ exited with 0 +++`,
		NO_LIMITS,
	);
	const at = ops.findIndex(({ line, args }) => args[0] === PR_SIM_RLIMIT && line === 5);
	t.true(ops[at].after.includes(ops.findIndex(({ name }) => name === "madvise")));
});

test("a file is as long as ftruncate() made it, whatever is mapped", (t) => {
	const shared = (fd: string) => `1 mmap(NULL, 16384, PROT_READ, MAP_SHARED, ${fd}, 0) = 0x7ffff7fc7000`;
	const fd = "3</memfd:x>(deleted)";
	const { files, ops, open_files } = run(`1 ftruncate(${fd}, 8192) = 0\n${shared(fd)}`, NO_LIMITS);
	const op = ops.find(({ name }) => name === "ftruncate");
	t.deepEqual(op?.args, [0, 8192]);
	t.like(files[open_files[op?.opened ?? -1].file], { path: "/memfd:x (deleted)", size: 0 });
	const before = run(`${shared(fd)}\n1 ftruncate(${fd}, 32768) = 0`, NO_LIMITS);
	t.is(before.files.find(({ path }) => path.startsWith("/memfd:x"))?.size, 16384);
});

test("ftruncate() comes after all that other threads have done, and before what they do next", (t) => {
	const clone = "1 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 2";
	const { ops } = run(
		`${clone}\n2 madvise(0x7ffff7fcb000, 4096, MADV_NORMAL) = 0\n1 ftruncate(3</f>, 8192) = 0
2 madvise(0x7ffff7fcb000, 4096, MADV_NORMAL) = 0\n2 +++ exited with 0 +++`,
		NO_LIMITS,
	);
	const at = ops.findIndex(({ name }) => name === "ftruncate");
	const [first, second] = ops.flatMap((op, i) => (op.name === "madvise" ? [i] : []));
	t.true(ops[at].after.includes(first));
	t.true(ops[second].after.includes(at));
});
