// SPDX-License-Identifier: GPL-2.0-only
/** Values of options that all commands read alike; without the option there is none. */
import { UserError } from "./errors.ts";

interface Range {
	/** 1, unless told. */
	least?: number;
	most?: number;
	/** Why there may not be more. */
	why?: string;
}

/** The number that an option gives. */
export function whole_number(
	option: string,
	text: string | undefined,
	{ least = 1, most = Number.MAX_SAFE_INTEGER, why }: Range = {},
): number | undefined {
	if (text === undefined) return undefined;
	const n = Number(text);
	if (!/^\s*\d+\s*$/.test(text) || n < least)
		throw new UserError(`${option} ${text}: expected a whole number, at least ${least}`);
	if (n > most) throw new UserError(`${option} ${text}: at most ${most}${why ? `, ${why}` : ""}`);
	return n;
}

/** The name that an option gives, of those that there are. */
export function one_of<T extends string>(option: string, text: string | undefined, names: readonly T[]): T | undefined {
	if (text === undefined) return undefined;
	const name = names.find((n) => n === text);
	if (name === undefined) throw new UserError(`${option} ${text}: expected one of ${names.join(", ")}`);
	return name;
}
