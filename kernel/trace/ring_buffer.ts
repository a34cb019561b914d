// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/trace/ring_buffer.c (5.17): for each CPU a ring of pages that
 * it alone writes entries to; the oldest page makes room for the newest. Pages
 * have Linux's format, so that what reads trace_pipe_raw can read them.
 * Left out: what interrupts write in between (none is taken while an entry is
 * written), discarded entries, resizing, snapshots, and the reader. That one is
 * outside of the machine, at any time, and reads the memory: see
 * tools/trace/buffer.ts.
 *
 * Port: pages lie one behind the other and are counted from the start on; page
 * n is at n modulo their number. head is the oldest one that is still there.
 * The writer that needs its place, and the reader that has copied it, move head
 * on, and whoever is first has it: what a reader has copied counts only if
 * head was still there afterwards.
 */
import { ENOMEM } from "linux/errno.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { memset } from "host/door.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { __get_free_pages, free_pages, GFP_KERNEL } from "linux/gfp.ts";
import { trace_clock_local } from "./trace_clock.ts";

/** A page of entries. All fields: its CPU only, until commit covers them. */
export interface buffer_data_page extends struct {
	/** 64 bits: when its first entry was written */
	time_stamp_lo: u32;
	time_stamp_hi: u32;
	commit: int; /* bytes of data that can be read; atomic: released */
	/** Port: entries before this page; in Linux the high half of commit */
	first: u32;
	data: array<u32, 1020>;
}
const BUF_PAGE_SIZE = 4080;
/** With its head: the same on all architectures, whatever their pages are. */
const BUF_SIZE = 4096;

/* The low five bits of an entry's first word: its length in words, or these.
 * The others are the time since the entry before. */
const RINGBUF_TYPE_TIME_EXTEND = 30;
const TS_LIMIT = 134217728; /* 2^27 */
const TWO_32 = 4294967296;

export interface ring_buffer_per_cpu extends struct {
	pages: int; /* the first one; 0: no buffer; constant while it writes */
	nr_pages: int; /* a power of two; constant while it writes */
	/** the oldest page; atomic: the writer's and the reader's cmpxchg */
	head: int;
	/** the page that is written to; its CPU only, released to readers */
	tail: int;
	write: int; /* bytes of it that are taken; its CPU only */
	write_stamp: ulong; /* time of the last entry; its CPU only */
	entries: ulong; /* written since the start; its CPU only, peeked at */
	/** written over before anybody read them; its CPU only, peeked at */
	overrun: ulong;
}
export const ring_buffers = DEFINE_PER_CPU<ring_buffer_per_cpu>();

function rb_page(rb: ring_buffer_per_cpu, n: number): buffer_data_page {
	const at = (n & (rb.nr_pages - 1)) * BUF_SIZE;

	return cast<buffer_data_page>(rb.pages + at);
}

/** Make page n the one that is written to. */
function rb_start_page(rb: ring_buffer_per_cpu, n: number, ts: number): void {
	const page = rb_page(rb, n);

	page.time_stamp_lo = ts % TWO_32 >>> 0;
	page.time_stamp_hi = Math.floor(ts / TWO_32) >>> 0;
	page.first = rb.entries % TWO_32 >>> 0;
	WRITE_ONCE(page.commit, 0);
	rb.write = 0;
	rb.write_stamp = ts;
	/* The page is empty before it is there; pairs with who reads what
	 * trace_buffers() tells of. */
	smp_store_release(rb.tail, n as int);
}

/** The page is full: on to the next, which may be the oldest. */
function rb_move_tail(rb: ring_buffer_per_cpu, ts: number): void {
	const next = rb.tail + 1;
	const head = READ_ONCE(rb.head);

	if (next - head >= rb.nr_pages) {
		const lost = (rb_page(rb, head + 1).first -
			rb_page(rb, head).first) >>> 0;

		/* Full barrier: who has read it without finding head gone has
		 * read what was there. */
		if (cmpxchg(rb.head, head, head + 1) === head)
			rb.overrun += lost;
	}
	rb_start_page(rb, next, ts);
}

/**
 * Room for an entry of that many bytes, a multiple of 4 and at most 112; 0
 * without a buffer. No interrupt may be taken before ring_buffer_commit().
 */
export function ring_buffer_reserve(length: number): number {
	const rb = this_cpu(ring_buffers);

	if (rb.pages === 0)
		return 0;
	const ts = trace_clock_local();
	let delta = Math.max(ts - rb.write_stamp, 0);

	/* Its head and, after a long time, an entry that says how long. */
	if (rb.write + length + 12 > BUF_PAGE_SIZE) {
		rb_move_tail(rb, ts);
		delta = 0;
	}
	const page = rb_page(rb, rb.tail);
	let at = rb.write >>> 2;

	if (delta >= TS_LIMIT) {
		const low = (delta % TS_LIMIT) as int;

		page.data[at] = (RINGBUF_TYPE_TIME_EXTEND | (low << 5)) >>> 0;
		page.data[at + 1] = Math.floor(delta / TS_LIMIT) as int;
		at += 2;
		delta = 0;
	}
	const words = (length / 4) as int;
	page.data[at] = (words | ((delta as int) << 5)) >>> 0;
	rb.write_stamp = Math.max(ts, rb.write_stamp);
	rb.write = (4 * at + 4 + length) as int;
	return uptr(page) + 16 + 4 * at + 4;
}

/** The entry is complete, and can be read. */
export function ring_buffer_commit(): void {
	const rb = this_cpu(ring_buffers);
	const page = rb_page(rb, rb.tail);

	rb.entries++;
	/* Pairs with who reads what trace_buffers() tells of. */
	smp_store_release(page.commit, rb.write);
}

function order_of(nr_pages: number): number {
	const pages = (nr_pages * BUF_SIZE) / PAGE_SIZE;

	return pages <= 1 ? 0 : 32 - Math.clz32(pages - 1);
}

/**
 * Empty buffers of nr_pages, a power of two from 2 to 1024, for each CPU.
 * 0, or -ENOMEM, and then nobody has one. No event is enabled.
 */
export function ring_buffer_alloc(nr_pages: number): number {
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const rb = per_cpu(ring_buffers, cpu);
		const pages = __get_free_pages(GFP_KERNEL, order_of(nr_pages));

		if (pages === 0) {
			ring_buffer_free();
			return -ENOMEM;
		}
		memset(pages, 0, nr_pages * BUF_SIZE);
		rb.nr_pages = nr_pages as int;
		rb.head = 0;
		rb.entries = 0;
		rb.overrun = 0;
		rb.pages = pages as int;
		rb_start_page(rb, 0, trace_clock_local());
	}
	return 0;
}

/** No event is enabled, and no CPU is writing one. */
export function ring_buffer_free(): void {
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const rb = per_cpu(ring_buffers, cpu);

		if (rb.pages !== 0)
			free_pages(rb.pages, order_of(rb.nr_pages));
		rb.pages = 0;
	}
}
