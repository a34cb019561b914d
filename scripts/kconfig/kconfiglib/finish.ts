// SPDX-License-Identifier: GPL-2.0-only
//
// Finishes a tree that Kconfiglib's rules have read: dependencies are handed down, entries that
// depend on the one before them go below it, "if" blocks dissolve, choices get their members.

import { Choice, type Expr, type Klib, KSymbol, make_and, make_or, type MenuNode, type Prop } from "./model.ts";

/** Does the expression hold only where the symbol is not n? */
function depends_on(k: Klib, expr: Expr, item: MenuNode["item"]): boolean {
	if (expr instanceof KSymbol || expr instanceof Choice) return expr === item;
	if (expr.op === "&&") return depends_on(k, expr.a, item) || depends_on(k, expr.b, item);
	if (expr.op !== "=" && expr.op !== "!=") return false;
	let { a, b } = expr;
	if (b === item) [a, b] = [b, a];
	else if (a !== item) return false;
	return (expr.op === "=" && b === k.m) || b === k.y || (expr.op === "!=" && b === k.n);
}

function propagate(k: Klib, parent: MenuNode, visible_if: Expr): void {
	const base = parent.item instanceof Choice ? parent.item : parent.dep;
	for (let entry = parent.list; entry; entry = entry.next) {
		entry.dep = make_and(k, entry.dep, base);
		const { dep, item } = entry;
		const with_dep = <T>(props: Prop<T>[]): Prop<T>[] =>
			props.map(({ value, cond }) => ({ value, cond: make_and(k, cond, dep) }));
		if (item instanceof KSymbol || item instanceof Choice) {
			if (entry.prompt)
				entry.prompt.cond = make_and(k, entry.prompt.cond, make_and(k, visible_if, dep));
			entry.defaults = with_dep(entry.defaults);
			entry.ranges = with_dep(entry.ranges);
			entry.selects = with_dep(entry.selects);
			entry.implies = with_dep(entry.implies);
		} else if (entry.prompt) entry.prompt.cond = make_and(k, entry.prompt.cond, dep);
	}
}

function add_props(k: Klib, sym: KSymbol, entry: MenuNode): void {
	sym.direct_dep = make_or(k, sym.direct_dep, entry.dep);
	sym.defaults.push(...entry.defaults);
	sym.ranges.push(...entry.ranges);
	for (const { value, cond } of entry.selects) value.rev_dep = make_or(k, value.rev_dep, make_and(k, sym, cond));
	for (const { value, cond } of entry.implies)
		value.weak_rev_dep = make_or(k, value.weak_rev_dep, make_and(k, sym, cond));
}

/** What is below entries without a prompt comes up beside them. */
function flatten(first: MenuNode): void {
	for (let entry: MenuNode | null = first; entry; entry = entry.next) {
		if (!entry.list || entry.prompt || entry.item instanceof Choice) continue;
		let last = entry.list;
		last.parent = entry.parent;
		while (last.next) {
			last = last.next;
			last.parent = entry.parent;
		}
		last.next = entry.next;
		entry.next = entry.list;
		entry.list = null;
	}
}

const skip_ifs = (first: MenuNode | null): MenuNode | null => {
	let entry = first;
	while (entry && entry.item === null) entry = entry.next;
	return entry;
};

function remove_ifs(parent: MenuNode): void {
	parent.list = skip_ifs(parent.list);
	for (let entry = parent.list; entry; entry = entry.next) entry.next = skip_ifs(entry.next);
}

function finish_choice(k: Klib, choice: Choice, entry: MenuNode): void {
	choice.direct_dep = make_or(k, choice.direct_dep, entry.dep);
	choice.defaults.push(...entry.defaults);
	for (let member = entry.list; member; member = member.next) {
		if (!(member.item instanceof KSymbol)) continue;
		member.item.choice = choice;
		choice.syms.push(member.item);
	}
	if (choice.type === "unknown")
		choice.type = choice.syms.find(({ type }) => type !== "unknown")?.type ?? "unknown";
	for (const sym of choice.syms) if (sym.type === "unknown") sym.type = choice.type;
}

function finish_node(k: Klib, entry: MenuNode, visible_if: Expr): void {
	const { item } = entry;
	if (item instanceof KSymbol) {
		add_props(k, item, entry);
		let last = entry;
		while (last.next && depends_on(k, last.next.prompt ? last.next.prompt.cond : last.next.dep, item)) {
			finish_node(k, last.next, visible_if);
			last = last.next;
			last.parent = entry;
		}
		if (last !== entry) {
			entry.list = entry.next;
			entry.next = last.next;
			last.next = null;
		}
	} else if (entry.list) {
		const visible = item === "menu" ? make_and(k, visible_if, entry.visibility) : visible_if;
		propagate(k, entry, visible);
		for (let child: MenuNode | null = entry.list; child; child = child.next) finish_node(k, child, visible);
	}
	if (entry.list) {
		flatten(entry.list);
		remove_ifs(entry);
	}
	if (item instanceof Choice) finish_choice(k, item, entry);
}

/** Finishes the whole tree. */
export function finish(k: Klib): void {
	finish_node(k, k.top, k.y);
}
