// SPDX-License-Identifier: GPL-2.0-only
//
// The library at work: the menu tree, with the value of each symbol and where it stands. Two
// outputs can be compared by diff.
//
//	ARCH=x86 SRCARCH=x86 node --import tsx scripts/kconfig/examples/print_tree.ts [KCONFIG]

import { type MenuNode, parse } from "../index.ts";
import { run_example } from "./program.ts";

function line(node: MenuNode): string {
	const { symbol } = node;
	const what = symbol ? `${symbol.name}=${symbol.value}` : node.kind;
	const prompt = node.prompt === null ? "" : ` "${node.prompt}"`;
	return `${what}${prompt} ${node.at.file}:${node.at.line}`;
}

/** One line for each entry below one, indented by depth. */
export function print_tree(node: MenuNode, depth = 0): string[] {
	return node.children.flatMap((child) => [
		`${"  ".repeat(depth)}${line(child)}`,
		...print_tree(child, depth + 1),
	]);
}

run_example(import.meta.url, (file) => print_tree(parse(file).top));
