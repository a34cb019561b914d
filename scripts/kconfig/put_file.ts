// SPDX-License-Identifier: GPL-2.0-only
//
// Writes a result file so that there is never half of it: beside it, and then in its place. No
// counterpart in Linux, where a full disk leaves what there was room for. What can be seen
// afterwards is what writing into the file would have left: its owner, its mode, its links.

import { accessSync, chmodSync, constants, lstatSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** The file that is to be replaced, or null if only writing into it leaves all as it is. */
function replaceable(path: string): { path: string; mode: number | null } | null {
	const found = lstatSync(path, { throwIfNoEntry: false });
	if (!found) return { path, mode: null };
	if (found.isSymbolicLink()) {
		try {
			return replaceable(realpathSync(path));
		} catch {
			// A link to nothing: opening it makes what it names.
			return null;
		}
	}
	if (!found.isFile() || found.nlink > 1 || found.uid !== process.geteuid?.()) return null;
	if (found.gid !== process.getegid?.()) return null;
	// Opening it would fail, and so may not be avoided.
	accessSync(path, constants.W_OK);
	return { path, mode: found.mode & 0o7777 };
}

/**
 * Writes bytes, one to a character, as if into the file. Where its directory takes no other
 * file, or it is a device, or others have links to it, it is really into it. Throws what
 * node:fs throws; the file is then as it was, unless it could only be written into.
 */
export function put_file(path: string, text: string): void {
	const to = replaceable(path);
	const tmp = to && `${to.path}.${process.pid}.tmp`;
	if (!to || !tmp) {
		writeFileSync(path, text, "latin1");
		return;
	}
	try {
		writeFileSync(tmp, text, { encoding: "latin1", flag: "wx" });
		if (to.mode !== null) chmodSync(tmp, to.mode);
		renameSync(tmp, to.path);
	} catch (e) {
		rmSync(tmp, { force: true });
		const { code } = e as NodeJS.ErrnoException;
		if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS" && code !== "ENAMETOOLONG") throw e;
		writeFileSync(path, text, "latin1");
	}
}
