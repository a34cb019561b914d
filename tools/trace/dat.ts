// SPDX-License-Identifier: GPL-2.0-only
/**
 * A trace as a trace.dat file, version 6, which trace-cmd and KernelShark read: the pages as they were, and what
 * they need to know about them. The format is that of trace-cmd.dat(5).
 */
import { PAGE_HEAD, PAGE_SIZE, type CpuBuffer } from "./buffer.ts";
import type { Trace } from "./recorded.ts";

const HEADER_PAGE =
	"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n" +
	"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n" +
	"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n" +
	`\tfield: char data;\toffset:16;\tsize:${PAGE_SIZE - PAGE_HEAD};\tsigned:1;\n`;
const HEADER_EVENT =
	"# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n" +
	"\tarray       :   32 bits\n\n" +
	"\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n" +
	"\tdata max type_len  == 28\n";

/** Bytes one after the other. */
class Bytes {
	readonly #parts: Buffer[] = [];
	length = 0;

	raw(part: Buffer): this {
		this.#parts.push(part);
		this.length += part.length;
		return this;
	}
	u8(n: number): this {
		return this.raw(Buffer.from([n]));
	}
	u16(n: number): this {
		const b = Buffer.alloc(2);
		b.writeUInt16LE(n);
		return this.raw(b);
	}
	u32(n: number): this {
		const b = Buffer.alloc(4);
		b.writeUInt32LE(n);
		return this.raw(b);
	}
	u64(n: number): this {
		const b = Buffer.alloc(8);
		b.writeBigUInt64LE(BigInt(n));
		return this.raw(b);
	}
	/** With its NUL. */
	string(text: string): this {
		return this.raw(Buffer.from(`${text}\0`));
	}
	/** A length of 64 bits, and the text. */
	file(text: string): this {
		const b = Buffer.from(text);
		return this.u64(b.length).raw(b);
	}
	pad(to: number): this {
		return this.raw(Buffer.alloc((to - (this.length % to)) % to));
	}
	join(): Buffer {
		return Buffer.concat(this.#parts);
	}
}

function formats(out: Bytes, trace: Trace): void {
	const systems = [...new Set(trace.formats.map((f) => f.system))];
	out.u32(0); /* events of ftrace's own */
	out.u32(systems.length);
	for (const system of systems) {
		const own = trace.formats.filter((f) => f.system === system);
		out.string(system).u32(own.length);
		for (const { text } of own) out.file(text);
	}
}

/** Names of tasks, as saved_cmdlines has them. */
function cmdlines(trace: Trace): string {
	const pids = [...new Set(trace.events.map((e) => e.pid))].filter((pid) => pid !== 0);
	return pids.map((pid) => `${pid} ${trace.comm(pid)}\n`).join("");
}

/** The pages, each filled up to its full length. */
function pages({ pages }: CpuBuffer): Buffer {
	const all = Buffer.alloc(pages.length * PAGE_SIZE);
	for (const [i, { bytes }] of pages.entries()) all.set(bytes, i * PAGE_SIZE);
	return all;
}

export function trace_dat(trace: Trace): Buffer {
	const out = new Bytes();
	out.raw(Buffer.from([0x17, 0x08, 0x44]))
		.raw(Buffer.from("tracing"))
		.string("6");
	/* little-endian, longs of 8 bytes, the size of a page */
	out.u8(0).u8(8).u32(PAGE_SIZE);
	out.string("header_page").file(HEADER_PAGE);
	out.string("header_event").file(HEADER_EVENT);
	formats(out, trace);
	out.u32(0); /* kallsyms */
	out.u32(0); /* printk_formats */
	out.file(cmdlines(trace));
	out.u32(trace.buffers.length);
	out.raw(Buffer.from("options  \0")).u16(0);
	out.raw(Buffer.from("flyrecord\0"));
	const data = trace.buffers.map(pages);
	/* Offset and size of each CPU's pages, which begin at a multiple of a page. */
	let at = out.length + 16 * data.length;
	at += (PAGE_SIZE - (at % PAGE_SIZE)) % PAGE_SIZE;
	for (const cpu of data) {
		out.u64(at).u64(cpu.length);
		at += cpu.length;
	}
	out.pad(PAGE_SIZE);
	for (const cpu of data) out.raw(cpu);
	return out.join();
}
