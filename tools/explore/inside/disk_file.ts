// SPDX-License-Identifier: GPL-2.0-only
/** A file on a disk, /mnt/a, which scenarios open, ask the disk for, and leave. */
import { __NR_close, __NR_mount, __NR_openat, __NR_umount2, __NR_unlinkat } from "asm/unistd.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { brd_lookup_page } from "drivers/block/brd.ts";
import { load8 } from "host/door.ts";
import { fget, fput } from "kernel/fs/file_table.ts";
import { put_page } from "linux/mm.ts";
import { PageDirty } from "linux/page-flags.ts";
import { find_get_page } from "mm/filemap.ts";
import { A, check_that, in_kernel, map_written, note, noted, PAGE, user_syscall, write } from "./scenario.ts";

const O_RDWR_CREAT = 0o102;
/** Where names are. */
const NAMES = A + 64 * PAGE;
/** The note that has its number. */
const FD = 7;

export const disk_fd = () => noted(FD);

function name(n: number, text: string): number {
	const at = NAMES + n * 64;

	for (let i = 0; i <= text.length; i++) write(at + i, text.charCodeAt(i) || 0);
	return at;
}
export function mount_disk(): number {
	return user_syscall(__NR_mount, 0, name(0, "/mnt"), name(1, "diskfs"), 0);
}
/** By the name that it was mounted with, which is still there. */
export function umount_disk(): number {
	return user_syscall(__NR_umount2, NAMES, 0);
}
export function open_disk_file(): number {
	const fd = user_syscall(__NR_openat, 0, name(2, "/mnt/a"), O_RDWR_CREAT, 0);

	note(FD, fd);
	return fd;
}
/** With the disk as it was made. */
export function new_disk_file(): number {
	map_written(NAMES, 1);
	mount_disk();
	return open_disk_file();
}
/** What the disk says of its first byte, and whether there is a page that is still to be written. */
export function disk(): { byte: number; dirty: boolean } {
	return in_kernel(() => {
		const file = fget(disk_fd());
		const mapping = file.f_mapping;
		const inode = mapping.host;
		const block = brd_lookup_page(inode.i_ino * 2 ** 20);
		const page = find_get_page(mapping, 0);
		const dirty = page !== NULL && PageDirty(page);

		if (page !== NULL) put_page(page);
		fput(file);
		return { byte: load8(page_address(block)), dirty };
	});
}
/** It is not mapped any more. */
export function check_disk_unused(): void {
	user_syscall(__NR_close, disk_fd());
	user_syscall(__NR_unlinkat, 0, name(2, "/mnt/a"), 0);
	check_that(umount_disk() === 0, "the file system is in use");
}
