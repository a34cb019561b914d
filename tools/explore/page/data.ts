// SPDX-License-Identifier: GPL-2.0-only
/** What html.ts puts into a page, and page.mjs reads there. Text is ready to be shown. */
import type { ContextKind } from "../protocol.ts";

/** A failure, or an execution that went well. */
export interface PageData {
	title: string;
	about: string;
	text: string;
	/** What repeats it on a command line. */
	command: string;
	scenario?: { name: string; about: string; patch: string; invariant: string };
	/** What is taken out of the kernel. */
	mutant?: { name: string; subject: string; invariant: string; diff: string };
	columns: string[];
	/** Addresses of words that more than one context uses. */
	shared: number[];
	steps: PageStep[];
	/** Index of the step at which it goes wrong. */
	breaking?: number;
	states: StateGroup[][];
	/** File → line → text, around all places of steps. */
	sources: Record<string, Record<number, string>>;
}
export interface PageStep {
	/** Of the schedule; none: it is where the failure was noticed. */
	step?: number;
	/** None: it is of no CPU. */
	column?: string;
	who: string;
	context: ContextKind;
	mark: string;
	calls: string[];
	text: string;
	/** What it and those after it up to `last` are together. */
	folded?: { text: string; calls: string[]; last: number };
	file: string;
	line: number;
	shown: boolean;
	conflict: boolean;
	fails: boolean;
	/** In words, if another context ran the step before. */
	turn?: string;
	/** A word that is known from here on. */
	word?: { addr: number; name: string; text: string };
	/** Number of the state after it. */
	state?: number;
}
/** A part of the machine's state. */
export interface StateGroup {
	title: string;
	rows: { key: string; text: string }[];
}
