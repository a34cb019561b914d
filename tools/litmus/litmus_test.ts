// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory models against litmus programs with known final states
 * (examples.jsonl, computed with herd7 and the kernel's model), and mistakes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { here } from "../lib/root.ts";
import { UserError } from "../lib/errors.ts";
import { stepper_bundle } from "../explore/outside/explorer.ts";
import { on_cores } from "./cores.ts";
import { compare, expected, load_kernel, parse } from "./litmus.ts";

const EXAMPLES = join(here(), "tools/litmus/examples.jsonl");

test("final states are those of the kernel's model and of x86", async (t) => {
	t.timeout(300_000);
	const kernel = await load_kernel(await stepper_bundle());
	let compared = 0;
	for (const p of parse(EXAMPLES, kernel.LITMUS_OPS)) {
		for (const model of ["tso", "lkmm"] as const) {
			if (!expected(p, model)) continue;
			compared++;
			t.deepEqual(compare(kernel, p, model), { missing: [], extra: [] }, `${p.name} ${model}`);
		}
		/* What is possible one access at a time is possible in both. */
		const sc = kernel.litmus_states(p.cpus, "sc", []).states;
		for (const model of ["tso", "lkmm"] as const) {
			const weak = new Set(kernel.litmus_states(p.cpus, model, []).states);
			t.deepEqual(
				sc.filter((s) => !weak.has(s)),
				[],
				`${p.name}: sc and ${model}`,
			);
		}
	}
	t.true(compared > 40);
});

test("answers of several cores are in the order of the questions", async (t) => {
	const question = (value: number) => ({
		cpus: [[{ op: "WRITE_ONCE", loc: "x", value }]],
		model: "lkmm" as const,
		places: ["x"],
	});
	const answers: string[][] = [];
	for await (const { answer } of on_cores(await stepper_bundle(), [3, 1, 2, 5, 4].map(question), 2))
		answers.push(answer.states);
	t.deepEqual(answers, [["x=3"], ["x=1"], ["x=2"], ["x=5"], ["x=4"]]);
	const broken = on_cores(join(tmpdir(), "no-such-bundle.mjs"), [question(1)], 2);
	await t.throwsAsync(broken.next(), { message: /no-such-bundle/ });
});

test("a file's mistakes are told with their line", (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf-litmus-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	const file = join(dir, "bad.jsonl");
	const wrong = (text: string, message: RegExp) => {
		writeFileSync(file, `{"name":"ok","cpus":[[]]}\n${text}\n`);
		t.throws(
			() =>
				parse(file, [
					"smp_mb",
					"READ_ONCE",
					"atomic_inc",
					"atomic_read",
					"smp_mb__before_atomic",
					"smp_mb__after_atomic",
					"smp_mb__after_spinlock",
				]),
			{ instanceOf: UserError, message },
		);
	};
	wrong("{", /bad.jsonl:2: this line is not JSON/);
	wrong('{"name":"x","cpus":[]}', /bad.jsonl:2: a program needs/);
	wrong('{"name":"x","cpus":[[{"op":"nop"}]]}', /bad.jsonl:2: x: unknown operation 'nop'/);
	wrong('{"name":"x","cpus":[[{"op":"READ_ONCE"}]]}', /bad.jsonl:2: x: READ_ONCE needs a loc/);
	wrong('{"name":"x","cpus":[[{"op":"atomic_inc"}]]}', /bad.jsonl:2: x: atomic_inc needs a loc/);
	wrong(
		'{"name":"x","cpus":[[{"op":"smp_mb__before_atomic"},{"op":"atomic_read","loc":"x"}]]}',
		/bad.jsonl:2: x: smp_mb__before_atomic only stands right before/,
	);
	wrong(
		'{"name":"x","cpus":[[{"op":"atomic_inc","loc":"x"},{"op":"smp_mb"},{"op":"smp_mb__after_atomic"}]]}',
		/bad.jsonl:2: x: smp_mb__after_atomic only stands right after/,
	);
	wrong(
		'{"name":"x","cpus":[[{"op":"smp_mb__after_spinlock"}]]}',
		/bad.jsonl:2: x: smp_mb__after_spinlock only stands right after a spin_lock/,
	);
	wrong('{"name":"x","cpus":[[{"op":"smp_mb"}]],"tso":[1]}', /bad.jsonl:2: x: the final states of tso/);
});
