// SPDX-License-Identifier: GPL-2.0-only
//
// Reading and replacing a configuration file as a whole, for the commands that do not
// evaluate it. It has no counterpart in Linux, where cat, sed and mv do this.

import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { with_file } from "./confdata.ts";
import type { KconfHost } from "./lkc.ts";
import { read_bytes } from "./text.ts";

/** Is there something of this name, seen from the host's directory? */
export function config_file_exists(host: KconfHost, name: string): boolean {
	return existsSync(resolve(host.cwd, name));
}

/** All bytes of a file, one to a character. Throws ConfExit, in the name of a command, if it cannot be read. */
export function read_config_file(host: KconfHost, name: string, progname: string): string {
	return with_file(`${progname}: ${name}`, () => read_bytes(resolve(host.cwd, name)));
}

/** Puts new contents in place in one step. Throws ConfExit if that cannot be done. */
export function write_config_file(host: KconfHost, name: string, text: string, progname: string): void {
	const path = resolve(host.cwd, name);
	const tmp = `${path}.${process.pid}.tmp`;
	with_file(`${progname}: ${name}`, () => {
		try {
			writeFileSync(tmp, text, "latin1");
			renameSync(tmp, path);
		} finally {
			rmSync(tmp, { force: true });
		}
	});
}
