// SPDX-License-Identifier: GPL-2.0-only
/** Programs that ran already: what flags and memory their mappings had. */
import test from "ava";
import { parse_maps } from "./maps.ts";
import { MADV } from "./abi.ts";
import { INITIAL, trace } from "./testutil.ts";

interface Line {
	range: string;
	permissions?: string;
	flags: string;
	anonymous?: number;
	file?: string;
}

/** The calls that give such lines what they have, without what else a recording begins with. */
function calls(...lines: Line[]): string[] {
	const text = lines.map(
		({ range, permissions = "rw-p", flags, anonymous = 0, file = "00000000 00:00 0" }) =>
			`${range} ${permissions} ${file}\nAnonymous: ${anonymous} kB\nVmFlags: ${flags}\n`,
	);
	const mark = "# strace.txt:0 start_brk=0x555555557000 brk=0x555555557000 threads=1 time=1000\n";
	const { ops, images } = trace("1 exit_group(0) = ?\n1 +++ exited with 0 +++", {
		"maps.initial": mark + text.join("") + INITIAL.split("\n").at(-2),
	});
	const advice = Object.fromEntries(Object.entries(MADV).map(([name, value]) => [value, name.slice(5)]));
	const mapped = images[0].lines
		.filter(({ name }) => name === "")
		.map(({ prot, more_flags }) => `map ${prot} ${more_flags.toString(16)}`);
	const made = ops
		.filter(({ kind, lines }) => kind === "call" && lines === 0)
		.filter(({ name }) => !name.startsWith("prlimit64"))
		.map(({ name, args: [at, length, third] }) =>
			name === "madvise"
				? `${advice[third]} ${at.toString(16)}+${length.toString(16)}`
				: `${name} ${at.toString(16)}+${length.toString(16)} ${third ?? ""}`.trim(),
		);
	return [...mapped, ...made];
}

test("lines of smaps below one of maps are its own", (t) => {
	const below = "Anonymous:   12 kB\nVmFlags: rd wr dd \n";
	const [first, second] = parse_maps(
		`1000-2000 rw-p 00000000 00:00 0\n${below}2000-3000 rw-p 00000000 00:00 0\n`,
		"maps",
	);
	t.deepEqual(first.vm, { flags: new Set(["rd", "wr", "dd"]), anonymous: 12 });
	t.is(second.vm, undefined);
	t.throws(() => parse_maps("VmFlags: rd\n", "maps"), { message: /not a line of .proc.PID.maps/ });
	t.throws(() => parse_maps("1000-2000 rw-p 00000000 00:00 0\nRss: 4 kB\n", "maps"), { message: /maps:2/ });
});

test("flags that calls have set are set", (t) => {
	const of = (flags: string) => calls({ range: "1000-3000", flags: `rd wr mr mw me ac ${flags}` });
	t.deepEqual(of(""), ["map 3 0"]);
	t.deepEqual(of("dc dd"), ["map 3 0", "DONTFORK 1000+2000", "DONTDUMP 1000+2000"]);
	t.deepEqual(of("sr nh wf"), [
		"map 3 0",
		"WIPEONFORK 1000+2000",
		"NOHUGEPAGE 1000+2000",
		"SEQUENTIAL 1000+2000",
	]);
	t.deepEqual(of("lo"), ["map 3 0", "mlock 1000+2000"]);
	t.deepEqual(of("lo lf"), ["map 3 0", "mlock2 1000+2000 1"]);
	t.deepEqual(of("gd"), ["map 3 100"]);
	t.deepEqual(calls({ range: "1000-3000", flags: "rd wr mr mw me nr" }), ["map 3 4000"]);
});

test("memory that was writable, and written to, was so before it was protected", (t) => {
	const once = { range: "1000-3000", permissions: "r--p", flags: "rd mr mw me ac" };
	t.deepEqual(calls(once), ["map 3 0", "mprotect 1000+2000 1"]);
	t.deepEqual(calls({ ...once, anonymous: 4 }), ["map 3 0", "POPULATE_WRITE 1000+1000", "mprotect 1000+2000 1"]);
	t.deepEqual(calls({ ...once, flags: "rd mr mw me" }), ["map 1 0"]);
});

test("neighbours that are alike were written to when they were not", (t) => {
	const line = { flags: "rd wr mr mw me ac", anonymous: 4 };
	t.deepEqual(calls({ range: "1000-3000", ...line }, { range: "3000-4000", ...line }), [
		"map 3 0",
		"map 3 0",
		"SEQUENTIAL 3000+1000",
		"POPULATE_WRITE 1000+1000",
		"POPULATE_WRITE 3000+1000",
		"NORMAL 3000+1000",
	]);
	/* One that differs may have been split from the other. */
	t.deepEqual(
		calls({ range: "1000-3000", ...line }, { range: "3000-4000", ...line, flags: `${line.flags} dd` }),
		["map 3 0", "map 3 0", "POPULATE_WRITE 1000+1000", "POPULATE_WRITE 3000+1000", "DONTDUMP 3000+1000"],
	);
});

test("a shared mapping is of a file that was opened to write, if it may be written to", (t) => {
	const { open_files } = trace("1 exit_group(0) = ?\n1 +++ exited with 0 +++", {
		"maps.initial": `# strace.txt:0 start_brk=0x555555557000 brk=0x555555557000 threads=1 time=1000
1000-2000 rw-s 00000000 00:01 7 /a
3000-4000 r--s 00000000 00:01 8 /b
VmFlags: rd sh mr mw me ms
5000-6000 r--s 00000000 00:01 9 /c
VmFlags: rd sh mr me ms
${INITIAL}`,
	});
	t.deepEqual(
		open_files.slice(0, 3).map(({ writable }) => writable),
		[true, true, false],
	);
});
