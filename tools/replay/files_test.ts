// SPDX-License-Identifier: GPL-2.0-only
/** Tests of the readers of faults.txt and maps.*, and of the maps comparison. */
import test from "ava";
import { compare_maps, name_files } from "./compare.ts";
import { parse_faults } from "./faults.ts";
import { parse_maps } from "./maps.ts";

test("faults: names may hold spaces, slashes and colons", (t) => {
	const [a, b] = parse_faults(
		"            java 10066/10255 1795212507.999092: page-faults:                8\n  GC Thread#0: 1/2 3 10066/10263 1795212508.000001: page-faults:u:     7fff7c0a1000\n",
		"f",
	);
	t.like(a, { comm: "java", pid: 10066, tid: 10255, address: 8, time: 1795212507999092, line: 1 });
	t.like(b, { comm: "GC Thread#0: 1/2 3", tid: 10263, address: 0x7fff7c0a1000 });
});

test("faults: a malformed line is named", (t) => {
	t.throws(() => parse_faults("java 1/2 1.000001: page-faults: 8\nnonsense\n", "f.txt"), {
		message: /^f\.txt:2: not a page fault/,
	});
	t.throws(() => parse_faults("java 1/2 1.000001: cpu-clock: 8\n", "f.txt"), { message: /^f\.txt:1: / });
});

const MAPS = `00400000-00403000 r--p 00000000 fe:00 261033                             /usr/bin/a b
0053e000-00541000 rw-p 00000000 00:00 0 
7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]
`;

test("maps: all columns", (t) => {
	const lines = parse_maps(MAPS, "m");
	t.like(lines[0], {
		start: 0x400000,
		end: 0x403000,
		permissions: "r--p",
		inode: 261033,
		device: "fe:00",
		name: "/usr/bin/a b",
	});
	t.is(lines[1].name, "");
	t.is(lines[2].name, "[stack]");
});

test("maps: malformed and overlapping lines are named", (t) => {
	t.throws(() => parse_maps("x\n", "m"), { message: /^m:1: not a line of/ });
	t.throws(() => parse_maps("2000-1000 r--p 0 0:0 0\n", "m"), {
		message: /^m:1: the range ends before it starts/,
	});
	t.throws(() => parse_maps("1000-3000 r--p 0 0:0 0\n2000-4000 r--p 0 0:0 0\n", "m"), {
		message: /^m:2: the range overlaps/,
	});
});

test("maps are compared by range, permissions and offset", (t) => {
	const recorded = parse_maps(MAPS, "m");
	t.like(compare_maps(recorded, recorded), { equal: 3, total: 3 });
	const names = parse_maps(MAPS.replace("/usr/bin/a b", "/other").replace("261033", "5     "), "m");
	t.is(compare_maps(recorded, names).equal, 3);
	const merged = parse_maps(
		"00400000-00403000 r--p 00000000 00:00 5\n0053e000-00542000 rw-p 00000000 00:00 0\n",
		"m",
	);
	const result = compare_maps(recorded, merged);
	t.deepEqual([result.equal, result.total, result.differences.length], [1, 3, 2]);
	t.is(compare_maps(recorded, []).equal, 0);
	t.is(compare_maps([], recorded).total, 3);
});

test("the kernel's inode numbers get their paths back", (t) => {
	const file = { path: "/usr/bin/a b", device: "fe:00", inode: 261033, size: 1 };
	const text = MAPS.replace(/fe:00 261033.*/, "00:00 261033 ");
	t.is(name_files(text, [file]), MAPS);
});
