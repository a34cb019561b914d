// SPDX-License-Identifier: GPL-2.0-only
/**
 * What one search lends another: two kernels in one thread, so that who does
 * what is the same in every run. Together they find what one finds.
 */
import { pathToFileURL } from "node:url";
import test from "ava";
import { stepper_bundle } from "./explorer.ts";
import type { Loan, Outcome, Request, Sharing } from "../protocol.ts";

interface Session {
	outcome: Outcome;
	slice: (ms: number, max?: number) => boolean;
	resume: (search: unknown) => void;
	lend: () => Loan | undefined;
}
interface Kernel {
	Session: new (options: unknown) => Session;
	session_options: (r: Request) => { search: () => unknown };
	sharing: () => Sharing;
}

/** Steppers with a memory and a search of their own each. */
async function kernels(): Promise<[Kernel, Kernel]> {
	const { href } = pathToFileURL(await stepper_bundle());
	return [await import(`${href}?lender`), await import(`${href}?borrower`)];
}

/** Executions that one makes before it is the other's turn. */
const TURN = 3;

interface Side {
	kernel: Kernel;
	session?: Session;
	busy: boolean;
	executions: number;
}

/** A side begins with a search, or with what it was lent. */
function begin(side: Side, r: Request): void {
	const options = side.kernel.session_options(r);
	if (side.session) side.session.resume(options.search());
	else side.session = new side.kernel.Session(options);
	side.busy = true;
}
/** Some more executions. */
function turn(side: Side): void {
	if (!side.busy || !side.session) return;
	const { outcome } = side.session;
	const before = outcome.executions;
	side.session.slice(Infinity, before + TURN);
	side.executions += outcome.executions - before;
	if (outcome.failure || outcome.grew)
		throw new Error(`a search that is shared fails: ${outcome.failure?.text ?? "more is shared"}`);
	side.busy = !outcome.exhausted;
}

/** A search alone; then two that share it, in turns: who is through borrows from the other. */
async function both(request: Request): Promise<{ alone: Outcome; sides: Side[]; loans: number }> {
	const sides: Side[] = (await kernels()).map((kernel) => ({ kernel, busy: false, executions: 0 }));
	const [{ kernel }] = sides;
	const alone = new kernel.Session(kernel.session_options(request));
	alone.slice(Infinity);
	const commons = request.strategy === "dpor" ? new Int32Array(1 << 16) : undefined;
	const common: Request = { ...request, together: true, sharing: kernel.sharing(), commons };
	let loans = 0;
	for (begin(sides[0], common); sides.some((s) => s.busy); ) {
		for (const [i, side] of sides.entries()) {
			const loan = side.busy ? undefined : sides[1 - i].session?.lend();
			if (loan) {
				loans++;
				begin(side, { ...common, loan });
			}
			turn(side);
		}
	}
	return { alone: alone.outcome, sides, loans };
}

const searches: Request[] = [
	{ scenario: "golden/fault-munmap-3", model: "sc", strategy: "dpor" },
	{ scenario: "golden/fault-munmap-2", model: "lkmm", strategy: "dpor" },
	{ scenario: "fault-mremap", model: "sc", strategy: "bound", bound: 1 },
	{ scenario: "golden/seqlock-2", model: "lkmm", strategy: "bound", bound: 3 },
];
for (const r of searches) {
	test.serial(`loans add up to the whole: ${r.scenario}, ${r.model}, ${r.strategy}`, async (t) => {
		t.timeout(300_000);
		const { alone, sides, loans } = await both(r);
		t.true(alone.exhausted);
		t.true(loans > 1);
		for (const side of sides) t.true(side.executions > TURN);
		t.is(sides[0].executions + sides[1].executions, alone.executions);
	});
}
