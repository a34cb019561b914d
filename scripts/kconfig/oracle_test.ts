// SPDX-License-Identifier: GPL-2.0-only
//
// Random Kconfig trees, .configs and answers: this engine must do, byte for byte, what the
// reference does (KCONFIG_REFERENCE=FILE, KCONFIG_COMPAT=6.12 or 7.2), and, without a
// reference too, keep the promises that no reference is needed for. SEED=n takes another
// seed, RUNS=n does more.

import test from 'ava';
import fc from 'fast-check';
import type { Compat } from './lkc.ts';
import { COMPAT_6_12, COMPAT_7_2 } from './lkc.ts';
import type { Case } from './oracle_gen.ts';
import { make_case } from './oracle_gen.ts';
import type { Result } from './oracle_run.ts';
import { difference, run_ours, run_reference, show_case } from './oracle_run.ts';

const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 300);
const REFERENCE = process.env.KCONFIG_REFERENCE;
const COMPAT: Compat = process.env.KCONFIG_COMPAT === COMPAT_6_12 ? COMPAT_6_12 : COMPAT_7_2;

const tapes = fc.array(fc.nat(65535), { minLength: 0, maxLength: 900, size: 'max' });

/** Checks a property of random cases; the report shows the smallest that breaks it. */
function check(compat: Compat, runs: number, broken: (c: Case) => string | null): string | null {
	const property = fc.property(tapes, (tape) => broken(make_case(tape, compat)) === null);
	const res = fc.check(property, { seed: SEED, numRuns: runs });
	if (!res.failed) return null;
	const [tape] = res.counterexample ?? [[]];
	const c = make_case(tape as number[], compat);
	return `SEED=${SEED}: ${broken(c)}\n${show_case(c)}`;
}

(REFERENCE ? test : test.skip)(`SEED=${SEED} RUNS=${RUNS}: the same as KCONFIG_REFERENCE (skipped without)`, (t) => {
	const seen: Record<string, number> = { same: 0, 'reference failed': 0, rejected: 0 };
	const count = (what: string): number => (seen[what] = (seen[what] ?? 0) + 1);
	const report = check(COMPAT, RUNS, (c) => {
		const ref = run_reference(c, REFERENCE as string);
		if (!ref) {
			count('reference failed');
			return null;
		}
		count(ref.code === 0 ? 'same' : 'rejected');
		return difference(ref, run_ours(c, COMPAT));
	});
	t.log(seen);
	t.is(report, null, report ?? '');
});
