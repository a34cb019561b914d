// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files that were damaged in any way: a recording is refused in one line, or
 * read and replayed to its end. RUNS=100000 for more of them, SEED=n for
 * others, RECORDING=DIR for another one to damage, CPUS=n for other machines.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { objtree } from "../../scripts/lib/objtree.ts";
import { UserError } from "../lib/errors.ts";
import { here } from "../lib/root.ts";
import { boot, find_kernel } from "./machine.ts";
import { make_plan } from "./plan.ts";
import { make_report, print_text } from "./report.ts";
import { load_trace } from "./trace.ts";

const RUNS = Number(process.env.RUNS ?? 60);
const SEED = Number(process.env.SEED ?? 1);
const FROM = process.env.RECORDING ?? join(here(), "tools/replay/sample");
const CPUS = Number(process.env.CPUS ?? 2);
/** A recording takes a tenth of a second. */
const LONGEST_MS = 60_000;
const NAMES = ["strace.txt", "faults.txt", "maps.initial", "maps.final", "kernel.txt"] as const;

const original = Object.fromEntries(NAMES.map((name) => [name, readFileSync(join(FROM, name), "latin1")]));

const damage = fc.record({
	/* Most of what can be wrong is in the first. */
	name: fc.constantFrom("strace.txt", "strace.txt", "strace.txt", ...NAMES),
	what: fc.constantFrom(
		"cut",
		"drop",
		"double",
		"swap",
		"move",
		"byte",
		"bytes",
		"digit",
		"word",
		"empty",
		"lines",
	),
	at: fc.nat(),
	other: fc.nat(),
	byte: fc.nat(255),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(text: string, { what, at, other, byte }: Damage): string {
	const lines = text.split("\n");
	const [i, j] = [at % lines.length, other % lines.length];
	const place = text.length === 0 ? 0 : at % text.length;
	const put = (s: string, length = s.length) => text.slice(0, place) + s + text.slice(place + length);
	switch (what) {
		case "cut":
			return text.slice(0, place);
		case "lines":
			return lines.slice(Math.min(i, j), Math.max(i, j)).join("\n");
		case "drop":
			return lines.toSpliced(i, 1 + (other % 3)).join("\n");
		case "double":
			return lines.toSpliced(i, 0, lines[i]).join("\n");
		case "move":
			return lines.toSpliced(j, 0, lines[i]).join("\n");
		case "swap":
			return lines.with(i, lines[j]).with(j, lines[i]).join("\n");
		case "byte":
			return put(String.fromCharCode(byte));
		case "bytes":
			return put(String.fromCharCode(byte).repeat(other % 200), 0);
		case "digit": {
			const digits = [...text.matchAll(/[0-9a-f]/g)];
			const { index } = digits[at % Math.max(digits.length, 1)] ?? { index: 0 };
			return text.slice(0, index) + (byte % 16).toString(16) + text.slice(index + 1);
		}
		case "word": {
			const words = text.match(/[^ ,()=\n]+/g) ?? [""];
			const line = lines[i].split(/(?<=[ ,()=])/);
			return lines
				.with(i, line.with(other % line.length, words[byte % words.length]).join(""))
				.join("\n");
		}
		default:
			return "";
	}
}

test("a damaged recording is read and replayed, or refused in one line", async (t) => {
	t.timeout(Math.max(300_000, RUNS * 200));
	const kernel = find_kernel(await objtree({ name: "default" }));
	const options = { cpus: CPUS, check: CPUS === 1 };
	const replayer = await boot({ kernel, mem: 256, ...options });
	const directory = mkdtempSync(join(tmpdir(), "spf-mutations-"));
	let read = 0;
	try {
		await fc.assert(
			fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (all) => {
				const files = { ...original };
				for (const one of all) files[one.name] = damaged(files[one.name], one);
				for (const name of NAMES) writeFileSync(join(directory, name), files[name], "latin1");
				const start = performance.now();
				try {
					const trace = load_trace(directory);
					const plan = make_plan(trace, options.check);
					read++;
					const outcome = await replayer.run(plan);
					const { spf: speculative, arch } = kernel;
					const report = make_report(trace, plan, outcome, {
						...options,
						speculative,
						arch,
					});
					print_text(report);
					/* Who is out of memory is killed, and the console says so. */
					const wrong = report.console.filter((line) => /BUG|WARNING|panic/.test(line));
					if (wrong.length > 0) throw new Error(wrong.join("\n"));
				} catch (error) {
					if (!(error instanceof UserError)) throw error;
					if (!/^[^\n\p{Cc}]+$/u.test(error.message))
						throw new Error(`not a line: ${error.message}`);
				}
				if (performance.now() - start > LONGEST_MS) throw new Error("it takes too long");
			}),
			{ numRuns: RUNS, seed: SEED, endOnFailure: RUNS > 1000 },
		);
	} finally {
		rmSync(directory, { recursive: true });
		await replayer.shutdown();
	}
	t.log(`seed ${SEED}: ${read} of ${RUNS} were read and replayed`);
	t.true(read > 0 && read < RUNS);
});
