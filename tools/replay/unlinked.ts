// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files that are removed while they are open. strace shows them as `PATH`
 * before, and as `PATH (deleted)` afterwards: that is one file. Who makes the
 * path again has another one.
 */
import type { Call, Value } from "./strace.ts";

const SUFFIX = " (deleted)";

/** The path that a name without a file had. */
export const undeleted = (name: string): string => (name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name);

export class Unlinked {
	/** The name here of what is at a path now. */
	private readonly there = new Map<string, string>();
	/** And of what was there last. */
	private readonly gone = new Map<string, string>();
	/** How many there were. */
	private readonly made = new Map<string, number>();

	/** Gives the descriptors among the arguments the name that their file began with. */
	rewrite(call: Call, open: Map<number, string>): void {
		for (const arg of call.args) this.rewrite_fd(arg, open);
	}

	private rewrite_fd(arg: Value, open: Map<number, string>): void {
		if (arg.kind !== "fd" || arg.fd.kind !== "number" || arg.path.startsWith("/memfd:")) return;
		const fd = arg.fd.value;
		const path = undeleted(arg.path);
		arg.path = path === arg.path ? this.live(path) : this.dead(path, open.get(fd));
		open.set(fd, arg.path);
	}

	private live(path: string): string {
		let name = this.there.get(path);
		if (name === undefined) {
			const n = (this.made.get(path) ?? 0) + 1;
			name = n === 1 ? path : `${path} #${n}`;
			this.made.set(path, n);
			this.there.set(path, name);
		}
		return name;
	}

	/** `known` is what the descriptor was open on when it was seen last. */
	private dead(path: string, known: string | undefined): string {
		const there = this.there.get(path);
		const was_there = known === path || known?.startsWith(`${path} #`);
		const name = was_there ? (known as string) : (there ?? this.gone.get(path) ?? path + SUFFIX);
		if (name === there) this.there.delete(path);
		this.gone.set(path, name);
		return name;
	}
}
