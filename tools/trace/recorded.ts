// SPDX-License-Identifier: GPL-2.0-only
/** A trace: what was in the buffers, as events in the order of their time. */
import { type CpuBuffer, PAGE_HEAD } from "./buffer.ts";
import { type Format, parse_format, read_entry } from "./format_file.ts";
import { parse_print_fmt, type Print, type Values } from "./print_fmt.ts";

export interface Event {
	cpu: number;
	/** Nanoseconds since boot. */
	ts: number;
	pid: number;
	name: string;
	system: string;
	flags: number;
	preempt_count: number;
	values: Values;
	/** Of its CPU, overwritten just before it. */
	lost: number;
	/** What it says of itself. */
	text: () => string;
}

export interface Trace {
	events: Event[];
	formats: Format[];
	buffers: CpuBuffer[];
	/** Of a task, as far as it is known. */
	comm: (pid: number) => string;
}

const TYPE_MAX = 28;
const PADDING = 29;
const TIME_EXTEND = 30;

interface Kind {
	format: Format;
	print: Print;
}

/** Entries of a page: where, and when. */
function* entries(view: DataView): Generator<{ at: number; ts: number }> {
	let ts = Number(view.getBigUint64(0, true));
	const end = PAGE_HEAD + view.getUint32(8, true);
	let at = PAGE_HEAD;
	while (at < end) {
		const head = view.getUint32(at, true);
		const [type, delta] = [head & 31, head >>> 5];
		ts += delta;
		if (type === TIME_EXTEND) ts += view.getUint32(at + 4, true) * 2 ** 27;
		if (type === PADDING) return;
		if (type >= 1 && type <= TYPE_MAX) yield { at: at + 4, ts };
		at += type > TYPE_MAX ? 8 : 4 + 4 * type;
	}
}

function events_of(cpu: number, { pages }: CpuBuffer, kinds: Map<number, Kind>): Event[] {
	const events: Event[] = [];
	for (const { bytes, lost } of pages) {
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		let before = lost;
		for (const { at, ts } of entries(view)) {
			const kind = kinds.get(view.getUint16(at, true));
			if (!kind) throw new Error(`an entry of type ${view.getUint16(at, true)}, which no event has`);
			const { format, print } = kind;
			const values = read_entry(format, view, at);
			events.push({
				cpu,
				ts,
				pid: view.getInt32(at + 4, true),
				name: format.name,
				system: format.system,
				flags: view.getUint8(at + 2),
				preempt_count: view.getUint8(at + 3),
				values,
				lost: before,
				text: () => print(values),
			});
			before = 0;
		}
	}
	return events;
}

/** `formats`: the texts of the format files, by system:name. */
export function decode(buffers: CpuBuffer[], formats: Record<string, string>, comm: (pid: number) => string): Trace {
	const parsed = Object.entries(formats).map(([name, text]) => parse_format(name.split(":")[0], text));
	const kinds = new Map(
		parsed.map((format) => [format.id, { format, print: parse_print_fmt(format.print_fmt) }]),
	);
	const events = buffers.flatMap((buffer, cpu) => events_of(cpu, buffer, kinds));
	/* Stable: those of a CPU stay in their order. */
	events.sort((a, b) => a.ts - b.ts);
	return { events, formats: parsed, buffers, comm };
}
