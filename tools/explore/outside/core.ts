// SPDX-License-Identifier: GPL-2.0-only
/** One core: a worker thread with a stepper bundle, and calls to it. */
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { UserError } from "../../lib/errors.ts";
import { sources_of } from "./source.ts";
import type { Answer, Calls, Command, Progress, Question } from "../protocol.ts";

/** What JavaScript says of the kernel's code is a scenario's mistake, or a mutant's; anything else is ours. */
function problem(bundle: string, text: string, where: string): Error {
	const [at] = sources_of(bundle).frames(where);
	if (at) return new UserError(`${at.func}(), ${at.file}:${at.line} throws: ${text.split("\n", 1)[0]}`);
	return Object.assign(new Error(text), { stack: where });
}

/** A scenario under the kernel that it runs on does not come to an end: the kernel's failure, or its own. */
export class NeverEnds extends UserError {}

/** A loop without a step: nobody can stop it from inside. */
const STUCK_MS = 60_000;

/** Cores of this process that are not closed. */
let open_cores = 0;
/** CPU time of this process so far, in ms. */
function cpu_ms(): number {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1000;
}

export class Core {
	#worker: Worker;
	#calls = new Map<
		number,
		{
			resolve: (v: Calls[Command][1]) => void;
			reject: (e: Error) => void;
			progress?: (p: Progress) => void;
			scenario?: string;
		}
	>();
	#next = 0;
	/** CPU time since it said something, its share of what all use, and up to when that is counted: a busy machine
	 *  has nothing to say in the verdict. */
	#silent = 0;
	#counted = cpu_ms();
	#watchdog: NodeJS.Timeout;
	/** Why it answers no more. */
	#dead?: Error;
	#closed = false;

	/** `patience`: for how many ms of CPU time it may be silent when it has something to do; Infinity: for ever. */
	constructor(bundle: string, patience = STUCK_MS) {
		this.#watchdog = setInterval(
			() => {
				const now = cpu_ms();
				this.#silent += (now - this.#counted) / open_cores;
				this.#counted = now;
				const [call] = this.#calls.values();
				if (!call || this.#silent < patience) return;
				this.#die(
					new NeverEnds(
						`scenario '${call.scenario}' never ends: for ${patience / 1000} s of CPU time one of its programs, or its set-up, has made no step`,
					),
				);
				this.close();
			},
			Math.min(1000, patience),
		);
		this.#watchdog.unref();
		open_cores++;
		this.#worker = new Worker(new URL("./worker.mjs", import.meta.url), {
			workerData: { bundle: pathToFileURL(bundle).href },
			execArgv: [],
		});
		this.#worker.on("message", (answer: Answer) => {
			this.#listen();
			const call = this.#calls.get(answer.id);
			if (answer.kind === "progress") return call?.progress?.(answer.progress);
			this.#calls.delete(answer.id);
			if (answer.kind === "error") call?.reject(problem(bundle, answer.error, answer.where));
			else call?.resolve(answer.result);
		});
		/* One that comes from another thread is no native error here. */
		this.#worker.on("error", (error) => this.#die(new Error(error.message, { cause: error })));
	}
	#listen(): void {
		this.#silent = 0;
		this.#counted = cpu_ms();
	}
	#die(why: Error): void {
		this.#dead ??= why;
		for (const call of this.#calls.values()) call.reject(why);
		this.#calls.clear();
	}
	call<C extends Command>(
		command: C,
		request?: Calls[C][0],
		progress?: (p: Progress) => void,
	): Promise<Calls[C][1]> {
		if (this.#dead) return Promise.reject(this.#dead);
		const id = this.#next++;
		return new Promise((resolve, reject) => {
			if (this.#calls.size === 0) this.#listen();
			const scenario = request && "scenario" in request ? request.scenario : undefined;
			/* The worker answers a question with what belongs to it: see Serve. */
			this.#calls.set(id, {
				resolve: resolve as (v: Calls[Command][1]) => void,
				reject,
				progress,
				scenario,
			});
			this.#worker.postMessage({ id, command, request } as Question<C>);
		});
	}
	close(): Promise<number> {
		if (!this.#closed) open_cores--;
		this.#closed = true;
		this.#dead ??= new Error("this core was closed");
		clearInterval(this.#watchdog);
		return this.#worker.terminate();
	}
}
