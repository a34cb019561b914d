// SPDX-License-Identifier: GPL-2.0-only
/** Tests of calls that map by way of something else: shared memory, rings of events, memory files. */
import test from "ava";
import { END, START, trace } from "./testutil.ts";

const calls = (body: string, machine = "cpus 2\n") => {
	const all = trace(`${START}\n${body}\n${END}`, { "machine.txt": machine });
	const shown = all.ops
		.filter(({ kind, line }) => kind === "call" && line > 2)
		.map(({ name, args, expected }) => [name, args[0], args[1], expected.value]);
	return { ...all, shown };
};

test("a segment is as large as its shmget() says, wherever it is attached", (t) => {
	const { shown } = calls(`1 shmget(IPC_PRIVATE, 9000, IPC_CREAT|0600) = 7
1 shmat(7, 0x200000000000, 0) = 0x200000000000
1 shmdt(0x200000000000) = 0`);
	t.deepEqual(shown, [
		["mmap", 0x200000000000, 12288, 0x200000000000],
		["munmap", 0x200000000000, 12288, 0],
	]);
});

test("shmdt() leaves alone what has been mapped over a segment, and what of it was moved", (t) => {
	const { shown } = calls(`1 shmget(IPC_PRIVATE, 16384, IPC_CREAT|0600) = 7
1 shmat(7, 0x200000000000, 0) = 0x200000000000
1 mmap(0x200000001000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x200000001000
1 mremap(0x200000003000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, 0x300000000000) = 0x300000000000
1 shmdt(0x200000000000) = 0`);
	t.deepEqual(shown.slice(3), [
		["munmap", 0x200000000000, 4096, 0],
		["munmap", 0x200000002000, 4096, 0],
	]);
});

test("shmdt() finds a segment where mremap() has put it", (t) => {
	const { model } = calls(`1 shmget(IPC_PRIVATE, 12288, IPC_CREAT|0600) = 7
1 shmat(7, NULL, 0) = 0x7ffff7ffc000
1 mremap(0x7ffff7ffc000, 12288, 12288, MREMAP_MAYMOVE|MREMAP_FIXED, 0x200000000000) = 0x200000000000
1 munmap(0x200000000000, 4096) = 0
1 mmap(0x200000001000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x200000001000
1 shmdt(0x200000000000) = 0`);
	const left = model.summary().filter(({ start }) => start >= 0x200000000000 && start < 0x300000000000);
	t.deepEqual(left, [{ start: 0x200000001000, end: 0x200000002000, permissions: "r--p" }]);
});

test("io_setup() maps a ring, as large as the machine's CPUs ask for", (t) => {
	const ring = `1 io_setup(65, [0x7ffff7ff9000]) = 0
1 io_destroy(0x7ffff7ff9000) = 0
1 io_setup(1, [0x7ffff7ffa000]) = -1 EAGAIN (Resource temporarily unavailable)`;
	t.deepEqual(calls(ring).shown, [
		["mmap", 0, 8192, 0x7ffff7ff9000],
		["munmap", 0x7ffff7ff9000, 8192, 0],
	]);
	/* 64 CPUs: 2 * 256 + 2 events. */
	t.is(calls(ring, "cpus 64\n").shown[0][2], 20480);
	/* Not known: it fills the highest hole from its end. */
	t.is(calls("1 io_setup(65, [0x7ffff7ffd000]) = 0", "absent").shown[0][2], 8192);
});

test("memory files of one name are as many files as were made", (t) => {
	const fd = "</memfd:x>(deleted)";
	const map = (n: number, at: string) => `1 mmap(NULL, 4096, PROT_READ, MAP_SHARED, ${n}${fd}, 0) = ${at}`;
	const { ops, files, open_files } = calls(`1 memfd_create("x", 0) = 3${fd}
1 memfd_create("x", 0) = 4${fd}
1 ftruncate(4${fd}, 8192) = 0
${map(3, "0x7ffff7ffe000")}
${map(4, "0x7ffff7ffd000")}
1 memfd_create("x", 0) = 3${fd}
${map(3, "0x7ffff7ffc000")}
${map(9, "0x7ffff7ffb000")}`);
	const path = (name: string) =>
		ops.filter((op) => op.name === name).map((op) => files[open_files[op.opened].file].path);
	const [first, second, third] = ["/memfd:x (deleted)", "/memfd:x (deleted) #2", "/memfd:x (deleted) #3"];
	t.deepEqual(path("mmap"), [first, second, third, third]);
	t.deepEqual(path("ftruncate"), [second]);
});

test("a child has the descriptors that there were, and those that it makes for itself", (t) => {
	const fd = "</memfd:x>(deleted)";
	const { ops, files, open_files } = calls(`1 memfd_create("x", 0) = 3${fd}
1 fork() = 2
2 memfd_create("x", 0) = 3${fd}
2 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3${fd}, 0) = 0x7ffff7ffe000
1 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3${fd}, 0) = 0x7ffff7ffe000
2 +++ exited with 0 +++`);
	const paths = ops.filter(({ name }) => name === "mmap").map((op) => files[open_files[op.opened].file].path);
	t.deepEqual(paths, ["/memfd:x (deleted) #2", "/memfd:x (deleted)"]);
});

test("a file that is removed while it is open is the same file, and its path's next one is another", (t) => {
	const map = (fd: string, at: string) => `1 mmap(NULL, 4096, PROT_READ, MAP_SHARED, ${fd}, 0) = ${at}`;
	const { ops, files, open_files } = calls(`1 ftruncate(3</f>, 8192) = 0
${map("3</f>", "0x7ffff7ffe000")}
${map("3</f>(deleted)", "0x7ffff7ffd000")}
${map("4</f>", "0x7ffff7ffc000")}
${map("3</f>(deleted)", "0x7ffff7ffb000")}
${map("4</f>(deleted)", "0x7ffff7ffa000")}
${map("5</g>(deleted)", "0x7ffff7ff9000")}
${map("5</g>", "0x7ffff7ff8000")}`);
	const maps = ops.filter(({ name }) => name === "mmap");
	t.deepEqual(
		maps.map((op) => files[open_files[op.opened].file].path),
		["/f", "/f", "/f #2", "/f", "/f #2", "/g (deleted)", "/g"],
	);
	t.is(maps[0].opened, maps[1].opened, "and the same open file");
	const cut = ops.find(({ name }) => name === "ftruncate")?.opened ?? -1;
	t.is(files[open_files[cut].file].path, "/f");
});

test("with which mode a file was opened shows in what mprotect() was allowed", (t) => {
	const of = (result: string, flags = "MAP_SHARED") => {
		const { ops, open_files } = calls(`1 mmap(NULL, 4096, PROT_READ, ${flags}, 3</f>, 0) = 0x7ffff7ffe000
1 mprotect(0x7ffff7ffe000, 4096, PROT_READ|PROT_WRITE) = ${result}`);
		return open_files[ops.find(({ name }) => name === "mmap")?.opened ?? -1].writable;
	};
	t.true(of("0"));
	t.false(of("-1 EACCES (Permission denied)"));
	t.false(of("0", "MAP_PRIVATE"));
	const attached = calls(`1 shmget(IPC_PRIVATE, 4096, IPC_CREAT|0600) = 7
1 shmat(7, 0x200000000000, SHM_RDONLY) = 0x200000000000
1 shmat(7, 0x300000000000, 0) = 0x300000000000`);
	t.deepEqual(
		attached.ops
			.filter(({ opened }) => opened >= 0)
			.map(({ opened }) => attached.open_files[opened].writable),
		[false, true],
	);
});

test("a hint that was not taken: the place is that of a mapping without one", (t) => {
	const at = (hint: string, place: string) =>
		trace(`${START}\n1 mmap(${hint}, 4194304, PROT_READ, MAP_PRIVATE, 3</f>, 0) = ${place}\n${END}`, {
			"kernel.txt": "6.18.0\n",
		}).ops.find(({ name }) => name === "mmap");
	/* Below the loader, at a multiple of 2 MiB, or not. */
	t.like(at("0x7ffff7fcb000", "0x7ffff7a00000"), { aligned: true, not_aligned: false, given: false });
	t.like(at("0x7ffff7fcb000", "0x7ffff7bcb000"), { aligned: false, not_aligned: true });
});
