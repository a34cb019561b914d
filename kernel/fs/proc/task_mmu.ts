// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/proc/task_mmu.c (5.17): the text of /proc/PID/maps.
 * Left out: smaps, pagemap, clear_refs, numa_maps.
 * Port: there are no paths and no devices in RAM. A mapping of a file shows
 * device 00:00 and the number of its inode, by which the reader can put in
 * both. The text is made in one go, under one hold of mmap_lock.
 */
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";
import { S_SHMEM, file_inode } from "linux/fs.ts";
import {
	VM_EXEC,
	VM_MAYSHARE,
	VM_READ,
	VM_WRITE,
} from "linux/mm.ts";
import type {
	anon_vma_name,
	mm_struct,
	vm_area_struct,
} from "linux/mm_types.ts";
import {
	mmap_assert_locked,
	mmap_read_lock,
	mmap_read_unlock,
} from "linux/mmap_lock.ts";
import { mm_since } from "linux/version.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { arch_vma_name, gate_vma_line } from "asm/elf.ts";

/** Column of the names, counted from 0: what seq_setwidth() is told. */
const NAME_COLUMN = 72;

/** The initial stack: of a program's other stacks nothing is known. */
function is_stack(vma: vm_area_struct): boolean {
	const mm = vma.vm_mm;

	return vma.vm_start <= mm.start_stack && vma.vm_end >= mm.start_stack;
}

/** Port: since 6.6 a neighbour that only touches the heap is not called so. */
function is_heap(mm: mm_struct, vma: vm_area_struct): boolean {
	if (mm_since(mm, 6, 6))
		return vma.vm_start < mm.brk && vma.vm_end > mm.start_brk;
	return vma.vm_start <= mm.brk && vma.vm_end >= mm.start_brk;
}

/** %0*lx of a number that a double holds exactly. */
function hex(n: number, width: number): string {
	return n.toString(16).padStart(width, "0");
}

function show_vma_header_prefix(start: number, end: number, flags: number,
		pgoff: number, dev: string, ino: number): string {
	return hex(start, 8) + "-" + hex(end, 8) + " " +
		((flags & VM_READ) !== 0 ? "r" : "-") +
		((flags & VM_WRITE) !== 0 ? "w" : "-") +
		((flags & VM_EXEC) !== 0 ? "x" : "-") +
		((flags & VM_MAYSHARE) !== 0 ? "s" : "p") +
		" " + hex(pgoff, 8) + " " + dev + " " + ino + " ";
}

/** The NUL-terminated name; it is constant while somebody refers to it. */
function anon_name_text(anon_name: anon_vma_name): string {
	let text = "";

	for (let i = 0; anon_name.name[i] !== 0; i++)
		text += String.fromCharCode(anon_name.name[i]);
	return text;
}

function vma_name(mm: mm_struct, vma: vm_area_struct): string {
	if (vma.vm_ops !== NULL && vma.vm_ops.name) {
		const name = vma.vm_ops.name(vma);

		if (name)
			return name;
	}
	const name = arch_vma_name(vma);
	if (name !== "")
		return name;
	if (is_heap(mm, vma))
		return "[heap]";
	if (is_stack(vma))
		return "[stack]";
	if (CONFIG_ANON_VMA_NAME) {
		if (vma.anon_name !== NULL)
			return "[anon:" + anon_name_text(vma.anon_name) + "]";
	}
	return "";
}

/** One line, without its end. mmap_lock is held at least shared. */
export function show_map_vma(vma: vm_area_struct): string {
	const mm = vma.vm_mm;
	const file = vma.vm_file;
	let ino = 0;
	let pgoff = 0;
	let dev = "00:00";
	let name = "";

	mmap_assert_locked(mm);
	if (file !== NULL) {
		const inode = file_inode(file);

		ino = inode.i_ino;
		pgoff = vma.vm_pgoff * PAGE_SIZE;
		if ((inode.i_flags & S_SHMEM) !== 0) {
			dev = "00:01";
			name = "/dev/zero (deleted)";
		}
	} else {
		name = vma_name(mm, vma);
	}

	const text = show_vma_header_prefix(vma.vm_start, vma.vm_end,
		vma.vm_flags, pgoff, dev, ino);
	/* seq_pad(): at least one space more, up to the column. */
	return name === "" ? text : text.padEnd(NAME_COLUMN) + " " + name;
}

/** All lines, each with its end. Takes mmap_lock(r); the caller has a
 *  reference to mm's users. */
export function show_map(mm: mm_struct): string {
	let text = "";

	mmap_read_lock(mm);
	for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next)
		text += show_map_vma(vma) + "\n";
	mmap_read_unlock(mm);
	const gate = gate_vma_line();

	return gate === "" ? text : text + gate + "\n";
}
