// SPDX-License-Identifier: GPL-2.0-only
/** All pages as files of a directory. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { write_file } from "../../../scripts/lib/files.ts";
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
	write_file(join(dir, MARK), "", { parents: true });
	const addresses = await site.addresses(tell);
	for (const address of addresses) {
		const text = await site.get(address);
		if (text === undefined) continue;
		write_file(join(dir, address), text, { parents: true });
	}
	return addresses.length;
}
