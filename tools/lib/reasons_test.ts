// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { REASONS } from "./reasons.ts";
import { here } from "./root.ts";

test("the reasons are the kernel's, in its order", (t) => {
	const text = readFileSync(join(here(), "include/linux/vm_event_item.ts"), "utf8");
	const items = [...text.matchAll(/^export const (SPF_ABORT_\w+) = SPF_STATS_BASE \+ (\d+);$/gm)];
	t.deepEqual(
		items.map(([, name, place]) => `${place} ${name}`),
		REASONS.map((name, place) => `${place} ${name}`),
	);
});
