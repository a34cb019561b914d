// SPDX-License-Identifier: GPL-2.0-only
//
// Where Linux's scripts/kconfig/streamline_config.pl looks for a configuration and for the
// modules that are loaded: .config, else what the running kernel or a built one has in it;
// $LSMOD, a file or a program, else lsmod.

import { accessSync, constants, statSync } from "node:fs";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { path_of, read_bytes, to_bytes } from "./text.ts";

export type LoadedModules = ReadonlySet<string>;

export interface KernelFiles {
	/** The lines of the configuration, each with its newline. */
	readonly config: readonly string[];
	readonly modules: LoadedModules;
}

const EXTRACT = "scripts/extract-ikconfig";

/** Files that may have a configuration in them, the best first, and how it is got out. */
function places(): readonly (readonly [string, "cat" | "zcat" | "extract"])[] {
	const uname = release();
	return [
		[".config", "cat"],
		["/proc/config.gz", "zcat"],
		[`/boot/config-${uname}`, "cat"],
		[`/boot/vmlinuz-${uname}`, "extract"],
		["vmlinux", "extract"],
		[`/lib/modules/${uname}/kernel/kernel/configs.ko`, "extract"],
		["kernel/configs.ko", "extract"],
		["kernel/configs.o", "extract"],
	];
}

function is_file(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function is_executable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** What a program prints, and whether it went well. */
function output_of(host: KconfHost, program: string, ...args: string[]): { ok: boolean; text: string } {
	const { spawnSync } = process.getBuiltinModule("node:child_process");
	const run = spawnSync(program, args, {
		cwd: host.cwd,
		env: host.env as NodeJS.ProcessEnv,
		encoding: "latin1",
		stdio: ["ignore", "pipe", "ignore"],
		maxBuffer: 1 << 28,
	});
	return { ok: run.status === 0, text: run.stdout ?? "" };
}

function config_text(host: KconfHost): string {
	for (const [name, how] of places()) {
		const path = path_of(host, name);
		if (!is_file(path)) continue;
		let text: string;
		if (how === "extract") {
			const got = output_of(host, EXTRACT, name);
			if (!got.ok) continue;
			text = got.text;
		} else if (how === "zcat") {
			text = gunzipSync(Buffer.from(read_bytes(path), "latin1")).toString("latin1");
		} else text = read_bytes(path);
		host.err(`using config: '${name}'\n`);
		return text;
	}
	throw new ConfExit(2, "No config file found");
}

function lsmod_text(host: KconfHost): string {
	const { LSMOD, objtree } = host.env;
	if (LSMOD === undefined) {
		const dirs = ["/sbin", "/bin", "/usr/sbin", "/usr/bin"];
		const found = dirs.map((dir) => `${dir}/lsmod`).find(is_executable);
		const { ok, text } = output_of(host, found ?? "lsmod");
		if (!ok) throw new ConfExit(2, "lsmod cannot be run; LSMOD=FILE names a file with what it printed");
		return text;
	}
	const file = [LSMOD, `${objtree ?? ""}/${LSMOD}`].map((name) => path_of(host, to_bytes(name))).find(is_file);
	if (file === undefined) throw new ConfExit(2, `${LSMOD} not found`);
	if (!is_executable(file)) return read_bytes(file);
	return output_of(host, file).text;
}

/** Reads the configuration and the names of the modules that are loaded. */
export function read_kernel_files(host: KconfHost): KernelFiles {
	const config = config_text(host).match(/[^\n]*\n|[^\n]+$/g) ?? [];
	const modules = new Set<string>();
	for (const line of lsmod_text(host).split("\n")) {
		const name = line.startsWith("Module") ? undefined : /^[^ \t\n\v\f\r]+/.exec(line)?.[0];
		if (name !== undefined) modules.add(name);
	}
	return { config, modules };
}
