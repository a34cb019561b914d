// SPDX-License-Identifier: GPL-2.0-only
/** Fragments of a configuration: which there are for an architecture, and which of them it cannot have. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "../../../scripts/kconfig/index.ts";
import { dir_name } from "../../../scripts/lib/objtree.ts";
import { build_dir, here } from "../../lib/root.ts";
import { stepper_tree } from "./mutant.ts";

const LINE = /^(# )?CONFIG_(\w+)(?: is not set|=(.*))$/gm;

/** Of all architectures, and of this one. */
const places = (arch: string) => ["configs", `arch/${arch}/configs`].map((dir) => join(here(), dir));

export function fragments(arch: string): string[] {
	const dirs = places(arch).filter((dir) => existsSync(dir));
	return dirs.flatMap((dir) => readdirSync(dir)).filter((f) => f.endsWith(".config"));
}

/**
 * Why a kernel of the architecture cannot be configured so: the first value that does not come out. The
 * stepper's kernel has been built.
 */
export function refused(fragment: string, arch: string): string | undefined {
	const file = places(arch)
		.map((dir) => join(dir, fragment))
		.find((path) => existsSync(path));
	if (file === undefined) return `${arch} has no ${fragment}`;
	const env = { ARCH: arch, SRCARCH: arch, KERNELVERSION: "", srctree: here() };
	const kconfig = parse("Kconfig", { env, cwd: here() });
	kconfig.load(join(build_dir(), dir_name(stepper_tree(undefined, arch)), ".config"));
	kconfig.load(file, { replace: false });
	for (const [, off, name, value] of readFileSync(file, "utf8").matchAll(LINE)) {
		const is = kconfig.symbol(name)?.value;
		if (is !== (off ? "n" : value))
			return `CONFIG_${name} is ${is ?? "unknown"} there, whatever is asked for`;
	}
}
