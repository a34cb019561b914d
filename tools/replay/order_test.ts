// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { END, START, trace } from "./testutil.ts";

const THREAD = `1 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0} => {parent_tid=[2]}, 88) = 2`;
const GONE = `2 exit(0) = ?
	2 +++ exited with 0 +++`;

/** Names of the calls after the clone, in the order that was found. */
const order = (body: string) => {
	const { ops, unexplained } = trace(`${START}\n${body}\n${GONE}\n${END}`);
	return { calls: ops.filter((op) => op.kind === "call" && op.name !== "brk").map((op) => op.name), unexplained };
};

test("mremap() that moved came before the hole that it would have taken", (t) => {
	/* 2 pages with no room behind them; the hole higher up came later. */
	const { calls, unexplained } = order(`${THREAD}
		1 mmap(NULL, 16384, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffb000
		1 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fca000
		1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc8000
		2 mremap(0x7ffff7fc8000, 8192, 12288, MREMAP_MAYMOVE <unfinished ...>
		1 munmap(0x7ffff7ffb000, 16384) = 0
		2 <... mremap resumed>) = 0x7ffff7fc5000`);
	t.deepEqual(calls, ["mmap", "mmap", "mmap", "mremap", "munmap"]);
	t.deepEqual(unexplained, []);
});

test("msync() of memory that is unmapped meanwhile says which came first", (t) => {
	const body = (result: string) => `${THREAD}
		1 mmap(NULL, 16384, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffb000
		2 msync(0x7ffff7ffb000, 16384, MS_ASYNC <unfinished ...>
		1 munmap(0x7ffff7ffb000, 16384) = 0
		2 <... msync resumed>) = ${result}`;
	t.deepEqual(order(body("0")).calls, ["mmap", "msync", "munmap"]);
	t.deepEqual(order(body("-1 ENOMEM (Cannot allocate memory)")).calls, ["mmap", "munmap", "msync"]);
});

test("mbind() of memory that is unmapped meanwhile says it, too, but not if it cannot read the nodes", (t) => {
	const calls = (nodes: string) =>
		order(`${THREAD}
		1 mmap(NULL, 16384, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffb000
		1 munmap(0x7ffff7ffb000, 16384 <unfinished ...>
		2 mbind(0x7ffff7ffb000, 16384, MPOL_BIND, ${nodes}, 64, 0) = -1 EFAULT (Bad address)
		1 <... munmap resumed>) = 0`).calls;
	t.deepEqual(calls("[0x1]"), ["mmap", "munmap", "mbind"]);
	t.deepEqual(calls("0x8"), ["mmap", "mbind", "munmap"]);
});

test("what a call returned can only be explained by one that is still under way", (t) => {
	const { calls } = order(`${THREAD}
		1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
		1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffc000
		2 munmap(0x7ffff7ffd000, 8192 <unfinished ...>
		1 mremap(0x7ffff7ffc000, 4096, 8192, 0) = 0x7ffff7ffc000
		2 <... munmap resumed>) = 0`);
	t.deepEqual(calls, ["mmap", "mmap", "munmap", "mremap"]);
});

test("a child has a copy of what there was when its fork began", (t) => {
	const { calls, unexplained } = order(`${THREAD}
		1 munmap(0x7ffff7fcb000, 4096 <unfinished ...>
		2 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>
		2 <... mmap resumed>) = 0x7ffff7ffe000
		2 mprotect(0x7ffff7ffe000, 4096, PROT_NONE <unfinished ...>
		1 <... munmap resumed>) = 0
		1 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
		2 <... mprotect resumed>) = 0
		2 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
		1 <... clone resumed>) = 3
		3 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
		3 +++ exited with 0 +++`);
	t.deepEqual(calls, ["mmap", "munmap", "mprotect", "mmap", "mmap"]);
	t.deepEqual(unexplained, []);
});

test("the hint of an mremap() that leaves the old mapping, which strace does not write", (t) => {
	const hint = (place: string) =>
		trace(`${START}
			1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffe000
			1 mremap(0x7ffff7ffe000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_DONTUNMAP) = ${place}
			${END}`).ops.find(({ name }) => name === "mremap")?.args[4];
	t.is(hint("0x600000000000"), 0x600000000000);
	t.is(hint("0x7ffff7ffd000"), undefined, "where the kernel puts it by itself");
	t.is(hint("-1 EINVAL (Invalid argument)"), 0x7ffff7ffe000, "in what is to be moved");
});

/** Two areas of two pages below the loader, nothing above it, and threads 2 and 3: what was mapped or unmapped
 *  after that, in the order that was found. */
const places = (body: string) => {
	const { ops, unexplained } = trace(`${START}
		1 mmap(NULL, 16384, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffb000
		1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc9000
		1 mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc7000
		${THREAD}
		${THREAD.replace("[2]", "[3]").replace(/2$/, "3")}
		${body}
		${GONE}
		${GONE.replaceAll("2 ", "3 ")}
		${END}`);
	const found = ops
		.filter((op) => op.name === "mmap" || op.name === "munmap")
		.slice(3)
		.map(({ name, args, expected }) => {
			const address = name === "mmap" ? expected.value : args[0];
			return `${name} ${address?.toString(16).slice(-5)}`;
		});
	return { found, unexplained };
};
const MAP = (n: number) => `mmap(NULL, ${n * 4096}, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0`;

test("of several orders that explain a call, one that leaves the others possible", (t) => {
	const { found, unexplained } = places(`2 munmap(0x7ffff7fc9000, 8192 <unfinished ...>
		3 ${MAP(1)} <unfinished ...>
		1 ${MAP(1)} <unfinished ...>
		3 <... mmap resumed>) = 0x7ffff7fca000
		1 <... mmap resumed>) = 0x7ffff7fc6000
		2 <... munmap resumed>) = 0`);
	t.deepEqual(found, ["mmap c6000", "munmap c9000", "mmap ca000"]);
	t.deepEqual(unexplained, []);
});

test("what could still happen, and could not after the call that is at hand, comes first", (t) => {
	const { found, unexplained } = places(`2 munmap(0x7ffff7fc7000, 8192 <unfinished ...>
		3 ${MAP(1)} <unfinished ...>
		1 munmap(0x7ffff7fc9000, 8192) = 0
		3 <... mmap resumed>) = 0x7ffff7fc8000
		2 <... munmap resumed>) = 0`);
	t.deepEqual(found, ["munmap c7000", "mmap c8000", "munmap c9000"]);
	t.deepEqual(unexplained, []);
});

test("but not what would make the call at hand impossible", (t) => {
	const { found, unexplained } = places(`2 ${MAP(1)} <unfinished ...>
		1 ${MAP(2)}) = 0x7ffff7fc5000
		1 munmap(0x7ffff7fc5000, 8192) = 0
		2 <... mmap resumed>) = 0x7ffff7fc6000`);
	t.deepEqual(found, ["mmap c5000", "munmap c5000", "mmap c6000"]);
	t.deepEqual(unexplained, []);
});

test("who was born when the parent was killed inside of its fork", (t) => {
	const { tasks } = trace(`${START}
		${THREAD}
		2 vfork( <unfinished ...>
		3 exit_group(1) = ?
		2 <... vfork resumed>) = ?
		3 +++ exited with 1 +++
		2 +++ killed by SIGSEGV +++
		1 +++ killed by SIGSEGV +++`);
	t.like(tasks[2], { pid: 3, parent: 1 });
});

test("an mremap() of several mappings leaves what lies where a hole goes", (t) => {
	const { model } = trace(
		`${START}
		1 mmap(0x10000, 12288, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x10000
		1 munmap(0x12000, 4096) = 0
		1 mmap(0x20000, 12288, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x20000
		1 mremap(0x10000, 12288, 12288, MREMAP_MAYMOVE|MREMAP_FIXED, 0x20000) = 0x20000
		${END}`,
		{ "kernel.txt": "6.18.0\n" },
	);
	t.deepEqual(
		model.summary().filter(({ start }) => start < 0x100000),
		[
			{ start: 0x20000, end: 0x22000, permissions: "r--p" },
			{ start: 0x22000, end: 0x23000, permissions: "---p" },
		],
	);
});

/** Two threads are inside of calls while the first unmaps memory above, and maps it again. */
const UNDER_WAY = `2 munmap(0x7ffff7fc7000, 8192 <unfinished ...>
		3 ${MAP(1)} <unfinished ...>
		1 munmap(0x7ffff7fc9000, 8192) = 0
		1 ${MAP(3)}) = 0x7ffff7fc4000
		1 ${MAP(2)}) = 0x7ffff7fc9000`;

test("what seems to be too late later becomes possible again by a call that is still to come", (t) => {
	const { found, unexplained } = places(`${UNDER_WAY}
		3 <... mmap resumed>) = 0x7ffff7fc8000
		2 <... munmap resumed>) = 0`);
	t.deepEqual(found, ["munmap c9000", "mmap c4000", "mmap c9000", "munmap c7000", "mmap c8000"]);
	t.deepEqual(unexplained, []);
});

test("what comes later is looked at as far as it can be explained", (t) => {
	const protect = "1 mprotect(0x7ffff7fc9000, 4096, PROT_NONE) = 0";
	const { found, unexplained } = places(`${UNDER_WAY}
		${protect}
		${protect}
		${protect}
		1 ${MAP(1)}) = 0x600000000000
		3 <... mmap resumed>) = 0x7ffff7fc8000
		2 <... munmap resumed>) = 0`);
	t.deepEqual(found.slice(0, 3), ["munmap c9000", "mmap c4000", "mmap c9000"]);
	t.is(unexplained.length, 1);
});

test("what was touched before its call returned had been mapped, after what made room for it", (t) => {
	const { found, unexplained } = places(`${UNDER_WAY}
		touch 1 read 7ffff7fc8000
		3 <... mmap resumed>) = 0x7ffff7fc8000
		2 <... munmap resumed>) = 0`);
	t.deepEqual(found, ["munmap c9000", "mmap c4000", "mmap c9000", "munmap c7000", "mmap c8000"]);
	t.deepEqual(unexplained, []);
});

test("a mapping that replaces nothing comes after what made room, and one that was refused before", (t) => {
	const of = (result: string) =>
		places(`2 munmap(0x7ffff7fc9000, 8192 <unfinished ...>
		1 ${MAP(1).replace("NULL", "0x7ffff7fc9000").replace("MAP_", "MAP_FIXED_NOREPLACE|MAP_")}) = ${result}
		2 <... munmap resumed>) = 0`).found[0];
	t.is(of("0x7ffff7fc9000"), "munmap c9000");
	t.is(of("-1 EEXIST (File exists)"), "mmap undefined");
});

test("a fault that ended in a signal came after the call that took the memory away", (t) => {
	const of = (code: string, call: string) => {
		const { ops } = trace(`${START}
		1 mmap(0x20000, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x20000
		${THREAD}
		2 ${call} <unfinished ...>
		touch 1 read 21000
		1 --- SIGSEGV {si_signo=SIGSEGV, si_code=${code}, si_addr=0x21000} ---
		2 <... munmap resumed>) = 0
		${GONE}
		${END}`);
		return ops.filter(({ kind, line }) => kind === "fault" || line === 5).map(({ kind }) => kind);
	};
	t.deepEqual(of("SEGV_MAPERR", "munmap(0x20000, 8192"), ["call", "fault"]);
	t.deepEqual(of("SEGV_ACCERR", "munmap(0x20000, 8192"), ["fault", "call"], "something was there");
	t.deepEqual(of("SEGV_MAPERR", "munmap(0x20000, 4096"), ["fault", "call"], "it is another page");
});

test("what limits permitted or refused says which came first", (t) => {
	const of = (limits: string, call: string, lock = "", prot = "PROT_READ") => {
		const { ops } = trace(
			`${START}
			1 mmap(0x20000, 16384, ${prot}, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED${lock}, -1, 0) = 0x20000
			1 mmap(0x30000, 16384, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x30000
			${THREAD}
			2 munmap(0x20000, 16384 <unfinished ...>
			1 ${call}
			2 <... munmap resumed>) = 0
			${GONE}
			${END}`,
			{ "machine.txt": `page_size 4096\nipc_lock 0\n${limits}\n` },
		);
		return ops.filter(({ line }) => line === 6 || line === 7).map(({ name }) => name);
	};
	/* The program has 84 pages, and the 8 that it maps. */
	const map = "mmap(NULL, 32768, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
	const bounded = `RLIMIT_AS ${96 * 4096}\nRLIMIT_DATA unlimited\nRLIMIT_MEMLOCK unlimited`;
	t.deepEqual(of(bounded, `${map} = 0x7ffff7fc3000`), ["munmap", "mmap"]);
	t.deepEqual(of(bounded, `${map} = -1 ENOMEM (Cannot allocate memory)`), ["mmap", "munmap"]);
	const { ops } = trace(
		`${START}
		1 mmap(0x20000, 32768, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x20000
		1 fork() = 4
		4 setrlimit(RLIMIT_AS, {rlim_cur=${96 * 4096}, rlim_max=RLIM_INFINITY}) = 0
		${THREAD.replace(/^1/, "4")}
		2 munmap(0x20000, 16384 <unfinished ...>
		4 ${map} = 0x7ffff7fc3000
		2 <... munmap resumed>) = 0
		${GONE}
		4 exit_group(0) = ?
		4 +++ exited with 0 +++
		${END}`,
		{ "machine.txt": `page_size 4096\nipc_lock 0\n${bounded.replace(/\d+/, "unlimited")}\n` },
	);
	const of_child = ops.filter(({ line }) => line === 7 || line === 8).map(({ name }) => name);
	t.deepEqual(of_child, ["munmap", "mmap"], "a child has its own");
	const data = `RLIMIT_AS unlimited\nRLIMIT_DATA ${7 * 4096}\nRLIMIT_MEMLOCK unlimited`;
	t.deepEqual(of(data, "brk(0x55555555a000) = 0x55555555a000", "", "PROT_WRITE"), ["munmap", "brk"]);
	const locks = "RLIMIT_AS unlimited\nRLIMIT_DATA unlimited\nRLIMIT_MEMLOCK 20480";
	const lock = "mlock(0x30000, 8192)";
	t.deepEqual(of(locks, `${lock} = 0`, "|MAP_LOCKED"), ["munmap", "mlock"]);
	t.deepEqual(of(locks, `${lock} = -1 ENOMEM (Cannot allocate memory)`, "|MAP_LOCKED"), ["mlock", "munmap"]);
});
