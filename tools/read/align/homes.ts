// SPDX-License-Identifier: GPL-2.0-only
/** Files of the kernel, and which of ours they are here. */
import type { SourceFile, Sources } from "../index/source.ts";

/** Places that are the same but for the end of the name. */
const BELOW_KERNEL = /^(mm|lib|fs|init|ipc|security|block)\//;

function by_name(path: string): string[] {
	const ours = path.replace(/\.[chS]$/, ".ts");
	if (ours === path && !/(^|\/)Kconfig[^/]*$/.test(path)) return [];
	const found = [ours];
	if (BELOW_KERNEL.test(path)) found.push(`kernel/${ours}`);
	found.push(ours.replace(/^include\/uapi\//, "include/"), ours.replace("/include/uapi/asm/", "/include/asm/"));
	return found;
}

export class Homes {
	readonly #by_mirror = new Map<string, string[]>();
	constructor(private readonly sources: Sources) {
		for (const file of sources.files.values())
			for (const name of file.mirrors)
				this.#by_mirror.set(name, [...(this.#by_mirror.get(name) ?? []), file.path]);
	}
	/** Where a file of the kernel is here: the one of its name first, then those that say that they mirror it. */
	of(path: string): string[] {
		const named = by_name(path).filter((p) => this.sources.files.has(p));
		return [...new Set([...named, ...(this.#by_mirror.get(path) ?? [])])];
	}
}

/** What the head of a file says that it leaves out, where it speaks of a name: one item of its list. */
export function left_out(file: SourceFile, name: string): string | undefined {
	const at = /\bLeft out\b/.exec(file.head)?.index;
	if (at === undefined) return undefined;
	const word = new RegExp(`\\b${name.replace(/[^\w]/g, "")}\\b`);
	const text = file.head.slice(at).split(/\n\s*\n|\bPort:/)[0];
	const items = text.split(/\n- |^Left out[^:]*:|;\s*\n/m).map((i) =>
		i
			.replace(/^\s*- |\s+/g, " ")
			.replace(/[;.]\s*$/, "")
			.trim(),
	);
	return items.find((i) => word.test(i));
}
