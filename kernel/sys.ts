// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of kernel/sys.c (5.17) that is about memory: prctl() with
 * PR_SET_VMA, which names anonymous ranges.
 * Left out: everything else of that file. PR_SET_NAME is accepted and
 * forgotten, as tasks have no name here. Port: PR_SIM_THP_ALIGN and
 * PR_SIM_KERNEL_VERSION are our own; see mm/huge_memory.ts, linux/version.ts.
 */
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";
import { copy_from_user } from "asm/uaccess.ts";
import { load8 } from "host/door.ts";
import { current } from "kernel/sched/core.ts";
import { ANON_VMA_NAME_MAX_LEN, anon_vma_name_put } from "linux/anon_vma_name.ts";
import { EFAULT, EINVAL, ENOMEM } from "linux/errno.ts";
import type { anon_vma_name, mm_struct } from "linux/mm_types.ts";
import { mmap_write_lock, mmap_write_unlock } from "linux/mmap_lock.ts";
import { PR_SET_NAME, PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "linux/prctl.ts";
import { KERNEL_VERSION, PR_SIM_KERNEL_VERSION } from "linux/version.ts";
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
	if (option === PR_SET_NAME)
		return 0;
	return -EINVAL;
}
