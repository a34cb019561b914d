// SPDX-License-Identifier: GPL-2.0-only
/** What a litmus test asks of its final states: exists, ~exists or forall, and filter. */
import { shown, type Tokens } from "./tokens.ts";

/** A final state: what registers ("0:r1") and places hold, numbers or names of places. */
export type State = ReadonlyMap<string, string>;

export type Prop =
	| { kind: "true" | "false" }
	| { kind: "is" | "is not"; name: string; value: string }
	| { kind: "not"; of: Prop }
	| { kind: "and" | "or" | "implies"; left: Prop; right: Prop };

export interface Condition {
	kind: "exists" | "~exists" | "forall";
	prop: Prop;
}

/** "0:r1", or a place: x, *x, [x]. */
export function parse_name(t: Tokens): string {
	const { text, line } = t.take();
	if (/^\d/.test(text)) {
		t.want(":");
		return `${Number(text)}:${t.name("a register")}`;
	}
	if (text === "*") return t.name("a place");
	if (text === "[") {
		const name = t.name("a place");
		t.want("]");
		return name;
	}
	if (/^[A-Za-z_]/.test(text)) return text;
	throw t.mistake(`a register or a place is expected, and not ${shown(text)}`, line);
}

/** A number as it is printed, the name of a place, whose address is meant, or a register ("0:r1"). */
export function parse_value(t: Tokens): string {
	t.on("&");
	const minus = t.on("-");
	const { text, line } = t.take();
	if (!minus && /^\d+$/.test(text) && t.on(":")) return `${Number(text)}:${t.name("a register")}`;
	if (/^\d/.test(text)) return String((minus ? -Number(text) : Number(text)) | 0);
	if (!minus && /^[A-Za-z_]/.test(text)) return text;
	throw t.mistake(`a value is expected, and not ${shown(text)}`, line);
}

function atom(t: Tokens): Prop {
	if (t.on("(")) {
		const inner = parse_prop(t);
		t.want(")");
		return inner;
	}
	if (t.on("~") || t.on("not")) return { kind: "not", of: atom(t) };
	const { text } = t.peek();
	if (text === "true" || text === "false") {
		t.take();
		return { kind: text };
	}
	const name = parse_name(t);
	const op = t.take();
	if (op.text === "=" || op.text === "==") return { kind: "is", name, value: parse_value(t) };
	if (op.text === "!=" || op.text === "<>") return { kind: "is not", name, value: parse_value(t) };
	throw t.mistake(`'=' is expected behind ${name}, and not ${shown(op.text)}`, op.line);
}
function chain(t: Tokens, word: string, kind: "and" | "or", part: (t: Tokens) => Prop): Prop {
	let left = part(t);
	while (t.on(word)) left = { kind, left, right: part(t) };
	return left;
}
const and = (t: Tokens) => chain(t, "/\\", "and", atom);
export function parse_prop(t: Tokens): Prop {
	const left = chain(t, "\\/", "or", and);
	return t.on("=>") ? { kind: "implies", left, right: parse_prop(t) } : left;
}

/** Has a name this value, which may be that of a register? */
function is(s: State, { name, value }: { name: string; value: string }): boolean {
	return (s.get(name) ?? "0") === (value.includes(":") ? (s.get(value) ?? "0") : value);
}

export function holds(p: Prop, s: State): boolean {
	switch (p.kind) {
		case "true":
			return true;
		case "false":
			return false;
		case "is":
			return is(s, p);
		case "is not":
			return !is(s, p);
		case "not":
			return !holds(p.of, s);
		case "and":
			return holds(p.left, s) && holds(p.right, s);
		case "or":
			return holds(p.left, s) || holds(p.right, s);
		case "implies":
			return !holds(p.left, s) || holds(p.right, s);
	}
}

const STRENGTH = { implies: 0, or: 1, and: 2 };
const WORDS = { implies: "=>", or: "\\/", and: "/\\" };
function print(p: Prop, around: number): string {
	switch (p.kind) {
		case "true":
		case "false":
			return p.kind;
		case "is":
			return `${p.name}=${p.value}`;
		case "is not":
			return `not (${p.name}=${p.value})`;
		case "not":
			return `not (${print(p.of, 0)})`;
		default: {
			const mine = STRENGTH[p.kind];
			const text = `${print(p.left, mine)} ${WORDS[p.kind]} ${print(p.right, mine)}`;
			return mine < around ? `(${text})` : text;
		}
	}
}
export const print_condition = ({ kind, prop }: Condition): string => `${kind} (${print(prop, 0)})`;

/** Names in it: what of a state is shown. And the values, which may name places. */
export function names_in(p: Prop): string[] {
	if (p.kind === "is" || p.kind === "is not") return p.value.includes(":") ? [p.name, p.value] : [p.name];
	if (p.kind === "not") return names_in(p.of);
	return "left" in p ? [...names_in(p.left), ...names_in(p.right)] : [];
}
export function values_in(p: Prop): string[] {
	if (p.kind === "is" || p.kind === "is not") return [p.value];
	if (p.kind === "not") return values_in(p.of);
	return "left" in p ? [...values_in(p.left), ...values_in(p.right)] : [];
}
