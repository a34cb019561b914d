// SPDX-License-Identifier: GPL-2.0-only
//
// Dependency loops, each shown once and as short as it is, with the place of every edge. The
// loops are those that sym_check_deps() of symbol_check.ts refuses; what that prints follows
// the reference, whose trace may start outside of the loop and names no places.

import { sym_get_choice_menu } from "../choice.ts";
import { expr_alloc_symbol, expr_symbols } from "../expr.ts";
import type { Expr, Kconf, Menu, Sym } from "../lkc.ts";
import { SYMBOL_CONST } from "../lkc.ts";
import { prop_get_symbol, sym_is_choice } from "../symbol.ts";

export interface CycleEdge {
	readonly from: string;
	readonly to: string;
	/** How `from` hangs on `to`: "depends on", "is selected by", … */
	readonly how: string;
	/** FILE:LINE of the entry or statement. */
	readonly at: string;
}

/** A loop: each edge begins where the one before it ends, and the last ends at the first. */
export type Cycle = readonly CycleEdge[];

interface Edge {
	readonly to: Sym;
	readonly by: Sym;
	readonly on: Sym;
	readonly how: string;
	readonly at: string;
}

type Graph = Map<Sym, Edge[]>;

const where = (at: { filename: string; lineno: number }): string => `${at.filename}:${at.lineno}`;

/** A choice and its members stand and fall together: the choice speaks for all. */
const node = (sym: Sym): Sym => sym_get_choice_menu(sym)?.sym ?? sym;

/** All shortest loops, one for each group of symbols that hang on each other. */
export function cycles(kconf: Kconf): Cycle[] {
	const graph = build(kconf);
	const res: Cycle[] = [];
	for (const group of groups(graph)) {
		const cycle = shortest(graph, group);
		if (cycle) res.push(cycle.map(({ by, on, how, at }) => ({ from: name(by), to: name(on), how, at })));
	}
	return res;
}

function name(sym: Sym): string {
	const at = sym.menus[0];
	return sym.name ?? (at ? `the choice at ${where(at)}` : "a choice");
}

function build(kconf: Kconf): Graph {
	const graph: Graph = new Map();
	for (const sym of kconf.all) {
		if (sym.flags & SYMBOL_CONST) continue;
		const add = (by: Sym, e: Expr | null, how: string, at: string): void => {
			const from = node(by);
			let row = graph.get(from);
			if (!row) {
				row = [];
				graph.set(from, row);
			}
			for (const on of expr_symbols(e)) {
				if (on.flags & SYMBOL_CONST) continue;
				const known = row.some((edge) => edge.by === by && edge.on === on);
				if (!known) row.push({ to: node(on), by, on, how, at });
			}
		};
		for (const menu of sym.menus) add(sym, menu.dep, "depends on", depends_at(menu));
		for (const prop of sym.prop) {
			if (prop.type === "select" || prop.type === "imply") {
				const target = prop_get_symbol(prop);
				if (!target) continue;
				const how = prop.type === "select" ? "selected" : "implied";
				const by = expr_alloc_symbol(sym);
				add(target, by, `is ${how} by`, where(prop));
				const own = new Set(expr_symbols(prop.menu.dep));
				// What the selecting symbol depends on is an edge of its own.
				for (const on of expr_symbols(prop.visible.expr)) {
					if (own.has(on)) continue;
					add(target, expr_alloc_symbol(on), `is ${how} by ${sym.name} if`, where(prop));
				}
				continue;
			}
			if (prop.type === "default" && !sym_is_choice(sym)) {
				add(sym, prop.expr, "has a default with", where(prop));
			}
			const what = prop.type === "default" || prop.type === "range" ? prop.type : "prompt";
			add(sym, prop.visible.expr, `has a ${what} that depends on`, where(prop));
		}
	}
	return graph;
}

const depends_at = (menu: Menu): string => where(menu);

/** Groups of nodes that reach each other (Tarjan's algorithm), and nodes that reach themselves. */
function groups(graph: Graph): Sym[][] {
	const index = new Map<Sym, number>();
	const low = new Map<Sym, number>();
	const stack: Sym[] = [];
	const on_stack = new Set<Sym>();
	const res: Sym[][] = [];
	const visit = (root: Sym): void => {
		const work: { sym: Sym; edges: Edge[]; next: number }[] = [];
		const enter = (sym: Sym): void => {
			index.set(sym, index.size);
			low.set(sym, index.size - 1);
			stack.push(sym);
			on_stack.add(sym);
			work.push({ sym, edges: graph.get(sym) ?? [], next: 0 });
		};
		enter(root);
		for (let top = work.at(-1); top; top = work.at(-1)) {
			const { sym } = top;
			const edge = top.edges[top.next++];
			if (edge) {
				if (!index.has(edge.to)) enter(edge.to);
				else if (on_stack.has(edge.to))
					low.set(sym, Math.min(get(low, sym), get(index, edge.to)));
				continue;
			}
			work.pop();
			const above = work.at(-1)?.sym;
			if (above) low.set(above, Math.min(get(low, above), get(low, sym)));
			if (get(low, sym) !== get(index, sym)) continue;
			const group = stack.splice(stack.indexOf(sym));
			for (const member of group) on_stack.delete(member);
			const self = (graph.get(sym) ?? []).some((e) => e.to === sym);
			if (group.length > 1 || self) res.push(group);
		}
	};
	for (const sym of graph.keys()) if (!index.has(sym)) visit(sym);
	return res;
}

const get = (map: Map<Sym, number>, sym: Sym): number => map.get(sym) as number;

/** The shortest loop inside of a group, by breadth first from each of its nodes. */
function shortest(graph: Graph, group: Sym[]): Edge[] | null {
	const inside = new Set(group);
	let best: Edge[] | null = null;
	for (const start of group) {
		const came = new Map<Sym, Edge[]>([[start, []]]);
		const queue = [start];
		for (let sym = queue.shift(); sym; sym = queue.shift()) {
			const path = came.get(sym) as Edge[];
			if (best && path.length + 1 >= best.length) break;
			for (const edge of graph.get(sym) ?? []) {
				if (edge.to === start) {
					if (!best || path.length + 1 < best.length) best = [...path, edge];
				} else if (inside.has(edge.to) && !came.has(edge.to)) {
					came.set(edge.to, [...path, edge]);
					queue.push(edge.to);
				}
			}
		}
	}
	return best;
}

/** Loops as text: one line for each edge. */
export function cycles_text(found: readonly Cycle[]): string {
	let text = "";
	for (const cycle of found) {
		text += `dependency loop of ${cycle.length === 1 ? "one symbol" : `${cycle.length} steps`}:\n`;
		for (const { from, to, how, at } of cycle) text += `  ${from} ${how} ${to} (${at})\n`;
	}
	return text;
}
