// SPDX-License-Identifier: GPL-2.0-only
/**
 * What has to be put in order when the program is ended from outside: the
 * terminal, children, files that are half made. As long as there is something
 * of that kind, SIGINT, SIGTERM and SIGHUP do it first and then end the program
 * with 128 and the signal's number, as a shell says it; otherwise they end it
 * by themselves, also in the midst of a long calculation.
 */
import { constants } from "node:os";

type Undo = () => void | Promise<void>;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A child that does not end by then is left to itself. */
const PATIENCE_MS = 3000;

const undo = new Set<Undo>();
let ending = false;

/** Is the program being ended? What fails from then on is no news. */
export function is_ending(): boolean {
	return ending;
}

/** Does what there is to do, the last first. */
async function put_in_order(): Promise<void> {
	const done = [...undo].reverse().map(async (fn) => fn());
	undo.clear();
	await Promise.race([
		Promise.allSettled(done),
		new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref()),
	]);
}

/** Puts all in order and ends the program. */
export async function end_program(status: number): Promise<never> {
	ending = true;
	await put_in_order();
	process.exit(status);
}

function on_signal(signal: NodeJS.Signals): void {
	/* Whoever asks twice does not wait. */
	if (ending) process.exit(128 + constants.signals[signal]);
	void end_program(128 + constants.signals[signal]);
}

/**
 * Has `fn` done if the program is ended by a signal or by end_program(). What
 * it returns takes that back, for when all is in order again.
 */
export function at_end(fn: Undo): () => void {
	if (undo.size === 0) for (const signal of SIGNALS) process.on(signal, on_signal);
	undo.add(fn);
	return () => {
		if (!undo.delete(fn) || undo.size > 0 || ending) return;
		for (const signal of SIGNALS) process.off(signal, on_signal);
	};
}
