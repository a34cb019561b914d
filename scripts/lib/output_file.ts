// SPDX-License-Identifier: GPL-2.0-only
/**
 * A file that is to be written when much else has been done. That it can be is
 * found out before; it is there whole when it is finished, and whoever
 * interrupts us, or a disk that is full, leaves the old one, or none.
 */
import { accessSync, closeSync, constants, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { at_end } from "./at_end.ts";
import { reason, UserError } from "./errors.ts";
import { places_of } from "./files.ts";

export interface OutputFile {
	write(data: string | Uint8Array): void;
	/** All is in it. */
	finish(): void;
	/** If it is not finished, it is not to be. */
	drop(): void;
}

/** Throws what the system says. */
function open(name: string): OutputFile {
	const { file, aside } = places_of(name);
	if (existsSync(file)) accessSync(file, constants.W_OK);
	let fd: number | undefined = openSync(aside, "w");
	const close = () => {
		if (fd !== undefined) closeSync(fd);
		fd = undefined;
	};
	const drop = () => {
		if (fd === undefined) return;
		close();
		if (aside !== file) rmSync(aside, { force: true });
		release();
	};
	const release = at_end(drop);
	return {
		drop,
		write(data) {
			const bytes = Buffer.from(data as string);
			for (let at = 0; at < bytes.length; ) at += writeSync(fd as number, bytes, at);
		},
		finish() {
			close();
			if (aside !== file) renameSync(aside, file);
			release();
		},
	};
}

export function open_output(name: string): OutputFile {
	const said = <T>(fn: () => T): T => {
		try {
			return fn();
		} catch (error) {
			throw new UserError(`${name}: cannot be written: ${reason(error)}`);
		}
	};
	const file = said(() => open(name));
	return {
		drop: file.drop,
		write: (data) => said(() => file.write(data)),
		finish: () => said(() => file.finish()),
	};
}
