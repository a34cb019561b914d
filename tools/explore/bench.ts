// SPDX-License-Identifier: GPL-2.0-only
/**
 * The explorer's part of `make bench`: executions and accesses a second under
 * SC, on one core and on two at the same time.
 */
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
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
function core(bundle: string, scenario: string): Promise<{ executions: number; accesses: number; seconds: number }> {
	const worker = new Worker(new URL("./worker.mjs", import.meta.url), { workerData: { bundle: pathToFileURL(bundle).href } });
	return new Promise((resolve, reject) => {
		worker.on("error", reject);
		worker.on("message", ({ result, error }) => {
			worker.terminate();
			if (error) reject(new Error(error));
			else resolve(result);
		});
		worker.postMessage({ id: 0, command: "measure", request: { scenario, model: "sc", seconds: SECONDS } });
	});
}

export async function explore_bench(): Promise<ExploreRow[]> {
	const bundle = await stepper_bundle();
	const rows: ExploreRow[] = [];
	for (const name of SCENARIOS) {
		for (const cores of [1, 2]) {
			const done = await Promise.all(Array.from({ length: cores }, () => core(bundle, name)));
			const per_s = (of: "executions" | "accesses") => Math.round(done.reduce((sum, d) => sum + d[of] / d.seconds, 0));
			rows.push({ name, cores, executions_per_s: per_s("executions"), accesses_per_s: per_s("accesses") });
		}
	}
	return rows;
}
