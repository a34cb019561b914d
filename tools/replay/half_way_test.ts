// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { END, INITIAL, START, trace } from "./testutil.ts";

/** After the calls: which bytes may be written to, of a touch for each address. */
const signals = (body: string, addresses: string[], maps = INITIAL) => {
	const touches = addresses.map((address) => `touch 1 write ${address}`).join("\n");
	const { ops } = trace(`${START}\n${body}\n${touches}\n${END}`, {
		"maps.initial": maps,
		"kernel.txt": "6.18.0\n",
	});
	return ops.filter(({ kind }) => kind === "fault").map(({ expected }) => expected.signal === true);
};

test("an mprotect() that was refused has changed what is below the mapping that did", (t) => {
	/* A page without permissions below [vvar]. */
	const vvar = "7ffff7ffb000-7ffff7fff000 r--p 00000000 00:00 0                          [vvar]\n";
	const maps = INITIAL.replace("7ffffffde000", `${vvar}7ffffffde000`);
	const body = (length: number, prot: string) =>
		`
		1 mmap(0x7ffff7fc0000, 45056, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc0000
		1 mmap(0x7ffff7ffa000, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x7ffff7ffa000
		1 mprotect(0x7ffff7ffa000, ${length}, ${prot}) = -1 EACCES (Permission denied)`.trim();
	t.deepEqual(signals(body(8192, "PROT_READ|PROT_WRITE"), ["7ffff7ffa000", "7ffff7ffb000"], maps), [false, true]);
	t.deepEqual(signals(body(8192, "PROT_READ|PROT_EXEC"), ["7ffff7ffa000"], maps), [true]);
	t.deepEqual(signals(body(4096, "PROT_READ|PROT_WRITE"), ["7ffff7ffa000"], maps), [true], "who knows why");
});

test("… which may be of a file that is open for reading only, if no mapping of it was written to", (t) => {
	const body = (written: string) =>
		`
		1 mmap(0x200000000000, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x200000000000
		1 mmap(0x200000001000, 4096, ${written}, MAP_SHARED|MAP_FIXED, 3</f>, 0) = 0x200000001000
		1 mmap(0x200000002000, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x200000002000
		1 mmap(0x200000003000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, 4</g>, 0) = 0x200000003000
		1 mprotect(0x200000000000, 16384, PROT_READ|PROT_WRITE) = -1 EACCES (Permission denied)`.trim();
	const pages = ["200000000000", "200000002000", "200000003000"];
	t.deepEqual(signals(body("PROT_READ"), pages), [false, true, true]);
	t.deepEqual(signals(body("PROT_READ|PROT_WRITE"), pages), [false, false, true]);
});

test("advice, too: what is wiped in children is so below the mapping of a file", (t) => {
	const { ops } = trace(`${START}
		1 mmap(0x200000000000, 4096, 3, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x200000000000
		1 mmap(0x200000001000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, 3</f>, 0) = 0x200000001000
		touch 1 write 200000000000
		1 madvise(0x200000000000, 8192, MADV_WIPEONFORK) = -1 EINVAL (Invalid argument)
		1 clone(child_stack=NULL, flags=SIGCHLD) = 2
		touch 2 write 200000000000
		2 +++ exited with 0 +++
		${END}`);
	const [, child] = ops.filter(({ kind }) => kind === "fault");
	t.true(child.footprint.layout, "it has no anon_vma yet");
});
