// SPDX-License-Identifier: GPL-2.0-only
//
// A directory and a host for the tests of this directory: nothing is read from the process,
// and what is printed is kept.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Compat, compat_of_version } from "./compat.ts";
import { conf_main } from "./conf.ts";
import { get, load, parse } from "./engine.ts";
import type { Kconf, KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { merge_main } from "./merge_config.ts";

export interface Outcome {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

export interface Sandbox {
	readonly dir: string;
	env: Record<string, string | undefined>;
	/** Writes a file, with its directories. */
	put(name: string, text: string): void;
	/** Reads a file; null if it is not there. */
	read(name: string): string | null;
	conf(...args: string[]): Outcome;
	merge(...args: string[]): Outcome;
	/** Reads Kconfig, by the rules of a name. */
	parse(compat?: Compat): Kconf;
	/** What the last parse() and its host have printed. */
	printed: { out: string; err: string };
	remove(): void;
}

/** A new empty directory, filled with the given files. */
export function sandbox(files: Record<string, string> = {}): Sandbox {
	const dir = mkdtempSync(join(tmpdir(), "kconfig-"));
	const box: Sandbox = {
		dir,
		env: {},
		printed: { out: "", err: "" },
		put(name, text) {
			mkdirSync(dirname(join(dir, name)), { recursive: true });
			writeFileSync(join(dir, name), text);
		},
		read(name) {
			const path = join(dir, name);
			return existsSync(path) ? readFileSync(path, "utf8") : null;
		},
		conf: (...args) => run(box, (host) => conf_main(args, host)),
		merge: (...args) => run(box, (host) => merge_main(args, host)),
		parse(compat) {
			box.printed = { out: "", err: "" };
			return parse("Kconfig", host_of(box), compat);
		},
		remove: () => rmSync(dir, { recursive: true, force: true }),
	};
	for (const [name, text] of Object.entries(files)) box.put(name, text);
	return box;
}

function host_of(box: Sandbox): KconfHost {
	return {
		env: box.env,
		cwd: box.dir,
		out: (text) => {
			box.printed.out += text;
		},
		err: (text) => {
			box.printed.err += text;
		},
	};
}

function run(box: Sandbox, main: (host: KconfHost) => void): Outcome {
	box.printed = { out: "", err: "" };
	let code = 0;
	try {
		main(host_of(box));
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		code = e.code;
		if (e.message !== "") box.printed.err += `${e.bytes ?? e.message}\n`;
	}
	return { code, ...box.printed };
}

/** A .config with the lines of a fragment after it, and without its own for the same symbols. */
export function merged(config: string, fragment: string, prefix = "CONFIG_"): string {
	const name = (line: string): string | null =>
		new RegExp(`^(?:# )?${prefix}([^ =]+)(?:=| is not set$)`).exec(line)?.[1] ?? null;
	const lines = fragment.split("\n").filter(Boolean);
	const replaced = new Set(lines.map(name));
	const kept = config.split("\n").filter((line) => {
		const own = name(line);
		return own === null || !replaced.has(own);
	});
	return `${kept.join("\n").trimEnd()}\n${lines.join("\n")}\n`;
}

/** The values that symbols get from a Kconfig text and a .config text. */
export function values(kconfig: string, config: string, ...names: string[]): string[] {
	const box = sandbox({ Kconfig: kconfig, ".config": config });
	try {
		const kconf = box.parse();
		load(kconf, ".config");
		return names.map((name) => get(kconf, name));
	} finally {
		box.remove();
	}
}

/** What parsing a text prints to standard error, and the exit status. */
export function diagnostics(kconfig: string): Outcome {
	const box = sandbox({ Kconfig: kconfig });
	try {
		return box.conf("--listnewconfig", "Kconfig");
	} finally {
		box.remove();
	}
}

/** The variables that a kernel tree's Makefile gives to its conf; $ARCH chooses, x86 if unset. */
export function tree_environment(tree: string): Record<string, string> {
	const first_line = (command: string, ...args: string[]): string =>
		(spawnSync(command, args, { encoding: "latin1" }).stdout ?? "").split("\n")[0] ?? "";
	const ARCH = process.env.ARCH ?? "x86";
	const KERNELVERSION = first_line("make", "-s", "-C", tree, "kernelversion");
	return {
		ARCH,
		SRCARCH: ARCH,
		srctree: tree,
		KERNELVERSION,
		CC: "gcc",
		LD: "ld",
		AR: "ar",
		NM: "nm",
		OBJCOPY: "objcopy",
		PAHOLE: "pahole",
		PAHOLE_VERSION: "0",
		PYTHON3: "python3",
		RUSTC: "rustc",
		BINDGEN: "bindgen",
		CLANG_FLAGS: "",
		CC_VERSION_TEXT: first_line("gcc", "--version"),
		RUSTC_VERSION_TEXT: first_line("rustc", "--version"),
		LC_ALL: "C",
		CONFIG_SHELL: "/bin/sh",
		KCONFIG_COMPAT: process.env.KCONFIG_COMPAT ?? compat_of_version(KERNELVERSION) ?? "7.2",
	};
}

/** A generator of pseudo-random numbers below 65,536. */
export function xorshift(seed: number): () => number {
	let x = Math.imul(seed + 1, 2654435761) >>> 0 || 1;
	return () => {
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		return (x >>> 0) & 0xffff;
	};
}
