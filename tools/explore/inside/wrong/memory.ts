// SPDX-License-Identifier: GPL-2.0-only
/**
 * Wrong programs for the explorer's own tests (oracle_test.ts), and beside each
 * kind what is right and must not be reported. This file: access to memory that
 * is not the program's.
 */
import { GFP_KERNEL } from "linux/gfp.ts";
import { call_rcu, rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import {
	kfree,
	kmalloc,
	kmem_cache_alloc,
	kmem_cache_create,
	kmem_cache_destroy,
	kmem_cache_free,
	SLAB_TYPESAFE_BY_RCU,
} from "linux/slab.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import type { callback_head } from "linux/types.ts";
import { check_that } from "../scenario.ts";
import { type Scenario, wrong } from "../wrong.ts";

interface parts extends struct {
	byte: u8;
	half: u16;
	word: int;
	wide: ulong;
	rcu: embed<callback_head>;
}
interface globals extends struct {
	object: parts /* RCU */;
	cache: kmem_cache /* set-up only */;
	sink: int;
}
const g = DEFINE<globals>();

function make(): void {
	g.object = kmalloc<parts>(sizeof<parts>(), GFP_KERNEL);
	g.object.word = 1;
}
/** One CPU that frees the object and then does something with it. */
function after_free(use: (o: parts) => void): Scenario {
	return wrong(
		"use after free",
		[
			() => {
				const o: parts = g.object;

				kfree(o);
				use(o);
			},
		],
		{ setup: make },
	);
}
/** One CPU that uses what is at an address. */
function wild(about: string, use: () => void): Scenario {
	return wrong(about, [use], { setup: make });
}
function at(p: number): parts {
	return cast<parts>(p);
}
const free_object = RODATA((head: callback_head): void => {
	kfree(container_of<parts>(head, "rcu"));
});
function reader(): void {
	rcu_read_lock();
	const o: parts = rcu_dereference(g.object);

	if (o !== NULL) g.sink = o.word;
	rcu_read_unlock();
}

/** A new object takes the place of the first one, and a reader looks at it. */
function replace(about: string, publish: (o: parts) => void, more: Partial<Scenario> = {}): Scenario {
	return wrong(
		about,
		[
			() => {
				rcu_read_lock();
				const o: parts = rcu_dereference(g.object);

				g.sink = data_race(o.word);
				rcu_read_unlock();
			},
			() => {
				const old: parts = g.object;
				const o = kmalloc<parts>(sizeof<parts>(), GFP_KERNEL);

				o.word = 2;
				publish(o);
				call_rcu(old.rcu, free_object);
			},
		],
		{ setup: make, check: () => kfree(g.object), ...more },
	);
}

/** Memory that stays an object of its type for who is in a section: it may be another one by now. */
function make_typesafe(): void {
	g.cache = kmem_cache_create("typesafe", sizeof<parts>(), 0, SLAB_TYPESAFE_BY_RCU);
	g.object = kmem_cache_alloc<parts>(g.cache, GFP_KERNEL);
	g.object.word = 1;
}
function typesafe(about: string, use: (o: parts) => void): Scenario {
	return wrong(
		about,
		[
			() => {
				rcu_read_lock();
				const o: parts = rcu_dereference(g.object);

				if (o !== NULL) use(o);
				else rcu_read_unlock();
			},
			() => {
				const o: parts = g.object;

				rcu_assign_pointer(g.object, NULL);
				kmem_cache_free(g.cache, o);
			},
		],
		{ setup: make_typesafe, check: () => kmem_cache_destroy(g.cache) },
	);
}

export const scenarios: Record<string, Scenario> = {
	"wrong/free-load-u8": after_free((o) => {
		g.sink = o.byte;
	}),
	"wrong/free-load-u16": after_free((o) => {
		g.sink = o.half;
	}),
	"wrong/free-load-int": after_free((o) => {
		g.sink = o.word;
	}),
	"wrong/free-load-ulong": after_free((o) => {
		g.sink = o.wide > 0 ? 1 : 0;
	}),
	"wrong/free-store-u8": after_free((o) => {
		o.byte = 1;
	}),
	"wrong/free-store-u16": after_free((o) => {
		o.half = 1;
	}),
	"wrong/free-store-int": after_free((o) => {
		o.word = 1;
	}),
	"wrong/free-store-ulong": after_free((o) => {
		o.wide = 1;
	}),
	"wrong/free-read-once": after_free((o) => {
		g.sink = READ_ONCE(o.word);
	}),
	"wrong/free-atomic": after_free((o) => {
		fetch_add(o.word, 1);
	}),
	"wrong/free-twice": after_free((o) => kfree(o)),
	"wrong/free-beside-reader": wrong(
		"an object is freed at once, beside a reader in a section",
		[
			reader,
			() => {
				const o: parts = g.object;

				rcu_assign_pointer(g.object, NULL);
				kfree(o);
			},
		],
		{ setup: make },
	),
	"right/free-after-grace-period": wrong(
		"an object is freed after a grace period",
		[
			reader,
			() => {
				const o: parts = g.object;

				rcu_assign_pointer(g.object, NULL);
				call_rcu(o.rcu, free_object);
			},
		],
		{ setup: make },
	),
	"wrong/free-typesafe": typesafe("type-safe memory is looked at after the section", (o) => {
		rcu_read_unlock();
		g.sink = READ_ONCE(o.word);
	}),
	"right/free-typesafe": typesafe("type-safe memory is looked at in a section", (o) => {
		g.sink = READ_ONCE(o.word);
		rcu_read_unlock();
	}),
	"wrong/published-plainly": replace(
		"a new object is published by a plain store: its reader may see what the memory was before",
		(o) => {
			g.object = o;
		},
		{ models: ["lkmm"] },
	),
	"right/published": replace("a new object is published by rcu_assign_pointer()", (o) => {
		rcu_assign_pointer(g.object, o);
	}),
	"wrong/null-load": wild("a field of NULL is read", () => {
		g.sink = at(0).word;
	}),
	"wrong/null-store": wild("a field of NULL is written", () => {
		at(16).wide = 1;
	}),
	"wrong/wild-load": wild("a pointer is beyond RAM", () => {
		g.sink = at(0x7ffffff0).word;
	}),
	"wrong/wild-store": wild("a pointer is negative", () => {
		at(-64).word = 1;
	}),
	"wrong/misaligned-u16": wild("half a word at an odd address", () => {
		g.sink = at(uptr(g.object) + 1).half;
	}),
	"wrong/misaligned-int": wild("a word across two", () => {
		at(uptr(g.object) + 2).word = 1;
	}),
	"wrong/misaligned-ulong": wild("a double at half of one", () => {
		at(uptr(g.object) + 4).wide = 1;
	}),
	"right/byte-of-a-double": wrong(
		"a byte is written, and read, where a double was, which others have looked at",
		[
			() => {
				const o: parts = g.object;

				WRITE_ONCE(o.wide, 0x500000003);
				for (const half of [0, 1]) {
					const p = uptr(o) + 8 + 4 * half;

					WRITE_ONCE(at(p).byte, 77 + half);
					g.sink = g.sink * 256 + READ_ONCE(at(p).byte);
				}
			},
			() => void READ_ONCE(g.object.wide),
		],
		{
			setup: make,
			check() {
				check_that(g.sink === 77 * 256 + 78, `the bytes are ${g.sink.toString(16)}`);
				kfree(g.object);
			},
		},
	),
	"right/own-object": wrong(
		"all parts of an object",
		[
			() => {
				const o: parts = g.object;

				o.byte = 1;
				o.half = 2;
				o.word = 3;
				o.wide = 4;
				g.sink = o.byte + o.half + o.word + (o.wide === 4 ? 1 : 0);
			},
		],
		{ setup: make, check: () => kfree(g.object) },
	),
};
