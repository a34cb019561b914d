// SPDX-License-Identifier: GPL-2.0-only
/**
 * The explorer's part of `make bench`: executions and accesses a second under
 * SC, on one core and on two at the same time.
 */
import { Core } from "./core.ts";
import { stepper_bundle } from "./explorer.ts";

export interface ExploreRow {
	name: string;
	cores: number;
	executions_per_s: number;
	/** Those of programs that are run again from their logs included. */
	accesses_per_s: number;
}

const SECONDS = 4;
const SCENARIOS = ["golden/fault-munmap-4", "fault-munmap"];

/** Explores over and over on one core; counts what was done in so many seconds. */
async function measure(
	bundle: string,
	scenario: string,
): Promise<{ executions: number; accesses: number; seconds: number }> {
	const core = new Core(bundle);
	try {
		return await core.call("measure", { scenario, model: "sc", seconds: SECONDS });
	} finally {
		await core.close();
	}
}

export async function explore_bench(): Promise<ExploreRow[]> {
	const bundle = await stepper_bundle();
	const rows: ExploreRow[] = [];
	for (const name of SCENARIOS) {
		for (const cores of [1, 2]) {
			const done = await Promise.all(Array.from({ length: cores }, () => measure(bundle, name)));
			const per_s = (of: "executions" | "accesses") =>
				Math.round(done.reduce((sum, d) => sum + d[of] / d.seconds, 0));
			rows.push({
				name,
				cores,
				executions_per_s: per_s("executions"),
				accesses_per_s: per_s("accesses"),
			});
		}
	}
	return rows;
}
