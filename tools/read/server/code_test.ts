// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { here } from "../../lib/root.ts";
import { lex } from "../index/lex.ts";
import { Sources } from "../index/source.ts";
import { Code } from "./code.ts";

const code = new Code(new Sources(here()), "", new Set());
const links = (line: string) => [...code.line(lex(line, "c")).text.matchAll(/href="([^"]*)"/g)].map(([, to]) => to);

test("names lead to what they are, and counters of /proc/vmstat as it has them", (t) => {
	t.deepEqual(links("count_vm_event(PGFAULT);"), ["ident/count_vm_event.html", "ident/PGFAULT.html"]);
	t.deepEqual(links('"pgfault", "SPF_ABORT_ODD",'), ["ident/PGFAULT.html", "ident/SPF_ABORT_ODD.html"]);
	t.deepEqual(links('"page_size", "", "pgmemfault"'), []);
});
