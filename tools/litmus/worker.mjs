// SPDX-License-Identifier: GPL-2.0-only
/** A core's litmus programs: the final states of each that it is sent, by tools/litmus/cores.ts. */
import { parentPort, workerData } from "node:worker_threads";

const kernel = await import(workerData.bundle);

parentPort.on("message", ({ id, cpus, model, places }) => {
	try {
		parentPort.postMessage({ id, states: kernel.litmus_states(cpus, model, places).states });
	} catch (e) {
		parentPort.postMessage({ id, error: String(e?.message ?? e) });
	}
});
