// SPDX-License-Identifier: GPL-2.0-only
/**
 * The threads machine, seen from outside: makes RAM and CPUs (worker threads
 * that load a kernel bundle), runs programs on them, and notices when one dies.
 * Nothing here is part of the kernel.
 */
import { readFileSync, realpathSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { CpuData } from "./door.ts";

export interface BootOptions {
	/** Path of the bundle. */
	vmlinux: string;
	cpus: number;
	/** RAM in MiB. */
	mem: number;
	/** Receives what the kernel prints; the default is stderr. */
	console?: (text: string) => void;
	/** Stack traces that the kernel looks at itself are in terms of the sources, which takes it longer to load. */
	source_maps?: boolean;
}

export interface Program {
	cpu: number;
	/** URL or path of a module; without one, `fn` is a function of the kernel's own. */
	module?: string;
	/** Exported function: called with the CPU's user-side interface and `arg`. */
	fn: string;
	arg?: unknown;
}

/** A machine that panicked; `message` is what the kernel would print. */
export class KernelPanic extends Error {
	constructor(
		reason: string,
		readonly where = "",
	) {
		super(`Kernel panic - not syncing: ${reason}`);
	}
}

type Reply = { console: string } | { panic: string; where?: string } | { id: number; result: unknown };

const PAGE = 65536; /* of WebAssembly */
/** How long CPUs may take to answer a stop before they are ended. */
const STOP_MS = 2000;

const ROM = new URL("rom.mjs", import.meta.url);

/** The thread of a CPU: until its power is on it waits for what to load. */
interface Thread {
	worker: Worker;
	power: Int32Array;
}

function new_thread(): Thread {
	const power = new Int32Array(new SharedArrayBuffer(4));
	/* Nothing of what Node was told for us: it may read TypeScript here. */
	return { worker: new Worker(ROM, { workerData: { power }, stdout: false, execArgv: [] }), power };
}

let spare: Thread | undefined;

/** Starts a CPU's thread for a machine that is about to be booted: it comes up while one looks what to boot.
 *  Returns its number. */
export function start_thread(): number {
	if (spare) return spare.worker.threadId;
	const thread = new_thread();
	thread.worker.unref();
	/* One that does not live until then is none: the machine has another. */
	thread.worker.on("error", () => {});
	thread.worker.once("exit", () => {
		if (spare === thread) spare = undefined;
	});
	spare = thread;
	return thread.worker.threadId;
}

/** A stack trace in terms of the sources, where there is a map. */
function in_sources(stack: string, vmlinux: string): string {
	try {
		/* A module is known by where it really lies. */
		const file = realpathSync(vmlinux);
		const [first, ...rest] = stack.split(pathToFileURL(file).href);
		if (rest.length === 0) return stack;
		const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")));
		const source = (text: string) => {
			const [place, line, column] = /^:(\d+):(\d+)/.exec(text) ?? [];
			if (place === undefined) return file + text;
			const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
			if (!("originalSource" in entry)) return file + text;
			const { originalSource, originalLine, originalColumn } = entry;
			const there = `${resolve(dirname(file), originalSource)}:${originalLine + 1}`;
			return `${there}:${originalColumn + 1}${text.slice(place.length)}`;
		};
		return first + rest.map(source).join("");
	} catch {
		return stack;
	}
}

export class Machine {
	#workers: Worker[] = [];
	#waiting = new Map<number, { resolve: (value: unknown) => void; reject: (e: Error) => void }>();
	#next = 0;
	#dead?: KernelPanic;
	#over = false;

	private constructor(
		readonly options: BootOptions,
		readonly memory: WebAssembly.Memory,
		private readonly control: SharedArrayBuffer,
	) {}

	/** Boots: CPU 0 runs start_kernel, the others follow. Rejects with KernelPanic. */
	static async boot(options: BootOptions): Promise<Machine> {
		const pages = Math.ceil((options.mem * 0x100000) / PAGE);
		const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
		const control = new SharedArrayBuffer(64);
		const machine = new Machine(options, memory, control);
		const shadow = new SharedArrayBuffer(memory.buffer.byteLength / 8);
		const boot_origin = performance.timeOrigin;
		try {
			for (let cpu = 0; cpu < options.cpus; cpu++)
				machine.start(cpu, {
					memory,
					control,
					shadow,
					cpu,
					nr_cpus: options.cpus,
					boot_origin,
				});
			/* All threads start at once; CPU 0 makes the memory map that the others find. */
			for (let cpu = 0; cpu < options.cpus; cpu++)
				await machine.run({ cpu, fn: cpu === 0 ? "start_kernel" : "secondary_start" });
		} catch (error) {
			await machine.shutdown();
			throw error;
		}
		return machine;
	}

	private start(cpu: number, data: CpuData) {
		const { worker, power } = spare ?? new_thread();
		spare = undefined;
		worker.ref();
		const { vmlinux, source_maps = false } = this.options;
		worker.postMessage({ vmlinux, source_maps, data });
		Atomics.store(power, 0, 1);
		Atomics.notify(power, 0);
		worker.on("message", (reply: Reply) => {
			if ("console" in reply) return this.print(reply.console);
			if ("panic" in reply) return this.die(this.panic(reply.panic, reply.where));
			const waiting = this.#waiting.get(reply.id);
			this.#waiting.delete(reply.id);
			waiting?.resolve(reply.result);
		});
		worker.on("error", (e: Error) => this.die(this.panic(`CPU ${cpu} died: ${e.message}`, e.stack)));
		worker.on("exit", (code) => {
			if (!this.#over) this.die(new KernelPanic(`CPU ${cpu} died: exit code ${code}`));
		});
		this.#workers[cpu] = worker;
	}

	/** Runs a program on a CPU and resolves to what it returns. */
	run({ cpu, ...program }: Program): Promise<unknown> {
		if (this.#dead) return Promise.reject(this.#dead);
		const worker = this.#workers[cpu];
		if (!worker) return Promise.reject(new RangeError(`no CPU ${cpu}`));
		const id = this.#next++;
		return new Promise((resolve, reject) => {
			this.#waiting.set(id, { resolve, reject });
			worker.postMessage({ id, ...program });
		});
	}

	get cpus(): number {
		return this.#workers.length;
	}

	/** Ends all CPUs; what still runs on one, or is asked for later, is rejected. */
	async shutdown(): Promise<void> {
		this.die(new KernelPanic("the machine was shut down"));
		this.#over = true;
		await Promise.all(this.#workers.map((w) => w.terminate()));
	}

	private panic(reason: string, where = "") {
		return new KernelPanic(reason, in_sources(where, this.options.vmlinux));
	}

	private print(text: string) {
		(this.options.console ?? ((t) => process.stderr.write(`${t}\n`)))(text);
	}

	private stop() {
		Atomics.store(new Int32Array(this.control), 0, 1);
	}

	/** First death wins: every waiting program is rejected, every CPU stopped. */
	private die(panic: KernelPanic) {
		if (this.#dead || this.#over) return;
		this.#dead = panic;
		this.stop();
		for (const { reject } of this.#waiting.values()) reject(panic);
		this.#waiting.clear();
		setTimeout(() => this.shutdown(), STOP_MS).unref(); /* for who does not call it */
	}
}
