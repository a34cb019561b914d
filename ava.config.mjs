// SPDX-License-Identifier: GPL-2.0-only
/** How tests are run: `npx ava FILE`, `make test`. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** AVA keeps there which tests failed. A tree that is only read has no such place. */
function writable() {
	try {
		accessSync(join(import.meta.dirname, "node_modules"), constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

export default {
	extensions: { ts: "module" },
	/* mm/gup_test.c is a driver of the kernel. */
	files: ["{kernel,arch,scripts,tools}/**/*_test.ts", "!kernel/mm/gup_test.ts"],
	nodeArguments: ["--import=tsx"],
	workerThreads: false,
	timeout: "5m",
	concurrency: 2,
	cache: writable(),
};
