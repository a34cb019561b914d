// SPDX-License-Identifier: GPL-2.0-only
/**
 * A device with an MMU of its own, which mirrors a part of a process's address
 * space. Mirrors no file of the kernel: it does what lib/test_hmm.c does with
 * an interval notifier, or what virt/kvm/kvm_main.c does with a notifier of the
 * whole address space, and no more than that needs.
 *
 * The device looks addresses up in a table, a word for each page. Where there
 * is no translation it asks the driver, which finds the page as a fault would,
 * and takes no reference to it: from then on the page is only kept by what
 * keeps it mapped, and whoever changes that tells the driver first.
 *
 * A device's access is what happens under the lock of its table: to take a
 * translation away is to wait until no access goes on by it. The task that asks
 * for the access stands for the device.
 */
import { offset_in_page, PFN_PHYS } from "asm-generic/page.ts";
import { PAGE_SIZE, type pte_t, TASK_SIZE } from "asm/pgtable_types.ts";
import {
	p4d_none, p4d_offset, pmd_none, pte_pfn, pte_present, pte_protnone,
	pte_write, pud_none,
} from "asm/pgtable.ts";
import { CONFIG_MMU_MIRROR } from "generated/autoconf.ts";
import { load8, smp_rmb, smp_wmb, store8 } from "host/door.ts";
import { anon_inode_getfd } from "kernel/fs/anon_inodes.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { current } from "kernel/sched/core.ts";
import { WARN_ON } from "linux/bug.ts";
import { EBADF, EFAULT, EINVAL, ENOMEM, EPERM } from "linux/errno.ts";
import {
	type file, type file_operations, FMODE_READ, FMODE_WRITE, type inode,
} from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	FAULT_FLAG_REMOTE, FAULT_FLAG_WRITE, find_vma, handle_mm_fault, NO_REGS,
	VM_FAULT_ERROR, VM_IO, VM_PFNMAP, VM_READ, VM_WRITE,
} from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import {
	type mmu_interval_notifier, mmu_interval_notifier_insert,
	type mmu_interval_notifier_ops, mmu_interval_notifier_remove,
	mmu_interval_read_begin, mmu_interval_read_retry, mmu_interval_set_seq,
	type mmu_notifier, type mmu_notifier_ops, type mmu_notifier_range,
	mmu_notifier_register, mmu_notifier_unregister,
} from "linux/mmu_notifier.ts";
import {
	pgd_offset, pmd_offset, pte_offset_map, pte_unmap, pud_offset,
} from "linux/pgtable.ts";
import { mmget_not_zero } from "linux/sched/mm.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import { cpu_relax } from "linux/smp.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { mmput } from "kernel/fork.ts";
import {
	MIRROR_INTERVAL, MIRROR_LOAD, MIRROR_MAX_PAGES, MIRROR_NOTIFIER,
	MIRROR_STORE,
} from "uapi/linux/mmu_mirror.ts";

/** One translation: the frame above these bits; 0 is none. */
export interface mirror_pte extends struct {
	word: int; /* mmu_mirror.lock */
}
const MIRROR_PTE_VALID = 1;
const MIRROR_PTE_WRITE = 2;
const MIRROR_PTE_SHIFT = 2;

export interface mmu_mirror extends struct {
	mm: mm_struct; /* constant; the subscription keeps the struct */
	start: ulong; /* constant */
	end: ulong; /* constant */
	kind: int; /* MIRROR_NOTIFIER or MIRROR_INTERVAL; constant */
	/** the device's: guards table, and the subscription's sequence */
	lock: embed<spinlock_t>;
	/** of as many entries as there are pages; the pointer is constant */
	table: mirror_pte;
	notifier: embed<mmu_notifier>; /* see mmu_notifier */
	/** MIRROR_NOTIFIER: ranges between start and end; lock */
	notifier_count: int;
	/** MIRROR_NOTIFIER: ranges that have ended; lock, and looked at
	 *  without (READ_ONCE) */
	notifier_seq: int;
	interval: embed<mmu_interval_notifier>; /* see mmu_interval_notifier */
}

function mirror_pte_of(m: mmu_mirror, addr: number): mirror_pte {
	return ptr_add(m.table, Math.floor((addr - m.start) / PAGE_SIZE));
}

/** Take translations away. The lock is held, so no access goes on by one. */
function mirror_zap(m: mmu_mirror, start: number, end: number): void {
	const from = Math.max(m.start, start);
	const to = Math.min(m.end, end);

	for (let addr = from; addr < to; addr += PAGE_SIZE) {
		const pte = mirror_pte_of(m, addr);

		pte.word = 0;
	}
}

/* ---- by a notifier of the whole address space ---- */

function mirror_of(subscription: mmu_notifier): mmu_mirror {
	return container_of<mmu_mirror>(subscription, "notifier");
}

/** Nobody uses the address space any more, or the device is closed. */
function mirror_mn_release(subscription: mmu_notifier, _mm: mm_struct): void {
	const m = mirror_of(subscription);

	spin_lock(m.lock);
	mirror_zap(m, m.start, m.end);
	spin_unlock(m.lock);
}

function mirror_mn_start(
	subscription: mmu_notifier, range: mmu_notifier_range,
): number {
	const m = mirror_of(subscription);

	spin_lock(m.lock);
	/* From here on no new translations: see mirror_read_retry(). */
	WRITE_ONCE(m.notifier_count, m.notifier_count + 1);
	mirror_zap(m, range.start, range.end);
	spin_unlock(m.lock);
	return 0;
}

function mirror_mn_end(
	subscription: mmu_notifier, _range: mmu_notifier_range,
): void {
	const m = mirror_of(subscription);

	spin_lock(m.lock);
	/*
	 * Who has read the old sequence may have read old entries. The page
	 * tables were changed before: pairs with mirror_read_begin().
	 */
	smp_wmb();
	WRITE_ONCE(m.notifier_seq, (m.notifier_seq + 1) | 0);
	WRITE_ONCE(m.notifier_count, m.notifier_count - 1);
	WARN_ON(m.notifier_count < 0,
		"mmu_mirror: a range ends that has not begun");
	spin_unlock(m.lock);
}

export const mirror_mn_ops: rodata<mmu_notifier_ops> = RODATA({
	release: mirror_mn_release,
	invalidate_range_start: mirror_mn_start,
	invalidate_range_end: mirror_mn_end,
});

/* ---- by a notifier of an interval ---- */

function mirror_interval_invalidate(
	interval_sub: mmu_interval_notifier, range: mmu_notifier_range,
	cur_seq: number,
): boolean {
	const m = container_of<mmu_mirror>(interval_sub, "interval");

	/* A spinlock: also where nobody may sleep. */
	spin_lock(m.lock);
	mmu_interval_set_seq(interval_sub, cur_seq);
	mirror_zap(m, range.start, range.end);
	spin_unlock(m.lock);
	return true;
}

export const mirror_interval_ops: rodata<mmu_interval_notifier_ops> = RODATA({
	invalidate: mirror_interval_invalidate,
});

/* ---- new translations ---- */

/** The sequence before page tables are looked at. May sleep. */
function mirror_read_begin(m: mmu_mirror): number {
	if (m.kind === MIRROR_INTERVAL)
		return mmu_interval_read_begin(m.interval);

	/* No use in looking while something changes. */
	for (let turn = 0; READ_ONCE(m.notifier_count) !== 0; turn++)
		cpu_relax(turn);
	const seq = READ_ONCE(m.notifier_seq);

	/* Before any entry is read: pairs with mirror_mn_end(). */
	smp_rmb();
	return seq;
}

/** Was anything invalidated since? The lock is held. */
function mirror_read_retry(m: mmu_mirror, seq: number): boolean {
	if (m.kind === MIRROR_INTERVAL)
		return mmu_interval_read_retry(m.interval, seq);
	return m.notifier_count !== 0 || m.notifier_seq !== seq;
}

/** What the device would have of the page tables' entry for addr: 0 is nothing.
 *  mmap_lock is held for reading, which keeps the tables. */
function mirror_walk(mm: mm_struct, addr: number): number {
	const p4d = p4d_offset(pgd_offset(mm, addr), addr);

	if (p4d_none(READ_ONCE(p4d.p4d)))
		return 0;
	const pud = pud_offset(p4d, addr);

	if (pud_none(READ_ONCE(pud.pud)))
		return 0;
	const pmd = pmd_offset(pud, addr);

	if (pmd_none(READ_ONCE(pmd.pmd)))
		return 0;
	const ptep: pte_t = pte_offset_map(pmd, addr);
	/* Without the lock of the table: who changes it later invalidates. */
	const pte = READ_ONCE(ptep.pte);

	pte_unmap(ptep);
	if (!pte_present(pte) || pte_protnone(pte))
		return 0;
	return (pte_pfn(pte) << MIRROR_PTE_SHIFT) | MIRROR_PTE_VALID |
		(pte_write(pte) ? MIRROR_PTE_WRITE : 0);
}

function mirror_pte_allows(word: number, write: boolean): boolean {
	return (word & (write ? MIRROR_PTE_WRITE : MIRROR_PTE_VALID)) !== 0;
}

/** A translation of addr, for which the page is faulted in if need be, or an
 *  errno. mmap_lock is held for reading. */
function mirror_find_page(
	mm: mm_struct, addr: number, write: boolean,
): number {
	const vma = find_vma(mm, addr);

	if (vma === NULL || addr < vma.vm_start)
		return -EFAULT;
	if ((vma.vm_flags & (VM_IO | VM_PFNMAP)) !== 0 ||
	    (vma.vm_flags & VM_READ) === 0)
		return -EFAULT;
	if (write && (vma.vm_flags & VM_WRITE) === 0)
		return -EPERM;
	for (;;) {
		const word = mirror_walk(mm, addr);

		if (mirror_pte_allows(word, write))
			return word;
		const ret = handle_mm_fault(vma, addr,
			FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0),
			NO_REGS);

		if ((ret & VM_FAULT_ERROR) !== 0)
			return -EFAULT;
	}
}

/** The device has no translation that allows the access: make one, or say why
 *  not. May sleep; nothing is held. */
function mirror_fault(m: mmu_mirror, addr: number, write: boolean): number {
	const mm: mm_struct = m.mm;
	const page = addr - offset_in_page(addr);

	/* The address space may have no users any more, or lose them. */
	if (!mmget_not_zero(mm))
		return -EFAULT;
	let ret = 0;
	for (;;) {
		const seq = mirror_read_begin(m);

		mmap_read_lock(mm);
		const word = mirror_find_page(mm, page, write);
		mmap_read_unlock(mm);
		if (word < 0) {
			ret = word;
			break;
		}
		spin_lock(m.lock);
		if (!mirror_read_retry(m, seq)) {
			const pte = mirror_pte_of(m, page);

			pte.word = word;
			spin_unlock(m.lock);
			break;
		}
		spin_unlock(m.lock);
	}
	mmput(mm);
	return ret;
}

/** One access of the device: the byte, 0 of a store, or an errno. May sleep. */
export function mirror_access(
	m: mmu_mirror, addr: number, write: boolean, value: number,
): number {
	if (addr < m.start || addr >= m.end)
		return -EFAULT;
	for (;;) {
		spin_lock(m.lock);
		const pte = mirror_pte_of(m, addr);
		const word = pte.word;

		if (mirror_pte_allows(word, write)) {
			const p = PFN_PHYS(word >>> MIRROR_PTE_SHIFT) +
				offset_in_page(addr);
			let byte = 0;

			if (write)
				store8(p, value & 0xff);
			else
				byte = load8(p);
			spin_unlock(m.lock);
			return byte;
		}
		spin_unlock(m.lock);
		const error = mirror_fault(m, addr, write);

		if (error !== 0)
			return error;
	}
}

/** For checks, while nobody runs: the frame that addr is translated to, -1 if
 *  there is none, and whether it may be written to. */
export function mirror_translation(
	m: mmu_mirror, addr: number,
): { pfn: number; write: boolean } {
	const pte = mirror_pte_of(m, addr);
	const word = pte.word;

	return word === 0
		? { pfn: -1, write: false }
		: {
			pfn: word >>> MIRROR_PTE_SHIFT,
			write: mirror_pte_allows(word, true),
		};
}

/* ---- opening and closing ---- */

/** No callback runs any more, nor will, and no access goes on. */
function mirror_free(m: mmu_mirror): void {
	kfree(m.table);
	kfree(m);
}

function mirror_of_file(file: file): mmu_mirror {
	return cast<mmu_mirror>(file.private_data);
}

/** End the subscription. May sleep. */
function mirror_unsubscribe(m: mmu_mirror): void {
	if (m.kind === MIRROR_INTERVAL)
		mmu_interval_notifier_remove(m.interval);
	else
		mmu_notifier_unregister(m.notifier, m.mm);
}

/** The last descriptor is closed. */
function mirror_release(_inode: inode, file: file): number {
	const m = mirror_of_file(file);

	mirror_unsubscribe(m);
	mirror_free(m);
	return 0;
}

const mirror_fops: rodata<file_operations> = RODATA({
	release: mirror_release,
});

/** NULL without memory. */
function mirror_alloc(start: number, len: number, kind: number): mmu_mirror {
	const m = kzalloc<mmu_mirror>(sizeof<mmu_mirror>(), GFP_KERNEL);

	if (m === NULL)
		return NULL;
	m.table = kzalloc<mirror_pte>(
		len / PAGE_SIZE * sizeof<mirror_pte>(), GFP_KERNEL);
	if (m.table === NULL) {
		kfree(m);
		return NULL;
	}
	m.mm = current().mm;
	m.start = start;
	m.end = start + len;
	m.kind = kind;
	spin_lock_init(m.lock);
	return m;
}

/** A device for [start, start + len) of our address space: its descriptor, or
 *  an errno. Nothing has to be mapped there, now or later. */
export function sys_sim_mirror_open(
	start: number, len: number, kind: number,
): number {
	if (!CONFIG_MMU_MIRROR)
		return -EINVAL;
	if (start % PAGE_SIZE !== 0 || len % PAGE_SIZE !== 0 || len === 0 ||
	    len > MIRROR_MAX_PAGES * PAGE_SIZE || start + len > TASK_SIZE)
		return -EINVAL;
	if (kind !== MIRROR_NOTIFIER && kind !== MIRROR_INTERVAL)
		return -EINVAL;
	const m = mirror_alloc(start, len, kind);

	if (m === NULL)
		return -ENOMEM;
	let error: number;
	if (kind === MIRROR_INTERVAL) {
		error = mmu_interval_notifier_insert(m.interval, m.mm, start,
			len, mirror_interval_ops);
	} else {
		m.notifier.ops = mirror_mn_ops;
		error = mmu_notifier_register(m.notifier, m.mm);
	}
	if (error !== 0) {
		mirror_free(m);
		return error;
	}
	const fd = anon_inode_getfd(mirror_fops, uptr(m),
		FMODE_READ | FMODE_WRITE);

	if (fd < 0) {
		mirror_unsubscribe(m);
		mirror_free(m);
	}
	return fd;
}

/** The device of that descriptor accesses a byte: see mirror_access(). */
export function sys_sim_mirror_access(
	fd: number, op: number, addr: number, value: number,
): number {
	const file = fget(fd);
	let ret = -EINVAL;

	if (file === NULL)
		return -EBADF;
	if (file.f_op === mirror_fops &&
	    (op === MIRROR_LOAD || op === MIRROR_STORE)) {
		const m = mirror_of_file(file);

		ret = mirror_access(m, addr, op === MIRROR_STORE, value);
	}
	fput(file);
	return ret;
}
