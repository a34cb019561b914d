// SPDX-License-Identifier: GPL-2.0-only
/**
 * Object trees for programs: a configuration of its own below build/, made with
 * the same make targets that a user types.
 */
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { $ } from "zx";
import { here } from "./root.ts";

export interface ObjtreeOptions {
	/** Directory below build/. */
	name: string;
	/** Fragments of configs/ merged over the default, e.g. "nospf.config". */
	fragments?: string[];
	arch?: string;
	/** Prints make's own lines. */
	verbose?: boolean;
}

/** Newest change below a directory or of a file, in ms. Patches, pages and tests are in no kernel. */
function newest(path: string): number {
	const s = statSync(path);
	if (!s.isDirectory()) return s.mtimeMs;
	const inputs = readdirSync(path).filter((n) => !/\.(patch|md)$|_test\.ts$/.test(n));
	return Math.max(s.mtimeMs, ...inputs.map((n) => newest(join(path, n))));
}

const INPUTS = [
	"include/linux",
	"include/asm-generic",
	"include/kunit",
	"kernel",
	"arch",
	"configs",
	"tools/explore/inside",
	"tools/explore/protocol.ts",
	"scripts/cc",
	"scripts/kconfig",
	"scripts/build.ts",
	"Kconfig",
	"Makefile",
];

/** Configures and builds; returns the path of the bundle. Nothing is done where
 *  the bundle is newer than all of its sources. */
export async function objtree({
	name,
	fragments = [],
	arch = "x86",
	verbose = false,
}: ObjtreeOptions): Promise<string> {
	const srctree = here();
	const dir = join(srctree, "build", name);
	const bundle = join(dir, "vmlinux.mjs");
	const sources = Math.max(...INPUTS.map((i) => newest(join(srctree, i))));
	if (existsSync(bundle) && statSync(bundle).mtimeMs > sources) return bundle;
	mkdirSync(dir, { recursive: true });
	/* One of the trees is type-checked; what is wrong in it is wrong in all. */
	const env = {
		...process.env,
		MAKEFLAGS: "",
		MFLAGS: "",
		MAKELEVEL: "",
		KBUILD_NOCHECK: name === "default" ? "" : "1",
	};
	const make = $({ cwd: srctree, env, verbose: false, quiet: true, stdio: ["ignore", "pipe", "pipe"] });
	for (const target of ["defconfig", ...fragments, "vmlinux"]) {
		const run = await make`make O=${dir} ARCH=${arch} ${target}`.nothrow();
		if (verbose) process.stdout.write(run.stdout);
		if (run.exitCode !== 0)
			throw new Error(`make O=build/${name} ${target} failed:\n${run.stdout}${run.stderr}`);
	}
	/* Make leaves a bundle alone that came out the same. */
	utimesSync(bundle, new Date(), new Date());
	return bundle;
}
