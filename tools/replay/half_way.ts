// SPDX-License-Identifier: GPL-2.0-only
/**
 * mprotect() and madvise() go from mapping to mapping. Where one refuses they fail, and what they have done to
 * those before it stays.
 */
import { MADV, PROT_EXEC, PROT_WRITE } from "./abi.ts";
import type { FileTable } from "./file_table.ts";
import { type AddressSpace, ANONYMOUS, type Area, type AreaRange, SHARED, SPECIAL } from "./model.ts";

/** [vvar] and its like, which nobody may write to. */
const is_of_kernel = ({ name }: Area) => name.startsWith("[vvar");

/** The one that did not permit it (-EACCES), as far as it can be told: [vvar], a shared mapping of a file that is
 *  open for reading only; else a file that is not to be executed. */
export function forbidding(
	mm: AddressSpace,
	[start, end]: [number, number],
	prot: number,
	files: FileTable,
): AreaRange | undefined {
	const areas = mm.areas.overlapping(start, end);
	const sure = ({ value }: AreaRange) =>
		(prot & (PROT_WRITE | PROT_EXEC) && is_of_kernel(value)) ||
		(prot & PROT_WRITE && value.flags & SHARED && files.may_be_read_only(value.opened));
	return areas.find(sure) ?? areas.find(({ value }) => (prot & PROT_EXEC) !== 0 && value.file >= 0);
}

/** The one for which the advice is none (-EINVAL). */
export function unadvisable(mm: AddressSpace, [start, end]: [number, number], advice: number): AreaRange | undefined {
	return mm.areas.overlapping(start, end).find(({ value }) => {
		if (advice === MADV.MADV_WIPEONFORK) return value.file !== ANONYMOUS || (value.flags & SHARED) !== 0;
		if (advice === MADV.MADV_DOFORK) return is_of_kernel(value);
		return advice === MADV.MADV_DODUMP && value.file === SPECIAL && value.name.startsWith("[v");
	});
}
