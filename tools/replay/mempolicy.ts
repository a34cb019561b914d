// SPDX-License-Identifier: GPL-2.0-only
/** Calls about memory policies: mbind() and its like, whose sets of nodes are in the program's memory. */
import { MPOL, MPOL_F } from "./abi.ts";
import type { AddressSpace } from "./model.ts";
import { IN_PAGE } from "./plan_format.ts";
import type { Call, Value } from "./strace.ts";
import type { Op } from "./trace.ts";
import { number, numeric } from "./values.ts";

const LONG_BYTES = 8;
/** More nodes than any kernel has. */
const MOST_LONGS = 256;

export function is_policy_call(name: string): boolean {
	return name === "mbind" || name.endsWith("_mempolicy") || name === "set_mempolicy_home_node";
}

/** The bytes of a set of nodes as strace writes it. */
function bytes_of(items: Value[]): string {
	const bytes = items.slice(0, MOST_LONGS).flatMap((item) => {
		let rest = numeric(item) ?? 0;
		return Array.from({ length: LONG_BYTES }, () => {
			const byte = rest % 256;
			rest = Math.floor(rest / 256);
			return byte;
		});
	});
	return String.fromCharCode(...bytes);
}

/** The arguments that strace has read from memory, or written, are put there; and what get_mempolicy() found is
 *  its result. */
export function policy_arguments(op: Op, call: Call): void {
	call.args.forEach((arg, i) => {
		if (arg.kind !== "array") return;
		op.args[i] = IN_PAGE;
		if (op.name !== "get_mempolicy") op.text = bytes_of(arg.items);
		else if (i === 0 && op.expected.value === 0) op.expected = { value: number(arg.items[0]) };
	});
}

/** What a call uses and changes, if it is no range of vmas. */
export function policy_footprint(op: Op, touch: (start: number, length: number) => void): void {
	op.footprint.layout = false;
	if (op.name === "get_mempolicy" && op.args[4] & MPOL_F.MPOL_F_ADDR) touch(op.args[3], 1);
}

/** What mbind() and set_mempolicy_home_node() did. */
export function apply_policy(mm: AddressSpace, { name, args, result }: Call, start: number, end: number): void {
	if (result.errno && result.errno !== "EOPNOTSUPP") return;
	if (name === "mbind") {
		const mode = number(args[2]);
		const nodes = args[3]?.kind === "array" ? bytes_of(args[3].items) : "";
		const policy = mode === MPOL.MPOL_DEFAULT ? "" : `${mode} ${nodes.replace(/\0+$/, "")}`;
		mm.change(start, end, (area) => void (area.policy = policy));
		return;
	}
	/* Up to the first that has a policy of another kind. */
	let goes_on = true;
	mm.change(start, end, (area) => {
		const mode = Number.parseInt(area.policy, 10) & 7;
		goes_on &&= area.policy === "" || mode === MPOL.MPOL_BIND || mode === MPOL.MPOL_PREFERRED_MANY;
		if (goes_on && area.policy !== "")
			area.policy = `${area.policy.replace(/ home \d+$/, "")} home ${number(args[2])}`;
	});
}
