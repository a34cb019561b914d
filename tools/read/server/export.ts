// SPDX-License-Identifier: GPL-2.0-only
/** All pages as files of a directory. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import type { Site } from "./site.ts";

/** Says that a directory is ours to write over. */
const MARK = ".spf-read";

export async function write_site(site: Site, dir: string, tell?: (done: number, all: number) => void): Promise<number> {
	if (existsSync(dir)) {
		if (!statSync(dir).isDirectory()) throw new UserError(`--out ${dir}: it is a file; name a directory`);
		if (readdirSync(dir).length > 0 && !existsSync(join(dir, MARK)))
			throw new UserError(`--out ${dir}: it has files of somebody else; name a new directory`);
	}
	mkdirSync(dir, { recursive: true });
	writeFileSync(join(dir, MARK), "");
	const addresses = await site.addresses(tell);
	const made = new Set<string>();
	for (const address of addresses) {
		const text = await site.get(address);
		if (text === undefined) continue;
		const file = join(dir, address);
		const parent = dirname(file);
		if (!made.has(parent)) mkdirSync(parent, { recursive: true });
		made.add(parent);
		writeFileSync(file, text);
	}
	return addresses.length;
}
