// SPDX-License-Identifier: GPL-2.0-only
/** Pages out of a ring that a CPU writes to. */
import test from "ava";
import { BufferReader, PAGE_SIZE } from "./buffer.ts";
import { decode } from "./recorded.ts";

const FORMAT =
	"name: tick\nID: 20\nformat:\n\tfield:unsigned int n;\toffset:8;\tsize:4;\tsigned:0;\n\n" +
	'print fmt: "n=%u", REC->n\n';
const NR_PAGES = 2;
const at = { pages: PAGE_SIZE, nr_pages: NR_PAGES, head: 64, tail: 68, entries: 72, overrun: 80 };

/** A CPU's side, as kernel/trace/ring_buffer.ts does it; a page has `per_page` entries. */
class Writer {
	readonly memory = new SharedArrayBuffer((1 + NR_PAGES) * PAGE_SIZE);
	readonly view = new DataView(this.memory);
	written = 0;
	constructor(readonly per_page: number) {
		this.#start(0);
	}

	#page(n: number): number {
		return at.pages + (n % NR_PAGES) * PAGE_SIZE;
	}
	#start(n: number): void {
		this.view.setBigUint64(this.#page(n), BigInt(1000 * n), true);
		this.view.setUint32(this.#page(n) + 8, 0, true);
		this.view.setUint32(this.#page(n) + 12, this.written, true);
		this.view.setInt32(at.tail, n, true);
	}
	get head(): number {
		return this.view.getInt32(at.head, true);
	}

	write(delta = 1): void {
		let tail = this.view.getInt32(at.tail, true);
		let used = this.view.getUint32(this.#page(tail) + 8, true);
		if (used === 16 * this.per_page) {
			if (++tail - this.head >= NR_PAGES) {
				this.view.setFloat64(
					at.overrun,
					this.view.getFloat64(at.overrun, true) + this.per_page,
					true,
				);
				this.view.setInt32(at.head, this.head + 1, true);
			}
			this.#start(tail);
			used = 0;
		}
		const p = this.#page(tail) + 16 + used;
		this.view.setUint32(p, 3 | (delta << 5), true);
		this.view.setUint16(p + 4, 20, true);
		this.view.setInt32(p + 8, 1, true);
		this.view.setUint32(p + 12, this.written++, true);
		this.view.setUint32(this.#page(tail) + 8, used + 16, true);
		this.view.setFloat64(at.entries, this.written, true);
	}
}

function numbers(writer: Writer, reader: BufferReader) {
	const buffers = reader.finish();
	const { events } = decode(buffers, { "sys:tick": FORMAT }, () => "");
	return { buffers, list: events.map((e) => e.values.n), lost: events.map((e) => e.lost), writer };
}

test("full pages are taken while they are there, the last one at the end", (t) => {
	const writer = new Writer(3);
	const reader = new BufferReader(writer.memory, [at]);
	for (let i = 0; i < 10; i++) {
		writer.write();
		reader.poll();
	}
	const { list, lost, buffers } = numbers(writer, reader);
	t.deepEqual(list, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
	t.deepEqual(lost, new Array(10).fill(0));
	t.deepEqual([buffers[0].written, buffers[0].overrun], [10, 0]);
});

test("what was overwritten before anybody came is counted where it is missing", (t) => {
	const writer = new Writer(3);
	const reader = new BufferReader(writer.memory, [at]);
	for (let i = 0; i < 4; i++) writer.write();
	reader.poll();
	for (let i = 0; i < 12; i++) writer.write();
	const { list, lost, buffers } = numbers(writer, reader);
	/* 0 to 2 were read; 3 to 11 are gone. */
	t.deepEqual(list, [0, 1, 2, 12, 13, 14, 15]);
	t.deepEqual(lost, [0, 0, 0, 9, 0, 0, 0]);
	t.is(buffers[0].overrun, 9);
	t.is(buffers[0].written, list.length + 9);
});

test("times add up, within a page and beyond what an entry's head holds", (t) => {
	const writer = new Writer(3);
	const reader = new BufferReader(writer.memory, [at]);
	for (const delta of [0, 5, 7]) writer.write(delta);
	/* A time extension in the place of the second entry. */
	const second = at.pages + 16 + 16;
	writer.view.setUint32(second, 30 | (9 << 5), true);
	writer.view.setUint32(second + 4, 2, true);
	writer.view.setUint32(second + 8, 1 | (0 << 5), true);
	writer.view.setUint16(second + 12, 20, true);
	const kinds = { "sys:tick": FORMAT.replace(/\tfield.*\n/, "").replace('"n=%u", REC->n', '"-"') };
	const { events } = decode(reader.finish(), kinds, () => "");
	t.deepEqual(
		events.map((e) => e.ts),
		[0, 2 * 2 ** 27 + 9, 2 * 2 ** 27 + 9 + 7],
	);
});
