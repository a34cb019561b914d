// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/list_debug.c (5.17): the checks of CONFIG_DEBUG_LIST. They find
 * entries that are added twice, deleted twice, or whose memory was reused.
 * Port: corruption always is a BUG (CONFIG_BUG_ON_DATA_CORRUPTION=y).
 */
import { BUG_ON } from "linux/bug.ts";
import { LIST_POISON1, LIST_POISON2 } from "linux/list.ts";
import type { list_head } from "linux/types.ts";

function hex(p: list_head): string {
	return uptr(p).toString(16);
}

export function __list_add_valid(
	new_: list_head,
	prev: list_head,
	next: list_head,
): boolean {
	BUG_ON(
		next.prev !== prev,
		`list_add corruption. next->prev should be prev (${hex(prev)}),` +
			` but was ${hex(next.prev)}. (next=${hex(next)}).`,
	);
	BUG_ON(
		prev.next !== next,
		`list_add corruption. prev->next should be next (${hex(next)}),` +
			` but was ${hex(prev.next)}. (prev=${hex(prev)}).`,
	);
	BUG_ON(
		new_ === prev || new_ === next,
		`list_add double add: new=${hex(new_)}, prev=${hex(prev)},` +
			` next=${hex(next)}.`,
	);
	return true;
}

export function __list_del_entry_valid(entry: list_head): boolean {
	const prev: list_head = entry.prev;
	const next: list_head = entry.next;

	/* Poison and NULL first: they must not be followed. */
	BUG_ON(
		next === NULL || prev === NULL,
		`list_del corruption, ${hex(entry)}->next or prev is NULL`,
	);
	BUG_ON(
		uptr(next) === LIST_POISON1,
		`list_del corruption, ${hex(entry)}->next is LIST_POISON1`,
	);
	BUG_ON(
		uptr(prev) === LIST_POISON2,
		`list_del corruption, ${hex(entry)}->prev is LIST_POISON2`,
	);
	BUG_ON(
		prev.next !== entry,
		`list_del corruption. prev->next should be ${hex(entry)},` +
			` but was ${hex(prev.next)}.`,
	);
	BUG_ON(
		next.prev !== entry,
		`list_del corruption. next->prev should be ${hex(entry)},` +
			` but was ${hex(next.prev)}.`,
	);
	return true;
}
