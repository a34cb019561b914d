// SPDX-License-Identifier: GPL-2.0-only
/**
 * A latched red-black tree, which nothing of the kernel uses: what SPF's look-up of a vma would be if it were not
 * allowed to miss one. That descends one tree, and asks mmap_seq whether it was a whole one.
 */
import {
	latch_tree_erase,
	latch_tree_find,
	latch_tree_insert,
	type latch_tree_node,
	type latch_tree_ops,
	type latch_tree_root,
} from "linux/rbtree_latch.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { check_that, type Scenario } from "../scenario.ts";

interface thing extends struct {
	key: int;
	ltn: embed<latch_tree_node>;
}
interface latched extends struct {
	root: embed<latch_tree_root>;
	things: array<embed<thing>, 3>;
}
const w = DEFINE<latched>();

function key_of(ltn: latch_tree_node): number {
	return container_of<thing>(ltn, "ltn").key;
}
const ops: latch_tree_ops = {
	less: (a, b) => key_of(a) < key_of(b),
	comp: (key, b) => key - key_of(b),
};

function insert(i: number): void {
	const t: thing = w.things[i];

	latch_tree_insert(t.ltn, w.root, ops);
}
/** 0 with 1 on its right. A third one, on the right of that, turns it round: 1 is the root then. */
function two_things(): void {
	for (let i = 0; i < 3; i++) {
		const t: thing = w.things[i];

		t.key = i;
	}
	insert(0);
	insert(1);
}
function find(key: number): boolean {
	rcu_read_lock();
	const ltn = latch_tree_find(key, w.root, ops);

	rcu_read_unlock();
	return ltn !== NULL;
}
function find_middle(): void {
	check_that(find(1), "what is in the tree is not found");
}

export const scenarios: Record<string, Scenario> = {
	"latch-find": {
		about: "a look-up without locks beside one who inserts, and so rotates the tree",
		patch: "none: include/linux/rbtree_latch.h; compare V2.13",
		invariant: "what is there before and after is found",
		setup: two_things,
		cpus: [find_middle, () => insert(2)],
		check() {
			for (let key = 0; key < 3; key++) check_that(find(key), `${key} is not in the tree`);
		},
		quick: true,
	},
	"latch-find-erase": {
		about: "a look-up without locks beside one who inserts, and takes the former root out",
		patch: "none: include/linux/rbtree_latch.h; compare V2.13",
		invariant: "what is there before and after is found",
		setup: two_things,
		cpus: [
			find_middle,
			() => {
				const first: thing = w.things[0];

				insert(2);
				latch_tree_erase(first.ltn, w.root, ops);
			},
		],
		check() {
			check_that(!find(0) && find(1) && find(2), "the tree is not what it should be");
		},
	},
};
