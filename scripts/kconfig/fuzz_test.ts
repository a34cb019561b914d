// SPDX-License-Identifier: GPL-2.0-only
//
// Spoilt Kconfig trees: whatever is wrong with them, the engine ends with a result or with
// ConfExit, and, with KCONFIG_REFERENCE=FILE (KCONFIG_COMPAT=6.12 or 7.2), with the very
// words of the reference. SEED=n takes another seed, RUNS=n does more (thousands a second
// without the reference).

import { rmSync } from "node:fs";
import test from "ava";
import fc from "fast-check";
import { conf_main } from "./conf.ts";
import { is_beyond, spoil_case } from "./fuzz_gen.ts";
import type { Compat } from "./lkc.ts";
import { is_compat } from "./compat.ts";
import { COMPAT_6_12, COMPAT_7_2, ConfExit } from "./lkc.ts";
import type { Case } from "./oracle_gen.ts";
import { make_case } from "./oracle_gen.ts";
import type { Result } from "./oracle_run.ts";
import { make_dir, put_files, run_ours, run_reference, show_case, sure_difference } from "./oracle_run.ts";
import { shrink_case } from "./oracle_shrink.ts";
import { xorshift } from "./testutil.ts";

const SEED = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 1000);
const REFERENCE = process.env.KCONFIG_REFERENCE;
const ASKED = process.env.KCONFIG_COMPAT ?? "";
const COMPAT: Compat = is_compat(ASKED) ? ASKED : COMPAT_7_2;

function random_case(run: number, compat: Compat): Case {
	const next = xorshift(SEED * 1_000_003 + run);
	for (let i = 0; i < 8; i++) next();
	const tape = Array.from({ length: next() % 300 }, next);
	return spoil_case(make_case(tape, compat), Array.from({ length: 40 }, next));
}

const QUICK_MODES = ["--listnewconfig", "--helpnewconfig"];

for (const compat of [COMPAT_6_12, COMPAT_7_2] as const) {
	test(`${compat}, SEED=${SEED} RUNS=${RUNS}: a spoilt tree ends with a result or with ConfExit`, (t) => {
		t.timeout(3_600_000);
		const seen = { read: 0, refused: 0 };
		const dir = make_dir({});
		for (let run = 0; run < RUNS; run++) {
			const c = random_case(run, compat);
			put_files(dir, c.files);
			let kinds = "";
			const host = {
				env: { KCONFIG_COMPAT: compat },
				cwd: dir,
				out: () => {},
				err: (text: string) => {
					kinds += text;
				},
				read: () => "\n",
				shell: () => ({ stdout: "y", stderr: "" }),
			};
			try {
				conf_main([QUICK_MODES[run % 2] as string, "Kconfig"], host);
				seen.read++;
			} catch (e) {
				if (!(e instanceof ConfExit)) {
					t.fail(`SEED=${SEED}, run ${run}: ${(e as Error).stack}\n${show_case(c)}`);
					break;
				}
				seen.refused++;
				if (kinds === "" && e.message === "") {
					t.fail(`SEED=${SEED}, run ${run}: refused without a word\n${show_case(c)}`);
					break;
				}
			}
		}
		rmSync(dir, { recursive: true, force: true });
		t.log(seen);
		t.true(seen.read > RUNS / 50 && seen.refused > RUNS / 50);
	});
}

const tapes = fc.array(fc.nat(65535), { minLength: 0, maxLength: 500, size: "max" });

(REFERENCE ? test : test.skip)(
	`SEED=${SEED} RUNS=${RUNS}: the same words as KCONFIG_REFERENCE (skipped without)`,
	(t) => {
		t.timeout(3_600_000);
		const seen = { compared: 0, beyond: 0 };
		const broken = (c: Case): string | null => {
			const ref = is_beyond(c) ? null : run_reference(c, REFERENCE as string);
			seen[ref ? "compared" : "beyond"]++;
			const again = (): Result | null => run_reference(c, REFERENCE as string);
			return ref && sure_difference(ref, run_ours(c, COMPAT), again);
		};
		const spoilt = (tape: number[], spoil: number[]): Case => spoil_case(make_case(tape, COMPAT), spoil);
		const property = fc.property(tapes, tapes, (a, b) => broken(spoilt(a, b)) === null);
		const res = fc.check(property, { seed: SEED, numRuns: RUNS, endOnFailure: true });
		t.log(seen);
		if (res.counterexample) {
			const c = shrink_case(spoilt(...res.counterexample), (other) => broken(other) !== null);
			t.fail(`SEED=${SEED}: ${broken(c)}\n${show_case(c)}`);
		} else t.true(seen.compared > RUNS / 2);
	},
);
