// SPDX-License-Identifier: GPL-2.0-only
/** The list of operations as it grows, and what is left out of it. */
import { at } from "../lib/errors.ts";
import { ERRNO } from "./abi.ts";
import type { Call } from "./strace.ts";
import type { Thread } from "./threads.ts";
import type { Footprint, Kind, Op } from "./trace.ts";
import { numeric, show } from "./values.ts";

const NOTHING = Object.freeze({});
const none = (): Footprint => ({ layout: false, direct: [], influence: [], whole: false, brk: false });

export class Operations {
	readonly ops: Op[] = [];
	/** Lines of strace.txt that are not replayed, by name. */
	readonly omitted = new Map<string, number>();
	/** Operations that the next one of a task must follow. */
	private readonly holds = new Map<number, number[]>();

	constructor(
		/** strace.txt, for messages. */
		private readonly file: string,
		/** Hears of each operation that is about to be the next one. */
		private readonly next: (op: Op) => void,
	) {}

	/** The index of the one that comes next. */
	get length(): number {
		return this.ops.length;
	}

	make(kind: Kind, thread: Thread, call?: Call, line?: number): Op {
		return {
			kind,
			task: thread.index,
			mm: thread.mm.id,
			file: "strace.txt",
			line: line ?? call!.line,
			lines: call?.lines ?? 0,
			name: call?.name ?? kind,
			nr: 0,
			args: [],
			opened: -1,
			expected: NOTHING,
			placed: false,
			aligned: false,
			not_aligned: false,
			given: false,
			child: -1,
			image: -1,
			last: false,
			snapshot: false,
			footprint: none(),
			after: [],
		};
	}

	expect(op: Op, call: Call): void {
		const { value, errno } = call.result;
		if (errno) {
			const number = ERRNO[errno] ?? Number(/^ERRNO_(\d+)$/.exec(errno)?.[1] ?? Number.NaN);
			if (Number.isNaN(number)) throw at(this.file, call.last_line, `unknown error '${errno}'`);
			op.expected = { errno: number };
		} else if (value !== undefined) op.expected = { value };
	}

	/** Numbers of the arguments. */
	arguments(call: Call): number[] {
		return call.args.slice(0, 6).map((arg) => {
			if (
				arg.kind === "string" ||
				arg.kind === "struct" ||
				arg.kind === "array" ||
				arg.kind === "more"
			)
				return 0;
			const value = numeric(arg);
			if (value === undefined)
				throw at(
					this.file,
					call.line,
					`${call.name}: '${show(arg)}' is neither a number nor a known flag`,
				);
			return value;
		});
	}

	/** The next one of its task; its index. */
	push(op: Op, thread: Thread): number {
		const index = this.ops.push(op) - 1;
		this.next(op);
		/* Most have this one only: an array that grows would get room for many. */
		if (thread.last >= 0) op.after = [...op.after, thread.last];
		const holds = this.holds.get(thread.index);
		if (holds) {
			op.after.push(...holds);
			this.holds.delete(thread.index);
		}
		thread.last = index;
		return index;
	}

	/** The next one of `thread` waits for an operation. */
	hold(thread: Thread, op: number): void {
		this.holds.set(thread.index, [...(this.holds.get(thread.index) ?? []), op]);
	}

	omit(name: string, lines: number): void {
		this.omitted.set(name, (this.omitted.get(name) ?? 0) + lines);
	}
}
