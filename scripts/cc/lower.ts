// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lowers the language of include/linux/compiler.d.ts to JavaScript: struct
 * fields to typed-array accesses at constant offsets, builtins to the door's
 * functions, DEFINE to addresses. A transformer for the TypeScript emitter.
 *
 * Two ways to reach RAM: "direct" writes the typed-array access itself, "call"
 * goes through a function of the door for each access (CONFIG_KASAN, and
 * machines that must see every access).
 */
import ts from "typescript";
import { Constants } from "./fold.ts";
import type { Image } from "./image.ts";
import { type Field, type Kind, type Layout, LayoutError, type Layouts } from "./layout.ts";

const f = ts.factory;

/** Where a field's kind lives: its typed array, and the shift of its index. */
const ARRAYS: Record<string, { heap: string; shift: number }> = {
	i32: { heap: "HEAP32", shift: 2 },
	rodata: { heap: "HEAP32", shift: 2 },
	u32: { heap: "HEAPU32", shift: 2 },
	u16: { heap: "HEAPU16", shift: 1 },
	u8: { heap: "HEAPU8", shift: 0 },
	bool: { heap: "HEAPU8", shift: 0 },
	f64: { heap: "HEAPF64", shift: 3 },
};

/** Builtins whose first argument is a field, and their door functions. The
 *  suffix of the field's kind is appended: read_once_f64. */
const FIELD_BUILTINS: Record<string, string> = {
	READ_ONCE: "read_once",
	WRITE_ONCE: "write_once",
	data_race: "data_race",
	smp_load_acquire: "load_acquire",
	smp_store_release: "store_release",
	rcu_dereference: "rcu_dereference",
	rcu_assign_pointer: "rcu_assign_pointer",
	xchg: "xchg",
	cmpxchg: "cmpxchg",
	fetch_add: "fetch_add",
	fetch_or: "fetch_or",
	fetch_and: "fetch_and",
};

/**
 * Marked accesses that are one plain load or store. The engine may not repeat a
 * typed array's access and does not drop or move one, as the array may be
 * shared: it treats them as C does a volatile. What the processor may reorder
 * is the business of barriers, and rcu_dereference() has its dependency.
 * once_test.ts checks the engine. Atomics.load is a call.
 */
const VOLATILE = ["read_once", "rcu_dereference", "write_once", "data_race"];

/** Functions that get a lock's name as a second argument: what Linux's macros
 *  of these names do for lockdep. */
const LOCK_INITS = ["spin_lock_init", "raw_spin_lock_init", "init_rwsem", "__init_rwsem"];

/** Publishing stores: plain where the processor keeps the order of stores. */
const RELEASE = ["store_release", "rcu_assign_pointer"];

/** What a 32-bit builtin is on this host, written in place. */
const DIRECT: Record<string, string> = {
	load_acquire: "load",
	xchg: "exchange",
	cmpxchg: "compareExchange",
	fetch_add: "add",
	fetch_or: "or",
	fetch_and: "and",
};

interface Place {
	address: ts.Expression;
	kind: Kind;
}

export interface LowerOptions {
	layouts: Layouts;
	image: Image;
	direct: boolean;
	/** Additions without a use are told apart, and locks get their names. */
	stepper: boolean;
	/** Absolute path of the module that exports the door. */
	door: string;
	/** Files that hold kernel code: a field access on `any` is an error there. */
	is_kernel: (file: string) => boolean;
}

export function lower({ layouts, image, direct, stepper, door, is_kernel }: LowerOptions) {
	const { checker } = layouts;
	const constants = new Constants(checker, layouts.config);

	return (context: ts.TransformationContext) => (source: ts.SourceFile): ts.SourceFile => {
		const kernel = is_kernel(source.fileName);
		if (!kernel) return source;
		const used = new Set<string>();
		let stack_used = false;
		/** In what a module computes when it is loaded: constants are folded. */
		let top_level = false;

		const num = (n: number): ts.Expression =>
			n < 0
				? f.createPrefixUnaryExpression(ts.SyntaxKind.MinusToken, f.createNumericLiteral(-n))
				: f.createNumericLiteral(n);
		const name = (id: string) => {
			used.add(id);
			return f.createIdentifier(id);
		};
		const call = (id: string, ...args: ts.Expression[]) =>
			f.createCallExpression(name(id), undefined, args);
		const paren = (e: ts.Expression) => f.createParenthesizedExpression(e);
		const plus = (e: ts.Expression, n: number) =>
			n === 0 ? e : f.createBinaryExpression(e, ts.SyntaxKind.PlusToken, num(n));
		const index = (address: ts.Expression, shift: number) =>
			shift === 0
				? address
				: f.createBinaryExpression(
						address,
						ts.SyntaxKind.GreaterThanGreaterThanToken,
						num(shift),
					);
		const slot = ({ address, kind }: Place) => {
			const { heap, shift } = ARRAYS[kind];
			return f.createElementAccessExpression(name(heap), index(address, shift));
		};

		const load = (p: Place): ts.Expression => {
			if (p.kind === "embed" || p.kind === "array") return paren(p.address);
			const raw = direct ? slot(p) : call(`load_${base(p.kind)}`, p.address);
			return unpack(p.kind, raw);
		};
		const store = (p: Place, value: ts.Expression): ts.Expression => {
			const v = pack(p.kind, value);
			return direct ? f.createAssignment(slot(p), v) : call(`store_${base(p.kind)}`, p.address, v);
		};
		const unpack = (kind: Kind, raw: ts.Expression) =>
			kind === "bool"
				? paren(f.createStrictInequality(raw, num(0)))
				: kind === "rodata"
					? call("rodata_at", raw)
					: raw;
		const pack = (kind: Kind, v: ts.Expression) =>
			kind === "bool"
				? f.createConditionalExpression(v, undefined, num(1), undefined, num(0))
				: kind === "rodata"
					? call("rodata_addr", v)
					: v;

		/** The place in RAM that an expression names, if it is a struct's field. */
		const place = (node: ts.Expression): Place | undefined => {
			if (ts.isParenthesizedExpression(node)) return place(node.expression);
			if (ts.isNonNullExpression(node) || ts.isAsExpression(node)) return place(node.expression);
			if (ts.isElementAccessExpression(node)) {
				const array = field_of(node.expression);
				if (!array?.field.element) return;
				const at = place(node.expression);
				if (!at) return;
				const { kind, stride } = array.field.element;
				const i = visit(node.argumentExpression);
				const scaled =
					stride === 1 ? i : f.createBinaryExpression(paren(i), ts.SyntaxKind.AsteriskToken, num(stride));
				return {
					address: f.createBinaryExpression(at.address, ts.SyntaxKind.PlusToken, scaled),
					kind,
				};
			}
			const found = field_of(node);
			if (!found) return;
			const access = node as ts.PropertyAccessExpression;
			if (access.questionDotToken) throw new LayoutError(node, "a pointer has no '?.'");
			const pointer = visit(access.expression);
			if (!found.field.present) {
				/* Of a branch that another configuration takes: must be dead code here. */
				return { address: f.createIdentifier(`BUILD_BUG_no_such_field`), kind: found.field.kind };
			}
			return { address: plus(wrap(pointer), found.field.offset), kind: found.field.kind };
		};

		const field_of = (node: ts.Expression): { layout: Layout; field: Field } | undefined => {
			if (!ts.isPropertyAccessExpression(node)) return;
			const symbol = checker.getSymbolAtLocation(node.name);
			if (!symbol) {
				const type = checker.getTypeAtLocation(node.expression);
				if (type.flags & ts.TypeFlags.Any)
					throw new LayoutError(node, `field '${node.name.text}' of a value without a type`);
				return;
			}
			return layouts.field(symbol);
		};

		/** `a + 4` binds tighter than what a conditional or `||` would. */
		const wrap = (e: ts.Expression): ts.Expression =>
			ts.isIdentifier(e) ||
			ts.isNumericLiteral(e) ||
			ts.isElementAccessExpression(e) ||
			ts.isCallExpression(e) ||
			ts.isPropertyAccessExpression(e) ||
			ts.isParenthesizedExpression(e)
				? e
				: paren(e);

		const lower_call = (node: ts.CallExpression): ts.Expression | undefined => {
			if (!ts.isIdentifier(node.expression)) return;
			const id = node.expression.text;
			const args = node.arguments;
			const struct = () => {
				const t = node.typeArguments?.[0];
				const found = t ? layouts.of_node(t) : args[0] && layouts.of_type(checker.getTypeAtLocation(args[0]));
				if (!found) throw new LayoutError(node, `${id} wants a struct: ${id}<T>(…)`);
				return found;
			};
			const field_named = (arg: ts.Expression) => {
				const layout = struct();
				const field = ts.isStringLiteral(arg) ? layout.fields.get(arg.text) : undefined;
				if (!field) throw new LayoutError(node, `no such field: ${arg.getText()}`);
				return field;
			};
			const builtin = FIELD_BUILTINS[id];
			if (builtin) {
				const p = place(args[0]);
				if (!p) throw new LayoutError(node, `${id} wants a struct's field`);
				const rest = args.slice(1).map((a) => pack(p.kind, visit(a)));
				const k = base(p.kind);
				if (direct && k === "i32" && DIRECT[builtin]) {
					const { heap, shift } = ARRAYS[p.kind];
					const raw = f.createCallExpression(
						f.createPropertyAccessExpression(f.createIdentifier("Atomics"), DIRECT[builtin]),
						undefined,
						[name(heap), index(p.address, shift), ...rest],
					);
					return unpack(p.kind, raw);
				}
				const plain = VOLATILE.includes(builtin) || k !== "i32";
				if (direct && plain && rest.length === 0) return load(p);
				if (direct && plain && rest.length === 1) return f.createAssignment(slot(p), rest[0]);
				if (direct && RELEASE.includes(builtin)) return call("store_release", p.address, ...rest);
				if (stepper && builtin === "fetch_add" && ts.isExpressionStatement(node.parent))
					return call("add_i32", p.address, ...rest);
				return unpack(p.kind, call(`${builtin}_${k}`, p.address, ...rest));
			}
			if (stepper && LOCK_INITS.includes(id) && args.length === 1) {
				const field = field_of(args[0]);
				const of = field ? checker.typeToString(checker.getTypeAtLocation((args[0] as ts.PropertyAccessExpression).expression)) : "";
				const lock = field ? `${of}.${(args[0] as ts.PropertyAccessExpression).name.text}` : args[0].getText();
				return f.createCallExpression(node.expression, undefined, [visit(args[0]), f.createStringLiteral(lock)]);
			}
			switch (id) {
				case "ADDR": {
					const p = place(args[0]);
					if (!p) throw new LayoutError(node, "ADDR wants a struct's field");
					return paren(p.address);
				}
				case "IS_ENABLED":
				case "cast":
				case "uptr":
					return paren(visit(args[0]));
				case "sizeof":
					return num(struct().size);
				case "offsetof":
					return num(field_named(args[0]).offset);
				case "container_of":
					return paren(plus(wrap(visit(args[0])), -field_named(args[1]).offset || 0));
				case "ptr_add": {
					const scaled = f.createBinaryExpression(
						paren(visit(args[1])),
						ts.SyntaxKind.AsteriskToken,
						num(struct().size),
					);
					return paren(
						f.createBinaryExpression(wrap(visit(args[0])), ts.SyntaxKind.PlusToken, scaled),
					);
				}
				case "ptr_diff": {
					const bytes = f.createBinaryExpression(
						wrap(visit(args[0])),
						ts.SyntaxKind.MinusToken,
						wrap(visit(args[1])),
					);
					return paren(
						f.createBinaryExpression(paren(bytes), ts.SyntaxKind.SlashToken, num(struct().size)),
					);
				}
				case "struct_copy":
					return call("copy_words", visit(args[0]), visit(args[1]), num(struct().size));
				case "struct_zero":
					return call("zero_words", visit(args[0]), num(struct().size));
				case "STACK":
					stack_used = true;
					return call("stack_alloc", num((struct().size + 7) & ~7));
				case "this_cpu":
					return paren(
						f.createBinaryExpression(
							name("percpu_base"),
							ts.SyntaxKind.PlusToken,
							wrap(visit(args[0])),
						),
					);
				case "per_cpu":
					return paren(
						f.createBinaryExpression(
							call("percpu_base_of", visit(args[1])),
							ts.SyntaxKind.PlusToken,
							wrap(visit(args[0])),
						),
					);
				case "DEFINE":
				case "DEFINE_PER_CPU":
				case "RODATA": {
					const symbol = image.symbols.get(node);
					if (!symbol) throw new LayoutError(node, `${id} stands only as 'const x = ${id}(…)' at top level`);
					if (id !== "RODATA") return num(symbol.address);
					return ts.addSyntheticLeadingComment(
						call("rodata", num(symbol.address), visit(args[0])),
						ts.SyntaxKind.MultiLineCommentTrivia,
						"#__PURE__",
					);
				}
			}
		};

		/** `p.f op= v` and `p.f++`: a load and a store of the same place. */
		const update = (target: ts.Expression, op: ts.BinaryOperator, v: ts.Expression, post: boolean) => {
			const p = place(target);
			if (!p) return;
			if (!simple(target))
				throw new LayoutError(target, "put the pointer into a const before updating its field");
			const again = place(target);
			if (!again) return;
			const stored = store(p, f.createBinaryExpression(load(again), op, v));
			if (!post) return stored;
			const undo = op === ts.SyntaxKind.PlusToken ? ts.SyntaxKind.MinusToken : ts.SyntaxKind.PlusToken;
			return paren(f.createBinaryExpression(paren(stored), undo, v));
		};

		const with_stack = <T extends ts.FunctionLikeDeclaration>(node: T): ts.Node => {
			const outer = stack_used;
			stack_used = false;
			const done = ts.visitEachChild(node, visit_node, context) as T;
			const needed = stack_used;
			stack_used = outer;
			if (!needed || !done.body || !ts.isBlock(done.body)) {
				if (needed) throw new LayoutError(node, "STACK needs a function with a body");
				return done;
			}
			const sp = f.createIdentifier("__sp");
			const restore = (e?: ts.Expression) => call("stack_restore", sp, ...(e ? [e] : []));
			const ret = (n: ts.Node): ts.Node => {
				if (ts.isFunctionLike(n)) return n;
				if (ts.isReturnStatement(n)) return f.updateReturnStatement(n, restore(n.expression));
				return ts.visitEachChild(n, ret, context);
			};
			const save = f.createVariableStatement(
				undefined,
				f.createVariableDeclarationList(
					[f.createVariableDeclaration(sp, undefined, undefined, call("stack_save"))],
					ts.NodeFlags.Const,
				),
			);
			const body = f.updateBlock(done.body, [
				save,
				...done.body.statements.map((s) => ret(s) as ts.Statement),
				f.createExpressionStatement(restore()),
			]);
			if (ts.isFunctionDeclaration(done))
				return f.updateFunctionDeclaration(
					done,
					done.modifiers,
					done.asteriskToken,
					done.name,
					done.typeParameters,
					done.parameters,
					done.type,
					body,
				);
			throw new LayoutError(node, "STACK is for function declarations");
		};

		const visit_node = (node: ts.Node): ts.Node => {
			if (ts.isVariableDeclaration(node) && node.initializer && ts.isSourceFile(node.parent.parent.parent)) {
				top_level = true;
				const initializer = visit(node.initializer);
				top_level = false;
				return f.updateVariableDeclaration(node, node.name, undefined, undefined, initializer);
			}
			if (top_level && ts.isFunctionLike(node)) {
				top_level = false;
				const done = visit_node(node);
				top_level = true;
				return done;
			}
			if (top_level && ts.isExpression(node)) {
				const v = constants.value(node);
				if (typeof v === "number") return num(v);
			}
			if (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isArrowFunction(node))
				return with_stack(node);
			if (ts.isCallExpression(node)) {
				const lowered = lower_call(node);
				if (lowered) return lowered;
			}
			if (ts.isBinaryExpression(node)) {
				const op = node.operatorToken.kind;
				if (op === ts.SyntaxKind.EqualsToken) {
					const p = place(node.left);
					if (p) return store(p, visit(node.right));
				} else if (COMPOUND[op] !== undefined) {
					if (place(node.left)) {
						const v = visit(node.right);
						const done = update(node.left, COMPOUND[op], ts.isNumericLiteral(v) ? v : paren(v), false);
						if (done) return done;
					}
				}
			}
			if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
				const step =
					node.operator === ts.SyntaxKind.PlusPlusToken
						? ts.SyntaxKind.PlusToken
						: node.operator === ts.SyntaxKind.MinusMinusToken
							? ts.SyntaxKind.MinusToken
							: undefined;
				if (step !== undefined && place(node.operand)) {
					const unused = ts.isExpressionStatement(node.parent) || ts.isForStatement(node.parent);
					const post = ts.isPostfixUnaryExpression(node) && !unused;
					const done = update(node.operand, step, num(1), post);
					if (done) return done;
				}
			}
			if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
				const p = place(node);
				if (p) return load(p);
			}
			if (ts.isIdentifier(node) && is_value(node)) {
				/* A literal takes no look at a context, nor whether it is initialised. */
				const v = constants.value(node);
				if (typeof v === "number" && Number.isFinite(v)) return num(v);
			}
			if (ts.isIdentifier(node) && node.text === "NULL" && (node.parent as { name?: ts.Node }).name !== node)
				return num(0);
			return ts.visitEachChild(node, visit_node, context);
		};
		const visit = (node: ts.Expression) => visit_node(node) as ts.Expression;

		const done = ts.visitEachChild(source, visit_node, context);
		if (used.size === 0) return done;
		const declared = new Set(
			source.statements.flatMap((s) =>
				ts.isFunctionDeclaration(s) && s.name
					? [s.name.text]
					: ts.isImportDeclaration(s) &&
							s.importClause?.namedBindings &&
							ts.isNamedImports(s.importClause.namedBindings)
						? s.importClause.namedBindings.elements.map((e) => e.name.text)
						: [],
			),
		);
		const wanted = [...used].filter((id) => !declared.has(id)).sort();
		const imports = f.createImportDeclaration(
			undefined,
			f.createImportClause(
				undefined,
				undefined,
				f.createNamedImports(
					wanted.map((id) => f.createImportSpecifier(false, undefined, f.createIdentifier(id))),
				),
			),
			f.createStringLiteral(door),
		);
		return f.updateSourceFile(done, wanted.length ? [imports, ...done.statements] : done.statements);
	};
}

const base = (kind: Kind) => (kind === "rodata" ? "i32" : kind === "bool" ? "u8" : kind);

/** Does the name stand for a value to be read, not for a property, an import or
 *  what it declares? */
function is_value(node: ts.Identifier): boolean {
	const { parent } = node;
	if (!parent || ts.isTypeNode(parent)) return false;
	if ((ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node) return false;
	return (
		(ts.isBinaryExpression(parent) ||
			ts.isPrefixUnaryExpression(parent) ||
			ts.isConditionalExpression(parent) ||
			ts.isParenthesizedExpression(parent) ||
			ts.isCallExpression(parent) ||
			ts.isElementAccessExpression(parent) ||
			ts.isReturnStatement(parent) ||
			ts.isPropertyAssignment(parent) ||
			ts.isVariableDeclaration(parent) ||
			ts.isCaseClause(parent)) &&
		(parent as { name?: ts.Node }).name !== node
	);
}

/** An expression that may be evaluated twice: names and fields of names. */
function simple(node: ts.Expression): boolean {
	if (ts.isIdentifier(node) || ts.isNumericLiteral(node)) return true;
	if (ts.isPropertyAccessExpression(node)) return simple(node.expression);
	if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return simple(node.expression);
	if (ts.isElementAccessExpression(node))
		return simple(node.expression) && simple(node.argumentExpression);
	if (ts.isBinaryExpression(node))
		return node.operatorToken.kind !== ts.SyntaxKind.EqualsToken && simple(node.left) && simple(node.right);
	if (ts.isCallExpression(node) && ts.isIdentifier(node.expression))
		return /^(this_cpu|per_cpu|cast|container_of|current)$/.test(node.expression.text) &&
			node.arguments.every(simple);
	return false;
}

const K = ts.SyntaxKind;
const COMPOUND: Partial<Record<ts.SyntaxKind, ts.BinaryOperator>> = {
	[K.PlusEqualsToken]: K.PlusToken,
	[K.MinusEqualsToken]: K.MinusToken,
	[K.AsteriskEqualsToken]: K.AsteriskToken,
	[K.SlashEqualsToken]: K.SlashToken,
	[K.BarEqualsToken]: K.BarToken,
	[K.AmpersandEqualsToken]: K.AmpersandToken,
	[K.CaretEqualsToken]: K.CaretToken,
	[K.LessThanLessThanEqualsToken]: K.LessThanLessThanToken,
	[K.GreaterThanGreaterThanEqualsToken]: K.GreaterThanGreaterThanToken,
	[K.GreaterThanGreaterThanGreaterThanEqualsToken]: K.GreaterThanGreaterThanGreaterThanToken,
};
