// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { END, START, trace } from "./testutil.ts";

const THREAD = "1 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 2";
const ENDS = "3 exit(0) = ?\n3 +++ exited with 0 +++\n2 exit(0) = ?\n2 +++ exited with 0 +++";
const map = (pid: number, at: string) => `${pid} mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = ${at}`;

/** Thread 1 forks 3, thread 2 maps twice meanwhile, and the child's first mapping goes to a place. */
function order(place: string): string {
	const { ops, unexplained } = trace(
		[
			START,
			THREAD,
			"1 fork( <unfinished ...>",
			map(2, "0x7ffff7ffe000"),
			map(2, "0x7ffff7ffd000"),
			"1 <... fork resumed>) = 3",
			map(3, place),
			ENDS,
			END,
		].join("\n"),
	);
	const names = ops.filter(({ name }) => name === "mmap" || name === "fork").map(({ name }) => name);
	return `${names.join(" ")} ${unexplained.length}`;
}

test("a fork takes effect when it is entered, or where the child's mappings say", (t) => {
	t.is(order("0x7ffff7ffe000"), "fork mmap mmap mmap 0");
	t.is(order("0x7ffff7ffd000"), "mmap fork mmap mmap 0");
	t.is(order("0x7ffff7ffc000"), "mmap mmap fork mmap 0");
	/* No moment explains it. */
	t.is(order("0x7ffff7ff0000"), "fork mmap mmap mmap 1");
});

test("what the child did before counts, too", (t) => {
	const { ops, unexplained } = trace(
		[
			START,
			THREAD,
			"1 fork( <unfinished ...>",
			map(2, "0x7ffff7ffe000"),
			map(2, "0x7ffff7ffd000"),
			"1 <... fork resumed>) = 3",
			"3 munmap(0x7ffff7ffe000, 4096) = 0",
			map(3, "0x7ffff7ffe000"),
			map(3, "0x7ffff7ffc000"),
			ENDS,
			END,
		].join("\n"),
	);
	const names = ops.filter(({ kind }) => kind !== "exit").map(({ name }) => name);
	t.deepEqual(names.slice(3), ["mmap", "mmap", "fork", "munmap", "mmap", "mmap"]);
	t.deepEqual(unexplained, []);
});

test("mlockall takes effect when it is entered", (t) => {
	const { ops } = trace(
		[
			START,
			THREAD.replace("= 2", "= 3"),
			"1 mlockall(MCL_CURRENT <unfinished ...>",
			"3 munlockall() = 0",
			"1 <... mlockall resumed>) = 0",
			"3 exit(0) = ?\n3 +++ exited with 0 +++",
			END,
		].join("\n"),
	);
	const names = ops.map(({ name }) => name);
	t.true(names.indexOf("mlockall") < names.indexOf("munlockall"));
});

test("but advice that locked memory would have refused came before", (t) => {
	const { ops } = trace(
		[
			START,
			THREAD.replace("= 2", "= 3"),
			"3 madvise(0x555555556000, 4096, MADV_DONTNEED <unfinished ...>",
			"1 mlockall(MCL_CURRENT <unfinished ...>",
			"3 <... madvise resumed>) = 0",
			"1 <... mlockall resumed>) = 0",
			"3 exit(0) = ?\n3 +++ exited with 0 +++",
			END,
		].join("\n"),
	);
	const names = ops.map(({ name }) => name);
	t.true(names.indexOf("madvise") < names.indexOf("mlockall"), names.join());
});
