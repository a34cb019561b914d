// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/list-test.c (5.17): what each operation does to a list of a few
 * entries. Left out: the iteration macros, hlist.
 */
import {
	KUNIT_CASE,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_PTR_EQ,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import {
	INIT_LIST_HEAD,
	LIST_POISON1,
	LIST_POISON2,
	list_add,
	list_add_tail,
	list_del,
	list_del_init,
	list_empty,
	list_first_or_null,
	list_is_first,
	list_is_last,
	list_is_singular,
	list_last_or_null,
	list_move,
	list_move_tail,
	list_replace,
	list_replace_init,
	list_rotate_left,
	list_splice,
	list_splice_init,
	list_splice_tail,
	list_splice_tail_init,
} from "linux/list.ts";
import type { list_head } from "linux/types.ts";

interface list_test_data extends struct {
	list1: embed<list_head>;
	list2: embed<list_head>;
	a: embed<list_head>;
	b: embed<list_head>;
	c: embed<list_head>;
	d: embed<list_head>;
}
const data = DEFINE<list_test_data>();

/** The list holds exactly these entries, and its links agree both ways. */
function expect_list(
	test: kunit,
	head: list_head,
	...entries: list_head[]
): void {
	let pos: list_head = head;

	for (let i = 0; i < entries.length; i++) {
		KUNIT_EXPECT_PTR_EQ(test, pos.next, entries[i]);
		KUNIT_EXPECT_PTR_EQ(test, entries[i].prev, pos);
		pos = entries[i];
	}
	KUNIT_EXPECT_PTR_EQ(test, pos.next, head);
	KUNIT_EXPECT_PTR_EQ(test, head.prev, pos);
}

function list_init(): number {
	INIT_LIST_HEAD(data.list1);
	INIT_LIST_HEAD(data.list2);
	return 0;
}

function list_test_add(test: kunit): void {
	KUNIT_EXPECT_TRUE(test, list_empty(data.list1));
	list_add(data.a, data.list1);
	list_add(data.b, data.list1);
	expect_list(test, data.list1, data.b, data.a);
	KUNIT_EXPECT_FALSE(test, list_empty(data.list1));
}

function list_test_add_tail(test: kunit): void {
	list_add_tail(data.a, data.list1);
	list_add_tail(data.b, data.list1);
	expect_list(test, data.list1, data.a, data.b);
}

function list_test_del(test: kunit): void {
	list_add_tail(data.a, data.list1);
	list_add_tail(data.b, data.list1);
	list_del(data.a);
	expect_list(test, data.list1, data.b);
	KUNIT_EXPECT_PTR_EQ(test, data.a.next, LIST_POISON1);
	KUNIT_EXPECT_PTR_EQ(test, data.a.prev, LIST_POISON2);
	list_del_init(data.b);
	expect_list(test, data.list1);
	KUNIT_EXPECT_TRUE(test, list_empty(data.b));
}

function list_test_replace(test: kunit): void {
	list_add_tail(data.a, data.list1);
	list_add_tail(data.b, data.list1);
	list_replace(data.a, data.c);
	expect_list(test, data.list1, data.c, data.b);
	list_replace_init(data.b, data.d);
	expect_list(test, data.list1, data.c, data.d);
	KUNIT_EXPECT_TRUE(test, list_empty(data.b));
}

function list_test_move(test: kunit): void {
	list_add_tail(data.a, data.list1);
	list_add_tail(data.b, data.list1);
	list_add_tail(data.c, data.list2);
	list_move(data.a, data.list2);
	expect_list(test, data.list1, data.b);
	expect_list(test, data.list2, data.a, data.c);
	list_move_tail(data.b, data.list2);
	expect_list(test, data.list1);
	expect_list(test, data.list2, data.a, data.c, data.b);
}

function list_test_position(test: kunit): void {
	KUNIT_EXPECT_PTR_EQ(test, list_first_or_null(data.list1), NULL);
	KUNIT_EXPECT_PTR_EQ(test, list_last_or_null(data.list1), NULL);
	list_add_tail(data.a, data.list1);
	KUNIT_EXPECT_TRUE(test, list_is_singular(data.list1));
	list_add_tail(data.b, data.list1);
	KUNIT_EXPECT_FALSE(test, list_is_singular(data.list1));
	KUNIT_EXPECT_TRUE(test, list_is_first(data.a, data.list1));
	KUNIT_EXPECT_TRUE(test, list_is_last(data.b, data.list1));
	KUNIT_EXPECT_PTR_EQ(test, list_first_or_null(data.list1), data.a);
	KUNIT_EXPECT_PTR_EQ(test, list_last_or_null(data.list1), data.b);
	list_rotate_left(data.list1);
	expect_list(test, data.list1, data.b, data.a);
}

function list_test_splice(test: kunit): void {
	list_add_tail(data.a, data.list1);
	list_add_tail(data.b, data.list1);
	list_add_tail(data.c, data.list2);
	list_splice(data.list1, data.list2);
	expect_list(test, data.list2, data.a, data.b, data.c);

	INIT_LIST_HEAD(data.list1);
	list_add_tail(data.d, data.list1);
	list_splice_tail(data.list1, data.list2);
	expect_list(test, data.list2, data.a, data.b, data.c, data.d);
}

function list_test_splice_init(test: kunit): void {
	list_add_tail(data.a, data.list1);
	list_add_tail(data.c, data.list2);
	list_splice_init(data.list1, data.list2);
	expect_list(test, data.list2, data.a, data.c);
	KUNIT_EXPECT_TRUE(test, list_empty(data.list1));

	list_add_tail(data.b, data.list1);
	list_splice_tail_init(data.list1, data.list2);
	expect_list(test, data.list2, data.a, data.c, data.b);
	KUNIT_EXPECT_TRUE(test, list_empty(data.list1));

	/* From an empty list there is nothing to take. */
	list_splice_init(data.list1, data.list2);
	expect_list(test, data.list2, data.a, data.c, data.b);
}

export const list_test_suite = kunit_suite({
	name: "list",
	init: list_init,
	test_cases: [
		KUNIT_CASE("add", list_test_add),
		KUNIT_CASE("add_tail", list_test_add_tail),
		KUNIT_CASE("del", list_test_del),
		KUNIT_CASE("replace", list_test_replace),
		KUNIT_CASE("move", list_test_move),
		KUNIT_CASE("position", list_test_position),
		KUNIT_CASE("splice", list_test_splice),
		KUNIT_CASE("splice_init", list_test_splice_init),
	],
});
