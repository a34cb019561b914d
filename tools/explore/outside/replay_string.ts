// SPDX-License-Identifier: GPL-2.0-only
/**
 * A schedule as one word that can be pasted: `spf1:` and, in base64url, signed
 * numbers of seven bits a byte: the CRC of the bundle that it was made with,
 * then each entry as its length and its numbers. See strategy/replay.ts.
 */
import { crc32 } from "node:zlib";
import { UserError } from "../../lib/errors.ts";

const VERSION = "spf1:";

export function encode_schedule(schedule: number[][], build: number): string {
	const bytes: number[] = [];
	const put = (v: number) => {
		/* Zigzag: small negative numbers stay short. */
		for (let z = v < 0 ? -v * 2 - 1 : v * 2; ; z = Math.floor(z / 128)) {
			bytes.push((z % 128) | (z > 127 ? 128 : 0));
			if (z <= 127) return;
		}
	};
	put(build);
	for (const entry of schedule) {
		put(entry.length);
		entry.forEach(put);
	}
	return VERSION + Buffer.from(bytes).toString("base64url");
}

export function decode_schedule(text: string): { schedule: number[][]; build: number } {
	if (!text.startsWith(VERSION)) {
		const [version] = /^spf\d+:/.exec(text) ?? [];
		throw new UserError(
			version
				? `replay string: it is of version '${version}', this spf reads '${VERSION}'`
				: `replay string: it does not begin with '${VERSION}'`,
		);
	}
	const body = text.slice(VERSION.length);
	const bytes = Buffer.from(body, "base64url");
	const numbers: number[] = [];
	let v = 0;
	let scale = 1;
	for (const b of bytes) {
		v += (b & 127) * scale;
		scale *= 128;
		if (b & 128) continue;
		numbers.push(v % 2 ? -(v + 1) / 2 : v / 2);
		v = 0;
		scale = 1;
	}
	const [build, ...rest] = numbers;
	const schedule: number[][] = [];
	for (let i = 0; i < rest.length; ) {
		const length = rest[i++];
		const entry = rest.slice(i, i + length);
		if (!(length >= 2 && length <= 9) || entry.length !== length) break;
		schedule.push(entry);
		i += length;
	}
	const whole = schedule.reduce((sum, e) => sum + e.length + 1, 0) === rest.length;
	if (scale !== 1 || schedule.length === 0 || !whole || bytes.toString("base64url") !== body)
		throw new UserError("replay string: it is cut off or damaged");
	return { schedule, build };
}

/** Which build a schedule was made with. */
export function build_id(code: string | Buffer): number {
	return crc32(code);
}
