// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { parse_maps } from "./maps.ts";
import { is_shown } from "./shown.ts";
import { type Call, parse_strace } from "./strace.ts";

const MAPS = parse_maps(
	"00010000-00012000 r--p 00000000 00:00 0 \n00012000-00013000 rw-p 00000000 00:00 0 \n",
	"maps.final",
);
const shown = (call: string) => is_shown(parse_strace(`${call}\n`, "strace.txt").events[0] as Call, MAPS);

test("what maps show of calls that were entered when they were copied", (t) => {
	t.true(shown("mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10000"));
	t.false(shown("mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10000"));
	t.false(shown("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x13000"));
	t.true(shown("munmap(0x13000, 4096) = 0"));
	t.false(shown("munmap(0x12000, 8192) = 0"));
	t.true(shown("mprotect(0x12000, 4096, PROT_READ|PROT_WRITE) = 0"));
	t.false(shown("mprotect(0x10000, 4096, PROT_READ|PROT_WRITE) = 0"));
	t.true(shown("mprotect(0x10000, 0, PROT_READ|PROT_WRITE) = 0"), "of nothing nothing is seen");
	t.true(shown("mremap(0x13000, 4096, 4096, MREMAP_MAYMOVE) = 0x12000"));
	t.false(shown("mremap(0x10000, 4096, 4096, MREMAP_MAYMOVE) = 0x14000"));
	t.true(shown("munmap(0x10000, 4096) = -1 EINVAL (Invalid argument)"), "what failed changes nothing");
});
