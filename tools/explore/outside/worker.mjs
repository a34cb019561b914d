// SPDX-License-Identifier: GPL-2.0-only
// @ts-check
/**
 * A core's explorer: loads a stepper bundle and serves core.ts. JavaScript, as
 * a worker thread of Node 20 loads nothing else; its types are protocol.ts's.
 */
import { parentPort, workerData } from "node:worker_threads";

/**
 * @import {Answer, Bundle, BundleSession, Question, Serve} from "../protocol.ts"
 */

/** @type {Bundle<{ search: () => unknown }, unknown>} */
const kernel = await import(workerData.bundle);
/** @param {Answer} answer */
const tell = (answer) => parentPort?.postMessage(answer);

/** Between two looks at the messages; others may ask for work. */
const SLICE_MS = 25;
const PROGRESS_MS = 200;
/** The search that is under way, and whether it is to go on. @type {BundleSession<unknown> | undefined} */
let session;
let stop = false;
/** The last one that cores shared. @type {BundleSession<unknown> | undefined} */
let known;
/** @type {number | undefined} */
let round;

/** @type {Serve} */
const serve = {
	list: (random) => kernel.list(random),
	/** Warm, then as many explorations as fit in the time, set-up not counted. */
	measure(request) {
		const total = { executions: 0, accesses: 0, seconds: 0 };
		const session = new kernel.Session(kernel.session_options(request));
		session.slice(1000);
		let { accesses } = session;
		while (total.seconds < request.seconds) {
			const start = performance.now();
			session.resume(kernel.session_options(request).search(), true);
			session.slice(1000 * (request.seconds - total.seconds));
			total.seconds += (performance.now() - start) / 1000;
			total.executions += session.outcome.total;
			total.accesses += session.accesses - accesses;
			accesses = session.accesses;
		}
		return total;
	},
	replay(request) {
		known = undefined;
		return kernel.replay_schedule(request);
	},
	async explore(request, id) {
		stop = false;
		const options = kernel.session_options(request);
		/* Set up already, if it was of the same round. */
		const search = known !== undefined && round === request.round ? known : new kernel.Session(options);
		if (search === known) search.resume(options.search());
		session = search;
		known = undefined;
		const start = performance.now();
		for (let told = start; ; ) {
			const over = search.slice(SLICE_MS, request.max);
			const now = performance.now();
			const seconds = (now - start) / 1000;
			if (over || stop || seconds > (request.seconds ?? Infinity)) {
				const outcome = { ...search.outcome, seconds };
				if (request.round !== undefined) [known, round] = [search, request.round];
				session = undefined;
				return outcome;
			}
			if (now - told > PROGRESS_MS) {
				told = now;
				tell({
					id,
					kind: "progress",
					progress: {
						...search.outcome,
						failure: undefined,
						seconds,
						estimate: search.estimate,
					},
				});
			}
			await new Promise((resume) => setImmediate(resume));
		}
	},
	/** A part of what is left of the search under way. */
	lend: () => session?.lend(),
	sharing: () => kernel.sharing(),
	/** All final states of a litmus program. */
	litmus: ({ cpus, model, places, init, budget }) =>
		kernel.litmus_states(cpus, model, places, budget ?? Infinity, undefined, init),
	stop() {
		stop = true;
	},
};

parentPort?.on("message", async (/** @type {Question} */ { id, command, request }) => {
	try {
		/* The request is the command's: that it fits was checked where it was sent. */
		const run =
			/** @type {(request: unknown, id: number) => import("../protocol.ts").Calls[typeof command][1]} */ (
				serve[command]
			);
		tell({ id, kind: "result", result: await run(request, id) });
	} catch (error) {
		session = known = undefined;
		const { message, stack } = /** @type {Error} */ (error);
		tell({ id, kind: "error", error: message, where: stack ?? "" });
	}
});
