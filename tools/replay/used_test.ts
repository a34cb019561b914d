// SPDX-License-Identifier: GPL-2.0-only
/** Where a replay may put what is not the program's. */
import test from "ava";
import { END, START, trace } from "./testutil.ts";
import { unused } from "./used.ts";

test("pages of the replay's own are where the program never has anything", (t) => {
	t.is(unused(trace(`${START}\n${END}`), 3), 0x20000, "nothing is there");
	const low = (address: string) =>
		`1 mmap(${address}, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = ${address}`;
	const at = (...addresses: string[]) => unused(trace([START, ...addresses.map(low), END].join("\n")), 3);
	t.is(at("0x23000"), 0x40000, "no nearer than the largest page");
	t.is(at("0x12000", "0x40000"), 0x60000, "a hole that is too small is left alone");
	t.is(at("0x20000", "0xa0000"), 0x40000);
	const asked = (length: string) => `1 mincore(0x21000, ${length}, 0x7ffe) = -1 ENOMEM (Cannot allocate memory)`;
	t.is(
		unused(trace([START, asked("4096"), END].join("\n")), 3),
		0x40000,
		"what it asks for is not there, either",
	);
	t.is(unused(trace([START, asked("0x7ffffffde000"), END].join("\n")), 3), 0x20000, "unless that is all");
});
