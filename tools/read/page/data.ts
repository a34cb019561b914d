// SPDX-License-Identifier: GPL-2.0-only
/** What the server writes into scripts, and the page reads. */
import type { ModelName } from "../../explore/protocol.ts";
import type { Delta } from "../kernel/kernel.ts";

/** Name, kind, file, line, head, comment. */
export type SymbolData = [string, string, string, number, string, string];
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
