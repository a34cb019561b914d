// SPDX-License-Identifier: GPL-2.0-only
//
// The process as a host of the engine: its environment, directory and streams. Standard
// output is kept and written in large pieces, as C's stdio does.

import { writeSync } from "node:fs";
import { strerror } from "./confdata.ts";
import type { KconfHost } from "./lkc.ts";

const PIECE = 1 << 16;

/** What a shell says of who was ended by SIGPIPE. */
const NO_READER = 141;

/** Who says that a stream broke; a library has no name. */
let speaker = "";

/** Gives what is said of broken output the name of the command. */
export function speaks_as(name: string): void {
	speaker = `${name}: `;
}

/** Streams that nobody reads any more. */
const closed = new Set<number>();

/** A stream broke. Make would speak of an error where only its reader has gone: below it we go on to the end. */
function broken(fd: number, error: NodeJS.ErrnoException): void {
	closed.add(fd);
	const gone = error.code === "EPIPE";
	if (gone && process.env.MAKELEVEL) return;
	if (!gone && fd === 1) write_all(2, `${speaker}standard output: ${strerror(error)}\n`);
	process.exit(gone ? NO_READER : 2);
}

/** Writes all bytes to a file descriptor, however slowly its reader takes them. */
function write_all(fd: number, text: string): void {
	if (closed.has(fd)) return;
	const bytes = Buffer.from(text, "latin1");
	for (let pos = 0; pos < bytes.length; ) {
		try {
			pos += writeSync(fd, bytes, pos);
		} catch (e) {
			const { code } = e as NodeJS.ErrnoException;
			if (code === undefined) throw e;
			if (code !== "EAGAIN") {
				broken(fd, e as NodeJS.ErrnoException);
				return;
			}
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
		}
	}
}

let kept = "";
let registered = false;

function flush(): void {
	const text = kept;
	kept = "";
	if (text !== "") write_all(1, text);
}

/** The process as a host; what is given replaces parts of it. */
export function process_host(overrides: Partial<KconfHost> = {}): KconfHost {
	if (!registered) {
		registered = true;
		process.on("exit", flush);
	}
	return {
		env: process.env,
		cwd: process.cwd(),
		out: (text) => {
			kept += text;
			if (kept.length > PIECE) flush();
		},
		err: (text) => {
			flush();
			write_all(2, text);
		},
		flush,
		...overrides,
	};
}
