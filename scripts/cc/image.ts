// SPDX-License-Identifier: GPL-2.0-only
/**
 * The image's data: gives every DEFINE, DEFINE_PER_CPU and RODATA its address,
 * as a linker does. The order is that of file names and of places in a file, so
 * every CPU that loads the bundle agrees on it.
 */
import ts from "@typescript/typescript6";
import { LayoutError, type Layouts } from "./layout.ts";

export interface DataSymbol {
	name: string;
	section: "data" | "percpu" | "rodata";
	address: number;
	size: number;
	file: string;
}

const CACHE_LINE = 64;

export class Image {
	symbols = new Map<ts.Node, DataSymbol>();
	data_end: number;
	percpu_size = 0;
	#rodata = 0;

	/** The first page is where NULL pointers fall: .data begins behind it, and ends with one. */
	constructor(files: readonly ts.SourceFile[], layouts: Layouts, page_size: number) {
		this.data_end = page_size;
		const sorted = [...files].sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
		for (const file of sorted) {
			for (const statement of file.statements) {
				if (!ts.isVariableStatement(statement)) continue;
				for (const decl of statement.declarationList.declarations) this.place(decl, layouts);
			}
		}
		this.percpu_size = Math.ceil(this.percpu_size / page_size) * page_size;
		this.data_end = Math.ceil(this.data_end / page_size) * page_size;
	}

	private place(decl: ts.VariableDeclaration, layouts: Layouts) {
		const call = decl.initializer;
		if (!call || !ts.isCallExpression(call) || !ts.isIdentifier(call.expression)) return;
		const name = decl.name.getText();
		const file = decl.getSourceFile().fileName;
		const kind = call.expression.text;
		if (kind === "RODATA") {
			this.#rodata += 4;
			this.symbols.set(call, { name, section: "rodata", address: this.#rodata, size: 4, file });
			return;
		}
		if (kind !== "DEFINE" && kind !== "DEFINE_PER_CPU") return;
		const arg = call.typeArguments?.[0];
		if (!arg) throw new LayoutError(call, `${kind} wants a struct: ${kind}<T>()`);
		const { size } = layouts.of_node(arg);
		const room = Math.ceil(size / CACHE_LINE) * CACHE_LINE;
		if (kind === "DEFINE") {
			this.symbols.set(call, { name, section: "data", address: this.data_end, size, file });
			this.data_end += room;
		} else {
			this.symbols.set(call, { name, section: "percpu", address: this.percpu_size, size, file });
			this.percpu_size += room;
		}
	}
}
