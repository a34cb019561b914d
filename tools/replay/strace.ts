// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reads what `strace -f -ttt -y -e trace=%memory,%process,prctl -o FILE` wrote,
 * by any strace from 4.26 to 6.16, and what one sees of it in bug reports:
 * without times, descriptors' paths or threads' numbers.
 *
 * A call that strace split into `<unfinished ...>` and `<... resumed>` is
 * joined: it has both times.
 */
import { at, lines_of } from "../lib/errors.ts";
import { undress } from "./pasted.ts";
import { Lexer, Malformed, number_of, parse_arguments, parse_expression, type Value } from "./strace_args.ts";

export type { Value };

export interface Result {
	/** What the call returned; absent for `?`: it did not return, or nobody saw it. */
	value?: number;
	/** The errno's name when the call failed, such as ENOMEM. */
	errno?: string;
	/** Path of a returned file descriptor. */
	path?: string;
}

export interface Call {
	kind: "call";
	pid: number;
	name: string;
	args: Value[];
	result: Result;
	/** When the thread entered the call, and when it was seen to leave it: the
	 *  same for a call on one line. Microseconds. */
	entered: number;
	left: number;
	/** Line numbers of the two; the same for a call on one line. */
	line: number;
	last_line: number;
	/** How many lines the call takes up: 2 when it was split. */
	lines: number;
	/** Never came back: killed inside, or the recording ends. */
	unfinished: boolean;
	/** strace held the call back for the recorder. */
	delayed: boolean;
}

/** The end of a thread. */
export interface Exit {
	kind: "exit";
	pid: number;
	time: number;
	line: number;
	/** Exit code, or the signal's name. */
	code?: number;
	signal?: string;
	/** Another thread's execve took its pid away. */
	superseded_by?: number;
}

export interface Signal {
	kind: "signal";
	pid: number;
	time: number;
	line: number;
	name: string;
	/** Is it said where it comes from? */
	info: boolean;
	/** A memory key forbade it. */
	key?: boolean;
	/** Where, if it is of an access to memory. */
	address?: number;
	/** … and whether something was mapped there. */
	mapped?: boolean;
}

export type Event = Call | Exit | Signal;

export interface Strace {
	/** In the order of the lines on which they begin. */
	events: Event[];
	/** Lines of the file. */
	lines: number;
	/** What the times are: of -ttt, or, where lines have no such times, the numbers of the lines. */
	clock: "unix" | "lines";
	/** No line says of which thread it is: strace without -f. */
	no_pids: boolean;
	/** Lines that say nothing of the program, such as 'strace: Process 7 attached'. */
	notes: number;
	/** The last line ends in its middle, and is left out. */
	cut: boolean;
	/** A line in whose place others were. */
	gap?: number;
	/** Lines that are not strace's. */
	others: number[];
}

/** What stands behind the arguments: `= 3</path> (INJECTED) <0.000012>`. */
const VALUE = /^\s*=\s*(?:(\?)|(0x[0-9a-f]+|-?\d+))/;
const ERROR = /\s+(?:(E[A-Z0-9_]+)|\(errno (\d+)\))/y;

/** Skips `<…>`, `(…)` or `/*…*\/` and blanks; where none of them is, -1. */
function skip_note(text: string, from: number): number {
	let i = from;
	while (text[i] === " " || text[i] === "\t") i++;
	if (i === text.length) return i;
	if (text.startsWith("/*", i)) {
		const end = text.indexOf("*/", i + 2);
		return end < 0 ? -1 : end + 2;
	}
	const open = text[i];
	const close = open === "<" ? ">" : open === "(" ? ")" : "";
	if (close === "") return -1;
	for (let level = 0; i < text.length; i++) {
		if (text[i] === open) level++;
		else if (text[i] === close && !(close === ">" && text[i - 1] === "-") && --level === 0) return i + 1;
	}
	return -1;
}

function parse_result(text: string): { result: Result; delayed: boolean } {
	const wrong = () =>
		new Malformed(`no result such as '= 0' where '${text.trim().slice(0, 30) || "end of line"}' stands`);
	const match = VALUE.exec(text);
	if (!match) throw wrong();
	const result: Result = {};
	let i = match[0].length;
	if (text[i] === "<") {
		const end = skip_note(text, i);
		if (end < 0) throw wrong();
		/* `</dev/null<char 1:3>>`: what it is besides the path is no part of it. */
		result.path = text.slice(i + 1, end - 1).replace(/<[^<>]*>$/, "");
		i = end;
		if (text.startsWith("(deleted)", i)) result.path += " (deleted)";
	}
	ERROR.lastIndex = i;
	const error = ERROR.exec(text);
	if (error) i = ERROR.lastIndex;
	const notes = i;
	while (i < text.length) {
		i = skip_note(text, i);
		if (i < 0) throw wrong();
	}
	if (!match[1]) {
		result.value = number_of(match[2]);
		if (error) result.errno = error[1] ?? `ERRNO_${error[2]}`;
		if (result.value === -1 && !error) throw new Malformed("result -1 without an errno");
	}
	return { result, delayed: text.includes("(DELAYED)", notes) };
}

const PID = /^(?:\[pid\s+(\d{1,9})(?:<[^>]*>)?\]|(\d{1,9})(?:<[^>]*>)?(?=\s))\s*/;
const TIME = /^(?:(\d{1,10})\.(\d{3,9})|(\d{9,10})(?=\s)|(\d\d:\d\d:\d\d(?:\.\d+)?))\s+/;
/** What other options print before the call: -r, -n, -i. */
const MORE = /^(?:\(\+\s*\d+(?:\.\d+)?\)\s+|\d+\.\d+\s+|\[\s*(?:\d+|[0-9a-f]{16}|\?+)\]\s+)+/;
/** Lines of strace itself, and of a stack trace (-k). */
const NOTE = /^(?:strace: |Process \d+ (?:attached|detached|suspended|resumed)| > \S|\s*$)/;
const ATTACHED = /^(?:strace: )?Process (\d+) attached/;
const UNFINISHED = /^(.*?)\s*<(?:unfinished|detached|pid changed to \d+) \.\.\.>$/;
/** The thread was killed inside: the decoder had more to say, and there is no result. */
const NO_MORE = /\s*<unfinished \.\.\.>\)\s*= \?\s*$/;
const RESUMED = /^<\.\.\. (\w+|\?{3,4}) resumed>\s?(.*)$/;
const HEAD = /^(\w+|\?{3,4})\(/;
const UNKNOWN = /^\?+$/;
const MICROSECONDS = 1e6;
/** Earlier ones are times since something else. */
const FIRST_UNIX = 1000;

interface Pending {
	call: Call;
	/** Text of the arguments so far, behind `(`. */
	text: string;
}

/** Takes one file. Every malformed line is an error with file:line. `pasted`: there is nothing else, as where somebody
 *  pasted it; then lines that are not strace's may stand between. */
export function parse_strace(text: string, file: string, pasted = false): Strace {
	return new Parser(file, pasted).parse(text);
}

/** A line that strace did not write. */
class NotStrace extends Malformed {}

class Parser {
	private readonly events: Event[] = [];
	private readonly pending = new Map<number, Pending>();
	/** Threads that calls returned or strace spoke of. */
	private readonly children = new Set<number>();
	/** Threads that have ended. */
	private readonly ended = new Set<number>();
	/** The thread of lines without a number: known by the first one that has no parent. */
	private lone = 0;
	private without_pid = 0;
	private with_pid = 0;
	private timed = 0;
	private notes = 0;

	constructor(
		private readonly file: string,
		private readonly pasted: boolean,
	) {}

	parse(text: string): Strace {
		const { lines, gap } = undress(lines_of(text), this.pasted);
		const whole = text === "" || text.endsWith("\n");
		let cut = false;
		const others: number[] = [];
		lines.forEach((line, index) => {
			try {
				this.line(line, index + 1);
			} catch (error) {
				if (!(error instanceof Malformed)) throw error;
				if (this.pasted && error instanceof NotStrace) {
					others.push(index + 1);
					return;
				}
				/* strace writes a line in pieces: the recording may end between two. */
				cut = !whole && index === lines.length - 1 && PID.test(line);
				if (!cut) throw at(this.file, index + 1, error.message);
			}
		});
		/* The recording ends while these are inside: nobody saw what they did. */
		for (const pending of this.pending.values()) {
			try {
				this.break_off(pending);
			} catch (error) {
				if (!(error instanceof Malformed)) throw error;
				throw at(this.file, pending.call.line, error.message);
			}
		}
		const clock = this.timed === this.events.length ? "unix" : "lines";
		for (const event of this.events) {
			if (event.pid === 0) event.pid = this.lone || 1;
			if (clock === "unix") continue;
			if (event.kind === "call") {
				event.entered = event.line;
				event.left = event.last_line;
			} else event.time = event.line;
		}
		const no_pids = this.with_pid === 0 && this.without_pid > 0;
		return {
			events: this.events,
			lines: lines.length,
			clock,
			no_pids,
			notes: this.notes,
			cut,
			gap,
			others,
		};
	}

	private line(line: string, number: number): void {
		if (NOTE.test(line)) {
			const attached = ATTACHED.exec(line);
			if (attached) this.children.add(Number(attached[1]));
			this.notes++;
			return;
		}
		let body = line;
		const prefix = PID.exec(body);
		if (prefix) body = body.slice(prefix[0].length);
		const pid = prefix ? this.pid(Number(prefix[1] ?? prefix[2])) : this.alone();
		body = body.trimStart();
		const stamp = TIME.exec(body);
		let time = number;
		let timed = false;
		if (stamp) {
			body = body.slice(stamp[0].length);
			const seconds = Number(stamp[1] ?? stamp[3] ?? 0);
			timed = seconds >= FIRST_UNIX && stamp[1] !== undefined && stamp[2].length >= 6;
			if (timed) time = seconds * MICROSECONDS + Number(stamp[2].slice(0, 6));
		}
		body = body.replace(MORE, "");
		const before = this.events.length;
		this.body(body, pid, time, number);
		if (this.events.length > before && timed) this.timed++;
		if (prefix) this.with_pid++;
		else this.without_pid++;
	}

	/** A thread's number: the first that nobody made is the one of the lines without. */
	private pid(pid: number): number {
		if (this.lone !== 0 || this.children.has(pid)) return pid;
		this.lone = pid;
		const inside = this.pending.get(0);
		this.pending.delete(0);
		if (inside) this.pending.set(pid, inside);
		return pid;
	}

	/** Of which thread a line without number is: strace leaves it out while there is one only. */
	private alone(): number {
		if (this.lone === 0 || !this.ended.has(this.lone)) return this.lone;
		for (const child of this.children) if (!this.ended.has(child)) return child;
		return this.lone;
	}

	private body(body: string, pid: number, time: number, number: number): void {
		if (body.startsWith("+++")) {
			this.events.push(this.exit(body, pid, time, number));
			return;
		}
		if (body.startsWith("---")) {
			this.events.push(parse_signal(body, pid, time, number));
			return;
		}
		const resumed = RESUMED.exec(body);
		if (resumed) {
			this.resume(resumed[1], resumed[2], pid, time, number);
			return;
		}

		const head = HEAD.exec(body);
		if (!head)
			throw new NotStrace(
				`expected 'PID TIME CALL', as 'strace -f -ttt -o FILE' writes it; ` +
					`this is not a system call: '${body.slice(0, 40)}'`,
			);
		const inside = this.pending.get(pid);
		if (inside)
			throw new Malformed(
				`thread ${pid} enters ${head[1]} inside ${inside.call.name} of line ${inside.call.line}`,
			);
		const call: Call = {
			kind: "call",
			pid,
			name: head[1],
			args: [],
			result: {},
			entered: time,
			left: time,
			line: number,
			last_line: number,
			lines: 1,
			unfinished: true,
			delayed: false,
		};
		const text = body.slice(head[0].length);
		const unfinished = UNFINISHED.exec(body);
		if (unfinished) this.pending.set(pid, { call, text: unfinished[1].slice(head[0].length) });
		else this.finish({ call, text });
		this.events.push(call);
	}

	private resume(name: string, rest: string, pid: number, time: number, number: number): void {
		const inside = this.pending.get(pid);
		if (!inside) throw new Malformed(`${name} of thread ${pid} resumes, but nothing of it is unfinished`);
		const { call } = inside;
		/* What was not to be read when the call was entered may be so now, and the other way round. */
		if (UNKNOWN.test(call.name)) call.name = name;
		else if (call.name !== name && !UNKNOWN.test(name))
			throw new Malformed(
				`${name} resumes, but thread ${pid} is inside ${call.name} of line ${call.line}`,
			);
		this.pending.delete(pid);
		call.left = time;
		call.last_line = number;
		call.lines++;
		/* The two halves are one text: `wait4(7, ` and `NULL, 0, NULL) = 7`.
		 * strace may cut a call in two more than once. */
		const again = UNFINISHED.exec(rest);
		const text = `${inside.text} ${again ? again[1] : rest}`;
		if (again) this.pending.set(pid, { call, text });
		else this.finish({ call, text });
	}

	/** Reads arguments and result from the text behind `name(`. */
	private finish({ call, text }: Pending): void {
		const killed = NO_MORE.exec(text);
		if (killed) {
			this.break_off({ call, text: text.slice(0, killed.index) });
			return;
		}
		const lexer = new Lexer(text.replace(/<\.\.\. resuming interrupted [^<>]*>/, ""), 0);
		call.args = parse_arguments(lexer, false);
		const { result, delayed } = parse_result(lexer.text.slice(lexer.position));
		call.result = result;
		call.delayed = delayed;
		call.unfinished = false;
		if (/^(?:v?fork|clone[23]?)$/.test(call.name) && (result.value ?? -1) > 0)
			this.children.add(result.value as number);
	}

	/** The call will not come back. */
	private break_off({ call, text }: Pending): void {
		call.args = parse_arguments(new Lexer(text, 0), true);
		call.unfinished = true;
	}

	private exit(body: string, pid: number, time: number, line: number): Exit {
		const superseded = /^\+\+\+ superseded by execve in pid (\d{1,9}) \+\+\+$/.exec(body);
		if (superseded) {
			/* The thread that called execve goes on under the leader's pid. */
			const other = Number(superseded[1]);
			const leader = this.pending.get(pid);
			if (leader) this.break_off(leader);
			const execve = this.pending.get(other);
			this.pending.delete(pid);
			this.pending.delete(other);
			if (execve) this.pending.set(pid, execve);
			this.ended.add(other);
			return { kind: "exit", pid, time, line, superseded_by: other };
		}
		/* Whatever the thread was inside of will not come back. */
		const inside = this.pending.get(pid);
		if (inside) {
			this.break_off(inside);
			this.pending.delete(pid);
		}
		this.ended.add(pid);
		const exited = /^\+\+\+ exited with (\d{1,3}) \+\+\+$/.exec(body);
		if (exited) return { kind: "exit", pid, time, line, code: Number(exited[1]) };
		const killed = /^\+\+\+ killed by (SIG[A-Z0-9_+]+)(?: \(core dumped\))? \+\+\+$/.exec(body);
		if (killed) return { kind: "exit", pid, time, line, signal: killed[1] };
		throw new Malformed(`not the end of a thread: '${body.slice(0, 40)}'`);
	}
}

function parse_signal(body: string, pid: number, time: number, line: number): Signal {
	const match = /^--- (?:stopped by )?(SIG\w+)(?: (.*))? ---$/.exec(body);
	if (!match) throw new Malformed(`not a signal: '${body.slice(0, 40)}'`);
	const signal: Signal = { kind: "signal", pid, time, line, name: match[1], info: false };
	if (match[2]?.startsWith("{")) {
		const info = parse_expression(new Lexer(match[2], 0));
		const field = (of: string) =>
			info.kind === "struct" ? info.fields.find(({ name }) => name === of)?.value : undefined;
		signal.info = true;
		const address = field("si_addr");
		const code = field("si_code");
		/* An address that no page table can hold: the CPU does not say which. */
		if (code?.kind === "name" && code.name === "SI_KERNEL") return signal;
		if (code?.kind === "name" && code.name === "SEGV_PKUERR") signal.key = true;
		if (code?.kind === "name" && code.name === "SEGV_MAPERR") signal.mapped = false;
		if (code?.kind === "name" && code.name === "SEGV_ACCERR") signal.mapped = true;
		if (address?.kind === "number") signal.address = address.value;
		else if (address?.kind === "name" && address.name === "NULL") signal.address = 0;
	}
	return signal;
}
