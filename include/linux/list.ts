// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/list.h and poison.h's list poison (5.17): the circular
 * doubly linked list whose links lie inside the elements.
 * Port: iteration is a plain for loop over `.next` with container_of(), so
 * the list_for_each family is left out. Of hlist there is what MMU notifiers
 * need, and of include/linux/rculist.h what such a list has for readers.
 */
import { CONFIG_DEBUG_LIST } from "generated/autoconf.ts";
import { __list_add_valid, __list_del_entry_valid } from "kernel/lib/list_debug.ts";
import type { hlist_head, hlist_node, list_head } from "linux/types.ts";

/** What a deleted entry's links hold: inside page 0, which is never mapped. */
export const LIST_POISON1 = 0x100;
export const LIST_POISON2 = 0x122;

/** The stores are marked because lock-free list_empty() checks may run. */
export function INIT_LIST_HEAD(list: list_head): void {
	WRITE_ONCE(list.next, list);
	WRITE_ONCE(list.prev, list);
}

/** Link new_ between two entries known to be neighbours. */
export function __list_add(
	new_: list_head,
	prev: list_head,
	next: list_head,
): void {
	if (CONFIG_DEBUG_LIST) {
		if (!__list_add_valid(new_, prev, next))
			return;
	}
	next.prev = new_;
	new_.next = next;
	new_.prev = prev;
	WRITE_ONCE(prev.next, new_);
}

/** Insert behind head: a stack. */
export function list_add(new_: list_head, head: list_head): void {
	__list_add(new_, head, head.next);
}

/** Insert before head: a queue. */
export function list_add_tail(new_: list_head, head: list_head): void {
	__list_add(new_, head.prev, head);
}

/** Make two entries neighbours, which drops whatever was between them. */
export function __list_del(prev: list_head, next: list_head): void {
	next.prev = prev;
	WRITE_ONCE(prev.next, next);
}

export function __list_del_entry(entry: list_head): void {
	if (CONFIG_DEBUG_LIST) {
		if (!__list_del_entry_valid(entry))
			return;
	}
	__list_del(entry.prev, entry.next);
}

/** Unlink entry. It is undefined afterwards: list_empty() on it is false. */
export function list_del(entry: list_head): void {
	__list_del_entry(entry);
	entry.next = cast<list_head>(LIST_POISON1);
	entry.prev = cast<list_head>(LIST_POISON2);
}

export function list_replace(old: list_head, new_: list_head): void {
	const next: list_head = old.next;
	const prev: list_head = old.prev;

	new_.next = next;
	next.prev = new_;
	new_.prev = prev;
	prev.next = new_;
}

export function list_replace_init(old: list_head, new_: list_head): void {
	list_replace(old, new_);
	INIT_LIST_HEAD(old);
}

export function list_del_init(entry: list_head): void {
	__list_del_entry(entry);
	INIT_LIST_HEAD(entry);
}

export function list_move(list: list_head, head: list_head): void {
	__list_del_entry(list);
	list_add(list, head);
}

export function list_move_tail(list: list_head, head: list_head): void {
	__list_del_entry(list);
	list_add_tail(list, head);
}

export function list_is_first(list: list_head, head: list_head): boolean {
	return list.prev === head;
}

export function list_is_last(list: list_head, head: list_head): boolean {
	return list.next === head;
}

/** May be asked without the list's lock, hence the marked load. */
export function list_empty(head: list_head): boolean {
	return READ_ONCE(head.next) === head;
}

export function list_rotate_left(head: list_head): void {
	if (!list_empty(head)) {
		const first: list_head = head.next;

		list_move_tail(first, head);
	}
}

export function list_is_singular(head: list_head): boolean {
	return !list_empty(head) && head.next === head.prev;
}

function __list_splice(
	list: list_head,
	prev: list_head,
	next: list_head,
): void {
	const first: list_head = list.next;
	const last: list_head = list.prev;

	first.prev = prev;
	prev.next = first;
	last.next = next;
	next.prev = last;
}

/** Put the entries of list behind head; list itself is left as it was. */
export function list_splice(list: list_head, head: list_head): void {
	if (!list_empty(list))
		__list_splice(list, head, head.next);
}

export function list_splice_tail(list: list_head, head: list_head): void {
	if (!list_empty(list))
		__list_splice(list, head.prev, head);
}

export function list_splice_init(list: list_head, head: list_head): void {
	if (!list_empty(list)) {
		__list_splice(list, head, head.next);
		INIT_LIST_HEAD(list);
	}
}

export function list_splice_tail_init(list: list_head, head: list_head): void {
	if (!list_empty(list)) {
		__list_splice(list, head.prev, head);
		INIT_LIST_HEAD(list);
	}
}

/**
 * Port: the macros take a type; these return the link, and the caller wraps
 * it in container_of(). NULL when there is none, as list_first_entry_or_null.
 */
export function list_first_or_null(head: list_head): list_head {
	const pos: list_head = READ_ONCE(head.next);

	return pos !== head ? pos : NULL;
}

export function list_last_or_null(head: list_head): list_head {
	const pos: list_head = READ_ONCE(head.prev);

	return pos !== head ? pos : NULL;
}

/* ---- hlist: one word for the head, and no way back to its end ---- */

/** Where a node's successor stands, as the word of a head is one. */
function hlist_next(n: hlist_node): hlist_head {
	return cast<hlist_head>(ADDR(n.next));
}

export function INIT_HLIST_HEAD(h: hlist_head): void {
	h.first = NULL;
}

export function INIT_HLIST_NODE(n: hlist_node): void {
	n.next = NULL;
	n.pprev = NULL;
}

/** On no list. Under the lock of the list, or by who alone adds the node. */
export function hlist_unhashed(n: hlist_node): boolean {
	return READ_ONCE(n.pprev) === NULL;
}

/** May be asked without the list's lock. */
export function hlist_empty(h: hlist_head): boolean {
	return READ_ONCE(h.first) === NULL;
}

function __hlist_del(n: hlist_node): void {
	const next: hlist_node = n.next;
	const pprev: hlist_head = n.pprev;

	WRITE_ONCE(pprev.first, next);
	if (next !== NULL)
		WRITE_ONCE(next.pprev, pprev);
}

/** Unlink; the node is on no list afterwards, but does not say so. */
export function hlist_del(n: hlist_node): void {
	__hlist_del(n);
	n.next = cast<hlist_node>(LIST_POISON1);
	n.pprev = cast<hlist_head>(LIST_POISON2);
}

export function hlist_add_head(n: hlist_node, h: hlist_head): void {
	const first: hlist_node = h.first;

	WRITE_ONCE(n.next, first);
	if (first !== NULL)
		WRITE_ONCE(first.pprev, hlist_next(n));
	WRITE_ONCE(h.first, n);
	WRITE_ONCE(n.pprev, h);
}

/** The same where others walk the list. Pairs with their dependent loads:
 *  hlist_first_rcu(), hlist_next_rcu(). */
export function hlist_add_head_rcu(n: hlist_node, h: hlist_head): void {
	const first: hlist_node = h.first;

	n.next = first;
	WRITE_ONCE(n.pprev, h);
	rcu_assign_pointer(h.first, n);
	if (first !== NULL)
		WRITE_ONCE(first.pprev, hlist_next(n));
}

/** Unlink if it is on the list. Who stands on the node finds its successor
 *  still, so it is not freed before a grace period. */
export function hlist_del_init_rcu(n: hlist_node): void {
	if (!hlist_unhashed(n)) {
		__hlist_del(n);
		WRITE_ONCE(n.pprev, NULL);
	}
}

/** Of a list that may change meanwhile, inside of a read-side section. */
export function hlist_first_rcu(h: hlist_head): hlist_node {
	return rcu_dereference(h.first);
}

export function hlist_next_rcu(n: hlist_node): hlist_node {
	return rcu_dereference(n.next);
}
