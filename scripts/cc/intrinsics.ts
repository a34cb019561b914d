// SPDX-License-Identifier: GPL-2.0-only
/** The functions that compiler.d.ts declares: none of them exists at run time. */
import ts from "@typescript/typescript6";
import { base, field_of, load, no_such_field, pack, place, slot, unpack } from "./access.ts";
import { add, num, paren, plus, times, wrap } from "./code.ts";
import { type Field, type Kind, LayoutError } from "./layout.ts";
import { name_access, name_call } from "./names.ts";
import type { Unit } from "./unit.ts";

const f = ts.factory;

interface FieldBuiltin {
	/** The door's function; the suffix of the field's kind is appended: read_once_f64. */
	door: string;
	/** Kinds of fields that the machine can do it to. The door has a function for each. */
	kinds: readonly Kind[];
}

/** 64 bits are two accesses on some hosts' Atomics, and fewer than 32 have none. */
const WORD: readonly Kind[] = ["i32", "rodata"];
/* Halves of words are not marked: nothing in the tree has asked for it. */
const MARKED: readonly Kind[] = ["i32", "rodata", "u8", "bool", "f64"];

/** Builtins whose first argument is a field. */
export const FIELD_BUILTINS: ReadonlyMap<string, FieldBuiltin> = new Map(
	Object.entries({
		READ_ONCE: { door: "read_once", kinds: MARKED },
		WRITE_ONCE: { door: "write_once", kinds: MARKED },
		data_race: { door: "data_race", kinds: MARKED },
		smp_load_acquire: { door: "load_acquire", kinds: WORD },
		smp_store_release: { door: "store_release", kinds: WORD },
		rcu_dereference: { door: "rcu_dereference", kinds: WORD },
		rcu_assign_pointer: { door: "rcu_assign_pointer", kinds: WORD },
		xchg: { door: "xchg", kinds: WORD },
		cmpxchg: { door: "cmpxchg", kinds: WORD },
		fetch_add: { door: "fetch_add", kinds: WORD },
		fetch_or: { door: "fetch_or", kinds: WORD },
		fetch_and: { door: "fetch_and", kinds: WORD },
	}),
);

/**
 * Marked accesses that are one plain load or store. The engine may not repeat a
 * typed array's access and does not drop or move one, as the array may be
 * shared: it treats them as C does a volatile. What the processor may reorder
 * is the business of barriers, and rcu_dereference() has its dependency.
 * once_test.ts checks the engine.
 */
const VOLATILE = ["read_once", "rcu_dereference", "write_once", "data_race"];

/** Publishing stores: plain where the processor keeps the order of stores. */
const RELEASE = ["store_release", "rcu_assign_pointer"];

/** Functions that get a lock's name as a second argument: what Linux's macros
 *  of these names do for lockdep. */
const LOCK_INITS = [
	"spin_lock_init",
	"raw_spin_lock_init",
	"rt_mutex_init",
	"init_rwsem",
	"__init_rwsem",
	"percpu_init_rwsem",
	"init_srcu_struct",
];

/** What a call of a builtin becomes; undefined: it is none. */
export function lower_call(u: Unit, node: ts.CallExpression): ts.Expression | undefined {
	if (!ts.isIdentifier(node.expression)) return;
	const id = node.expression.text;
	const builtin = FIELD_BUILTINS.get(id);
	if (builtin) return field_builtin(u, node, builtin);
	if (u.options.stepper && LOCK_INITS.includes(id) && node.arguments.length === 1) return lock_init(u, node);
	return INTRINSICS.get(id)?.(u, node, node.arguments);
}

/** A marked access or an atomic read-modify-write. */
function field_builtin(u: Unit, node: ts.CallExpression, { door, kinds }: FieldBuiltin): ts.Expression {
	const id = (node.expression as ts.Identifier).text;
	const p = node.arguments[0] && place(u, node.arguments[0]);
	if (!p) throw new LayoutError(node, `${id} wants a struct's field`);
	if (!kinds.includes(p.kind)) throw new LayoutError(node, no_such_access(id, kinds));
	const { direct, stepper } = u.options;
	const rest = node.arguments.slice(1).map((a) => pack(u, p.kind, u.visit(a)));
	const k = base(p.kind);
	if (direct && VOLATILE.includes(door))
		return rest.length === 0 ? load(u, p) : f.createAssignment(slot(u, p), rest[0]);
	if (direct && RELEASE.includes(door)) return u.call("store_release", p.address, ...rest);
	if (direct && door === "load_acquire") return unpack(u, p.kind, u.call(door, p.address));
	if (direct) return unpack(u, p.kind, u.call(`${door}_word`, p.address, ...rest));
	if (stepper && id === "fetch_add" && ts.isExpressionStatement(node.parent))
		return name_access(u, u.call("add_i32", p.address, ...rest), p.node);
	return unpack(u, p.kind, name_access(u, u.call(`${door}_${k}`, p.address, ...rest), p.node));
}

const SOURCE_TYPES: Record<Kind, string> = {
	i32: "int",
	u32: "u32",
	u16: "u16",
	u8: "u8",
	bool: "bool",
	f64: "ulong",
	rodata: "rodata<T>",
	embed: "embed<T>",
	array: "array<T, N>",
};

/** What is said of an access that the machine cannot make. */
export function no_such_access(id: string, kinds: readonly Kind[]): string {
	const names = kinds.map((k) => (k === "i32" ? "int or pointer" : SOURCE_TYPES[k]));
	return (
		`${id} works on fields of ${names.join(", ")}; make the field an int, or take a lock and access it ` +
		"plainly"
	);
}

/** A lock's initialiser, told what lockdep calls the lock. */
function lock_init(u: Unit, node: ts.CallExpression): ts.Expression {
	const [lock] = node.arguments;
	const field = field_of(u, lock);
	const text = field ? `${field.layout.name}.${field.field.name}` : lock.getText();
	const named = f.createCallExpression(node.expression, undefined, [u.visit(lock), f.createStringLiteral(text)]);
	return name_call(u, named, node, lock);
}

type Lower = (u: Unit, node: ts.CallExpression, args: ts.NodeArray<ts.Expression>) => ts.Expression;

const INTRINSICS: ReadonlyMap<string, Lower> = new Map(
	Object.entries<Lower>({
		ADDR(u, node, args) {
			const p = place(u, args[0]);
			if (!p) throw new LayoutError(node, "ADDR wants a struct's field");
			return paren(p.address);
		},
		IS_ENABLED: as_is,
		cast: as_is,
		uptr: as_is,
		sizeof: (u, node) => num(u.struct(node).size),
		offsetof: (u, node, args) => offset(field_named(u, node, args[0]), args[0]),
		container_of(u, node, args) {
			const field = field_named(u, node, args[1]);
			const p = wrap(u.visit(args[0]));
			if (!field.present)
				return paren(
					f.createBinaryExpression(p, ts.SyntaxKind.MinusToken, offset(field, args[1])),
				);
			return paren(plus(p, -field.offset || 0));
		},
		ptr_add: (u, node, args) =>
			paren(add(wrap(u.visit(args[0])), times(u.visit(args[1]), u.struct(node).size))),
		ptr_diff(u, node, args) {
			const bytes = f.createBinaryExpression(
				wrap(u.visit(args[0])),
				ts.SyntaxKind.MinusToken,
				wrap(u.visit(args[1])),
			);
			return paren(
				f.createBinaryExpression(
					paren(bytes),
					ts.SyntaxKind.SlashToken,
					num(u.struct(node).size),
				),
			);
		},
		struct_copy(u, node, args) {
			const copy = u.call("copy_words", u.visit(args[0]), u.visit(args[1]), num(u.struct(node).size));
			return name_call(u, copy, node, args[1]);
		},
		struct_zero(u, node, args) {
			return name_call(
				u,
				u.call("zero_words", u.visit(args[0]), num(u.struct(node).size)),
				node,
				args[0],
			);
		},
		STACK(u, node) {
			u.stack_used = true;
			const fresh = !u.options.stepper && copied_at_once(node);
			return u.call(fresh ? "stack_push" : "stack_alloc", num((u.struct(node).size + 7) & ~7));
		},
		this_cpu: (u, _node, args) => paren(add(u.door("percpu_base"), wrap(u.visit(args[0])))),
		per_cpu: (u, _node, args) =>
			paren(add(u.call("percpu_base_of", u.visit(args[1])), wrap(u.visit(args[0])))),
		DEFINE: address_of_global,
		DEFINE_PER_CPU: address_of_global,
		RODATA(u, node, args) {
			const made = u.call("rodata", address_of_global(u, node), u.visit(args[0]));
			return ts.addSyntheticLeadingComment(made, ts.SyntaxKind.MultiLineCommentTrivia, "#__PURE__");
		},
	}),
);

/** `const p = STACK<T>();` and then `struct_copy(p, from);`: nobody sees what was in it before. */
function copied_at_once(node: ts.CallExpression): boolean {
	const declaration = node.parent;
	if (!ts.isVariableDeclaration(declaration) || !ts.isVariableDeclarationList(declaration.parent)) return false;
	const statement = declaration.parent.parent;
	if (declaration.parent.declarations.length !== 1) return false;
	if (!ts.isVariableStatement(statement) || !ts.isBlock(statement.parent)) return false;
	const { statements } = statement.parent;
	const next = statements[statements.indexOf(statement) + 1];
	if (!next || !ts.isExpressionStatement(next) || !ts.isCallExpression(next.expression)) return false;
	const { expression, arguments: args } = next.expression;
	return (
		ts.isIdentifier(expression) &&
		expression.text === "struct_copy" &&
		ts.isIdentifier(args[0]) &&
		args[0].text === declaration.name.getText() &&
		ts.isIdentifier(args[1]) &&
		args[1].text !== args[0].text
	);
}

function as_is(u: Unit, _node: ts.CallExpression, args: ts.NodeArray<ts.Expression>): ts.Expression {
	return paren(u.visit(args[0]));
}

function address_of_global(u: Unit, node: ts.CallExpression): ts.Expression {
	const id = (node.expression as ts.Identifier).text;
	const symbol = u.options.image.symbols.get(node);
	if (!symbol) throw new LayoutError(node, `${id} stands only as 'const x = ${id}(…)' at top level`);
	return num(symbol.address);
}

const offset = (field: Field, name: ts.Expression): ts.Expression =>
	field.present ? num(field.offset) : no_such_field(name);

function field_named(u: Unit, node: ts.CallExpression, arg: ts.Expression): Field {
	const layout = u.struct(node);
	const field = ts.isStringLiteral(arg) ? layout.fields.get(arg.text) : undefined;
	if (!field)
		throw new LayoutError(
			node,
			`no such field: ${arg.getText()}; name a field of ${layout.name} as a string`,
		);
	return field;
}
