// SPDX-License-Identifier: GPL-2.0-only
//
// By what a file is recognised as the one that a command of $(shell,…) has seen. No counterpart
// in Linux.

import { accessSync, type BigIntStats, constants, lstatSync, statSync } from "node:fs";

/** How a command has looked at a path; a sum of these. */
export const SEEN = 1;
/** Read; of a directory, the names in it. */
export const READ = 2;
/** Asked what it is itself, not what it leads to. */
export const ITSELF = 4;
/** Something was made in this directory. */
export const MADE_IN = 8;
/** Asked for its date, though it may be a directory. */
export const DATED = 16;

export interface Stamp {
	readonly text: string;
	/** When it last changed, in ms; 0 if that is no matter. */
	readonly changed: number;
}

function describe(stat: BigIntStats, how: number): Stamp {
	const { dev, ino, mode, uid, gid } = stat;
	const who = `${dev}:${ino}:${mode}:${uid}:${gid}`;
	// What comes and goes in a directory is nothing to who only passes through.
	if (stat.isDirectory() && (how & (READ | DATED)) === 0) return { text: who, changed: 0 };
	if (stat.isCharacterDevice()) return { text: `${who}:${stat.rdev}`, changed: 0 };
	return {
		text: `${who}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`,
		// Nobody can set this one.
		changed: Number(stat.ctimeNs / 1000000n),
	};
}

function look(get: () => BigIntStats | undefined, how: number): Stamp {
	try {
		const stat = get();
		return stat ? describe(stat, how) : { text: "-", changed: 0 };
	} catch (e) {
		return { text: (e as NodeJS.ErrnoException).code ?? "?", changed: 0 };
	}
}

function may_write(path: Buffer): string {
	try {
		accessSync(path, constants.W_OK);
		return "w";
	} catch (e) {
		return (e as NodeJS.ErrnoException).code ?? "?";
	}
}

/** What a path, as bytes, is now. */
export function stamp(path: string, how: number): Stamp {
	const name = Buffer.from(path, "latin1");
	const it = look(() => statSync(name, { bigint: true, throwIfNoEntry: false }), how);
	let { text, changed } = it;
	if (how & ITSELF) {
		const link = look(() => lstatSync(name, { bigint: true, throwIfNoEntry: false }), how);
		text += `;${link.text}`;
		changed = Math.max(changed, link.changed);
	}
	if (how & MADE_IN) text += `;${may_write(name)}`;
	return { text, changed };
}
