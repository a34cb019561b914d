// SPDX-License-Identifier: GPL-2.0-only
/**
 * Litmus tests as herd7 reads them: the C of the kernel's memory model
 * (tools/memory-model/litmus-tests there). What is not supported is refused
 * with its line.
 */
import type { LitmusOp, LitmusValue } from "../explore/protocol.ts";
import { at } from "../lib/errors.ts";
import { Body, type Parameters } from "./body.ts";
import { type Condition, names_in, parse_name, parse_prop, parse_value, type Prop, values_in } from "./condition.ts";
import { shown, Tokens } from "./tokens.ts";

export interface HerdTest {
	file: string;
	name: string;
	/** What a comment says that comes out: "Never", "Sometimes", "Always". */
	result?: string;
	cpus: LitmusOp[][];
	/** What places hold at first, and registers ("0:r1"). */
	init: Map<string, LitmusValue>;
	locations: string[];
	filter?: Prop;
	condition: Condition;
	/** Places whose values states show. */
	places: string[];
}

const MOST_CPUS = 5;
const MOST_REGISTERS = 32;
const MOST_PLACES = 32;

/** The first word of a test that is none in C. */
function refuse_language(file: string, text: string): void {
	const language = /^\s*(\S+)/.exec(text)?.[1] ?? "";
	if (language === "C") return;
	const what = /^[A-Z]\w*$/.test(language) ? `a test in ${language} is not supported` : "this is no litmus test";
	throw at(file, 1, `${what}: the first line has to be "C" and a name`);
}

/** { x = 1; int y = 2; int *p = &x; 0:r1 = 3; } */
function parse_init(t: Tokens): Map<string, LitmusValue> {
	const init = new Map<string, LitmusValue>();
	while (!t.on("}")) {
		if (t.on(";")) continue;
		while (
			/^(int|long|unsigned|volatile|atomic_t|atomic_long_t|intptr_t|spinlock_t|u32|\*)$/.test(
				t.peek().text,
			)
		)
			t.take();
		if (t.peek().text === "struct") throw t.mistake("a struct is not supported");
		const name = parse_name(t);
		if (t.peek().text === "[") throw t.mistake("an array is not supported");
		if (t.on("=")) {
			const macro = t.on("ATOMIC_INIT");
			if (macro) t.want("(");
			const brackets = !macro && t.on("(");
			const value = parse_value(t);
			if (macro || brackets) t.want(")");
			init.set(name, /^-?\d/.test(value) ? Number(value) : { at: value });
		} else init.set(name, 0);
		if (t.peek().text !== "}") t.want(";");
	}
	return init;
}

function parse_parameters(t: Tokens): Parameters {
	const out: Parameters = new Map();
	t.want("(");
	while (!t.on(")")) {
		if (t.peek().text === "struct") throw t.mistake("a struct is not supported");
		let type = "";
		let stars = 0;
		let name = "";
		for (;;) {
			const { text } = t.peek();
			if (text === "*") stars++;
			else if (/^[A-Za-z_]/.test(text)) {
				if (name !== "") type = name;
				name = text;
			} else break;
			t.take();
		}
		if (name === "void" && stars === 0) continue;
		if (type === "" || stars === 0)
			throw t.mistake("a parameter has to be a pointer to a place, as in 'int *x'");
		out.set(name, type === "spinlock_t" ? "lock" : "place");
		if (t.peek().text !== ")") t.want(",");
	}
	return out;
}

function parse_locations(t: Tokens): string[] {
	const names: string[] = [];
	t.want("[");
	while (!t.on("]")) {
		if (t.on(";")) continue;
		names.push(parse_name(t));
	}
	return names;
}

/** Each operation, those inside of others as well. */
export function* each_op(ops: readonly LitmusOp[]): Generator<LitmusOp> {
	for (const o of ops) {
		yield o;
		yield* each_op(o.yes ?? []);
		yield* each_op(o.no ?? []);
	}
}

/** `known`: the operations that there are. */
export function parse_herd(file: string, text: string, known: readonly string[]): HerdTest {
	refuse_language(file, text);
	const t = new Tokens(file, text);
	t.want("C");
	const rest = /[^\n]*/y;
	rest.lastIndex = t.peek().start;
	const title = rest.exec(text)?.[0] ?? "";
	const name = title.trim().split(/\s/)[0] || (file.split("/").at(-1) as string).replace(/\.litmus$/, "");
	t.jump(t.peek().start + title.length);

	/* Comments, "quoted text", lines like Cycle=…: all up to the first brace. */
	for (;;) {
		t.skip();
		const line = /[^\n]*/y;
		const { start, text: word } = peek_any(t);
		if (word === "{") break;
		if (word === "") throw t.mistake("there is no '{' with the initial values");
		line.lastIndex = start;
		const open = (line.exec(text)?.[0] ?? "").indexOf("{");
		t.jump(
			open > 0 && !/["=]/.test(text.slice(start, start + open))
				? start + open
				: end_of_line(text, start),
		);
	}
	t.want("{");
	const init = parse_init(t);

	const cpus: LitmusOp[][] = [];
	const registers: string[][] = [];
	const places = new Set<string>([...init.keys()].filter((n) => !n.includes(":")));
	const locks = new Set<string>();
	while (/^P\d+$/.test(t.peek().text)) {
		const { text: p, line } = t.take();
		if (p !== `P${cpus.length}`) throw t.mistake(`P${cpus.length} is expected, and not ${p}`, line);
		if (cpus.length === MOST_CPUS) throw t.mistake(`at most ${MOST_CPUS} programs are supported`, line);
		const parameters = parse_parameters(t);
		for (const [place, kind] of parameters) (kind === "lock" ? locks : places).add(place);
		if (t.peek().text !== "{") throw t.mistake(`'{' is expected, and not ${shown(t.peek().text)}`);
		t.body = true;
		t.take();
		const own = [...init.keys()].filter((n) => n.startsWith(`${cpus.length}:`));
		const body = new Body(t, known, parameters);
		for (const name of own) body.registers.push(name.slice(name.indexOf(":") + 1));
		cpus.push(body.parse());
		registers.push(body.registers);
		/* The next word may be a comment of the other kind. */
		t.body = false;
		if (body.registers.length > MOST_REGISTERS)
			throw t.mistake(`at most ${MOST_REGISTERS} variables of a program are supported`, line);
	}
	if (cpus.length === 0) throw t.mistake(`P0 is expected, and not ${shown(t.peek().text)}`);
	for (const lock of locks) places.delete(lock);

	let locations: string[] = [];
	let filter: Prop | undefined;
	let condition: Condition = { kind: "forall", prop: { kind: "true" } };
	for (;;) {
		const { text: word, line } = t.take();
		if (word === "") break;
		if (word === "locations") locations = parse_locations(t);
		else if (word === "filter") filter = parse_prop(t);
		else if (word === "exists" || word === "forall") condition = { kind: word, prop: parse_prop(t) };
		else if ((word === "~" || word === "not") && t.on("exists"))
			condition = { kind: "~exists", prop: parse_prop(t) };
		else if (word !== ";")
			throw t.mistake(`'exists' or the like is expected, and not ${shown(word)}`, line);
	}
	const props = filter ? [filter, condition.prop] : [condition.prop];
	for (const name of [...props.flatMap(names_in), ...locations]) {
		const [cpu, reg] = name.split(":");
		if (reg === undefined) {
			if (locks.has(name)) throw t.mistake(`the condition asks for ${name}, which is a lock`);
			places.add(name);
		} else if (!registers[Number(cpu)]?.includes(reg) && !init.has(name))
			throw t.mistake(`the condition asks for ${name}, which is in no program`);
	}
	for (const value of [...props.flatMap(values_in)]) if (/^[A-Za-z_]/.test(value)) places.add(value);
	for (const value of init.values()) if (typeof value === "object" && "at" in value) places.add(value.at);
	if (places.size > MOST_PLACES) throw t.mistake(`at most ${MOST_PLACES} places are supported`);
	for (const [name, value] of init) {
		const [cpu, reg] = name.split(":");
		if (reg !== undefined) cpus[Number(cpu)]?.unshift({ op: "set", reg, value });
	}
	const result = /\bResult:\s*(Never|Sometimes|Always)\b/.exec(text)?.[1];
	return {
		file,
		name,
		result,
		cpus,
		init,
		locations,
		filter,
		condition,
		places: [...places],
	};
}

const end_of_line = (text: string, from: number): number => {
	const end = text.indexOf("\n", from);
	return end < 0 ? text.length : end;
};

/** The next word, or character: what stands before the programs may be anything. */
function peek_any(t: Tokens): { start: number; text: string } {
	try {
		return t.peek();
	} catch {
		const start = t.position();
		return { start, text: t.text[start] };
	}
}
