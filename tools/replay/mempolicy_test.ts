// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { IN_PAGE } from "./plan_format.ts";
import { END, START, trace } from "./testutil.ts";

const op = (line: string) => trace(`${START}\n${line}\n${END}`).ops[2];

test("sets of nodes are bytes in memory, modes and flags numbers", (t) => {
	const bind = op(
		"1 mbind(0x7ffff7fcb000, 4096, MPOL_BIND|MPOL_F_STATIC_NODES, [0x00000000000103, 0], 128, 1) = 0",
	);
	t.deepEqual(bind.args, [0x7ffff7fcb000, 4096, 0x8002, IN_PAGE, 128, 1]);
	t.is(bind.text, `\x03\x01${"\0".repeat(14)}`);
	const many = op("1 mbind(0x7ffff7fcb000, 4096, 0x6 /* MPOL_??? */, [0x1], 64, MPOL_MF_MOVE) = 0");
	t.deepEqual([many.args[2], many.args[5]], [6, 2]);
	/* What strace has not read stays an address. */
	const lost = op("1 set_mempolicy(MPOL_BIND, 0x7fff1b3de4f8, 1) = -1 EINVAL (Invalid argument)");
	t.deepEqual([lost.args, lost.text], [[2, 0x7fff1b3de4f8, 1], undefined]);
	t.deepEqual(op("1 set_mempolicy(MPOL_DEFAULT, NULL, 0) = 0").args, [0, 0, 0]);
});

test("no number that a program passes is taken for memory", (t) => {
	const { args } = op("1 munmap(0x7ffff7fcb000, -4096) = -1 EINVAL (Invalid argument)");
	t.deepEqual(args, [0x7ffff7fcb000, -4096]);
	t.false(args.includes(IN_PAGE));
});

test("what get_mempolicy() found is its result, if it was written down", (t) => {
	const get = op("1 get_mempolicy([MPOL_PREFERRED], [0x1, 0], 128, 0x7ffff7fcb000, MPOL_F_ADDR) = 0");
	t.deepEqual(get.args, [IN_PAGE, IN_PAGE, 128, 0x7ffff7fcb000, 2]);
	t.deepEqual([get.expected.value, get.footprint.layout], [1, false]);
	t.deepEqual(get.footprint.direct, [[0x7ffff7fcb000, 0x7ffff7fcc000]]);
	const none = op("1 get_mempolicy(NULL, NULL, 0, NULL, 0) = 0");
	t.deepEqual([none.args, none.expected.value, none.footprint.direct], [[0, 0, 0, 0, 0], 0, []]);
	const bad = op("1 get_mempolicy(0x7ffe, NULL, 0, 0x1000, MPOL_F_ADDR) = -1 EFAULT (Bad address)");
	t.is(bad.expected.errno, 14);
});

test("memory of two policies is no one mapping, and an mbind that succeeds tells that all is mapped", (t) => {
	const at = "0x100000";
	const map = `1 mmap(${at}, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = ${at}`;
	const areas = (...lines: string[]) =>
		trace([START, map, ...lines, END].join("\n"))
			.model.summary()
			.filter(({ start }) => start < 0x200000)
			.map(({ start, end }) => `${(start - 0x100000) / 4096}-${(end - 0x100000) / 4096}`)
			.join(" ");
	const bind = (from: number, pages: number, mask = "[0x1]") =>
		`1 mbind(0x${(0x100000 + from * 4096).toString(16)}, ${pages * 4096}, MPOL_BIND, ${mask}, 64, 0) = 0`;
	t.is(areas(bind(1, 2)), "0-1 1-3 3-4");
	t.is(areas(bind(1, 1), bind(2, 1)), "0-1 1-3 3-4");
	t.is(areas(bind(1, 1), bind(2, 1, "[0x3]")), "0-1 1-2 2-3 3-4");
	t.is(areas(bind(1, 2), `1 mbind(${at}, 16384, MPOL_DEFAULT, NULL, 0, 0) = 0`), "0-4");
	t.is(areas(bind(1, 2).replace("= 0", "= -1 EINVAL (Invalid argument)")), "0-4");
	const home = (result: string) => `1 set_mempolicy_home_node(${at}, 8192, 0, 0) = ${result}`;
	t.is(areas(bind(0, 4), home("0")), "0-2 2-4");
	t.is(areas(bind(0, 1), bind(1, 3, "[0x3]"), home("0")), "0-1 1-2 2-4");
	/* In a hole it is refused, as there is no mapping in all of it. */
	const t2 = trace(
		[
			START,
			"1 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 2",
			map.replace(") = 0x100000", " <unfinished ...>"),
			`2 mbind(${at}, 16384, MPOL_BIND, [0x1], 64, 0) = 0`,
			"1 <... mmap resumed>) = 0x100000",
			"2 exit(0) = ?\n2 +++ exited with 0 +++",
			END,
		].join("\n"),
	);
	const names = t2.ops.map(({ name }) => name);
	t.true(names.indexOf("mmap") < names.indexOf("mbind"), names.join());
});
