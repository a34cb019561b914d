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

test("what a call returned can only be explained by one that is still under way", (t) => {
	const { calls } = order(`${THREAD}
		1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
		1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffc000
		2 munmap(0x7ffff7ffd000, 8192 <unfinished ...>
		1 mremap(0x7ffff7ffc000, 4096, 8192, 0) = 0x7ffff7ffc000
		2 <... munmap resumed>) = 0`);
	t.deepEqual(calls, ["mmap", "mmap", "munmap", "mremap"]);
});
