// SPDX-License-Identifier: GPL-2.0-only
/**
 * Object trees for programs: a configuration of its own below build/, made with
 * the same make targets that a user types.
 */
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { run } from "./child.ts";
import { UserError } from "./errors.ts";
import { make_directory } from "./files.ts";
import { build_dir, here } from "./root.ts";

export interface ObjtreeOptions {
	/** Directory below build/, where the architecture is the default one; ARCH-name otherwise. */
	name: string;
	/** Fragments of configs/ merged over the default, e.g. "nospf.config". */
	fragments?: string[];
	arch?: string;
	/** Hears what is built, and the short lines of make. */
	tell?: (text: string) => void;
}

let announce: (dir: string) => void = () => {};

/** Has `fn` told where a kernel is about to be built, of which nobody hears a line otherwise. */
export function announce_builds(fn: (dir: string) => void): void {
	announce = fn;
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
	"include/uapi",
	"kernel",
	"drivers",
	"arch",
	"configs",
	"tools/explore/inside",
	"tools/explore/protocol.ts",
	"scripts/cc",
	"scripts/kconfig",
	"scripts/lib",
	"scripts/build.ts",
	"Kconfig",
	"Makefile",
];

/** What make said: a line, if it was one of its own mistakes; all of it where sources do not build. */
function failed(dir: string, target: string, said: string): string {
	const lines = said
		.split("\n")
		.filter((line) => line !== "" && !/^make(\[\d+\])?: \*\*\* \[|^ {2}[A-Z]/.test(line));
	const alone = lines.length === 1 && !/^\S+\.ts[:(]/.test(lines[0]);
	const own = alone ? ` ${lines[0].replace(/^(\S+: )?\*\*\* /, "")}` : `\n${lines.join("\n")}`;
	return `make O=${dir} ${target} failed:${own}`;
}

/** Of what make says, the lines that it has for each step; not what a configurator has to say. */
function short_lines(tell: (text: string) => void): (text: string) => void {
	let rest = "";
	return (text) => {
		const lines = `${rest}${text}`.split("\n");
		rest = lines.pop() as string;
		if (process.env.KBUILD_SILENT) return;
		for (const line of lines) if (/^ {2}[A-Z]/.test(line)) tell(`${line}\n`);
	};
}

/**
 * The architecture that make was asked for, for programs that build kernels of it: arch/ARCH. Without
 * make it is the default one.
 */
export function arch_asked(): string {
	const { SRCARCH, ARCH } = process.env;
	return SRCARCH ?? ARCH ?? DEFAULT_ARCH;
}
export const DEFAULT_ARCH = "x86";

/** Builds of other architectures than the default one say so. */
export function dir_name({ name, arch = DEFAULT_ARCH }: ObjtreeOptions): string {
	return arch === DEFAULT_ARCH ? name : `${arch}-${name}`;
}

let builder: ((dir: string, nocheck: string) => Promise<unknown>) | undefined;

/**
 * For who has many trees built: by `fn`, once they are configured, and not by a make for each. A compiler
 * that has been at work takes a quarter of the time. `nocheck` is KBUILD_NOCHECK.
 */
export function build_by(fn: typeof builder): void {
	builder = fn;
}

/** By directory and target: what is under way. */
const under_way = new Map<string, Promise<string>>();

/**
 * Configures and builds; returns the path of the bundle. Nothing is done where the
 * bundle is newer than all of its sources. Who asks for what is under way waits for it.
 */
export function objtree(options: ObjtreeOptions): Promise<string> {
	return once(options, "vmlinux.mjs", "vmlinux");
}

/** Configures only, with all that a configuration generates; returns the directory. */
export async function configured(options: ObjtreeOptions): Promise<string> {
	const stamp = await once(options, "include/generated/autoconf.ts", "syncconfig");
	return dirname(dirname(dirname(stamp)));
}

function once(options: ObjtreeOptions, file: string, target: string): Promise<string> {
	const key = `${dir_name(options)} ${target}`;
	let made = under_way.get(key);
	if (!made) {
		made = make_objtree(options, file, target).finally(() => under_way.delete(key));
		under_way.set(key, made);
	}
	return made;
}

/** Has a source of a kernel changed since it was made? The list is the one that make goes by. */
export function outdated(bundle: string): boolean {
	const list = join(dirname(bundle), `.${basename(bundle)}.cmd`);
	if (!existsSync(list)) return false;
	const made = statSync(bundle).mtimeMs;
	const sources = [...readFileSync(list, "utf8").matchAll(/^ {2}(\S+) \\$/gm)].map(([, path]) =>
		join(here(), path),
	);
	return sources.some((path) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? made + 1) > made);
}

/** Has make make a target, after which there is a file; its path. */
async function make_objtree(options: ObjtreeOptions, file: string, target: string): Promise<string> {
	const { fragments = [], arch = DEFAULT_ARCH, tell } = options;
	const name = dir_name(options);
	const srctree = here();
	const dir = join(build_dir(), name);
	const made = join(dir, file);
	const sources = Math.max(...INPUTS.map((i) => newest(join(srctree, i))));
	if (existsSync(made) && statSync(made).mtimeMs > sources) return made;
	make_directory(dir);
	const shown = relative(srctree, dir).startsWith("..") ? dir : relative(srctree, dir);
	if (tell && !process.env.KBUILD_SILENT) tell(`  BUILD   ${shown}\n`);
	else if (!tell) announce(shown);
	/* One of the trees is type-checked; what is wrong in it is wrong in all. Other architectures' types have a
	 * program of their own, see scripts/check/types.ts. After these checks `make test` trusts the sources. */
	const env = {
		...process.env,
		MAKEFLAGS: "",
		MFLAGS: "",
		MAKELEVEL: "",
		KBUILD_NOCHECK: process.env.KBUILD_NOCHECK || (name === "default" ? "" : "1"),
	};
	const build = target === "vmlinux" ? builder : undefined;
	for (const goal of ["defconfig", ...fragments, build ? "syncconfig" : target]) {
		const make = ["make", `O=${dir}`, `ARCH=${arch}`, goal];
		const { status, stdout, stderr } = await run(make, {
			cwd: srctree,
			env,
			tell: tell && short_lines(tell),
		});
		if (status !== 0) throw new UserError(failed(shown, goal, stdout + stderr));
	}
	await build?.(dir, env.KBUILD_NOCHECK).catch((error: Error) => {
		throw new UserError(failed(shown, target, error.message));
	});
	/* Make leaves alone what came out the same. */
	utimesSync(made, new Date(), new Date());
	return made;
}
