// SPDX-License-Identifier: GPL-2.0-only
/** Traces a machine: events on, pages out of its RAM while it runs, events off. */
import { basename } from "node:path";
import type { Machine } from "../../arch/host/threads/machine.ts";
import type { trace_info } from "../../kernel/trace/tracefs.ts";
import { UserError } from "../lib/errors.ts";
import { BufferReader } from "./buffer.ts";
import { decode, type Trace } from "./recorded.ts";

const POLL_MS = 2;
const ENOMEM = 12;

export interface TraceOptions {
	/** As set_event takes them. */
	events: string[];
	/** Of each CPU's buffer; a power of two of 4 KiB pages. */
	buffer_kb: number;
	/** What tasks are called. */
	program: string;
}

const start = (machine: Machine, events: string[], nr_pages: number) =>
	machine.run({ cpu: 0, fn: "trace_start", arg: { events, nr_pages } }) as Promise<trace_info | number>;

/** Which of the names is none, and what there is. */
async function no_such_event(machine: Machine, events: string[]): Promise<UserError> {
	const all = (await start(machine, [], 2)) as trace_info;
	await machine.run({ cpu: 0, fn: "trace_free" });
	for (const name of events) {
		if (typeof (await start(machine, [name], 2)) === "number")
			return new UserError(
				`-e ${name}: there is no such event; there are ${Object.keys(all.formats).join(", ")}`,
			);
		await machine.run({ cpu: 0, fn: "trace_stop" });
		await machine.run({ cpu: 0, fn: "trace_free" });
	}
	return new UserError(`-e: these events are not there`);
}

export class Tracing {
	readonly #timer: NodeJS.Timeout;
	readonly #reader: BufferReader;

	private constructor(
		readonly machine: Machine,
		readonly options: TraceOptions,
		readonly info: trace_info,
	) {
		this.#reader = new BufferReader(machine.memory.buffer as unknown as SharedArrayBuffer, info.buffers);
		this.#timer = setInterval(() => this.#reader.poll(), POLL_MS);
	}

	static async start(machine: Machine, options: TraceOptions): Promise<Tracing> {
		const info = await start(machine, options.events, options.buffer_kb / 4);
		if (info === -ENOMEM)
			throw new UserError(
				`-b ${options.buffer_kb}: no memory for the buffers of ${machine.cpus} CPUs; ` +
					"take less, or more --mem",
			);
		if (typeof info === "number") throw await no_such_event(machine, options.events);
		return new Tracing(machine, options, info);
	}

	/** When the machine is quiet. */
	async stop(): Promise<Trace> {
		clearInterval(this.#timer);
		await this.machine.run({ cpu: 0, fn: "trace_stop" });
		const buffers = this.#reader.finish();
		/* As the kernel has it: 15 characters, and the idle task's. */
		const comm = basename(this.options.program).slice(0, 15);
		return decode(buffers, this.info.formats, (pid) => (pid === 0 ? "<idle>" : comm));
	}

	/** Whatever becomes of it. */
	end(): void {
		clearInterval(this.#timer);
	}
}
