// SPDX-License-Identifier: GPL-2.0-only
//
// Random Kconfig trees, .configs and answers: this engine must do, byte for byte, what the
// reference does (KCONFIG_REFERENCE=FILE, KCONFIG_COMPAT=6.12 or 7.2), and, without a
// reference too, keep the promises that no reference is needed for. SEED=n takes another
// seed, RUNS=n does more.

import test from "ava";
import fc from "fast-check";
import type { Compat } from "./lkc.ts";
import { is_compat } from "./compat.ts";
import { COMPAT_6_12, COMPAT_7_2 } from "./lkc.ts";
import type { Case } from "./oracle_gen.ts";
import { make_case } from "./oracle_gen.ts";
import type { Result } from "./oracle_run.ts";
import { run_ours, run_reference, show_case, sure_difference } from "./oracle_run.ts";
import { shrink_case } from "./oracle_shrink.ts";

const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 300);
const REFERENCE = process.env.KCONFIG_REFERENCE;
const ASKED = process.env.KCONFIG_COMPAT ?? "";
const COMPAT: Compat = is_compat(ASKED) ? ASKED : COMPAT_7_2;

const tapes = fc.array(fc.nat(65535), { minLength: 0, maxLength: 900, size: "max" });

/** Checks a property of random cases; reports a small one that breaks it, or null. */
function check(compat: Compat, runs: number, broken: (c: Case) => string | null): string | null {
	const property = fc.property(tapes, (tape) => broken(make_case(tape, compat)) === null);
	const res = fc.check(property, { seed: SEED, numRuns: runs, endOnFailure: true });
	if (!res.failed) return null;
	const [tape] = res.counterexample ?? [[]];
	const first = make_case(tape as number[], compat);
	const kind = (c: Case): string => (broken(c) ?? "").split(" ", 1)[0] as string;
	const want = kind(first);
	const c = shrink_case(first, (other) => kind(other) === want);
	return `SEED=${SEED}: ${broken(c)}\n${show_case(c)}`;
}

(REFERENCE ? test : test.skip)(`SEED=${SEED} RUNS=${RUNS}: the same as KCONFIG_REFERENCE (skipped without)`, (t) => {
	const seen: Record<string, number> = { same: 0, "reference failed": 0, rejected: 0 };
	const count = (what: string): number => (seen[what] = (seen[what] ?? 0) + 1);
	const report = check(COMPAT, RUNS, (c) => {
		const ref = run_reference(c, REFERENCE as string);
		if (!ref) {
			count("reference failed");
			return null;
		}
		count(ref.code === 0 ? "same" : "rejected");
		const again = (): Result | null => run_reference(c, REFERENCE as string);
		return sure_difference(ref, run_ours(c, COMPAT), again);
	});
	t.log(seen);
	t.is(report, null, report ?? "");
});

/**
 * Ranges that end before they begin keep no promise, nor do odd defaults, nor what is transitional: it
 * is read and not written, so that whatever depends on it changes with the next olddefconfig.
 */
function tame(c: Case): Case {
	const files: Record<string, string> = {};
	const wild = /^\t(range .*|transitional)\n/gm;
	for (const [name, text] of Object.entries(c.files)) files[name] = text.replace(wild, "");
	return { ...c, files, env: {} };
}

const is_odd = ({ code, err }: { code: number | string; err: string }): boolean =>
	code !== 0 || /number is invalid|not contained in the choice/.test(err);

/** An int whose default is a hex symbol is written as hex, and does not read back; as in Linux. */
const INT_FROM_HEX = /symbol value '0x[0-9a-fA-F]+' invalid for/;

for (const compat of [COMPAT_6_12, COMPAT_7_2] as const) {
	test(`${compat}, SEED=${SEED} RUNS=${RUNS}: a second olddefconfig changes nothing`, (t) => {
		let good = 0;
		const report = check(compat, RUNS, (c) => {
			const first = { ...tame(c), args: ["--olddefconfig", "Kconfig"] };
			const once = run_ours(first, compat);
			if (is_odd(once)) return null;
			good++;
			const again = run_ours({ ...first, files: once.files }, compat);
			const [a, b] = [once.files[".config"], again.files[".config"]];
			if (a !== b) return `changes:\n${a}becomes\n${b}`;
			return again.code === 0 && again.out.includes("No change to .config")
				? null
				: `says ${again.out}`;
		});
		t.is(report, null, report ?? "");
		t.true(good > RUNS / 4);
	});

	test(`${compat}, SEED=${SEED} RUNS=${RUNS}: what was written reads back without a warning`, (t) => {
		let good = 0;
		const report = check(compat, RUNS, (c) => {
			const { ".config": _, ...files } = tame(c).files;
			const env = { KCONFIG_SEED: "1" };
			const first = run_ours({ ...c, files, args: ["--randconfig", "Kconfig"], env }, compat);
			const config = first.files[".config"];
			if (is_odd(first) || config === undefined) return null;
			good++;
			const args = ["--olddefconfig", "Kconfig"];
			const again = run_ours({ ...c, files: { ...files, ".config": config }, args, env: {} }, compat);
			const warning = again.err
				.split("\n")
				.find((line) => line.startsWith(".config:") && !INT_FROM_HEX.test(line));
			return warning ?? null;
		});
		t.is(report, null, report ?? "");
		t.true(good > RUNS / 4);
	});
}
