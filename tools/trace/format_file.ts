// SPDX-License-Identifier: GPL-2.0-only
/** Reads format files (events/SYSTEM/EVENT/format), and by them the entries of an event. */

export type Value = number | string;

export interface Field {
	name: string;
	type: string;
	offset: number;
	size: number;
	signed: boolean;
}

export interface Format {
	system: string;
	name: string;
	id: number;
	fields: Field[];
	/** What stands behind "print fmt: ". */
	print_fmt: string;
	/** The file itself. */
	text: string;
}

const FIELD = /^\tfield:(.*\S)\s+(\w+)(?:\[\d+\])?;\toffset:(\d+);\tsize:(\d+);\tsigned:([01]);$/;

export function parse_format(system: string, text: string): Format {
	const value = (name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(text)?.[1] ?? "";
	const fields = text
		.split("\n")
		.map((line) => FIELD.exec(line))
		.filter((m) => m !== null)
		.map(([, type, name, offset, size, signed]) => ({
			name,
			type,
			offset: Number(offset),
			size: Number(size),
			signed: signed === "1",
		}));
	return { system, name: value("name"), id: Number(value("ID")), fields, print_fmt: value("print fmt"), text };
}

/** The number of `size` bytes at `at`; of 64 bits, as far as a double is exact. */
function number_at(view: DataView, at: number, { size, signed }: Field): number {
	switch (size) {
		case 1:
			return signed ? view.getInt8(at) : view.getUint8(at);
		case 2:
			return signed ? view.getInt16(at, true) : view.getUint16(at, true);
		case 4:
			return signed ? view.getInt32(at, true) : view.getUint32(at, true);
		default:
			return Number(signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
	}
}

/** The string that a __data_loc says: length in the high half, offset in the low one. */
function string_at(view: DataView, entry: number, loc: number): string {
	const [offset, length] = [loc & 0xffff, loc >>> 16];
	let text = "";
	for (let i = 0; i < length; i++) {
		const c = view.getUint8(entry + offset + i);
		if (c === 0) break;
		text += String.fromCharCode(c);
	}
	return text;
}

/** The values of the entry at `entry`, by name. */
export function read_entry(format: Format, view: DataView, entry: number): Record<string, Value> {
	const values: Record<string, Value> = {};
	for (const field of format.fields) {
		const n = number_at(view, entry + field.offset, field);
		values[field.name] = field.type.startsWith("__data_loc") ? string_at(view, entry, n >>> 0) : n;
	}
	return values;
}
