// SPDX-License-Identifier: GPL-2.0-only
/** A core's explorer: loads a stepper bundle and serves core.ts. */
import { parentPort, workerData } from "node:worker_threads";

const kernel = await import(workerData.bundle);

/** Between two looks at the messages; others may ask for work. */
const SLICE_MS = 25;
const PROGRESS_MS = 200;
/** The search that is under way, and whether it is to go on. */
let session;
let stop = false;
/** The last one that cores shared. */
let known;
let round;

const serve = {
	list: () => kernel.list(),
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
		if (known !== undefined && round === request.round) (session = known).resume(options.search());
		else session = new kernel.Session(options);
		known = undefined;
		const start = performance.now();
		for (let told = start; ; ) {
			const over = session.slice(SLICE_MS, request.max);
			const now = performance.now();
			const seconds = (now - start) / 1000;
			if (over || stop || seconds > (request.seconds ?? Infinity)) {
				const outcome = { ...session.outcome, seconds };
				if (request.round !== undefined) [known, round] = [session, request.round];
				session = undefined;
				return outcome;
			}
			if (now - told > PROGRESS_MS) {
				told = now;
				parentPort.postMessage({ id, progress: { ...session.outcome, failure: undefined, seconds, estimate: session.estimate } });
			}
			await new Promise(setImmediate);
		}
	},
	/** A part of what is left of the search under way. */
	lend: () => session?.lend(),
	sharing: () => kernel.sharing(),
	/** All final states of a litmus program. */
	litmus: ({ cpus, model, places }) => kernel.litmus_states(cpus, model, places).states,
	stop() {
		stop = true;
	},
};

parentPort.on("message", async ({ id, command, request }) => {
	try {
		parentPort.postMessage({ id, result: await serve[command](request, id) });
	} catch (error) {
		session = known = undefined;
		parentPort.postMessage({ id, error: error.message, where: error.stack });
	}
});
