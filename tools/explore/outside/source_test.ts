// SPDX-License-Identifier: GPL-2.0-only
/** What an access is called, given its place in the source. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { load_names, name_of_access } from "./source.ts";

test("names are those that the compiler wrote down; without one, the address", (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf-names-"));
	const bundle = join(dir, "vmlinux.mjs");
	writeFileSync(`${bundle}.names.json`, JSON.stringify({ "kernel/mm/x.ts": { "3:7": "mm.mmap_seq" } }));
	load_names(bundle, "/tree");
	rmSync(dir, { recursive: true });
	t.is(name_of_access("/tree/kernel/mm/x.ts", 3, 7, 0x1000), "mm.mmap_seq");
	t.is(name_of_access("/tree/kernel/mm/x.ts", 3, 8, 0x1000), "1000");
	t.is(name_of_access("/other/kernel/mm/x.ts", 3, 7, 0x1000), "1000");
});
