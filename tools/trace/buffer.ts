// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reads the ring buffers of a kernel out of its RAM, while its CPUs write to
 * them or afterwards: the other side of kernel/trace/ring_buffer.ts.
 */
import type { trace_buffer } from "../../kernel/trace/trace.ts";

/** Of a page, as Linux has it: time stamp and commit of 64 bits each. */
export const PAGE_HEAD = 16;
export const PAGE_SIZE = 4096;

/** A page that was read. */
export interface Page {
	/** The head, and as much data as it says. */
	bytes: Uint8Array;
	/** Entries that were overwritten before it. */
	lost: number;
}
export interface CpuBuffer {
	pages: Page[];
	/** Entries that were written, and of these overwritten before they were read. */
	written: number;
	overrun: number;
}

interface Cpu {
	at: trace_buffer;
	pages: Page[];
	/** Entries before the page that comes next. */
	expected: number;
}

export class BufferReader {
	readonly #words: Int32Array;
	readonly #memory: SharedArrayBuffer;
	readonly #cpus: Cpu[];

	constructor(memory: SharedArrayBuffer, buffers: trace_buffer[]) {
		this.#memory = memory;
		this.#words = new Int32Array(memory);
		this.#cpus = buffers.map((at) => ({ at, pages: [], expected: 0 }));
	}

	/** Takes all pages that are full. */
	poll(): void {
		for (const cpu of this.#cpus) this.#take(cpu);
	}

	/** When no event is written any more: all that there is. */
	finish(): CpuBuffer[] {
		const doubles = new Float64Array(this.#memory);
		return this.#cpus.map((cpu) => {
			this.#take(cpu);
			const { at, pages } = cpu;
			pages.push(this.#copy(cpu, this.#load(at.tail)));
			return { pages, written: doubles[at.entries / 8], overrun: doubles[at.overrun / 8] };
		});
	}

	#load(address: number): number {
		return Atomics.load(this.#words, address / 4);
	}

	#address(at: trace_buffer, n: number): number {
		return at.pages + (n & (at.nr_pages - 1)) * PAGE_SIZE;
	}

	#first(at: trace_buffer, n: number): number {
		return this.#load(this.#address(at, n) + 12) >>> 0;
	}

	/** Acquires what the CPU has committed. */
	#copy({ at, expected }: Cpu, n: number): Page {
		const address = this.#address(at, n);
		const commit = this.#load(address + 8);
		const bytes = new Uint8Array(this.#memory, address, PAGE_HEAD + commit).slice();
		/* The high half of commit, which is ours, is 0 in Linux. */
		bytes.fill(0, 12, 16);
		return { bytes, lost: (this.#first(at, n) - expected) >>> 0 };
	}

	/** A page counts if it was still there after it was copied: whoever moves head on has it. */
	#take(cpu: Cpu): void {
		const { at, pages } = cpu;
		for (;;) {
			const head = this.#load(at.head);
			if (head >= this.#load(at.tail)) return;
			const page = this.#copy(cpu, head);
			const next = this.#first(at, head + 1);
			if (Atomics.compareExchange(this.#words, at.head / 4, head, head + 1) !== head) continue;
			pages.push(page);
			cpu.expected = next;
		}
	}
}
