// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/gup_test.c and gup_test.h (5.17): /sys/kernel/debug/gup_test,
 * which takes pages of who asks by get_user_pages() or pin_user_pages(), with
 * and without mmap_lock, gives them back, and says how long either took.
 * Port: a __u64 is two words, the low one first.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { copy_from_user, copy_to_user } from "asm/uaccess.ts";
import { ktime_get_ns } from "host/cpu.ts";
import { current } from "kernel/sched/core.ts";
import { WARN } from "linux/bug.ts";
import { EFAULT, EINTR, EINVAL, ENOMEM } from "linux/errno.ts";
import type { file, file_operations } from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { FOLL_LONGTERM, page_maybe_dma_pinned, put_page } from "linux/mm.ts";
import { mmap_read_lock_killable, mmap_read_unlock } from "linux/mmap_lock.ts";
import { pr_info, pr_warn } from "linux/printk.ts";
import { kcalloc, kfree } from "linux/slab.ts";
import { dump_page } from "mm/debug.ts";
import {
	get_user_pages, get_user_pages_fast, type page_ptr, pin_user_pages,
	pin_user_pages_fast, unpin_user_pages,
} from "mm/gup.ts";

const GUP_TEST_MAX_PAGES_TO_DUMP = 8;
const GUP_TEST_FLAG_DUMP_PAGES_USE_PIN = 0x1;

/** The user's. All fields: current only. */
interface gup_test extends struct {
	get_delta_usec: array<u32, 2>;
	put_delta_usec: array<u32, 2>;
	addr: array<u32, 2>;
	size: array<u32, 2>; /* in bytes; of what was taken, on return */
	nr_pages_per_call: u32;
	gup_flags: u32; /* FOLL_* */
	test_flags: u32; /* GUP_TEST_FLAG_* */
	/** those to dump, counted from 1; 0: none */
	which_pages: array<u32, 8>;
	pad: u32;
}

/* _IOWR('g', n, struct gup_test): of all architectures the same number. */
export const GUP_FAST_BENCHMARK = 0xc0506701 | 0;
export const PIN_FAST_BENCHMARK = 0xc0506702 | 0;
export const PIN_LONGTERM_BENCHMARK = 0xc0506703 | 0;
export const GUP_BASIC_TEST = 0xc0506704 | 0;
export const PIN_BASIC_TEST = 0xc0506705 | 0;
export const DUMP_USER_PAGES_TEST = 0xc0506706 | 0;

const TWO_32 = 0x100000000;

function ktime_us_delta(later: number, earlier: number): number {
	return Math.floor((later - earlier) / 1000);
}

/** Are they pinned, and not just referenced? */
function by_pin(cmd: number, test_flags: number): boolean {
	if (cmd === DUMP_USER_PAGES_TEST)
		return (test_flags & GUP_TEST_FLAG_DUMP_PAGES_USE_PIN) !== 0;
	return cmd === PIN_FAST_BENCHMARK || cmd === PIN_BASIC_TEST ||
		cmd === PIN_LONGTERM_BENCHMARK;
}

function put_back_pages(
	cmd: number, pages: page_ptr, nr_pages: number, test_flags: number,
): void {
	if (by_pin(cmd, test_flags)) {
		unpin_user_pages(pages, nr_pages);
		return;
	}
	for (let i = 0; i < nr_pages; i++)
		put_page(ptr_add(pages, i).page);
}

function verify_dma_pinned(
	cmd: number, pages: page_ptr, nr_pages: number,
): void {
	if (cmd === DUMP_USER_PAGES_TEST || !by_pin(cmd, 0))
		return;
	for (let i = 0; i < nr_pages; i++) {
		const page = ptr_add(pages, i).page;

		if (WARN(!page_maybe_dma_pinned(page),
			`pages[${i}] is NOT dma-pinned`)) {
			dump_page(page, "gup_test failure");
			break;
		}
	}
}

function dump_pages_test(
	gup: gup_test, pages: page_ptr, nr_pages: number,
): void {
	for (let i = 0; i < GUP_TEST_MAX_PAGES_TO_DUMP; i++) {
		const which = gup.which_pages[i];

		if (which > nr_pages) {
			pr_warn(`ZEROING due to out of range: ` +
				`.which_pages[${i}]: ${which}`);
			gup.which_pages[i] = 0;
		}
	}
	for (let i = 0; i < GUP_TEST_MAX_PAGES_TO_DUMP; i++) {
		/* From 1 to nr_pages, or 0. */
		const index = (gup.which_pages[i] | 0) - 1;

		if (index >= 0) {
			const addr = u64(gup.addr[0], gup.addr[1]);

			pr_info(`---- page #${index}, starting from user ` +
				`virt addr: 0x${addr.toString(16)}`);
			dump_page(ptr_add(pages, index).page,
				"gup_test: dump_pages() test");
		}
	}
}

function u64(low: number, high: number): number {
	return high * TWO_32 + low;
}

/** One call of the function that cmd stands for. */
function take_pages(
	cmd: number, addr: number, nr: number, gup: gup_test, pages: page_ptr,
): number {
	const flags = gup.gup_flags | 0;

	if (cmd === GUP_FAST_BENCHMARK)
		return get_user_pages_fast(addr, nr, flags, pages);
	if (cmd === PIN_FAST_BENCHMARK)
		return pin_user_pages_fast(addr, nr, flags, pages);
	if (cmd === PIN_LONGTERM_BENCHMARK)
		return pin_user_pages(addr, nr, flags | FOLL_LONGTERM, pages);
	return by_pin(cmd, gup.test_flags)
		? pin_user_pages(addr, nr, flags, pages)
		: get_user_pages(addr, nr, flags, pages);
}

function __gup_test_ioctl(cmd: number, gup: gup_test): number {
	const needs_mmap_lock =
		cmd !== GUP_FAST_BENCHMARK && cmd !== PIN_FAST_BENCHMARK;
	const mm = current().mm;
	const start = u64(gup.addr[0], gup.addr[1]);
	const size = u64(gup.size[0], gup.size[1]);
	const per_call = u64(gup.nr_pages_per_call, 0);
	const pages = kcalloc<page_ptr>(Math.floor(size / PAGE_SIZE),
		sizeof<page_ptr>(), GFP_KERNEL);

	if (pages === NULL)
		return -ENOMEM;
	if (needs_mmap_lock && mmap_read_lock_killable(mm) !== 0) {
		kfree(pages);
		return -EINTR;
	}

	let i = 0;
	let nr = per_call;
	let addr = start;
	let next = start;
	let start_time = ktime_get_ns();

	for (; addr < start + size; addr = next) {
		if (nr !== per_call)
			break;
		next = Math.min(addr + nr * PAGE_SIZE, start + size);
		nr = Math.floor((next - addr) / PAGE_SIZE);
		nr = take_pages(cmd, addr, nr, gup, ptr_add(pages, i));
		if (nr <= 0)
			break;
		i += nr;
	}
	let end_time = ktime_get_ns();

	gup.get_delta_usec[0] = ktime_us_delta(end_time, start_time) >>> 0;
	gup.get_delta_usec[1] = 0;
	gup.size[0] = (addr - start) % TWO_32;
	gup.size[1] = Math.floor((addr - start) / TWO_32);
	verify_dma_pinned(cmd, pages, i);
	if (cmd === DUMP_USER_PAGES_TEST)
		dump_pages_test(gup, pages, i);

	start_time = ktime_get_ns();
	put_back_pages(cmd, pages, i, gup.test_flags);
	end_time = ktime_get_ns();
	gup.put_delta_usec[0] = ktime_us_delta(end_time, start_time) >>> 0;
	gup.put_delta_usec[1] = 0;

	if (needs_mmap_lock)
		mmap_read_unlock(mm);
	kfree(pages);
	return 0;
}

function gup_test_ioctl(_file: file, cmd: number, arg: number): number {
	switch (cmd) {
	case GUP_FAST_BENCHMARK:
	case PIN_FAST_BENCHMARK:
	case PIN_LONGTERM_BENCHMARK:
	case GUP_BASIC_TEST:
	case PIN_BASIC_TEST:
	case DUMP_USER_PAGES_TEST:
		break;
	default:
		return -EINVAL;
	}
	const gup = STACK<gup_test>();
	const size = sizeof<gup_test>();

	if (copy_from_user(uptr(gup), arg, size) !== 0)
		return -EFAULT;
	const ret = __gup_test_ioctl(cmd, gup);

	if (ret)
		return ret;
	return copy_to_user(arg, uptr(gup), size) !== 0 ? -EFAULT : 0;
}

export const gup_test_fops: file_operations = RODATA({
	unlocked_ioctl: gup_test_ioctl,
});
