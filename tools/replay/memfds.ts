// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which memory file a descriptor is open on. memfd_create() makes a new one each
 * time, whatever its name, and strace shows the name only: what was made says
 * which it is. A descriptor that was copied is that of the last one of its name.
 */
import type { Call, Value } from "./strace.ts";

const PREFIX = "/memfd:";

export class Memfds {
	/** How many of a path there are. */
	private readonly made = new Map<string, number>();

	/** What memfd_create() has made, for who shares descriptors with the caller. */
	create({ result }: Call, open: Map<number, string>): void {
		const { value, errno, path } = result;
		if (value === undefined || errno || path === undefined) return;
		const n = (this.made.get(path) ?? 0) + 1;
		this.made.set(path, n);
		open.set(value, this.name(path, n));
	}

	/** The first one keeps its name, as maps show it. */
	private name(path: string, n: number): string {
		return n === 1 ? path : `${path} #${n}`;
	}

	/** Tells apart what the arguments of a call are open on. */
	rewrite(call: Call, open: Map<number, string>): void {
		if (this.made.size > 0) for (const arg of call.args) this.rewrite_fd(arg, open);
	}

	private rewrite_fd(arg: Value, open: Map<number, string>): void {
		if (arg.kind !== "fd" || arg.fd.kind !== "number" || !arg.path.startsWith(PREFIX)) return;
		const known = open.get(arg.fd.value);
		const n = this.made.get(arg.path);
		if (known?.startsWith(arg.path)) arg.path = known;
		else if (n !== undefined) arg.path = this.name(arg.path, n);
	}
}
