// SPDX-License-Identifier: GPL-2.0-only
/** One core: a worker thread with a stepper bundle, and calls to it. */
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { UserError } from "../replay/errors.ts";
import type { Outcome, Request } from "./protocol.ts";

/** A kernel that dies in a scenario's set-up is the scenario's mistake, or a
 *  mutant's that is too coarse; anything else is ours. */
function problem(text: string, where: string): Error {
	if (/kernel BUG|KASAN|check failed|set-up/.test(text)) return new UserError(`the kernel fails before the first step: ${text.split("\n", 1)[0]}`);
	return Object.assign(new Error(text), { stack: where });
}

export class Core {
	#worker: Worker;
	#calls = new Map<number, { resolve: (v: never) => void; reject: (e: Error) => void; progress?: (p: never) => void }>();
	#next = 0;

	constructor(bundle: string) {
		this.#worker = new Worker(new URL("./worker.mjs", import.meta.url), {
			workerData: { bundle: pathToFileURL(bundle).href },
			execArgv: [],
		});
		this.#worker.on("message", ({ id, result, error, where, progress }) => {
			const call = this.#calls.get(id);
			if (progress) return call?.progress?.(progress as never);
			this.#calls.delete(id);
			if (error !== undefined) call?.reject(problem(error, where));
			else call?.resolve(result as never);
		});
		this.#worker.on("error", (error) => {
			for (const call of this.#calls.values()) call.reject(error);
			this.#calls.clear();
		});
	}
	call<T>(command: string, request?: Request, progress?: (p: Outcome & { seconds: number; estimate?: number }) => void): Promise<T> {
		const id = this.#next++;
		return new Promise<T>((resolve, reject) => {
			this.#calls.set(id, { resolve: resolve as never, reject, progress: progress as never });
			this.#worker.postMessage({ id, command, request });
		});
	}
	close(): Promise<number> {
		return this.#worker.terminate();
	}
}
