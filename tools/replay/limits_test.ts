// SPDX-License-Identifier: GPL-2.0-only
/** Tests of machine.txt, of calls that its limits forbid, and of files that become longer. */
import test from "ava";
import { parse_machine, write_machine } from "./limits.ts";
import { END, START, trace } from "./testutil.ts";

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

const refusals: [string, RegExp][] = [
	[
		`1 mmap(NULL, 10000000, ${ANONYMOUS} = -1 ENOMEM (Cannot allocate memory)`,
		/^mmap, for RLIMIT_AS of 10000000 /,
	],
	["1 brk(0x555555f57000) = 0x555555557000", /^brk, for RLIMIT_AS of 10000000 /],
	[
		"1 mlock(0x7ffff7fcb000, 196608) = -1 ENOMEM (Cannot allocate memory)",
		/^mlock, for RLIMIT_MEMLOCK of 65536 /,
	],
	[
		"1 mremap(0x7ffffffde000, 4096, 16777216, MREMAP_MAYMOVE) = -1 ENOMEM (Cannot allocate memory)",
		/^mremap, for RLIMIT_AS of 10000000 /,
	],
];
for (const [line, name] of refusals)
	test(`forbidden: ${line.slice(2, 40)}`, (t) => {
		t.regex(omitted(line, LIMITS), name);
		/* By no limit that is known: it is replayed, and a difference is one. */
		const without = run(line, NO_LIMITS);
		t.is(without.omitted.size, 0);
		t.true(without.ops.some((op) => op.unlimited && op.line === 3));
	});

test("what a limit allows, or a machine that is not known, is replayed", (t) => {
	t.is(omitted(`1 mmap(NULL, 4096, ${ANONYMOUS} = -1 ENOMEM (Cannot allocate memory)`, LIMITS), "");
	t.is(omitted(refusals[0][0], "absent"), "");
});

test("more than all memory, and never more than there is", (t) => {
	const huge = `1 mmap(NULL, 2000000000, ${ANONYMOUS} = -1 ENOMEM (Cannot allocate memory)`;
	t.regex(omitted(huge, NO_LIMITS), /more than all memory of the recorded machine/);
	t.is(omitted(huge, NO_LIMITS.replace("overcommit_memory 0", "overcommit_memory 1")), "");
	t.regex(omitted(huge, NO_LIMITS.replace("overcommit_memory 0", "overcommit_memory 2")), /overcommit_memory 2/);
});

test("a limit that the program changes, for itself and its children", (t) => {
	const set = "1 prlimit64(0, RLIMIT_AS, {rlim_cur=4096*1024, rlim_max=RLIM64_INFINITY}, NULL) = 0";
	const refused = (pid: number) => `${pid} mmap(NULL, 4194304, ${ANONYMOUS} = -1 ENOMEM (Cannot allocate memory)`;
	t.regex(omitted(`${set}\n${refused(1)}`, NO_LIMITS), /RLIMIT_AS of 4194304 /);
	t.is(omitted(`${refused(1)}\n${set}`, NO_LIMITS), "prlimit64");
	t.is(
		omitted(`${set.replace("= 0", "= -1 EPERM (Operation not permitted)")}\n${refused(1)}`, NO_LIMITS),
		"prlimit64",
	);
	const fork = "1 fork() = 2";
	t.regex(omitted(`${set}\n${fork}\n${refused(2)}\n2 +++ exited with 0 +++`, NO_LIMITS), /mmap, for RLIMIT_AS/);
	t.notRegex(
		omitted(`${fork}\n${set}\n${refused(2)}\n2 +++ exited with 0 +++`, NO_LIMITS),
		/mmap, for RLIMIT_AS/,
	);
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
