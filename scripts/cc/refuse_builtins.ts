// SPDX-License-Identifier: GPL-2.0-only
/** The functions of compiler.d.ts: each is called by its own name, with what it is about. */
import ts from "@typescript/typescript6";
import { bare } from "./code.ts";
import { FIELD_BUILTINS, no_such_access } from "./intrinsics.ts";
import { declared_by_us } from "./layout.ts";
import type { Judge } from "./refuse.ts";
import { field_named, is_quotient } from "./refuse_numbers.ts";

/** Names that compiler.d.ts declares as values, and as types. */
const VALUES = new Set([
	...FIELD_BUILTINS.keys(),
	"NULL",
	"IS_ENABLED",
	"sizeof",
	"offsetof",
	"container_of",
	"ptr_add",
	"ptr_diff",
	"cast",
	"uptr",
	"struct_copy",
	"struct_zero",
	"DEFINE",
	"DEFINE_PER_CPU",
	"this_cpu",
	"per_cpu",
	"STACK",
	"RODATA",
	"ADDR",
]);
const TYPES = new Set([
	"struct",
	"int",
	"u32",
	"u16",
	"u8",
	"bool",
	"ulong",
	"embed",
	"array",
	"ifdef",
	"overlay",
	"rodata",
	"percpu",
]);

/** What lowered code calls: a local of that name would be called instead. */
const DOOR = new RegExp(
	`^(${[
		"HEAP(32|U32|U16|U8|F64)|__sp|BUILD_BUG_no_such_field",
		"(load|store|read_once|write_once|data_race|load_acquire|store_release|add)_(i32|u32|u16|u8|f64)",
		"(rcu_dereference|rcu_assign_pointer|xchg|cmpxchg|fetch_add|fetch_or|fetch_and)_(i32|u32|u16|u8|f64)",
		"(xchg|cmpxchg|fetch_add|fetch_or|fetch_and)_word|load_acquire",
		"store_release|rodata_at|rodata_addr|copy_words|zero_words",
		"stack_(alloc|push|save|restore)|percpu_base(_of)?",
	].join("|")})$`,
);

/** Builtins whose struct is in their type argument only. */
const WANT_STRUCT = /^(sizeof|offsetof|STACK|DEFINE|DEFINE_PER_CPU)$/;

export function refuse_builtins(node: ts.Node, j: Judge): undefined {
	if (ts.isIdentifier(node)) {
		refuse_declaration(node, j);
		refuse_value(node, j);
	} else if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && VALUES.has(node.expression.text))
		refuse_call(node, j);
}

/** A name of the compiler's that is declared again. */
function refuse_declaration(node: ts.Identifier, { say }: Judge): undefined {
	const { parent, text } = node;
	if ((parent as ts.NamedDeclaration).name !== node) return;
	const type =
		ts.isInterfaceDeclaration(parent) ||
		ts.isTypeAliasDeclaration(parent) ||
		ts.isTypeParameterDeclaration(parent) ||
		ts.isEnumDeclaration(parent) ||
		ts.isClassLike(parent);
	const local =
		ts.isVariableDeclaration(parent) ||
		ts.isParameter(parent) ||
		ts.isFunctionLike(parent) ||
		ts.isBindingElement(parent) ||
		ts.isImportClause(parent) ||
		ts.isNamespaceImport(parent);
	const method =
		ts.isMethodDeclaration(parent) ||
		ts.isMethodSignature(parent) ||
		ts.isGetAccessor(parent) ||
		ts.isSetAccessor(parent);
	const imported = ts.isImportSpecifier(parent);
	if (type ? TYPES.has(text) : ((local && !method) || imported) && VALUES.has(text))
		return say(node, `'${text}' is the compiler's own name; call this something else`);
	if (!(local && !method) && !imported) return;
	if (text.startsWith("CONFIG_") && !imported && !ts.isSourceFile(parent.parent.parent?.parent))
		return say(
			node,
			`'${text}' is named as a symbol of the configuration; import it from ` +
				`"generated/autoconf.ts", or call it something else`,
		);
	const from = imported ? parent.parent.parent.parent.moduleSpecifier.getText() : "";
	if (DOOR.test(text) && !/["']host\//.test(from))
		say(node, `'${text}' is a name that compiled code uses; call this something else`);
}

/** A builtin that is not called: it is no function that a value could be. */
function refuse_value(node: ts.Identifier, { types, say }: Judge): undefined {
	const { parent, text } = node;
	if (!VALUES.has(text) || text === "NULL" || (parent as ts.NamedDeclaration).name === node) return;
	if (ts.isPropertyAccessExpression(parent) && parent.name === node) return;
	const symbol = types.checker.getSymbolAtLocation(node);
	if (!symbol || !declared_by_us(symbol, text)) return;
	if (ts.isTypeQueryNode(parent)) return;
	if (!ts.isCallExpression(parent) || parent.expression !== node || parent.questionDotToken)
		say(node, `'${text}' is no function at run time; call it where it is needed`);
}

function refuse_call(node: ts.CallExpression, j: Judge): undefined {
	const { types, say } = j;
	const id = (node.expression as ts.Identifier).text;
	const args = node.arguments;
	if (args.some(ts.isSpreadElement)) return say(node, `${id} takes its arguments one by one`);
	const builtin = FIELD_BUILTINS.get(id);
	if (builtin || id === "ADDR") {
		const found = args[0] && field_named(args[0], j);
		if (!found) return say(node, `${id} wants a struct's field; name it, ${id}(p.field)`);
		if (builtin && !builtin.kinds.includes(found.kind)) say(node, no_such_access(id, builtin.kinds));
		else if (/^fetch_/.test(id) && (found.kind === "rodata" || types.has_struct(types.of(bare(args[0])))))
			say(node, `${id} of a pointer; use cmpxchg, or make the field an int`);
	}
	const takes = types.checker.getResolvedSignature(node)?.getDeclaration()?.parameters.length ?? 0;
	if (args.length !== takes) return say(node, `${id} takes ${takes} argument${takes === 1 ? "" : "s"}`);
	if (WANT_STRUCT.test(id)) {
		const [t] = node.typeArguments ?? [];
		if (!t) return say(node, `${id} wants a struct: ${id}<T>(…)`);
		const layout = types.layouts.of_node(t);
		const [name] = args;
		if (id === "offsetof" && !(ts.isStringLiteral(name) && layout.fields.has(name.text)))
			say(name, `no such field: ${name.getText()}; name a field of ${layout.name} as a string`);
	}
	const struct = node.typeArguments?.[0] ?? args[0];
	const about =
		struct &&
		types.struct(ts.isTypeNode(struct) ? types.checker.getTypeFromTypeNode(struct) : types.of(struct));
	if (id === "struct_copy" || id === "ptr_diff" || id === "ptr_add" || id === "struct_zero") {
		if (!about || declared_by_us(about, "struct"))
			return say(
				node,
				`${id} wants a struct; declare what the pointer points to, or write ${id}<T>(…)`,
			);
		for (const a of id === "ptr_add" ? [args[0]] : args) {
			const s = a && types.struct(types.of(a));
			if (s && s !== about)
				say(a, `'${s.name}' where '${about.name}' is wanted; write cast<${about.name}>(p)`);
		}
		if (id === "ptr_add" && is_quotient(args[1], j))
			say(args[1], "a quotient may lie between two of them; write Math.floor(a / b)");
	} else if (id === "container_of") refuse_container(node, about, j);
	else if (id === "cast" || id === "uptr") {
		if (args[0] && types.is_wide(args[0]))
			say(
				node,
				`a ulong as a pointer: user addresses are none; take what it maps, or write x as int`,
			);
	} else if (id === "STACK") refuse_stack(node, j);
	else if (id === "DEFINE" || id === "DEFINE_PER_CPU" || id === "RODATA") {
		const decl = node.parent;
		const named =
			ts.isVariableDeclaration(decl) &&
			ts.isIdentifier(decl.name) &&
			decl.parent.flags & ts.NodeFlags.Const &&
			ts.isSourceFile(decl.parent.parent.parent);
		if (!named) say(node, `${id} stands only as 'const x = ${id}(…)' at top level`);
	}
}

/** container_of<T>(p, "f"): p points to what lies in T under that name. */
function refuse_container(node: ts.CallExpression, about: ts.Symbol | undefined, { types, say }: Judge): undefined {
	const [p, name] = node.arguments;
	if (!about || !p || !name || !ts.isStringLiteral(name))
		return say(node, 'container_of wants a struct and a field\'s name: container_of<T>(p, "field")');
	const field = types.layouts.of(about).fields.get(name.text);
	if (!field) return say(name, `no such field: ${name.getText()}; name a field of ${about.name} as a string`);
	if (field.kind !== "embed")
		return say(
			node,
			`'${name.text}' is not embedded in ${about.name}: nothing lies in it there; follow a ` +
				"pointer to the container, or embed it",
		);
	const member = types.checker.getPropertyOfType(types.checker.getDeclaredTypeOfSymbol(about), name.text);
	const inner = member && types.struct(types.checker.getTypeOfSymbol(member));
	const have = types.struct(types.of(p));
	if (inner && have && have !== inner && !declared_by_us(have, "struct"))
		say(
			p,
			`'${have.name}' where the '${inner.name}' inside ${about.name} is wanted; name the ` +
				`field that is a ${have.name}`,
		);
}

/** STACK<T>() is memory of a function, until it returns. */
function refuse_stack(node: ts.CallExpression, { types, say }: Judge): undefined {
	const decl = node.parent;
	if (!ts.isVariableDeclaration(decl) || !(decl.parent.flags & ts.NodeFlags.Const) || !ts.isIdentifier(decl.name))
		return say(node, "STACK is a local variable; write const x = STACK<T>() in the function");
	for (let n: ts.Node = decl.parent; !ts.isFunctionLike(n) && !ts.isSourceFile(n); n = n.parent)
		if (ts.isIterationStatement(n, false))
			return say(
				node,
				"STACK in a loop takes more of the stack each time; write it in front of the loop",
			);
	const symbol = types.checker.getSymbolAtLocation(decl.name);
	let body: ts.Node = decl;
	while (!ts.isFunctionLike(body) && !ts.isSourceFile(body)) body = body.parent;
	if (!ts.isFunctionDeclaration(body))
		return say(node, "STACK is for function declarations; give the closure a name of its own at top level");
	const look = (n: ts.Node): void => {
		if (ts.isReturnStatement(n) && n.expression) {
			const value = bare(n.expression);
			if (ts.isIdentifier(value) && types.checker.getSymbolAtLocation(value) === symbol)
				say(
					n,
					`'${value.text}' is on the stack of this function and gone when it ` +
						"returns; let the caller give the memory",
				);
		}
		ts.forEachChild(n, look);
	};
	look(body);
}
