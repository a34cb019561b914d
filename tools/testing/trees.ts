// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernels that tests run on, besides those that `make check` builds: `make test` builds them in a row before the
 * tests, by a compiler that is warm. What is missing here the test builds that asks for it first.
 */
import { stepper_tree } from "../explore/outside/mutant.ts";
import { with_room } from "../lib/ram.ts";
import { ARM64_64K, KUNIT_CONFIGS, kunit_config } from "./kunit/run.ts";

export const NOSPF = { name: "nospf", fragments: ["nospf.config"] };
export const UP = { name: "up", fragments: ["nosmp.config"] };
export const TINY = { name: "tiny-noperf", fragments: ["tiny.config"] };
export const MAP_PAGES = { name: "mappages", fragments: ["mappages.config"] };
export const RECLAIM = { name: "reclaim", fragments: ["reclaim.config", "nospf.config"] };
export const STEPPER_NOSPF_WRONG = {
	name: "stepper-nospf-wrong",
	fragments: ["stepper.config", "nospf.config", "selftest.config"],
};
/** Its page tables are freed after interrupts, not after a grace period. */
export const IPI_TABLES = { name: "stress-ipitables", fragments: ["debug.config", "ipitables.config"] };

export const TREES = [
	...Object.keys(KUNIT_CONFIGS).map((name) => kunit_config(name)),
	ARM64_64K,
	kunit_config("64k", "powerpc"),
	IPI_TABLES,
	{ name: "tracing", fragments: ["tracing.config"] },
	...["x86", "arm64", "powerpc"].map((arch) => with_room({ name: "default", arch }, "4096")),
	NOSPF,
	UP,
	TINY,
	MAP_PAGES,
	RECLAIM,
	STEPPER_NOSPF_WRONG,
	...[
		"nospf.config",
		"selftest.config",
		"ipitables.config",
		"notifier.config",
		"rwsem.config",
		"rwsem.config+selftest.config",
	].map((fragment) => stepper_tree(fragment)),
];
