// SPDX-License-Identifier: GPL-2.0-only
// @ts-check
/**
 * Explores with V8's counters on, for coverage.ts. They have to be on before the bundle is loaded, and they are
 * read whenever another phase begins. Ends are not checked, so that what checks them does not count.
 */
import { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";

/**
 * @import { Bundle, Request } from "../protocol.ts"
 * @import { Coverage } from "./coverage.ts"
 */

const profiler = new Session();
profiler.connect();
profiler.post("Profiler.enable");
profiler.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/** @type {Bundle<{ search: () => unknown, unchecked?: boolean, phase?: (begins: string) => void }, unknown>} */
const kernel = await import(workerData.bundle);

/** Of each character of the bundle: was it run in the phase that `bit` stands for? */
function take(/** @type {Uint8Array} */ hits, /** @type {number} */ bit) {
	profiler.post("Profiler.takePreciseCoverage", (error, answer) => {
		if (error) throw error;
		for (const { url, functions } of answer.result) {
			if (url !== workerData.bundle) continue;
			/* What is inside comes after what is around it, and knows better. */
			const ranges = functions.flatMap((f) => f.ranges);
			ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
			const now = new Uint8Array(hits.length);
			for (const r of ranges) now.fill(r.count > 0 ? bit : 0, r.startOffset, r.endOffset);
			for (let i = 0; i < now.length; i++) hits[i] |= now[i];
		}
	});
}
const BIT = { boot: 4, setup: 2, run: 1 };

parentPort?.on("message", (/** @type {Request[]} */ requests) => {
	const hits = new Uint8Array(workerData.size);
	/* What was run since the last scenario is nobody's. */
	let phase = 0;
	/** @type {Coverage["failure"]} */
	let failure;
	for (const request of requests) {
		const options = kernel.session_options(request);
		options.unchecked = true;
		options.phase = (begins) => {
			take(hits, phase);
			phase = BIT[/** @type {keyof typeof BIT} */ (begins)];
		};
		const session = new kernel.Session(options);
		session.slice(Infinity, request.max);
		take(hits, phase);
		phase = 0;
		failure ??= session.outcome.failure?.text;
		/* One execution is all that there is: chance has nothing to add. */
		if (failure !== undefined || session.outcome.executions + session.outcome.blocked === 1) break;
	}
	parentPort?.postMessage({ hits, failure });
});
