// SPDX-License-Identifier: GPL-2.0-only
//
// Expressions as Kconfiglib prints them in its messages.

import { Choice, type Expr, KSymbol } from "./model.ts";

function item_text(item: KSymbol | Choice): string {
	if (item instanceof Choice) return item.name === null ? "<choice>" : `<choice ${item.name}>`;
	const plain = !item.constant || item.name === "n" || item.name === "m" || item.name === "y";
	return plain ? item.name : `"${item.name.replace(/["\\]/g, "\\$&")}"`;
}

/** The operands of the outermost operator, from the left. */
export function split(expr: Expr, op: "&&" | "||"): Expr[] {
	return "op" in expr && expr.op === op ? [...split(expr.a, op), ...split(expr.b, op)] : [expr];
}

/** As it would stand in a Kconfig file; where && and || meet, with brackets. */
export function expr_text(expr: Expr): string {
	if (expr instanceof KSymbol || expr instanceof Choice) return item_text(expr);
	const within = (part: Expr, op: string): string =>
		"op" in part && part.op === op ? `(${expr_text(part)})` : expr_text(part);
	switch (expr.op) {
		case "&&":
			return `${within(expr.a, "||")} && ${within(expr.b, "||")}`;
		case "||":
			return `${within(expr.a, "&&")} || ${within(expr.b, "&&")}`;
		case "!":
			return "op" in expr.a ? `!(${expr_text(expr.a)})` : `!${expr_text(expr.a)}`;
		default:
			return `${item_text(expr.a)} ${expr.op} ${item_text(expr.b)}`;
	}
}
