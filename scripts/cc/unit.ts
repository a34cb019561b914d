// SPDX-License-Identifier: GPL-2.0-only
/** One source file on its way to JavaScript, and what all of its parts need to know. */
import ts from "@typescript/typescript6";
import type { Constants } from "./fold.ts";
import type { Image } from "./image.ts";
import type { Layout, Layouts } from "./layout.ts";
import { LayoutError } from "./layout.ts";
import type { Types } from "./types.ts";

const f = ts.factory;

export interface LowerOptions {
	layouts: Layouts;
	types: Types;
	constants: Constants;
	image: Image;
	/** Write the typed-array access itself; else each access calls a function of
	 *  the door (CONFIG_KASAN, and machines that must see every access). */
	direct: boolean;
	/** Additions without a use are told apart, locks and accesses get their names. */
	stepper: boolean;
	/** Absolute path of the module that exports the door. */
	door: string;
	/** Files that hold kernel code. */
	is_kernel: (file: string) => boolean;
	/** Told what the source calls each access of a file; see names.ts. */
	named?: (file: string, names: Names) => void;
}

/** Texts of accesses by "line:column", both from 1, as a source map has them. */
export type Names = Record<string, string>;

export class Unit {
	/** What is used of the door. */
	readonly used = new Set<string>();
	readonly names: Names = {};
	/** Whether the function being lowered has a struct on the stack. */
	stack_used = false;
	/** In what a module computes when it is loaded: constants are folded. */
	top_level = false;
	readonly checker: ts.TypeChecker;

	constructor(
		readonly source: ts.SourceFile,
		readonly options: LowerOptions,
		readonly context: ts.TransformationContext,
		/** Lowers an expression. */
		readonly visit: (node: ts.Expression) => ts.Expression,
	) {
		this.checker = options.layouts.checker;
	}

	/** A name that the door exports. */
	door(id: string): ts.Identifier {
		this.used.add(id);
		return f.createIdentifier(id);
	}

	/** A call of one of the door's functions. */
	call(id: string, ...args: ts.Expression[]): ts.CallExpression {
		return f.createCallExpression(this.door(id), undefined, args);
	}

	/** The struct that a builtin is about: its type argument, or what its first argument points to. */
	struct(node: ts.CallExpression): Layout {
		const { layouts } = this.options;
		const t = node.typeArguments?.[0];
		const found = t
			? layouts.of_node(t)
			: node.arguments[0] && layouts.of_type(this.checker.getTypeAtLocation(node.arguments[0]));
		const id = node.expression.getText();
		if (!found) throw new LayoutError(node, `${id} wants a struct: ${id}<T>(…)`);
		return found;
	}
}
