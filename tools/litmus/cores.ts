// SPDX-License-Identifier: GPL-2.0-only
/** Litmus programs on several cores: each works on one at a time, and takes the next. */
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { LitmusOp } from "../explore/protocol.ts";

export interface Question {
	cpus: LitmusOp[][];
	model: "sc" | "tso" | "lkmm";
	places: string[];
}

/** The final states of all, in their order, each as soon as it and those before it are known. */
export async function* on_cores(bundle: string, questions: Question[], jobs: number): AsyncGenerator<string[]> {
	const answers = questions.map(() => {
		const a = {} as { promise: Promise<string[]>; resolve: (states: string[]) => void; reject: (e: Error) => void };
		a.promise = new Promise<string[]>((resolve, reject) => Object.assign(a, { resolve, reject }));
		/* Whoever asks for it sees its error; nobody may come so far. */
		a.promise.catch(() => {});
		return a;
	});
	let next = 0;
	const workers = Array.from({ length: Math.min(jobs, questions.length) }, () => {
		const worker = new Worker(new URL("./worker.mjs", import.meta.url), {
			workerData: { bundle: pathToFileURL(bundle).href },
			execArgv: [],
		});
		const ask = () => {
			if (next < questions.length) worker.postMessage({ id: next, ...questions[next++] });
		};
		worker.on("message", ({ id, states, error }) => {
			if (error === undefined) answers[id].resolve(states);
			else answers[id].reject(new Error(error));
			ask();
		});
		worker.on("error", (e) => {
			for (const a of answers) a.reject(new Error(e.message, { cause: e }));
		});
		ask();
		return worker;
	});
	try {
		for (const a of answers) yield await a.promise;
	} finally {
		await Promise.all(workers.map((w) => w.terminate()));
	}
}
