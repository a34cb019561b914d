// SPDX-License-Identifier: GPL-2.0-only
/** The files of a recording, by path, and which mappings are of one open file. */
import { PAGE_SIZE, page_up } from "./abi.ts";
import type { MapsLine } from "./maps.ts";
import type { AddressSpace } from "./model.ts";
import type { Value } from "./strace.ts";
import type { Image, OpenFile, TracedFile } from "./trace.ts";
import { undeleted } from "./unlinked.ts";
import { number } from "./values.ts";

const FIRST_MADE_UP_INODE = 100_000_000;

export class FileTable {
	readonly files: TracedFile[] = [];
	readonly open_files: OpenFile[] = [];
	private readonly file_index = new Map<string, number>();
	/** Files whose size calls have changed, and how long they are. */
	private readonly sized = new Map<number, number>();
	/** Open files of which there were writable shared mappings. */
	private readonly written = new Set<number>();
	private readonly open_index = new Map<string, number>();

	/**
	 * Which open file a mapping is of. Recordings do not show open and close;
	 * what is mapped through one descriptor of one mm with one path counts as
	 * one open file.
	 */
	opened(mm: AddressSpace, fd: Value): string {
		return fd.kind === "fd" ? `${mm.id} ${number(fd)} ${fd.path}` : "";
	}

	open(file: number, key: string, writable: boolean): number {
		const full = `${key} ${writable}`;
		let index = this.open_index.get(full);
		if (index === undefined) {
			index = this.open_files.push({ file, writable }) - 1;
			this.open_index.set(full, index);
		}
		return index;
	}

	/** Was it opened for reading only, for all that is known? */
	may_be_read_only(key: string): boolean {
		const index = this.open_index.get(`${key} true`);
		return index !== undefined && !this.written.has(index);
	}

	/** Shared mappings of it cannot become writable. */
	is_read_only(key: string): void {
		const index = this.open_index.get(`${key} true`);
		if (index !== undefined) this.open_files[index].writable = false;
	}

	/** A shared mapping of it may be written to. */
	is_written(opened: number): void {
		this.written.add(opened);
	}

	file(path: string, line?: MapsLine): number {
		const known = this.file_index.get(path);
		if (known !== undefined) return known;
		const file: TracedFile = {
			path,
			device: line?.device ?? this.files[0]?.device ?? "00:00",
			inode: line?.inode ?? this.unused_inode(),
			/* What memfd_create() makes is empty; of others there is something. */
			size: path.startsWith("/memfd:") ? 0 : PAGE_SIZE,
		};
		this.file_index.set(path, this.files.length);
		return this.files.push(file) - 1;
	}

	/** Paths that no maps file shows get numbers that none of them has. */
	private unused_inode(): number {
		let inode = FIRST_MADE_UP_INODE;
		for (const file of this.files) if (file.inode >= inode) inode = file.inode + 1;
		return inode;
	}

	/** A call has said how long it is: from then on a mapping that is longer says nothing of it. */
	resized(file: number, length: number): void {
		this.sized.set(file, length);
	}

	/** Is that more than calls have said of it, in whole pages? */
	is_longer(file: number, length: number): boolean {
		return length > page_up(this.sized.get(file) ?? Number.POSITIVE_INFINITY);
	}

	/** Somebody has mapped as much of it. */
	reaches(file: number, end: number): void {
		if (!this.sized.has(file)) this.files[file].size = Math.max(this.files[file].size, end);
	}

	/** Grows every file to what images and the final maps show of it. */
	size_files(images: Image[], final: MapsLine[]): void {
		for (const image of images)
			for (const line of image.lines)
				if (line.file >= 0) this.reaches(line.file, line.offset + line.end - line.start);
		for (const line of final) {
			const index = this.file_index.get(line.name) ?? this.file_index.get(undeleted(line.name));
			if (index !== undefined) this.reaches(index, line.offset + line.end - line.start);
		}
	}
}
