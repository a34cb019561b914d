// SPDX-License-Identifier: GPL-2.0-only
/**
 * Programs that TypeScript lets pass and that would be miscompiled: each comes
 * out as one line that says where, what, and what to write instead. What is not
 * said here and not by TypeScript compiles to what C would mean by it.
 *
 *   refuse_pointers.ts  what is done with structs, which are numbers at run time
 *   refuse_types.ts     one struct taken for another, or for something else
 *   refuse_numbers.ts   64 bits where 32 fit, and operators that do not assign
 *   refuse_unsigned.ts  sums and bits of u32s
 *   refuse_builtins.ts  the functions of compiler.d.ts
 *   refuse_state.ts     JavaScript's own state and control flow, in kernel code
 */
import ts from "@typescript/typescript6";
import type { Constants } from "./fold.ts";
import { LayoutError } from "./layout.ts";
import { refuse_builtins } from "./refuse_builtins.ts";
import { refuse_numbers } from "./refuse_numbers.ts";
import { refuse_pointers } from "./refuse_pointers.ts";
import { refuse_state } from "./refuse_state.ts";
import { refuse_types } from "./refuse_types.ts";
import { refuse_unsigned } from "./refuse_unsigned.ts";
import type { Types } from "./types.ts";

export interface Judge {
	types: Types;
	constants: Constants;
	/** Refuses a node: what it is, and what to write instead. */
	say: (node: ts.Node, text: string) => undefined;
	/** Kernel code proper, not a test of it nor a program that explores it: state
	 *  is in structs only. */
	strict: boolean;
}

const RULES = [refuse_pointers, refuse_types, refuse_numbers, refuse_unsigned, refuse_builtins, refuse_state];

/** Everything in a file that is refused, a line each: "file:line: what; what to write instead". */
export function refuse(source: ts.SourceFile, types: Types, constants: Constants, strict: boolean): string[] {
	const lines = new Set<string>();
	const judge: Judge = {
		types,
		constants,
		strict,
		say(node, text) {
			lines.add(new LayoutError(node, text).message);
			return undefined;
		},
	};
	const visit = (node: ts.Node): void => {
		try {
			for (const rule of RULES) rule(node, judge);
		} catch (error) {
			/* A layout that cannot be made is met wherever the struct is used. */
			if (!(error instanceof LayoutError)) throw error;
			lines.add(error.message);
		}
		ts.forEachChild(node, visit);
	};
	visit(source);
	return [...lines];
}
