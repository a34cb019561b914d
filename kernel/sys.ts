// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of kernel/sys.c (5.17) that is about memory: prctl() with
 * PR_SET_VMA, which names anonymous ranges, limits, and getrusage().
 * Left out: everything else of that file. PR_SET_NAME is accepted and
 * forgotten, as tasks have no name here. Port: PR_SIM_THP_ALIGN,
 * PR_SIM_KERNEL_VERSION, PR_SIM_MMAP_MIN_ADDR, PR_SIM_NO_ZEROPAGE,
 * PR_SIM_NUMA_NODES and PR_SIM_RLIMIT are our own; see mm/huge_memory.ts and
 * linux/version.ts.
 */
import { CONFIG_ANON_VMA_NAME, CONFIG_NUMA } from "generated/autoconf.ts";
import { PAGE_ALIGNED } from "asm-generic/page.ts";
import { copy_from_user, copy_to_user } from "asm/uaccess.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { get_task_mm, init_task, mmput, tasklist_lock } from "kernel/fork.ts";
import {
	RLIM_NLIMITS, type rlimit_struct, RUSAGE_BOTH, RUSAGE_CHILDREN,
	RUSAGE_SELF, RUSAGE_THREAD,
} from "linux/resource.ts";
import type { task_struct } from "linux/sched.ts";
import {
	next_task, same_thread_group, setmax_mm_hiwater_rss, type signal_struct,
} from "linux/sched/signal.ts";
import { assert_spin_locked, spin_lock, spin_unlock } from "linux/spinlock.ts";
import { load8 } from "host/door.ts";
import { current } from "kernel/sched/core.ts";
import { ANON_VMA_NAME_MAX_LEN, anon_vma_name_put } from "linux/anon_vma_name.ts";
import { EFAULT, EINVAL, ENOMEM } from "linux/errno.ts";
import type { anon_vma_name, mm_struct } from "linux/mm_types.ts";
import { mmap_write_lock, mmap_write_unlock } from "linux/mmap_lock.ts";
import { NODES_PER_WORD } from "linux/nodemask.ts";
import { PR_SET_NAME, PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "linux/prctl.ts";
import {
	KERNEL_VERSION, PR_SIM_KERNEL_VERSION, PR_SIM_MMAP_MIN_ADDR,
	PR_SIM_NO_ZEROPAGE, PR_SIM_NUMA_NODES, PR_SIM_RLIMIT,
} from "linux/version.ts";
import { PR_SIM_THP_ALIGN, set_thp_align } from "mm/huge_memory.ts";
import { anon_vma_name_alloc, madvise_set_anon_name } from "mm/madvise.ts";

/** A buffer on the kernel stack. All fields: current only. */
interface name_buffer extends struct {
	c: array<u8, 80>;
}

/** Printable, and nothing that a shell or a parser of maps would trip over. */
function is_valid_name_char(ch: number): boolean {
	/* \ ` $ [ ] */
	return ch > 0x1f && ch < 0x7f && ch !== 0x5c && ch !== 0x60 &&
		ch !== 0x24 && ch !== 0x5b && ch !== 0x5d;
}

/** A user's string of at most ANON_VMA_NAME_MAX_LEN bytes with its NUL, or an
 *  errno. Port: it becomes text, as it is copied into an anon_vma_name next. */
function strndup_user(uname: number): string | number {
	const buf = STACK<name_buffer>();
	const base = ADDR(buf.c);
	let name = "";

	for (let i = 0; i < ANON_VMA_NAME_MAX_LEN; i++) {
		if (copy_from_user(base, uname + i, 1) !== 0)
			return -EFAULT;

		const ch = load8(base);

		if (ch === 0)
			return name;
		if (!is_valid_name_char(ch))
			return -EINVAL;
		name += String.fromCharCode(ch);
	}
	return -EINVAL;
}

function prctl_set_vma(
	opt: number, addr: number, size: number, arg: number,
): number {
	if (CONFIG_ANON_VMA_NAME) {
		const mm: mm_struct = current().mm;
		let anon_name: anon_vma_name = NULL;

		if (opt !== PR_SET_VMA_ANON_NAME)
			return -EINVAL;
		/* A null pointer takes the name away. */
		if (arg !== 0) {
			const name = strndup_user(arg);

			if (typeof name === "number")
				return name;
			anon_name = anon_vma_name_alloc(name);
			if (anon_name === NULL)
				return -ENOMEM;
		}

		mmap_write_lock(mm);

		const error = madvise_set_anon_name(mm, addr, size, anon_name);

		mmap_write_unlock(mm);
		anon_vma_name_put(anon_name);
		return error;
	}
	return -EINVAL;
}

/** What the running process, and who it makes, may have of it from now on.
 *  Port: without capabilities, the old limit, and other processes. */
function do_prlimit(resource: number, cur: number, max: number): number {
	const sig: signal_struct = current().signal;

	if (resource >= RLIM_NLIMITS || cur > max)
		return -EINVAL;

	const rlim: rlimit_struct = sig.rlim[resource];

	WRITE_ONCE(rlim.rlim_max, max);
	WRITE_ONCE(rlim.rlim_cur, cur);
	return 0;
}

export function sys_prctl(
	option: number, arg2: number, arg3: number, arg4: number, arg5: number,
): number {
	if (CONFIG_ANON_VMA_NAME) {
		if (option === PR_SET_VMA)
			return prctl_set_vma(arg2, arg3, arg4, arg5);
	}
	if (option === PR_SIM_THP_ALIGN) {
		if (arg2 !== 0 && arg2 !== 1)
			return -EINVAL;
		set_thp_align(arg2 === 1);
		return 0;
	}
	if (option === PR_SIM_KERNEL_VERSION) {
		if (arg2 > KERNEL_VERSION(255, 255, 255))
			return -EINVAL;
		WRITE_ONCE(current().mm.kernel_version, arg2);
		return 0;
	}
	if (option === PR_SIM_MMAP_MIN_ADDR) {
		const mm: mm_struct = current().mm;

		if (!PAGE_ALIGNED(arg2) || !PAGE_ALIGNED(arg3))
			return -EINVAL;
		WRITE_ONCE(mm.min_addr, arg2);
		WRITE_ONCE(mm.min_fixed_addr, arg3);
		return 0;
	}
	if (option === PR_SIM_NO_ZEROPAGE) {
		if (arg2 !== 0 && arg2 !== 1)
			return -EINVAL;
		WRITE_ONCE(current().mm.no_zeropage, arg2);
		return 0;
	}
	if (CONFIG_NUMA) {
		if (option === PR_SIM_NUMA_NODES) {
			if (arg2 < 1 || arg2 > NODES_PER_WORD)
				return -EINVAL;
			WRITE_ONCE(current().mm.nr_nodes, arg2);
			return 0;
		}
	}
	if (option === PR_SIM_RLIMIT)
		return do_prlimit(arg2, arg3, arg4);
	if (option === PR_SET_NAME)
		return 0;
	return -EINVAL;
}

/* ---- getrusage() ---- */

/** What of struct rusage is known. Port: time is not counted, and no block is
 *  read or written, so these are 0, like what Linux does not fill in. */
export interface rusage {
	ru_maxrss: number; /* in pages */
	ru_minflt: number;
	ru_majflt: number;
	ru_nvcsw: number;
	ru_nivcsw: number;
}

/** Longs in struct rusage, and which is which. All fields: current only. */
interface rusage_buffer extends struct {
	w: array<int, 36>;
}
const RU_MAXRSS = 4;
const RU_MINFLT = 8;
const RU_MAJFLT = 9;
const RU_NVCSW = 16;
const RU_NIVCSW = 17;

function accumulate_thread_rusage(t: task_struct, r: rusage): void {
	/* Its own to count, ours to look at. */
	r.ru_nvcsw += data_race(t.nvcsw);
	r.ru_nivcsw += data_race(t.nivcsw);
	r.ru_minflt += data_race(t.min_flt);
	r.ru_majflt += data_race(t.maj_flt);
}

/** tasklist_lock is held, so that no thread's count is in two places. The most
 *  memory is without that of p's mm as it is. */
export function getrusage_locked(p: task_struct, who: number): rusage {
	const sig = p.signal;
	const r: rusage = {
		ru_maxrss: 0,
		ru_minflt: 0,
		ru_majflt: 0,
		ru_nvcsw: 0,
		ru_nivcsw: 0,
	};

	assert_spin_locked(tasklist_lock);
	if (who === RUSAGE_THREAD) {
		accumulate_thread_rusage(p, r);
		r.ru_maxrss = sig.maxrss;
		return r;
	}
	if (who === RUSAGE_CHILDREN || who === RUSAGE_BOTH) {
		r.ru_nvcsw = sig.cnvcsw;
		r.ru_nivcsw = sig.cnivcsw;
		r.ru_minflt = sig.cmin_flt;
		r.ru_majflt = sig.cmaj_flt;
		r.ru_maxrss = sig.cmaxrss;
		if (who === RUSAGE_CHILDREN)
			return r;
	}
	r.ru_nvcsw += sig.nvcsw;
	r.ru_nivcsw += sig.nivcsw;
	r.ru_minflt += sig.min_flt;
	r.ru_majflt += sig.maj_flt;
	r.ru_maxrss = Math.max(r.ru_maxrss, sig.maxrss);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (same_thread_group(t, p))
			accumulate_thread_rusage(t, r);
	}
	return r;
}

function getrusage(p: task_struct, who: number): rusage {
	spin_lock(tasklist_lock);
	const r = getrusage_locked(p, who);

	spin_unlock(tasklist_lock);
	if (who !== RUSAGE_CHILDREN) {
		const mm = get_task_mm(p);

		if (mm !== NULL) {
			r.ru_maxrss = setmax_mm_hiwater_rss(r.ru_maxrss, mm);
			mmput(mm);
		}
	}
	return r;
}

/** To the user, as 18 longs. 0 or -EFAULT. */
export function put_rusage(r: rusage, ru: number): number {
	const buf = STACK<rusage_buffer>();
	const base = ADDR(buf.w);

	for (let i = 0; i < 36; i++)
		buf.w[i] = 0;
	buf.w[2 * RU_MAXRSS] = (r.ru_maxrss * (PAGE_SIZE / 1024)) as int;
	buf.w[2 * RU_MINFLT] = r.ru_minflt as int;
	buf.w[2 * RU_MAJFLT] = r.ru_majflt as int;
	buf.w[2 * RU_NVCSW] = r.ru_nvcsw as int;
	buf.w[2 * RU_NIVCSW] = r.ru_nivcsw as int;
	return copy_to_user(ru, base, sizeof<rusage_buffer>()) !== 0
		? -EFAULT
		: 0;
}

export function sys_getrusage(who: number, ru: number): number {
	if (who !== RUSAGE_SELF && who !== RUSAGE_CHILDREN &&
	    who !== RUSAGE_THREAD)
		return -EINVAL;
	return put_rusage(getrusage(current(), who), ru);
}
