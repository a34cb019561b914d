// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program of a litmus test: from its C to operations. An expression becomes a
 * value of registers, and what it calls becomes operations before it, in order.
 */
import type { LitmusOp, LitmusValue } from "../explore/protocol.ts";
import { shown, type Tokens } from "./tokens.ts";

/** What each parameter points to: a place of this name, or a lock. */
export type Parameters = Map<string, "place" | "lock">;

/**
 * What a function takes: "*": the place itself, "p": a pointer to it, "v": a value, "o": what is compared,
 * "l": a lock.
 */
const TAKES: [RegExp, string][] = [
	[/^(READ_ONCE|rcu_dereference)$/, "*"],
	[/^(WRITE_ONCE|rcu_assign_pointer|smp_store_mb)$/, "*v"],
	[/^(smp_load_acquire|atomic_read(_acquire)?)$/, "p"],
	[/^(smp_store_release|atomic_set(_release)?)$/, "pv"],
	[/^(atomic_)?xchg(_\w+)?$/, "pv"],
	[/^(atomic_)?cmpxchg(_\w+)?$/, "pov"],
	[/^atomic_(fetch_)?(inc|dec)(_\w+)?$/, "p"],
	[/^atomic_(fetch_)?(add|sub)(_\w+)?$/, "vp"],
	[/^spin_(lock|unlock|is_locked)$/, "l"],
	[/^(smp_\w*mb\w*|rcu_read_(un)?lock|synchronize_rcu(_expedited)?)$/, ""],
];
const HAS_RESULT =
	/^(READ_ONCE|rcu_deref|smp_load_acq|atomic_read|.*xchg|atomic_fetch|spin_is_locked)|_return|_test|_negative/;

const TYPE = /^(int|long|short|char|(un)?signed|volatile|const|register|u?intptr_t|u8|u16|u32|u64|s32|s64|bool|void)$/;
const REFUSED: Record<string, string> = {
	for: "a loop",
	while: "a loop",
	do: "a loop",
	goto: "goto",
	switch: "switch",
	return: "return",
	struct: "a struct",
	union: "a union",
	typedef: "typedef",
};
/** Operators of two sides, the weakest first. */
const LEVELS = [
	["||"],
	["&&"],
	["|"],
	["^"],
	["&"],
	["==", "!="],
	["<", ">", "<=", ">="],
	["<<", ">>"],
	["+", "-"],
	["*", "/", "%"],
];

export class Body {
	/** Names of registers, as they come. */
	readonly registers: string[] = [];
	#temps = 0;
	#out: LitmusOp[] = [];

	constructor(
		readonly t: Tokens,
		readonly known: readonly string[],
		readonly parameters: Parameters,
	) {}

	/** From behind "{" to behind "}". */
	parse(): LitmusOp[] {
		this.#block();
		return this.#out;
	}
	#register(name: string): string {
		if (!this.registers.includes(name)) this.registers.push(name);
		return name;
	}
	#temp(): string {
		return `.${this.#temps++}`;
	}
	#block(): void {
		while (!this.t.on("}")) {
			if (this.t.peek().text === "") throw this.t.mistake("a program does not end");
			this.#statement();
		}
	}
	/** What `parse` gives as a list of its own. */
	#inner(parse: () => void): LitmusOp[] {
		const outer = this.#out;
		this.#out = [];
		parse();
		const inner = this.#out;
		this.#out = outer;
		return inner;
	}
	#statement(): void {
		const { t } = this;
		if (t.on(";")) return;
		if (t.on("{")) {
			this.#block();
			return;
		}
		const { text, line } = t.peek();
		if (Object.hasOwn(REFUSED, text)) throw t.mistake(`${REFUSED[text]} is not supported in a litmus test`);
		if (TYPE.test(text)) {
			this.#declaration();
			return;
		}
		if (t.on("if")) {
			t.want("(");
			const cond = this.#expression();
			t.want(")");
			const yes = this.#inner(() => this.#statement());
			const no = t.on("else") ? this.#inner(() => this.#statement()) : [];
			this.#out.push({ op: "if", value: cond, yes, no, line });
			return;
		}
		if (text === "*") throw t.mistake("a plain access is not supported: use WRITE_ONCE()");
		if (t.on("(")) {
			/* (void)call(); */
			if (t.on("void")) {
				t.want(")");
				this.#expression();
			} else {
				this.#expression();
				t.want(")");
			}
		} else this.#assignment();
		t.want(";");
	}
	#declaration(): void {
		const { t } = this;
		while (TYPE.test(t.peek().text)) t.take();
		do {
			while (t.on("*"));
			const { line } = t.peek();
			const name = this.#register(t.name("a name"));
			if (this.parameters.has(name)) throw t.mistake(`'${name}' is a parameter already`, line);
			if (t.peek().text === "[") throw t.mistake("an array is not supported");
			if (t.on("=")) this.#set(name, this.#expression(), line);
		} while (t.on(","));
		t.want(";");
	}
	#assignment(): void {
		const { t } = this;
		const { text, line, end } = t.peek();
		if (!/^[A-Za-z_]/.test(text)) throw t.mistake(`a statement is expected, and not ${shown(text)}`);
		if (/^\s*\(/.test(t.text.slice(end))) {
			this.#expression();
			return;
		}
		t.take();
		const op = t.take();
		if (this.parameters.has(text)) throw t.mistake(`'${text}' is a parameter and cannot be changed`, line);
		if (op.text === "++" || op.text === "--") {
			const sign = op.text === "++" ? "+" : "-";
			this.#set(text, { op: sign, a: { reg: this.#register(text) }, b: 1 }, line);
			return;
		}
		if (!/^(<<|>>|[-+*/%&|^])?=$/.test(op.text))
			throw t.mistake(`'=' is expected behind '${text}', and not ${shown(op.text)}`, op.line);
		const value = this.#expression();
		const old = { reg: this.#register(text) };
		this.#set(text, op.text === "=" ? value : { op: op.text.slice(0, -1), a: old, b: value }, line);
	}
	/** r = call() needs no register between. */
	#set(name: string, value: LitmusValue, line: number): void {
		const last = this.#out.at(-1);
		if (typeof value === "object" && "reg" in value && last?.reg === value.reg && value.reg.startsWith("."))
			last.reg = name;
		else this.#out.push({ op: "set", reg: name, value, line });
		this.#register(name);
	}
	#expression(level = 0): LitmusValue {
		const { t } = this;
		if (level === LEVELS.length) return this.#unary();
		let a = this.#expression(level + 1);
		for (;;) {
			const { text: op, line } = t.peek();
			if (level === 0 && op === "?") throw t.mistake("'? :' is not supported");
			if (!LEVELS[level].includes(op)) return a;
			t.take();
			let b: LitmusValue = 0;
			const more = this.#inner(() => {
				b = this.#expression(level + 1);
			});
			if (more.length === 0 || (op !== "&&" && op !== "||")) {
				this.#out.push(...more);
				a = { op, a, b };
				continue;
			}
			/* What the right side calls is only called where the left one does not decide. */
			const reg = this.#temp();
			const bool = (v: LitmusValue): LitmusValue => ({ op: "!=", a: v, b: 0 });
			this.#out.push({ op: "set", reg, value: bool(a), line });
			more.push({ op: "set", reg, value: bool(b), line });
			const go_on: LitmusValue = op === "&&" ? { reg } : { op: "!", a: { reg } };
			this.#out.push({ op: "if", value: go_on, yes: more, no: [], line });
			a = { reg };
		}
	}
	#unary(): LitmusValue {
		const { t } = this;
		const { text, line } = t.take();
		if (text === "!" || text === "~" || text === "-")
			return { op: text === "-" ? "neg" : text, a: this.#unary() };
		if (text === "+") return this.#unary();
		if (text === "*") throw t.mistake("a plain access is not supported: use READ_ONCE()", line);
		if (text === "&") throw t.mistake("'&' is not supported: the name of a parameter is its address", line);
		if (text === "(") {
			if (TYPE.test(t.peek().text)) {
				while (TYPE.test(t.peek().text) || t.peek().text === "*") t.take();
				t.want(")");
				return this.#unary();
			}
			const inner = this.#expression();
			t.want(")");
			return inner;
		}
		if (/^\d/.test(text)) {
			if (t.peek().start === t.peek().end - 1 && /^[uUlL]$/.test(t.peek().text)) t.take();
			return Number(text) | 0;
		}
		if (!/^[A-Za-z_]/.test(text)) throw t.mistake(`a value is expected, and not ${shown(text)}`, line);
		if (t.peek().text === "(") return this.#call(text, line);
		if (/^(\[|->|\.)$/.test(t.peek().text)) throw t.mistake(`'${t.peek().text}' is not supported`);
		if (text === "NULL") return 0;
		const parameter = this.parameters.get(text);
		if (parameter === "lock") throw t.mistake(`'${text}' is a lock and has no value`, line);
		if (parameter) return { at: text };
		if (!this.registers.includes(text)) throw t.mistake(`'${text}' is not declared`, line);
		return { reg: text };
	}
	/**
	 * Adds unless it is a certain value, and says whether it has: a look, and a cmpxchg that has to find
	 * the same. Executions where it does not are those where it is tried once more, and end like others.
	 */
	#add_unless(op: string, line: number): LitmusValue {
		const { t } = this;
		t.want("(");
		const address = this.#expression();
		const where =
			typeof address === "object" && "at" in address ? { loc: address.at } : { pointer: address };
		let add: LitmusValue = 1;
		let unless: LitmusValue = 0;
		if (op === "atomic_add_unless") {
			t.want(",");
			add = this.#expression();
			t.want(",");
			unless = this.#expression();
		}
		t.want(")");
		const [old, found, done] = [this.#temp(), this.#temp(), this.#temp()];
		const same: LitmusValue = { op: "==", a: { reg: old }, b: { reg: found } };
		const value: LitmusValue = { op: "+", a: { reg: old }, b: add };
		this.#out.push(
			{ op: "atomic_read", ...where, reg: old, line },
			{ op: "set", reg: done, value: { op: "!=", a: { reg: old }, b: unless }, line },
			{
				op: "if",
				value: { reg: done },
				yes: [
					{ op: "atomic_cmpxchg", ...where, old: { reg: old }, value, reg: found, line },
					{ op: "assume", value: same, line },
				],
				no: [],
				line,
			},
		);
		return { reg: done };
	}
	#call(op: string, line: number): LitmusValue {
		const { t } = this;
		if (op === "atomic_add_unless" || op === "atomic_inc_not_zero") return this.#add_unless(op, line);
		if (op === "barrier") {
			t.want("(");
			t.want(")");
			return 0;
		}
		const takes = TAKES.find(([name]) => name.test(op))?.[1];
		if (takes === undefined || !this.known.includes(op)) throw t.mistake(`${op}() is not supported`, line);
		const o: LitmusOp = { op, line };
		t.want("(");
		for (const [i, kind] of [...takes].entries()) {
			if (i > 0) t.want(",");
			if (kind === "*") t.want("*");
			if (kind === "l") {
				const name = t.name("a lock");
				if (this.parameters.get(name) !== "lock")
					throw t.mistake(`'${name}' is no spinlock_t`, line);
				o.lock = name;
				continue;
			}
			const value = kind === "*" ? this.#unary() : this.#expression();
			if (kind === "v") o.value = value;
			else if (kind === "o") o.old = value;
			else if (typeof value === "object" && "at" in value) o.loc = value.at;
			else o.pointer = value;
		}
		t.want(")");
		const result = HAS_RESULT.test(op);
		if (result) o.reg = this.#temp();
		this.#out.push(o);
		return o.reg === undefined ? 0 : { reg: o.reg };
	}
}
