// SPDX-License-Identifier: GPL-2.0-only
/**
 * KUnit tests of mm/slab.ts: objects do not overlap, come back, and are
 * counted exactly; constructors and type-safe memory keep their promises.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { load32, store32 } from "host/door.ts";
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { CONFIG_PAGE_POISONING } from "generated/autoconf.ts";
import { warn_count } from "kernel/panic.ts";
import { rcu_barrier } from "kernel/rcu.ts";
import { work_on_cpu } from "kernel/workqueue.ts";
import {
	KUNIT_ASSERT_NOT_NULL,
	KUNIT_CASE,
	KUNIT_CASE_PARAM,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_GE,
	KUNIT_EXPECT_GT,
	KUNIT_EXPECT_LE,
	KUNIT_EXPECT_PTR_EQ,
	KUNIT_EXPECT_STREQ,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	kcalloc,
	kfree,
	kmalloc,
	type kmem_cache,
	kmem_cache_alloc,
	kmem_cache_create,
	kmem_cache_destroy,
	kmem_cache_free,
	kmem_cache_shrink,
	kmem_cache_size,
	kmem_cache_zalloc,
	ksize,
	kzalloc,
	SLAB_HWCACHE_ALIGN,
	SLAB_TYPESAFE_BY_RCU,
	ZERO_SIZE_PTR,
} from "linux/slab.ts";
import { nr_free_pages, nr_free_pcp_pages } from "mm/page_alloc.ts";
import { kmem_cache_name, kmem_cache_nr_inuse, nr_slab_pages } from "mm/slab.ts";

interface thing extends struct {
	a: int;
	b: int;
	c: ulong;
	next: thing;
	pad: array<int, 13>;
}

interface slab_test extends struct {
	constructed: int; /* calls of the constructor */
	cache: kmem_cache; /* for other CPUs */
}
const slab_test = DEFINE<slab_test>();

function thing_ctor(objp: number): void {
	const t = cast<thing>(objp);

	t.a = 0x1234;
	slab_test.constructed++;
}
const thing_ctor_func = RODATA(thing_ctor);

function basics(test: kunit): void {
	const c = kmem_cache_create("kunit_thing", sizeof<thing>(), 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_STREQ(test, kmem_cache_name(c), "kunit_thing");
	KUNIT_EXPECT_EQ(test, kmem_cache_size(c), sizeof<thing>());
	KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), 0);

	const t = kmem_cache_alloc<thing>(c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t.a = 1;
	t.c = 0x7fffffffe000;
	KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), 1);
	kmem_cache_free(c, t);
	KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), 0);

	/* The hottest object comes first, and zalloc clears all of it. */
	const z = kmem_cache_zalloc<thing>(c, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, z, t);
	KUNIT_EXPECT_EQ(test, z.a, 0);
	KUNIT_EXPECT_EQ(test, z.c, 0);
	KUNIT_EXPECT_EQ(test, z.pad[12], 0);
	kmem_cache_free(c, z);
	kmem_cache_destroy(c);
}

const sizes = [8, 24, 56, 64, 104, 192, 328, 1000, 1500, 2048, PAGE_SIZE, 9000];

/** Many objects of a size: apart from each other, and all come back. */
function many(test: kunit, size: number): void {
	const n = 600;
	const pages_before = nr_free_pages() + nr_free_pcp_pages() + nr_slab_pages();
	const c = kmem_cache_create("kunit_many", size, 0, SLAB_HWCACHE_ALIGN);
	KUNIT_ASSERT_NOT_NULL(test, c);

	const objs: number[] = [];
	for (let i = 0; i < n; i++) {
		const t = kmem_cache_alloc<thing>(c, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, t);
		const p = uptr(t);
		/* The first and the last word belong to us. */
		store32(p, i);
		store32(p + size - 4, i);
		objs.push(p);
	}
	KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), n);
	let wrong = 0;
	for (let i = 0; i < n; i++) {
		if (load32(objs[i] + size - 4) !== i)
			wrong++;
		if (size > 4 && load32(objs[i]) !== i)
			wrong++;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	const sorted = [...objs].sort((a, b) => a - b);
	for (let i = 1; i < n; i++)
		KUNIT_EXPECT_GE(test, sorted[i] - sorted[i - 1], size);

	for (let i = 0; i < n; i += 3)
		kmem_cache_free(c, objs[i]);
	KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), n - n / 3);
	KUNIT_EXPECT_TRUE(test, kmem_cache_shrink(c));
	KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), n - n / 3);
	for (let i = 0; i < n; i++) {
		if (i % 3 !== 0)
			kmem_cache_free(c, objs[i]);
	}
	KUNIT_EXPECT_TRUE(test, !kmem_cache_shrink(c));
	kmem_cache_destroy(c);
	KUNIT_EXPECT_EQ(
		test,
		nr_free_pages() + nr_free_pcp_pages() + nr_slab_pages(),
		pages_before,
	);
}

/** The constructor runs once for each object of a slab, not for each use. */
function ctor(test: kunit): void {
	slab_test.constructed = 0;
	const c = kmem_cache_create(
		"kunit_ctor",
		sizeof<thing>(),
		0,
		0,
		thing_ctor_func,
	);
	KUNIT_ASSERT_NOT_NULL(test, c);
	const t = kmem_cache_alloc<thing>(c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	const constructed = slab_test.constructed;

	KUNIT_EXPECT_EQ(test, t.a, 0x1234);
	KUNIT_EXPECT_GT(test, constructed, 1);
	for (let i = 0; i < 10; i++) {
		const u = kmem_cache_alloc<thing>(c, GFP_KERNEL);

		KUNIT_EXPECT_EQ(test, u.a, 0x1234);
		kmem_cache_free(c, u);
	}
	KUNIT_EXPECT_EQ(test, slab_test.constructed, constructed);
	kmem_cache_free(c, t);
	kmem_cache_destroy(c);
}

/** Freeing does not touch the object, and its page stays for a grace period. */
function typesafe(test: kunit): void {
	const c = kmem_cache_create(
		"kunit_rcu",
		sizeof<thing>(),
		0,
		SLAB_TYPESAFE_BY_RCU,
		thing_ctor_func,
	);
	KUNIT_ASSERT_NOT_NULL(test, c);
	const t = kmem_cache_alloc<thing>(c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);

	t.b = 77;
	kmem_cache_free(c, t);
	KUNIT_EXPECT_EQ(test, t.a, 0x1234);
	KUNIT_EXPECT_EQ(test, t.b, 77);
	kmem_cache_shrink(c);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), 0);
	kmem_cache_destroy(c);
}

function kmalloc_sizes(test: kunit): void {
	for (let size = 1; size <= 20000; size = Math.ceil(size * 1.37)) {
		const p = uptr(kmalloc<thing>(size, GFP_KERNEL));

		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, p % 8, 0);
		KUNIT_EXPECT_LE(test, size, ksize(p));
		store32(p, size);
		if (size >= 8)
			store32(p + (size & ~3) - 4, size);
		kfree(p);
	}
	const z = uptr(kzalloc<thing>(4000, GFP_KERNEL));
	KUNIT_ASSERT_NOT_NULL(test, z);
	let set = 0;
	for (let i = 0; i < 4000; i += 4)
		set |= load32(z + i);
	KUNIT_EXPECT_EQ(test, set, 0);
	kfree(z);
	const a = kcalloc<thing>(3, sizeof<thing>(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_EXPECT_EQ(test, ptr_add<thing>(a, 2).b, 0);
	kfree(a);

	KUNIT_EXPECT_PTR_EQ(test, kmalloc<thing>(0, GFP_KERNEL), ZERO_SIZE_PTR);
	kfree(ZERO_SIZE_PTR);
	kfree(0);
}

/** A store to a free object is found when it is handed out again. */
function poison(test: kunit): void {
	if (!CONFIG_PAGE_POISONING)
		kunit_skip(test, "CONFIG_PAGE_POISONING is off");

	const c = kmem_cache_create("kunit_poison", sizeof<thing>(), 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, c);
	const warnings = warn_count();
	const t = uptr(kmem_cache_alloc<thing>(c, GFP_KERNEL));
	kmem_cache_free(c, t);
	store32(t + 8, 0);
	KUNIT_EXPECT_PTR_EQ(test, kmem_cache_alloc<thing>(c, GFP_KERNEL), t);
	KUNIT_EXPECT_EQ(test, warn_count(), warnings + 1);
	kmem_cache_free(c, t);
	kmem_cache_destroy(c);
}

/** A cache with objects in use is not destroyed, but reported. */
function destroy_busy(test: kunit): void {
	const c = kmem_cache_create("kunit_busy", sizeof<thing>(), 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, c);
	const t = kmem_cache_alloc<thing>(c, GFP_KERNEL);
	const warnings = warn_count();

	kmem_cache_destroy(c);
	KUNIT_EXPECT_EQ(test, warn_count(), warnings + 1);
	kmem_cache_free(c, t);
	kmem_cache_destroy(c);
	KUNIT_EXPECT_EQ(test, warn_count(), warnings + 1);
}

/** Runs on another CPU: a chain of n objects. */
function alloc_things(n: number): number {
	let chain: thing = NULL;

	for (let i = 0; i < n; i++) {
		const t = kmem_cache_alloc<thing>(slab_test.cache, GFP_KERNEL);

		if (t === NULL)
			return 0;
		t.next = chain;
		chain = t;
	}
	return uptr(chain);
}
const alloc_things_func = RODATA(alloc_things);

/** Objects of one CPU that are freed on another. */
function other_cpus(test: kunit): void {
	if (nr_cpu_ids() < 2)
		kunit_skip(test, "needs two CPUs");

	const c = kmem_cache_create("kunit_cpus", sizeof<thing>(), 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, c);
	slab_test.cache = c;
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		if (cpu === smp_processor_id())
			continue;
		let t = cast<thing>(work_on_cpu(cpu, alloc_things_func, 500));
		KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), 500);
		while (t !== NULL) {
			const next: thing = t.next;

			kmem_cache_free(c, t);
			t = next;
		}
		KUNIT_EXPECT_EQ(test, kmem_cache_nr_inuse(c), 0);
	}
	KUNIT_EXPECT_TRUE(test, !kmem_cache_shrink(c));
	kmem_cache_destroy(c);
}

export const slab_test_suite = kunit_suite({
	name: "slab",
	test_cases: [
		KUNIT_CASE("basics", basics),
		KUNIT_CASE_PARAM("many", many, sizes, (size) => `${size} bytes`),
		KUNIT_CASE("constructor", ctor),
		KUNIT_CASE("typesafe_by_rcu", typesafe),
		KUNIT_CASE("kmalloc", kmalloc_sizes),
		KUNIT_CASE("poison", poison),
		KUNIT_CASE("destroy_busy", destroy_busy),
		KUNIT_CASE("other_cpus", other_cpus),
	],
});
