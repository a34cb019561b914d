// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reads what `strace -f -ttt -y -e trace=%memory,%process,prctl -o FILE` wrote.
 *
 * Arguments go through a tokenizer and a small expression parser, because they
 * nest: structs, arrays, sets, strings with anything in them, `3</path>`,
 * comments, flags, and `{in} => {out}`. A call that strace split into
 * `<unfinished ...>` and `<... resumed>` is joined: it has both times.
 */
import { at, lines_of, parse_time } from "../lib/errors.ts";

export type Value =
	| { kind: "number"; value: number }
	/** A name, such as NULL, PROT_READ or AT_FDCWD. */
	| { kind: "name"; name: string }
	| { kind: "string"; text: string; truncated: boolean }
	/** A file descriptor and what it is open on. */
	| { kind: "fd"; fd: Value; path: string }
	| { kind: "struct"; fields: { name: string; value: Value }[] }
	| { kind: "array"; items: Value[] }
	| { kind: "call"; name: string; args: Value[] }
	/** `a|b`, `a<<b`, `a && b`, …, flattened; `=>` is what the call gave back. */
	| { kind: "binary"; op: string; left: Value; right: Value }
	| { kind: "unary"; op: string; of: Value }
	/** `...`: strace printed no more. */
	| { kind: "more" };

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
}

export type Event = Call | Exit | Signal;

export interface Strace {
	/** In the order of the lines on which they begin. */
	events: Event[];
	/** Lines of the file. */
	lines: number;
}

type Token =
	| { kind: "number"; value: number; text: string }
	| { kind: "name"; text: string }
	| { kind: "string"; text: string; truncated: boolean }
	| { kind: "path"; text: string }
	| { kind: "op"; text: string }
	| { kind: "end" };

/** Why a line cannot be read; the caller adds where. */
class Malformed extends Error {}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", v: "\v", f: "\f" };
const OPERATORS = ["...", "=>", "<<", ">>", "&&", "||", "==", "!=", ">=", "<="];
const SINGLE = "()[]{},=|~+-*/&?:@!<>.%^";

/** Cuts the text between the parentheses of a call into tokens. */
class Lexer {
	#token?: Token;

	constructor(
		readonly text: string,
		public position: number,
	) {}

	peek(): Token {
		this.#token ??= this.#read();
		return this.#token;
	}

	next(): Token {
		const token = this.peek();
		this.#token = undefined;
		return token;
	}

	/** Takes the operator if it comes next. */
	take(op: string): boolean {
		const token = this.peek();
		if (token.kind !== "op" || token.text !== op) return false;
		this.#token = undefined;
		return true;
	}

	expect(op: string): void {
		if (!this.take(op)) throw new Malformed(`'${op}' is missing before '${this.rest(20)}'`);
	}

	rest(length: number): string {
		return this.text.slice(this.position, this.position + length) || "end of line";
	}

	#read(): Token {
		const { text } = this;
		for (;;) {
			while (text[this.position] === " ") this.position++;
			if (!text.startsWith("/*", this.position)) break;
			const end = text.indexOf("*/", this.position + 2);
			if (end < 0) throw new Malformed("a comment does not end");
			this.position = end + 2;
		}
		if (this.position >= text.length) return { kind: "end" };
		const c = text[this.position];
		if (c === '"') return this.#string();
		if (c >= "0" && c <= "9") return this.#number();
		if (/[A-Za-z_]/.test(c)) {
			const [name] = /^[A-Za-z_$][A-Za-z0-9_$]*/.exec(text.slice(this.position))!;
			this.position += name.length;
			return { kind: "name", text: name };
		}
		/* `3</path>`: directly behind a number or name, unless it is `<<` or `<=`. */
		if (c === "<" && !/^<[<= ]/.test(text.slice(this.position, this.position + 2))) {
			return this.#path();
		}
		for (const op of OPERATORS)
			if (text.startsWith(op, this.position)) {
				this.position += op.length;
				return { kind: "op", text: op };
			}
		if (!SINGLE.includes(c)) throw new Malformed(`unexpected '${c}'`);
		this.position++;
		return { kind: "op", text: c };
	}

	#string(): Token {
		const { text } = this;
		let result = "";
		let i = this.position + 1;
		for (; text[i] !== '"'; i++) {
			if (i >= text.length) throw new Malformed("a string does not end");
			if (text[i] !== "\\") {
				result += text[i];
				continue;
			}
			i++;
			const code = /^(?:x[0-9a-f]{2}|[0-7]{1,3})/.exec(text.slice(i, i + 3))?.[0];
			if (code) {
				const value =
					code[0] === "x" ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8);
				result += String.fromCharCode(value);
				i += code.length - 1;
			} else result += ESCAPES[text[i]] ?? text[i] ?? "";
		}
		i++;
		const truncated = text.startsWith("...", i);
		this.position = truncated ? i + 3 : i;
		return { kind: "string", text: result, truncated };
	}

	#number(): Token {
		const [text] = /^(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?)/.exec(this.text.slice(this.position))!;
		const octal = /^0[0-7]+$/.test(text);
		this.position += text.length;
		return { kind: "number", text, value: octal ? Number.parseInt(text, 8) : Number(text) };
	}

	/** A path may hold `<` and `>` itself, escaped by strace as \74 and \76. */
	#path(): Token {
		/* `->` in sockets: `3<TCP:[127.0.0.1:1->127.0.0.1:2]>`. */
		let end = this.position;
		do {
			end = this.text.indexOf(">", end + 1);
			if (end < 0) throw new Malformed("the path of a file descriptor does not end");
		} while (this.text[end - 1] === "-");
		let path = this.text.slice(this.position + 1, end);
		end++;
		/* A device: `</dev/null<char 1:3>>`. */
		if (path.includes("<") && this.text[end] === ">") {
			path = path.slice(0, path.indexOf("<"));
			end++;
		}
		if (this.text.startsWith("(deleted)", end)) {
			path += " (deleted)";
			end += "(deleted)".length;
		}
		this.position = end;
		const unescaped = path.replace(/\\([0-7]{1,3})/g, (_, code) =>
			String.fromCharCode(Number.parseInt(code, 8)),
		);
		return { kind: "path", text: unescaped };
	}
}

const BINARY = [
	"=>",
	"||",
	"&&",
	"|",
	"&",
	"==",
	"!=",
	">=",
	"<=",
	"<<",
	">>",
	"+",
	"-",
	"*",
	"/",
	"?",
	":",
	"@",
	"%",
	"^",
];

function parse_expression(lexer: Lexer): Value {
	let left = parse_unary(lexer);
	for (;;) {
		const token = lexer.peek();
		if (token.kind !== "op" || !BINARY.includes(token.text)) return left;
		lexer.next();
		left = { kind: "binary", op: token.text, left, right: parse_unary(lexer) };
	}
}

function parse_unary(lexer: Lexer): Value {
	for (const op of ["~", "-", "+", "!", "&"])
		if (lexer.take(op)) {
			const of = parse_unary(lexer);
			if (op === "-" && of.kind === "number") return { kind: "number", value: -of.value };
			return { kind: "unary", op, of };
		}
	return parse_primary(lexer);
}

function parse_primary(lexer: Lexer): Value {
	const token = lexer.next();
	let value: Value;
	switch (token.kind) {
		case "number":
			value = { kind: "number", value: token.value };
			break;
		case "string":
			return { kind: "string", text: token.text, truncated: token.truncated };
		case "name":
			value = { kind: "name", name: token.text };
			if (lexer.take("(")) value = { kind: "call", name: token.text, args: parse_list(lexer, ")") };
			break;
		case "op":
			if (token.text === "{") return parse_struct(lexer);
			if (token.text === "[") return { kind: "array", items: parse_list(lexer, "]") };
			if (token.text === "...") return { kind: "more" };
			if (token.text === "(") {
				const inner = parse_expression(lexer);
				lexer.expect(")");
				return inner;
			}
			if (token.text === "?") return { kind: "name", name: "?" };
			throw new Malformed(`unexpected '${token.text}'`);
		case "path":
			throw new Malformed(`'<${token.text}>' without a file descriptor`);
		case "end":
			throw new Malformed("the line ends inside the arguments");
	}
	const after = lexer.peek();
	if (after.kind !== "path") return value;
	lexer.next();
	return { kind: "fd", fd: value, path: after.text };
}

/** Items up to the closing bracket, separated by commas or, in sets, by spaces. */
function parse_list(lexer: Lexer, close: string): Value[] {
	const items: Value[] = [];
	while (!lexer.take(close)) {
		if (lexer.peek().kind === "end") throw new Malformed(`'${close}' is missing`);
		items.push(parse_field(lexer).value);
		lexer.take(",");
	}
	return items;
}

/** `name=value`, or a value. */
function parse_field(lexer: Lexer): { name: string; value: Value } {
	const value = parse_expression(lexer);
	if (!lexer.take("=")) return { name: "", value };
	/* [0]=… in arrays, `a.b=` in structs with members of members. */
	const name = value.kind === "name" ? value.name : "";
	return { name, value: parse_expression(lexer) };
}

function parse_struct(lexer: Lexer): Value {
	const fields: { name: string; value: Value }[] = [];
	while (!lexer.take("}")) {
		if (lexer.peek().kind === "end") throw new Malformed("'}' is missing");
		fields.push(parse_field(lexer));
		lexer.take(",");
	}
	return { kind: "struct", fields };
}

/** Arguments from just behind `(`; stops behind the closing one or at the end
 *  of an unfinished line. */
function parse_arguments(lexer: Lexer, cut: boolean): Value[] {
	const args: Value[] = [];
	while (!lexer.take(")")) {
		if (lexer.peek().kind === "end") {
			if (cut) return args;
			throw new Malformed("')' is missing");
		}
		args.push(parse_field(lexer).value);
		if (lexer.take(",")) continue;
		const token = lexer.peek();
		const ends = (token.kind === "op" && token.text === ")") || (cut && token.kind === "end");
		if (!ends) throw new Malformed(`',' or ')' is missing before '${lexer.rest(20)}'`);
	}
	return args;
}

const RESULT =
	/^\s*=\s*(?:(\?)|(-?\d+|0x[0-9a-f]+))(?:<((?:[^<>]|->|<[^<>]*>)*)>)?(?:\s+(E[A-Z0-9]+))?((?:\s*(?:\([^)]*(?:\([^)]*\)[^)]*)*\)|<[\d.]+>|<unavailable>))*)\s*$/;

function parse_result(text: string): { result: Result; delayed: boolean } {
	const match = RESULT.exec(text);
	if (!match) throw new Malformed(`no result such as '= 0' where '${text.trim().slice(0, 30)}' stands`);
	const [, unknown, value, path, errno, notes] = match;
	const result: Result = {};
	if (!unknown) {
		result.value = Number(value);
		if (errno) result.errno = errno;
		if (path !== undefined) result.path = path;
		if (result.value === -1 && !errno) throw new Malformed("result -1 without an errno");
	}
	return { result, delayed: notes.includes("(DELAYED)") };
}

const PREFIX = /^(?:\[pid\s+(\d+)\]|(\d+))\s+(\S+)\s+(.*)$/;
const UNFINISHED = /^(.*?)\s*<unfinished \.\.\.>$/;
const RESUMED = /^<\.\.\. (\w+|\?{4}) resumed>\s?(.*)$/;

interface Pending {
	call: Call;
	/** Text of the arguments so far, behind `(`. */
	text: string;
}

/** Takes one file. Every malformed line is an error with file:line. */
export function parse_strace(text: string, file: string): Strace {
	const events: Event[] = [];
	const pending = new Map<number, Pending>();
	const lines = lines_of(text);
	lines.forEach((line, index) => {
		try {
			parse_line(line, index + 1, events, pending);
		} catch (error) {
			if (error instanceof Malformed) throw at(file, index + 1, error.message);
			throw error;
		}
	});
	/* The recording ends while these are inside: nobody saw what they did. */
	for (const { call, text } of pending.values()) {
		try {
			call.args = parse_arguments(new Lexer(text, 0), true);
		} catch (error) {
			if (error instanceof Malformed) throw at(file, call.line, error.message);
			throw error;
		}
	}
	return { events, lines: lines.length };
}

function parse_line(line: string, number: number, events: Event[], pending: Map<number, Pending>) {
	const prefix = PREFIX.exec(line);
	if (!prefix) throw new Malformed("expected 'PID TIME CALL', as 'strace -f -ttt -o FILE' writes it");
	const pid = Number(prefix[1] ?? prefix[2]);
	const time = parse_time(prefix[3]);
	if (time === undefined)
		throw new Malformed(`'${prefix[3]}' is not a time in seconds and microseconds; use 'strace -ttt'`);
	const body = prefix[4];

	if (body.startsWith("+++")) return void events.push(parse_exit(body, pid, time, number, pending));
	if (body.startsWith("---")) {
		const name = /^--- (?:stopped by )?(SIG\w+)(?: (\{.*\}))? ---$/.exec(body);
		if (!name) throw new Malformed(`not a signal: '${body.slice(0, 40)}'`);
		if (name[2]) parse_expression(new Lexer(name[2], 0)); /* must be well-formed */
		return void events.push({ kind: "signal", pid, time, line: number, name: name[1] });
	}

	const resumed = RESUMED.exec(body);
	if (resumed) return resume(resumed[1], resumed[2], pid, time, number, pending);

	const head = /^(\w+|\?{4})\(/.exec(body);
	if (!head) throw new Malformed(`not a system call: '${body.slice(0, 40)}'`);
	const inside = pending.get(pid);
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
	events.push(call);
	const unfinished = UNFINISHED.exec(body);
	if (unfinished) {
		pending.set(pid, { call, text: unfinished[1].slice(head[0].length) });
		return;
	}
	finish(call, body.slice(head[0].length));
}

function resume(name: string, rest: string, pid: number, time: number, number: number, pending: Map<number, Pending>) {
	const inside = pending.get(pid);
	if (!inside) throw new Malformed(`${name} of thread ${pid} resumes, but nothing of it is unfinished`);
	if (inside.call.name !== name)
		throw new Malformed(
			`${name} resumes, but thread ${pid} is inside ${inside.call.name} of line ${inside.call.line}`,
		);
	pending.delete(pid);
	inside.call.left = time;
	inside.call.last_line = number;
	inside.call.lines++;
	/* strace may cut a call in two more than once. */
	const again = UNFINISHED.exec(rest);
	if (again) {
		pending.set(pid, { call: inside.call, text: `${inside.text} ${again[1]}` });
		return;
	}
	/* The two halves are one text: `wait4(7, ` and `NULL, 0, NULL) = 7`. */
	finish(inside.call, `${inside.text} ${rest}`);
}

/** Reads arguments and result from the text behind `name(`. */
function finish(call: Call, text: string) {
	const lexer = new Lexer(text, 0);
	call.args = parse_arguments(lexer, false);
	const { result, delayed } = parse_result(text.slice(lexer.position));
	call.result = result;
	call.delayed = delayed;
	call.unfinished = false;
}

function parse_exit(body: string, pid: number, time: number, line: number, pending: Map<number, Pending>): Exit {
	const superseded = /^\+\+\+ superseded by execve in pid (\d+) \+\+\+$/.exec(body);
	if (superseded) {
		/* The thread that called execve goes on under the leader's pid. */
		const other = Number(superseded[1]);
		const execve = pending.get(other);
		pending.delete(pid);
		pending.delete(other);
		if (execve) pending.set(pid, execve);
		return { kind: "exit", pid, time, line, superseded_by: other };
	}
	/* Whatever the thread was inside of will not come back. */
	const inside = pending.get(pid);
	if (inside) {
		inside.call.args = parse_arguments(new Lexer(inside.text, 0), true);
		pending.delete(pid);
	}
	const exited = /^\+\+\+ exited with (\d+) \+\+\+$/.exec(body);
	if (exited) return { kind: "exit", pid, time, line, code: Number(exited[1]) };
	const killed = /^\+\+\+ killed by (SIG[A-Z0-9_+]+)(?: \(core dumped\))? \+\+\+$/.exec(body);
	if (killed) return { kind: "exit", pid, time, line, signal: killed[1] };
	throw new Malformed(`not the end of a thread: '${body.slice(0, 40)}'`);
}
