// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of kernel/trace and of the trace points: what a process of CPU 0
 * does is found in its ring buffer. Mirrors no file of the kernel.
 */
import {
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import {
	KUNIT_ASSERT_EQ,
	KUNIT_ASSERT_GT,
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_GE,
	KUNIT_EXPECT_GT,
	KUNIT_EXPECT_LT,
	KUNIT_EXPECT_STREQ,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import { EINVAL } from "linux/errno.ts";
import { PROT_READ } from "linux/mman.ts";
import { __TRACE_LAST_TYPE, NR_TRACEPOINTS } from "linux/tracepoint.ts";
import { CLONE_SIGHAND, CLONE_THREAD, CLONE_VM } from "uapi/linux/sched.ts";
import { SPF_ABORT } from "linux/vm_event_item.ts";
import type { trace_entry } from "linux/trace_events.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_clone,
	__NR_exit,
	__NR_madvise,
	__NR_mprotect,
	__NR_munmap,
} from "asm/unistd.ts";
import {
	run_task,
	user_load8,
	user_signal,
	user_store8,
	user_syscall,
} from "kernel/entry/user.ts";
import {
	event_format,
	ftrace_set_clr_event,
	trace_event_calls,
} from "kernel/trace/trace_events.ts";
import {
	type buffer_data_page,
	ring_buffers,
} from "kernel/trace/ring_buffer.ts";
import {
	AREA,
	make_process,
	map_anon,
	user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";
import {
	enter_from_user_mode,
	irqentry_exit_to_user_mode,
} from "kernel/entry/common.ts";
import {
	trace_free,
	type trace_info,
	trace_start,
	trace_stop,
} from "kernel/trace/tracefs.ts";
import { all_vm_events } from "mm/vmstat.ts";

const SUB_BUFFER = 4096;

/** An entry that was found: its name, and the words behind its head. */
interface found {
	name: string;
	pid: number;
	ts: number;
	words: number[];
}

function name_of(type: number): string {
	const call = trace_event_calls().find((c) => c.type === type);

	return call === undefined ? `type ${type}` : call.name;
}

/** What this CPU's buffer holds, the oldest first. */
function entries(): found[] {
	const rb = this_cpu(ring_buffers);
	const list: found[] = [];

	for (let n = rb.head as number; n <= rb.tail; n++) {
		const p = rb.pages + (n & (rb.nr_pages - 1)) * SUB_BUFFER;
		const page = cast<buffer_data_page>(p);
		const hi: ulong = page.time_stamp_hi;
		let ts: ulong = page.time_stamp_lo;

		ts += hi * 4294967296;
		let at = 0;

		while (4 * at < page.commit) {
			const head = page.data[at];
			const length = head & 31;

			ts += head >>> 5;
			if (length === 30) {
				const more: ulong = page.data[at + 1];

				ts += more * 134217728;
				at += 2;
				continue;
			}
			const entry = cast<trace_entry>(p + 16 + 4 * at + 4);
			const words: number[] = [];
			for (let i = 2; i < length; i++)
				words.push(page.data[at + 1 + i]);
			list.push({
				name: name_of(entry.type),
				pid: entry.pid,
				ts,
				words,
			});
			at += 1 + length;
		}
	}
	return list;
}

function in_kernel<T>(fn: () => T): T {
	enter_from_user_mode();
	const result = fn();
	irqentry_exit_to_user_mode();
	return result;
}

function traced(names: string[], nr_pages: number): trace_info | number {
	return in_kernel(() => trace_start(names, nr_pages));
}

function off(): void {
	in_kernel(trace_stop);
}

function trace_names(): string {
	return entries()
		.map((e) => e.name)
		.join(" ");
}

function start(test: kunit, events: string[], pages = 64): void {
	KUNIT_ASSERT_EQ(test, typeof traced(events, pages), "object");
}

function stop(): void {
	off();
	in_kernel(trace_free);
}

/** A process with a page of its own, and its table. */
function trace_process(test: kunit): number {
	const pid = make_process(test);

	map_anon(test, AREA, 64);
	user_store8(AREA, 1);
	return pid;
}

/** A fault with the lock, from its entry to its exit. */
function trace_of_a_fault(test: kunit): void {
	const pid = trace_process(test);

	start(test, ["pagefault:*", "mmap_lock"]);
	user_store8(AREA + PAGE_SIZE, 1);
	off();
	user_store8(AREA + 2 * PAGE_SIZE, 1);
	KUNIT_EXPECT_STREQ(
		test,
		trace_names(),
		"page_fault_entry mmap_lock_start_locking " +
			"mmap_lock_acquire_returned handle_mm_fault " +
			"mmap_lock_released page_fault_exit",
	);
	const list = entries();
	for (const e of list) KUNIT_EXPECT_EQ(test, e.pid, pid);
	for (let i = 1; i < list.length; i++)
		KUNIT_EXPECT_GE(test, list[i].ts, list[i - 1].ts);
	const [entry, , , done, , exit] = list;
	const lo = (AREA + PAGE_SIZE) % 4294967296;
	KUNIT_EXPECT_EQ(test, entry.words[0], lo);
	KUNIT_EXPECT_EQ(test, entry.words[2], 1);
	/* user, handled */
	KUNIT_EXPECT_EQ(test, exit.words[2], 0x101);
	KUNIT_EXPECT_EQ(test, done.words[2], lo);
	/* WRITE|ALLOW_RETRY|KILLABLE|USER|INTERRUPTIBLE, and nothing amiss */
	KUNIT_EXPECT_EQ(test, done.words[4], 0x255);
	KUNIT_EXPECT_EQ(test, done.words[5], 0);
	stop();
}

/** mmap_lock: to write, to read, and from one to the other. */
function trace_of_the_lock(test: kunit): void {
	trace_process(test);
	start(test, ["mmap_lock_acquire_returned"]);
	user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ);
	user_syscall(__NR_munmap, AREA, PAGE_SIZE);
	off();
	/* munmap() frees what it unmapped under the lock for reading. */
	KUNIT_EXPECT_STREQ(
		test,
		entries()
			.map((e) => e.words[3].toString(16))
			.join(" "),
		"101 101 100",
	);
	stop();
}

function events(item: number): number {
	return CONFIG_VM_EVENT_COUNTERS ? all_vm_events()[item] : 0;
}

/** D12.24: what was given up has an event, once, and says why. */
function trace_of_aborts(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const pid = trace_process(test);
		const thread = user_syscall(
			__NR_clone,
			CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
			0,
		);
		const fresh = AREA + 0x40000000;

		start(test, ["spf_*"]);
		const before = events(SPF_ABORT);
		user_store8(AREA + PAGE_SIZE, 1);
		KUNIT_EXPECT_STREQ(test, trace_names(), "");
		user_load8(AREA - PAGE_SIZE);
		map_anon(test, fresh, 4);
		user_store8(fresh, 1);
		user_store8(fresh + PAGE_SIZE, 1);
		user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ);
		user_store8(AREA, 1);
		user_signal();
		off();
		KUNIT_EXPECT_STREQ(
			test,
			trace_names(),
			"spf_vma_changed spf_vma_notsup spf_vma_access",
		);
		/* SPF_ABORT_UNMAPPED, SPF_ABORT_PUD or _PMD, _ACCESS_ERROR */
		const why = entries().map((e) => e.words[0]);
		KUNIT_EXPECT_EQ(test, why[0], 2);
		KUNIT_EXPECT_TRUE(test, why[1] === 6 || why[1] === 7);
		KUNIT_EXPECT_EQ(test, why[2], 5);
		if (CONFIG_VM_EVENT_COUNTERS)
			KUNIT_EXPECT_EQ(test, events(SPF_ABORT) - before, 3);
		stop();
		run_task(thread);
		user_syscall(__NR_exit, 0);
		run_task(pid);
	}
}

/** What does not fit any more makes room, and is counted. */
function trace_overruns(test: kunit): void {
	trace_process(test);
	start(test, ["page_fault_entry"], 2);
	const rounds = 1000;
	for (let i = 0; i < rounds; i++) {
		user_store8(AREA + PAGE_SIZE, 1);
		user_syscall(__NR_madvise, AREA + PAGE_SIZE, PAGE_SIZE, 4);
	}
	off();
	const rb = this_cpu(ring_buffers);
	const list = entries();
	KUNIT_EXPECT_EQ(test, rb.entries, rounds);
	KUNIT_EXPECT_GT(test, rb.overrun, 0);
	KUNIT_EXPECT_EQ(test, list.length + rb.overrun, rounds);
	for (let i = 1; i < list.length; i++)
		KUNIT_EXPECT_GE(test, list[i].ts, list[i - 1].ts);
	stop();
}

/** A time that the head of an entry has no room for. */
function trace_after_a_long_time(test: kunit): void {
	trace_process(test);
	start(test, ["page_fault_entry"]);
	user_store8(AREA + PAGE_SIZE, 1);
	const rb = this_cpu(ring_buffers);
	/* As if nothing had happened for two minutes. */
	rb.write_stamp -= 120e9;
	user_store8(AREA + 2 * PAGE_SIZE, 1);
	off();
	const [first, second] = entries();
	KUNIT_EXPECT_GT(test, second.ts - first.ts, 120e9 - 1);
	KUNIT_EXPECT_LT(test, second.ts - first.ts, 150e9);
	stop();
}

/** What a trace that cannot start says. */
function refused(names: string[]): number {
	const info = traced(names, 2);

	return typeof info === "number" ? info : 0;
}

/** Nobody listens, and names that are none. */
function trace_set_event(test: kunit): void {
	trace_process(test);
	KUNIT_EXPECT_EQ(test, refused(["nosuch"]), -EINVAL);
	KUNIT_EXPECT_EQ(test, refused(["*", "pagefault:x"]), -EINVAL);
	start(test, []);
	user_store8(AREA + PAGE_SIZE, 1);
	KUNIT_EXPECT_STREQ(test, trace_names(), "");
	KUNIT_EXPECT_EQ(test, ftrace_set_clr_event("spf*:*", true), -EINVAL);
	KUNIT_EXPECT_EQ(test, ftrace_set_clr_event("mmap_lock:", true), 3);
	KUNIT_EXPECT_EQ(test, ftrace_set_clr_event(":*page_f*_e*t*", true), 2);
	KUNIT_EXPECT_EQ(
		test,
		ftrace_set_clr_event("*", false),
		trace_event_calls().length,
	);
	stop();
}

/** Each has a key of its own, and a format file as Linux's. */
function trace_formats(test: kunit): void {
	const calls = trace_event_calls();
	const types = calls.map((c) => c.type).sort((a, b) => a - b);

	for (let i = 0; i < types.length; i++) {
		KUNIT_EXPECT_GE(test, types[i], __TRACE_LAST_TYPE);
		KUNIT_EXPECT_LT(
			test,
			types[i],
			__TRACE_LAST_TYPE + NR_TRACEPOINTS,
		);
		if (i > 0) KUNIT_EXPECT_GT(test, types[i], types[i - 1]);
	}
	const call = calls.find((c) => c.name === "mmap_lock_released");
	KUNIT_ASSERT_GT(test, call === undefined ? 0 : 1, 0);
	if (call === undefined) return;
	const field = (c: string, at: number, size: number, sign = 0) =>
		`\tfield:${c};\toffset:${at};\tsize:${size};` +
		`\tsigned:${sign};\n`;
	KUNIT_EXPECT_STREQ(
		test,
		event_format(call),
		`name: mmap_lock_released\nID: ${call.type}\nformat:\n` +
			field("unsigned short common_type", 0, 2) +
			field("unsigned char common_flags", 2, 1) +
			field("unsigned char common_preempt_count", 3, 1) +
			field("int common_pid", 4, 4, 1) +
			"\n" +
			field("struct mm_struct * mm", 8, 8) +
			field("__data_loc char[] memcg_path", 16, 4, 1) +
			field("bool write", 20, 1) +
			'\nprint fmt: "mm=%p memcg_path=%s write=%s", ' +
			"REC->mm, __get_str(memcg_path), " +
			'REC->write ? "true" : "false"\n',
	);
}

export const trace_test_suite = kunit_suite({
	name: "trace",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("trace_of_a_fault", trace_of_a_fault),
		KUNIT_CASE("trace_of_the_lock", trace_of_the_lock),
		KUNIT_CASE("trace_of_aborts", trace_of_aborts),
		KUNIT_CASE("trace_overruns", trace_overruns),
		KUNIT_CASE("trace_after_a_long_time", trace_after_a_long_time),
		KUNIT_CASE("trace_set_event", trace_set_event),
		KUNIT_CASE("trace_formats", trace_formats),
	],
});
