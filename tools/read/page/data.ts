// SPDX-License-Identifier: GPL-2.0-only
/** What the server writes into scripts, and the page reads. */
import type { ModelName } from "../../explore/protocol.ts";
import type { Delta } from "../kernel/kernel.ts";

/** Name, kind, file, line, head, comment. */
export type SymbolData = [string, string, string, number, string, string];
/** Of a configuration: a symbol, a number that one is compared with, operators in front; null: of something else. */
export type Condition = string | null | Operation;
export interface Operation extends ReadonlyArray<Condition> {
	/** The operator. */
	readonly 0: string;
}
/** The lines from one to another are there only if it holds. */
export type Conditional = readonly [from: number, to: number, condition: Condition];

export interface Configuration {
	name: string;
	/** A directory of arch/. */
	arch: string;
	/** Of what is not n; texts as they are in a .config. */
	values: Record<string, string>;
}
/** The first is that of the tree that is read, or what `make defconfig` makes. */
export type Configurations = Configuration[];

/** Page, subject, sender, text. */
export type MailData = [string, string, string, string];

export interface MutantData {
	/** Why there is none. */
	problem?: string;
	subject: string;
	invariant: string;
	diff: string;
	scenario: string;
	model: ModelName;
	config?: string;
	/** An execution that fails. */
	schedule: number[][];
	/** What does the same on a command line. */
	command: string;
	/** Without it: the kernel, and what differs. */
	kernel: string;
	delta: Delta;
}
