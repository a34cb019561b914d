// SPDX-License-Identifier: GPL-2.0-only
/** What does not end is one line; with kernels that are made up. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Core, NeverEnds } from "./core.ts";
import { BUDGET, type Job, search } from "./search.ts";
import { Team } from "./team.ts";

const dir = mkdtempSync(join(tmpdir(), "spf-core-"));
test.after.always(() => rmSync(dir, { recursive: true }));

function kernel(name: string, code: string): string {
	const file = join(dir, `${name}.mjs`);
	writeFileSync(file, code);
	writeFileSync(`${file}.map`, JSON.stringify({ version: 3, sources: [], names: [], mappings: "" }));
	return file;
}

test("a program without a step is noticed from outside", async (t) => {
	const core = new Core(kernel("stuck", "export const replay_schedule = () => { for (;;); };"), 500);
	await t.throwsAsync(core.call("replay", { scenario: "s", model: "sc" }), {
		instanceOf: NeverEnds,
		message: /scenario 's' never ends: for 0\.5 s of CPU time/,
	});
});

test("a core that has died refuses what it is asked for, and says why", async (t) => {
	const core = new Core(kernel("broken", "throw new Error('no kernel today');"));
	await t.throwsAsync(core.call("list"), { message: "no kernel today" });
	await t.throwsAsync(core.call("list"), { message: "no kernel today" });
	const closed = new Core(kernel("whole", "export const list = () => [];"));
	t.deepEqual(await closed.call("list"), []);
	await closed.close();
	await t.throwsAsync(closed.call("list"), { message: /closed/ });
});

test("a program of too many steps fails, with the schedule", async (t) => {
	const bundle = kernel(
		"limit",
		`
		export const session_options = (r) => r;
		export const sharing = () => ({});
		export class Session {
			outcome = { executions: 1, blocked: 0, total: 1, exhausted: false, failure: { kind: "limit", text: "9 steps without an end", stack: "", schedule: [[0, 3]] } };
			slice() { return true; }
		}`,
	);
	const core = new Core(bundle);
	const job: Job = {
		s: {
			name: "s",
			file: "",
			about: "",
			patch: "",
			invariant: "",
			cpus: 2,
			models: ["sc"],
			configs: [],
			only: false,
			quick: false,
		},
		model: "sc",
		bundle,
		arch: "x86",
	};
	const r = await search(new Team(core), job, { scenarios: ["s"], max: 1 }, BUDGET);
	t.is(r.failures, 1);
	t.is(r.failure?.kind, "limit");
	t.is(r.failure?.text, "never ends: 9 steps without an end");
	t.regex(r.failure?.replay ?? "", /^spf1:/);
	t.false(r.exhausted);
	await core.close();
});
