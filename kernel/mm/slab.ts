// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/slab.c (5.17), with the parts of mm/slab.h and mm/slab_common.c
 * that create, destroy and look up caches.
 *
 * A cache hands out objects of one size. Its memory comes in slabs, blocks of
 * pages that are cut into objects; at the end of a slab lies an array of object
 * indices, of which those from page.inuse on are free. In front of the slabs
 * each CPU has an array of free objects, so that most allocations touch
 * neither a lock nor a slab.
 *
 * Port: one node. Not here: shared and alien arrays, colouring, management
 * data outside of a slab, merging of caches, red zones, reclaim (cache_reap()),
 * memory accounting, tuning, statistics, allocation for a node, in bulk or with
 * tracing, CPU and memory hotplug, fallback_alloc(), free lists in random
 * order, /proc/slabinfo's writer, usercopy checks. CONFIG_PAGE_POISONING takes
 * the place of CONFIG_DEBUG_SLAB's poison, CONFIG_DEBUG_VM that of its
 * consistency checks.
 */
import { memset, load8 } from "host/door.ts";
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { page_address, virt_to_page } from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	CONFIG_DEBUG_VM,
	CONFIG_KASAN,
	CONFIG_PAGE_POISONING,
	CONFIG_PREEMPT_RT,
	CONFIG_SMP,
} from "generated/autoconf.ts";
import { should_failslab } from "kernel/lib/fault-inject.ts";
import { panic } from "kernel/panic.ts";
import { call_rcu, rcu_barrier } from "kernel/rcu.ts";
import {
	cpu_claim_host,
	cpu_release_host,
	smp_call_function,
} from "kernel/smp.ts";
import { BUG_ON, WARN, WARN_ON, WARN_ON_ONCE } from "linux/bug.ts";
import {
	__free_pages,
	__GFP_ZERO,
	alloc_pages,
	free_pages,
	GFP_KERNEL,
	gfpflags_allow_blocking,
	type gfp_t,
} from "linux/gfp.ts";
import {
	irqs_disabled,
	local_irq_disable,
	local_irq_enable,
	local_irq_restore,
	local_irq_save,
} from "linux/irqflags.ts";
import {
	KASAN_GRANULE_SIZE,
	kasan_poison_object_data,
	kasan_poison_slab,
	kasan_slab_alloc,
	kasan_slab_free,
	kasan_unpoison_object_data,
	kasan_unpoison_range,
} from "linux/kasan.ts";
import { might_sleep_if } from "linux/kernel.ts";
import {
	INIT_LIST_HEAD,
	list_add,
	list_add_tail,
	list_del,
	list_empty,
} from "linux/list.ts";
import type { page } from "linux/mm_types.ts";
import { NR_SLAB_UNRECLAIMABLE_B } from "linux/mmzone.ts";
import { __ClearPageSlab, __SetPageSlab, PageSlab } from "linux/page-flags.ts";
import { POISON_END, POISON_FREE, POISON_INUSE } from "linux/poison.ts";
import {
	ARCH_KMALLOC_MINALIGN,
	KMALLOC_MAX_CACHE_SIZE,
	KMALLOC_MIN_SIZE,
	KMALLOC_SHIFT_HIGH,
	KMALLOC_SHIFT_LOW,
	L1_CACHE_BYTES,
	SLAB_HWCACHE_ALIGN,
	SLAB_PANIC,
	SLAB_POISON,
	SLAB_TYPESAFE_BY_RCU,
	ZERO_OR_NULL_PTR,
	ZERO_SIZE_PTR,
} from "linux/slab.ts";
import {
	AC_MAX_ENTRIES,
	type array_cache,
	KMEM_CACHE_NAMELEN,
	type kmem_cache,
	type kmem_cache_node,
	SLAB_NR_CPUS,
} from "linux/slab_def.ts";
import { local_lock, local_unlock } from "linux/local_lock.ts";
import {
	assert_spin_locked,
	spin_lock,
	spin_lock_init,
	spin_lock_irqsave,
	spin_unlock,
	spin_unlock_irqrestore,
} from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { callback_head, list_head } from "linux/types.ts";
import { contig_page_data, mod_node_page_state } from "mm/vmstat.ts";

/** Fewer objects than this are fetched for a cache that is hardly used. */
const BATCHREFILL_LIMIT = 16;
/** No slab is larger than two pages unless an object is. */
const SLAB_MAX_ORDER = 1;
/** sizeof(freelist_idx_t). */
const FREELIST_IDX_SIZE = 2;

/** The index array of a slab, at page.freelist; list_lock of the cache. */
interface slab_freelist extends struct {
	idx: array<u16, 0>; /* one for each object */
}

interface kmalloc_data extends struct {
	/** Index: see kmalloc_index(). Constant after boot. */
	caches: array<kmem_cache, 12>;
	up: int; /* kmem_cache_init() has run; constant after boot */
	slab_lock: embed<spinlock_t>; /* the kernel's slab_mutex */
	slab_caches: embed<list_head>; /* all caches; slab_lock */
}
const kmalloc_info = DEFINE<kmalloc_data>();

/** The cache of the kmem_cache structs. */
const kmem_cache_boot = DEFINE<kmem_cache>();

/* ---- slab.h: pages and objects ---- */

/** The cache that an object of a slab belongs to. */
function virt_to_cache(objp: number): kmem_cache {
	const page: page = virt_to_page(objp);

	if (WARN(!PageSlab(page), "virt_to_cache: object is not slab page"))
		return NULL;
	return cast<kmem_cache>(page.private);
}

/** First page of the slab that objp lies in: slabs are aligned to their size. */
function virt_to_slab(cachep: kmem_cache, objp: number): page {
	return virt_to_page(objp - (objp % (PAGE_SIZE << cachep.gfporder)));
}

function kmem_cache_node_init(parent: kmem_cache_node): void {
	INIT_LIST_HEAD(parent.slabs_full);
	INIT_LIST_HEAD(parent.slabs_partial);
	INIT_LIST_HEAD(parent.slabs_free);
	parent.total_slabs = 0;
	parent.free_slabs = 0;
	spin_lock_init(parent.list_lock);
	parent.free_objects = 0;
}

function index_to_obj(cache: kmem_cache, page: page, idx: number): number {
	return page_address(page) + cache.size * idx;
}

function obj_to_index(cache: kmem_cache, page: page, obj: number): number {
	return Math.floor((obj - page_address(page)) / cache.size);
}

function cpu_cache_get(cachep: kmem_cache): array_cache {
	return cachep.cpu_cache[smp_processor_id()];
}

/* ---- names: strings live in RAM like everything else ---- */

function set_cache_name(cachep: kmem_cache, name: string): void {
	const n = Math.min(name.length, KMEM_CACHE_NAMELEN - 1);

	for (let i = 0; i < n; i++)
		cachep.name[i] = name.charCodeAt(i);
	cachep.name[n] = 0;
}

export function kmem_cache_name(cachep: kmem_cache): string {
	let name = "";

	for (let i = 0; cachep.name[i] !== 0; i++)
		name += String.fromCharCode(cachep.name[i]);
	return name;
}

/* ---- slab.c ---- */

/** How many objects and their indices fit into a slab of this order. */
function cache_estimate(gfporder: number, buffer_size: number): number {
	const slab_size = PAGE_SIZE << gfporder;

	return Math.floor(slab_size / (buffer_size + FREELIST_IDX_SIZE));
}

function slab_error(cachep: kmem_cache, msg: string): void {
	WARN(true, `slab error in cache \`${kmem_cache_name(cachep)}': ${msg}`);
}

function init_arraycache(ac: array_cache, limit: number, batch: number): void {
	ac.avail = 0;
	ac.limit = limit;
	ac.batchcount = batch;
	ac.touched = 0;
	if (CONFIG_PREEMPT_RT)
		spin_lock_init(ac.lock);
}

/** Set up the allocators. Boot CPU, when pages can be allocated. */
export function kmem_cache_init(): void {
	INIT_LIST_HEAD(kmalloc_info.slab_caches);
	spin_lock_init(kmalloc_info.slab_lock);

	/* 1) The cache of the kmem_cache structs themselves. */
	create_boot_cache(
		kmem_cache_boot,
		"kmem_cache",
		sizeof<kmem_cache>(),
		SLAB_HWCACHE_ALIGN,
	);
	/* 2) The size classes: they need nothing but 1. */
	create_kmalloc_caches();
	kmalloc_info.up = 1;
}

function kmem_getpages(cachep: kmem_cache, flags: gfp_t): page {
	const page = alloc_pages(flags, cachep.gfporder);

	if (page === NULL)
		return NULL;
	mod_node_page_state(
		contig_page_data,
		NR_SLAB_UNRECLAIMABLE_B,
		PAGE_SIZE << cachep.gfporder,
	);
	/* Port: no compound pages; every page of the slab says what it is. */
	for (let i = 0; i < 1 << cachep.gfporder; i++)
		__SetPageSlab(ptr_add<page>(page, i));
	return page;
}

function kmem_freepages(cachep: kmem_cache, page: page): void {
	const order = cachep.gfporder;

	BUG_ON(!PageSlab(page), "kmem_freepages: not a slab");
	for (let i = 0; i < 1 << order; i++) {
		const p: page = ptr_add<page>(page, i);

		__ClearPageSlab(p);
		p.private = 0;
		p.freelist = 0;
		p.inuse = 0;
	}
	mod_node_page_state(
		contig_page_data,
		NR_SLAB_UNRECLAIMABLE_B,
		-(PAGE_SIZE << order),
	);
	__free_pages(page, order);
}

/** The grace period of a SLAB_TYPESAFE_BY_RCU slab is over. */
function kmem_rcu_free(head: callback_head): void {
	const page = container_of<page>(head, "rcu_head");

	kmem_freepages(cast<kmem_cache>(page.private), page);
}
const kmem_rcu_free_func = RODATA(kmem_rcu_free);

/* Poison is written and read past KASAN: free objects are forbidden there. */

function poison_obj(cachep: kmem_cache, addr: number, val: number): void {
	memset(addr, val, cachep.object_size);
	memset(addr + cachep.object_size - 1, POISON_END, 1);
}

/** Byte i of a poisoned object, as it should be. */
function poison_byte(cachep: kmem_cache, i: number): number {
	return i === cachep.object_size - 1 ? POISON_END : POISON_FREE;
}

/** First byte that is not poison any more; object_size if all are. */
function first_bad_poison(cachep: kmem_cache, objp: number): number {
	const size = cachep.object_size;
	let i = 0;

	while (i < size && load8(objp + i) === poison_byte(cachep, i))
		i++;
	return i;
}

/** Has anybody written to the object since it was freed? */
function check_poison_obj(cachep: kmem_cache, objp: number): void {
	const i = first_bad_poison(cachep, objp);

	if (i === cachep.object_size)
		return;
	slab_error(
		cachep,
		`Slab corruption (use after free): object ${objp.toString(16)} ` +
			`offset ${i} is ${load8(objp + i).toString(16)}`,
	);
}

/** All objects of the slab are free, and it is on no list. */
function slab_destroy_debugcheck(cachep: kmem_cache, page: page): void {
	if (CONFIG_PAGE_POISONING) {
		if ((cachep.flags & SLAB_POISON) === 0)
			return;
		for (let i = 0; i < cachep.num; i++)
			check_poison_obj(cachep, index_to_obj(cachep, page, i));
	}
}

/** Give the pages of an unlinked slab back, by RCU if the cache says so. */
function slab_destroy(cachep: kmem_cache, page: page): void {
	slab_destroy_debugcheck(cachep, page);
	if ((cachep.flags & SLAB_TYPESAFE_BY_RCU) !== 0)
		call_rcu(page.rcu_head, kmem_rcu_free_func);
	else
		kmem_freepages(cachep, page);
}

/** The slabs on list were taken off the cache under its lock. */
function slabs_destroy(cachep: kmem_cache, list: list_head): void {
	let entry: list_head = list.next;

	while (entry !== list) {
		const page = container_of<page>(entry, "lru");

		entry = entry.next;
		list_del(page.lru);
		slab_destroy(cachep, page);
	}
}

/**
 * Find the order of the slabs: the smallest that wastes an eighth at most, or
 * else the largest that is acceptable. Sets num, gfporder and freelist_size.
 */
function calculate_slab_order(cachep: kmem_cache, size: number): void {
	for (let gfporder = 0; gfporder <= 10; gfporder++) {
		const num = cache_estimate(gfporder, size);
		if (num === 0)
			continue;

		const left_over =
			(PAGE_SIZE << gfporder) - num * (size + FREELIST_IDX_SIZE);
		cachep.num = num;
		cachep.gfporder = gfporder;
		cachep.freelist_size = num * FREELIST_IDX_SIZE;

		if (gfporder >= SLAB_MAX_ORDER)
			break;
		if (left_over * 8 <= PAGE_SIZE << gfporder)
			break;
	}
}

/** The arrays of all CPUs, in one block of pages. */
function setup_cpu_cache(cachep: kmem_cache): boolean {
	/* Each in cache lines of its own. */
	const stride =
		Math.ceil(sizeof<array_cache>() / L1_CACHE_BYTES) * L1_CACHE_BYTES;
	const bytes = stride * nr_cpu_ids();
	let order = 0;
	while (PAGE_SIZE << order < bytes)
		order++;

	BUG_ON(nr_cpu_ids() > SLAB_NR_CPUS, "slab: too many CPUs");
	const page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
	if (page === NULL)
		return false;
	cachep.cpu_cache_order = order;
	enable_cpucache(cachep, page_address(page), stride);
	return true;
}

/** mm/slab.c's half of kmem_cache_create(). */
function __kmem_cache_create(
	cachep: kmem_cache,
	object_size: number,
	align: number,
	flags: number,
): boolean {
	if (CONFIG_PAGE_POISONING) {
		/* Free objects that somebody may look at cannot be poisoned. */
		if ((flags & SLAB_TYPESAFE_BY_RCU) === 0 && cachep.ctor === NULL)
			flags |= SLAB_POISON;
		else
			flags &= ~SLAB_POISON;
	}

	cachep.object_size = object_size;
	cachep.align = align;
	cachep.flags = flags;
	cachep.size = Math.ceil(object_size / align) * align;
	calculate_slab_order(cachep, cachep.size);
	if (cachep.num === 0)
		return false;
	kmem_cache_node_init(cachep.node);
	return setup_cpu_cache(cachep);
}

/* In this file "interrupts are off" means, with PREEMPT_RT, that this CPU's
 * array of the cache is locked. */

/**
 * Port: SLAB cannot be had with PREEMPT_RT, since it is made of sections with
 * interrupts off that take spinlocks. Ours takes a lock for each array there,
 * as the RT patch set had SLAB do up to 3.x.
 */
function cpu_cache_lock(cachep: kmem_cache): number {
	if (CONFIG_PREEMPT_RT) {
		local_lock(cpu_cache_get(cachep).lock);
		return 0;
	}
	return local_irq_save();
}

function cpu_cache_unlock(cachep: kmem_cache, flags: number): void {
	if (CONFIG_PREEMPT_RT)
		local_unlock(cpu_cache_get(cachep).lock);
	else
		local_irq_restore(flags);
}

function check_irq_off(): void {
	if (CONFIG_DEBUG_VM && !CONFIG_PREEMPT_RT)
		BUG_ON(!irqs_disabled(), "slab: interrupts are on");
}

function check_irq_on(): void {
	if (CONFIG_DEBUG_VM)
		BUG_ON(irqs_disabled(), "slab: interrupts are off");
}

function check_spinlock_acquired(cachep: kmem_cache): void {
	if (CONFIG_DEBUG_VM) {
		check_irq_off();
		assert_spin_locked(cachep.node.list_lock);
	}
}

/** One CPU's array back to the slabs. Interrupts are off. */
function drain_one(cachep: kmem_cache, ac: array_cache): void {
	const list = STACK<list_head>();
	const n: kmem_cache_node = cachep.node;

	check_irq_off();
	INIT_LIST_HEAD(list);
	spin_lock(n.list_lock);
	free_block(cachep, ac, ac.avail, list);
	ac.avail = 0;
	spin_unlock(n.list_lock);
	slabs_destroy(cachep, list);
}

/** On another CPU, as an interrupt; on our own with interrupts turned off. */
function do_drain(info: number): void {
	const cachep = cast<kmem_cache>(info);
	const flags = local_irq_save();

	drain_one(cachep, cpu_cache_get(cachep));
	local_irq_restore(flags);
}
const do_drain_func = RODATA(do_drain);

/** Any CPU's array, with PREEMPT_RT. */
function drain_cpu_cache(cachep: kmem_cache, cpu: number): void {
	const ac: array_cache = cachep.cpu_cache[cpu];

	local_lock(ac.lock);
	drain_one(cachep, ac);
	local_unlock(ac.lock);
}

/**
 * Empty the arrays of all CPUs. Port: a CPU that is outside of the machine is
 * kept there while we empty its array for it. With PREEMPT_RT we empty all:
 * an interrupt may not take the lock.
 */
function drain_cpu_caches(cachep: kmem_cache): void {
	check_irq_on();
	if (CONFIG_PREEMPT_RT) {
		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
			drain_cpu_cache(cachep, cpu);
		return;
	}
	do_drain(uptr(cachep));
	if (CONFIG_SMP) {
		smp_call_function(do_drain_func, uptr(cachep), true);
		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
			if (cpu_claim_host(cpu)) {
				const flags = local_irq_save();

				drain_one(cachep, cachep.cpu_cache[cpu]);
				local_irq_restore(flags);
				cpu_release_host(cpu);
			}
		}
	}
}

/** Destroy up to tofree slabs without objects in use. Returns how many. */
function drain_freelist(
	cache: kmem_cache,
	n: kmem_cache_node,
	tofree: number,
): number {
	let nr_freed = 0;

	while (nr_freed < tofree) {
		const flags = spin_lock_irqsave(n.list_lock);
		const p: list_head = n.slabs_free.prev;

		if (p === n.slabs_free) {
			spin_unlock_irqrestore(n.list_lock, flags);
			break;
		}
		const page = container_of<page>(p, "lru");
		list_del(page.lru);
		n.free_slabs--;
		n.total_slabs--;
		/* Unlinked, it is ours: the lock is not needed any more. */
		n.free_objects -= cache.num;
		spin_unlock_irqrestore(n.list_lock, flags);
		slab_destroy(cache, page);
		nr_freed++;
	}
	return nr_freed;
}

/** Returns whether there are objects in use. */
function __kmem_cache_shrink(cachep: kmem_cache): boolean {
	const n: kmem_cache_node = cachep.node;

	drain_cpu_caches(cachep);
	drain_freelist(cachep, n, 0x7fffffff);
	return !list_empty(n.slabs_full) || !list_empty(n.slabs_partial);
}

/**
 * Nobody uses the cache any more. Port: so the arrays of the other CPUs can be
 * emptied from here, wherever those CPUs are. Returns whether all is free.
 */
function __kmem_cache_shutdown(cachep: kmem_cache): boolean {
	const n: kmem_cache_node = cachep.node;

	if (CONFIG_PREEMPT_RT) {
		drain_cpu_caches(cachep);
	} else {
		const flags = local_irq_save();

		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
			drain_one(cachep, cachep.cpu_cache[cpu]);
		local_irq_restore(flags);
	}
	drain_freelist(cachep, n, 0x7fffffff);
	return list_empty(n.slabs_full) && list_empty(n.slabs_partial);
}

/* The index array is the allocator's own; KASAN lets it pass. */

function get_free_obj(page: page, idx: number): number {
	return cast<slab_freelist>(page.freelist).idx[idx];
}

function set_free_obj(page: page, idx: number, val: number): void {
	const freelist = cast<slab_freelist>(page.freelist);

	freelist.idx[idx] = val;
}

/** First state of the objects of a new slab. */
function cache_init_objs(cachep: kmem_cache, page: page): void {
	for (let i = 0; i < cachep.num; i++) {
		const objp = index_to_obj(cachep, page, i);

		if (cachep.ctor !== NULL) {
			kasan_unpoison_object_data(objp, cachep.object_size);
			cachep.ctor(objp);
			/* Type-safe memory may be looked at whenever it is a
			 * slab. */
			if ((cachep.flags & SLAB_TYPESAFE_BY_RCU) === 0)
				kasan_poison_object_data(objp, cachep.object_size);
		}
		if (CONFIG_PAGE_POISONING) {
			if ((cachep.flags & SLAB_POISON) !== 0)
				poison_obj(cachep, objp, POISON_FREE);
		}
		set_free_obj(page, i, i);
	}
}

function slab_get_obj(cachep: kmem_cache, page: page): number {
	const objp = index_to_obj(cachep, page, get_free_obj(page, page.inuse));

	page.inuse++;
	return objp;
}

function slab_put_obj(cachep: kmem_cache, page: page, objp: number): void {
	const objnr = obj_to_index(cachep, page, objp);

	if (CONFIG_DEBUG_VM) {
		/* Is it among the free ones already? */
		for (let i = page.inuse; i < cachep.num; i++)
			BUG_ON(get_free_obj(page, i) === objnr, "slab: double free");
	}
	page.inuse--;
	set_free_obj(page, page.inuse, objnr);
}

/** Let the pages know their cache, and the first one its indices. */
function slab_map_pages(
	cache: kmem_cache,
	page: page,
	freelist: number,
): void {
	for (let i = 0; i < 1 << cache.gfporder; i++) {
		const p: page = ptr_add<page>(page, i);

		p.private = uptr(cache);
	}
	page.freelist = freelist;
	page.inuse = 0;
}

/**
 * Allocate a slab. It belongs to nobody yet: cache_grow_end() links it.
 *
 * We enter with interrupts off, and return so; in between they are on if the
 * allocation may sleep, and this CPU's array may have changed.
 */
function cache_grow_begin(cachep: kmem_cache, flags: gfp_t): page {
	check_irq_off();
	/* What a constructor has made must not be cleared. */
	WARN_ON_ONCE(cachep.ctor !== NULL && (flags & __GFP_ZERO) !== 0,
		"slab: constructor and __GFP_ZERO");
	/* The objects are cleared one by one when they are handed out. */
	flags &= ~__GFP_ZERO;
	if (gfpflags_allow_blocking(flags)) {
		if (CONFIG_PREEMPT_RT)
			cpu_cache_unlock(cachep, 0);
		else
			local_irq_enable();
	}

	const page = kmem_getpages(cachep, flags);
	if (page !== NULL) {
		const slab_size = PAGE_SIZE << cachep.gfporder;
		const addr = page_address(page);
		/* The indices take the last bytes of the slab. */
		const freelist_offset = slab_size - cachep.freelist_size;

		/* alloc_slabmgmt() */
		if ((cachep.flags & SLAB_TYPESAFE_BY_RCU) === 0)
			kasan_poison_slab(addr, freelist_offset & ~(KASAN_GRANULE_SIZE - 1));
		slab_map_pages(cachep, page, addr + freelist_offset);
		cache_init_objs(cachep, page);
	}

	if (gfpflags_allow_blocking(flags)) {
		if (CONFIG_PREEMPT_RT)
			cpu_cache_lock(cachep);
		else
			local_irq_disable();
	}
	return page;
}

/** Link a new slab, of which some objects may be in use already. */
function cache_grow_end(cachep: kmem_cache, page: page): void {
	check_irq_off();
	if (page === NULL)
		return;

	const n: kmem_cache_node = cachep.node;
	spin_lock(n.list_lock);
	n.total_slabs++;
	if (page.inuse === 0) {
		list_add_tail(page.lru, n.slabs_free);
		n.free_slabs++;
	} else {
		fixup_slab_list(n, page, cachep.num);
	}
	n.free_objects += cachep.num - page.inuse;
	spin_unlock(n.list_lock);
}

/** Debug checks of a free; the object becomes poison. */
function cache_free_debugcheck(cachep: kmem_cache, objp: number): void {
	if (CONFIG_DEBUG_VM) {
		const page: page = virt_to_slab(cachep, objp);
		const objnr = obj_to_index(cachep, page, objp);

		BUG_ON(objnr >= cachep.num, "slab: free of no object");
		BUG_ON(
			objp !== index_to_obj(cachep, page, objnr),
			"slab: free of the inside of an object",
		);
	}
	if (CONFIG_PAGE_POISONING) {
		if ((cachep.flags & SLAB_POISON) !== 0) {
			if (first_bad_poison(cachep, objp) === cachep.object_size)
				slab_error(cachep, "double free detected");
			poison_obj(cachep, objp, POISON_FREE);
		}
	}
}

/** list_lock is held; the slab is on no list. */
function fixup_slab_list(n: kmem_cache_node, page: page, num: number): void {
	if (page.inuse === num)
		list_add(page.lru, n.slabs_full);
	else
		list_add(page.lru, n.slabs_partial);
}

/** A slab with a free object: partial ones first. list_lock is held. */
function get_first_slab(n: kmem_cache_node): page {
	let entry: list_head = n.slabs_partial.next;

	if (entry === n.slabs_partial) {
		entry = n.slabs_free.next;
		if (entry === n.slabs_free)
			return NULL;
		n.free_slabs--;
	}
	return container_of<page>(entry, "lru");
}

/** Move objects of a slab to the array. Returns how many are still wanted. */
function alloc_block(
	cachep: kmem_cache,
	ac: array_cache,
	page: page,
	batchcount: number,
): number {
	if (CONFIG_DEBUG_VM)
		BUG_ON(page.inuse >= cachep.num, "slab: full slab on a wrong list");
	while (page.inuse < cachep.num && batchcount > 0) {
		batchcount--;
		ac.entry[ac.avail] = slab_get_obj(cachep, page);
		ac.avail++;
	}
	return batchcount;
}

/** This CPU's array is empty. Interrupts are off. */
function cache_alloc_refill(cachep: kmem_cache, flags: gfp_t): number {
	check_irq_off();
	let ac: array_cache = cpu_cache_get(cachep);
	let batchcount = ac.batchcount;
	if (ac.touched === 0 && batchcount > BATCHREFILL_LIMIT) {
		/* A cache that is hardly used gets part of a batch only. */
		batchcount = BATCHREFILL_LIMIT;
	}
	const n: kmem_cache_node = cachep.node;

	if (CONFIG_DEBUG_VM)
		BUG_ON(ac.avail > 0, "slab: refill of an array with objects");
	spin_lock(n.list_lock);
	while (batchcount > 0) {
		const page = get_first_slab(n);
		if (page === NULL)
			break;

		check_spinlock_acquired(cachep);
		batchcount = alloc_block(cachep, ac, page, batchcount);
		list_del(page.lru);
		fixup_slab_list(n, page, cachep.num);
	}
	n.free_objects -= ac.avail;
	spin_unlock(n.list_lock);

	if (ac.avail === 0) {
		const page = cache_grow_begin(cachep, flags);

		/* Interrupts were on: somebody may have freed into the
		 * array. */
		ac = cpu_cache_get(cachep);
		if (ac.avail === 0 && page !== NULL)
			alloc_block(cachep, ac, page, batchcount);
		cache_grow_end(cachep, page);

		if (ac.avail === 0)
			return 0;
	}
	ac.touched = 1;
	ac.avail--;
	return ac.entry[ac.avail];
}

/** A new object leaves the allocator: it was poison, and must still be. */
function cache_alloc_debugcheck_after(cachep: kmem_cache, objp: number): void {
	if (CONFIG_PAGE_POISONING) {
		if ((cachep.flags & SLAB_POISON) !== 0) {
			check_poison_obj(cachep, objp);
			poison_obj(cachep, objp, POISON_INUSE);
		}
	}
}

/** Interrupts are off. */
function ____cache_alloc(cachep: kmem_cache, flags: gfp_t): number {
	const ac = cpu_cache_get(cachep);

	check_irq_off();
	if (ac.avail !== 0) {
		ac.touched = 1;
		ac.avail--;
		return ac.entry[ac.avail];
	}
	return cache_alloc_refill(cachep, flags);
}

function slab_alloc(cachep: kmem_cache, flags: gfp_t): number {
	/* slab_pre_alloc_hook() */
	might_sleep_if(gfpflags_allow_blocking(flags));
	if (should_failslab(flags))
		return 0;

	const save_flags = cpu_cache_lock(cachep);
	const objp = ____cache_alloc(cachep, flags);
	cpu_cache_unlock(cachep, save_flags);

	if (objp === 0)
		return 0;
	cache_alloc_debugcheck_after(cachep, objp);
	/* slab_post_alloc_hook() */
	kasan_slab_alloc(objp, cachep.object_size);
	if ((flags & __GFP_ZERO) !== 0)
		memset(objp, 0, cachep.object_size);
	return objp;
}

/**
 * The first nr_objects of an array back to their slabs. Slabs that the cache
 * can do without end up on list, for slabs_destroy() without the lock.
 * list_lock is held, interrupts are off.
 */
function free_block(
	cachep: kmem_cache,
	ac: array_cache,
	nr_objects: number,
	list: list_head,
): void {
	const n: kmem_cache_node = cachep.node;

	check_spinlock_acquired(cachep);
	n.free_objects += nr_objects;
	for (let i = 0; i < nr_objects; i++) {
		const objp = ac.entry[i];
		const page: page = virt_to_slab(cachep, objp);

		list_del(page.lru);
		slab_put_obj(cachep, page, objp);
		if (page.inuse === 0) {
			list_add(page.lru, n.slabs_free);
			n.free_slabs++;
		} else {
			/* To the tail, to give the others of the slab time to
			 * die. */
			list_add_tail(page.lru, n.slabs_partial);
		}
	}

	while (n.free_objects > n.free_limit && !list_empty(n.slabs_free)) {
		n.free_objects -= cachep.num;
		const page = container_of<page>(n.slabs_free.prev, "lru");
		list_del(page.lru);
		list_add(page.lru, list);
		n.free_slabs--;
		n.total_slabs--;
	}
}

/** This CPU's array is full: its oldest half goes. Interrupts are off. */
function cache_flusharray(cachep: kmem_cache, ac: array_cache): void {
	const list = STACK<list_head>();
	const batchcount = ac.batchcount;
	const n: kmem_cache_node = cachep.node;

	check_irq_off();
	INIT_LIST_HEAD(list);
	spin_lock(n.list_lock);
	free_block(cachep, ac, batchcount, list);
	spin_unlock(n.list_lock);
	ac.avail -= batchcount;
	for (let i = 0; i < ac.avail; i++)
		ac.entry[i] = ac.entry[i + batchcount];
	slabs_destroy(cachep, list);
}

/** Interrupts are off. */
function __cache_free(cachep: kmem_cache, objp: number): void {
	kasan_slab_free(
		objp,
		cachep.object_size,
		(cachep.flags & SLAB_TYPESAFE_BY_RCU) !== 0,
	);
	___cache_free(cachep, objp);
}

function ___cache_free(cachep: kmem_cache, objp: number): void {
	const ac = cpu_cache_get(cachep);

	check_irq_off();
	cache_free_debugcheck(cachep, objp);
	if (ac.avail >= ac.limit)
		cache_flusharray(cachep, ac);
	ac.entry[ac.avail] = objp;
	ac.avail++;
}

/**
 * Allocate an object. NULL if there is no memory; flags says how hard to try.
 * The contents are undefined, or the constructor's, or zero with __GFP_ZERO.
 */
export function kmem_cache_alloc<T extends struct>(
	cachep: kmem_cache,
	flags: gfp_t,
): T {
	return slab_alloc(cachep, flags) as any;
}

/** Give an object back. What it contains is lost, even to RCU readers, unless
 *  the cache is SLAB_TYPESAFE_BY_RCU. */
export function kmem_cache_free(
	cachep: kmem_cache,
	objp: struct | number,
): void {
	const p = objp as number;

	if (CONFIG_DEBUG_VM) {
		/* cache_from_obj() */
		const cache = virt_to_cache(p);

		if (WARN(cache !== cachep, "kmem_cache_free: wrong slab cache")) {
			if (cache === NULL)
				return;
			cachep = cache;
		}
	}
	const flags = cpu_cache_lock(cachep);
	__cache_free(cachep, p);
	cpu_cache_unlock(cachep, flags);
}

/** Free what kmalloc() returned; NULL is fine. */
export function kfree(objp: struct | number): void {
	const p = objp as number;

	if (ZERO_OR_NULL_PTR(p))
		return;
	const page: page = virt_to_page(p);
	if (!PageSlab(page)) {
		/* kmalloc_large() noted the order. */
		const order = page.private;

		page.private = 0;
		__free_pages(page, order);
		return;
	}
	const cachep = cast<kmem_cache>(page.private);
	const flags = cpu_cache_lock(cachep);
	__cache_free(cachep, p);
	cpu_cache_unlock(cachep, flags);
}

/** Sizes of the CPU arrays: few of large objects, many of small ones. */
function enable_cpucache(
	cachep: kmem_cache,
	addr: number,
	stride: number,
): void {
	let limit: number;

	if (cachep.size > PAGE_SIZE)
		limit = 8;
	else if (cachep.size > 1024)
		limit = 24;
	else if (cachep.size > 256)
		limit = 54;
	else
		limit = AC_MAX_ENTRIES;
	/* With debugging objects should not lie around for long. */
	if (CONFIG_PAGE_POISONING || CONFIG_KASAN)
		limit = Math.min(limit, 32);
	const batchcount = (limit + 1) >> 1;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const ac = cast<array_cache>(addr + cpu * stride);

		init_arraycache(ac, limit, batchcount);
		cachep.cpu_cache[cpu] = ac;
	}
	cachep.node.free_limit = (1 + nr_cpu_ids()) * batchcount + cachep.num;
}

/* ---- slab_common.c ---- */

/** Alignment of the objects: a cache line, or its even part for small ones. */
function calculate_alignment(
	flags: number,
	align: number,
	size: number,
): number {
	if ((flags & SLAB_HWCACHE_ALIGN) !== 0) {
		let ralign = L1_CACHE_BYTES;

		while (size <= ralign / 2)
			ralign /= 2;
		align = Math.max(align, ralign);
	}
	/* Every struct may contain a double, and KASAN's unit is 8 as well. */
	align = Math.max(align, ARCH_KMALLOC_MINALIGN, KASAN_GRANULE_SIZE);
	return Math.ceil(align / 4) * 4;
}

function link_cache(s: kmem_cache): void {
	const flags = spin_lock_irqsave(kmalloc_info.slab_lock);

	list_add(s.list, kmalloc_info.slab_caches);
	spin_unlock_irqrestore(kmalloc_info.slab_lock, flags);
}

/**
 * Create a cache of objects of this size. ctor is run on each object of a new
 * slab, before the object is first handed out, and not again: whoever frees an
 * object leaves it as the constructor did. It must be RODATA.
 *
 * Context: may sleep; not from an interrupt. NULL if there is no memory.
 */
export function kmem_cache_create(
	name: string,
	size: number,
	align: number,
	flags: number,
	ctor: ((objp: number) => void) | null = null,
): kmem_cache {
	const s = kmem_cache_alloc<kmem_cache>(
		kmem_cache_boot,
		GFP_KERNEL | __GFP_ZERO,
	);

	if (s !== NULL) {
		set_cache_name(s, name);
		if (ctor !== null)
			s.ctor = ctor;
		align = calculate_alignment(flags, align, size);
		if (__kmem_cache_create(s, size, align, flags)) {
			link_cache(s);
			return s;
		}
		kmem_cache_free(kmem_cache_boot, s);
	}
	if ((flags & SLAB_PANIC) !== 0)
		panic(`kmem_cache_create: Failed to create slab '${name}'`);
	return NULL;
}

/**
 * Destroy a cache that nobody uses any more, by no means whatsoever: no CPU
 * allocates or frees, and all objects are back.
 */
export function kmem_cache_destroy(s: kmem_cache): void {
	if (s === NULL)
		return;
	/* Objects whose free is still waiting for a grace period. */
	if ((s.flags & SLAB_TYPESAFE_BY_RCU) !== 0)
		rcu_barrier();

	if (!__kmem_cache_shutdown(s)) {
		WARN_ON(
			true,
			`kmem_cache_destroy ${kmem_cache_name(s)}: ` +
				"Slab cache still has objects",
		);
		return;
	}
	const flags = spin_lock_irqsave(kmalloc_info.slab_lock);
	list_del(s.list);
	spin_unlock_irqrestore(kmalloc_info.slab_lock, flags);

	/* kmem_rcu_free() of the last slabs looks at the cache. */
	if ((s.flags & SLAB_TYPESAFE_BY_RCU) !== 0)
		rcu_barrier();
	free_pages(uptr(s.cpu_cache[0]), s.cpu_cache_order);
	kmem_cache_free(kmem_cache_boot, s);
}

/** Give unused slabs back. Tells whether there are objects in use. */
export function kmem_cache_shrink(cachep: kmem_cache): boolean {
	return __kmem_cache_shrink(cachep);
}

export function kmem_cache_size(s: kmem_cache): number {
	return s.object_size;
}

/** A cache whose struct exists already, at boot. */
function create_boot_cache(
	s: kmem_cache,
	name: string,
	size: number,
	flags: number,
): void {
	set_cache_name(s, name);
	const align = calculate_alignment(flags, ARCH_KMALLOC_MINALIGN, size);
	if (!__kmem_cache_create(s, size, align, flags))
		panic(`Creation of kmalloc slab ${name} failed`);
	link_cache(s);
}

/** Size classes: powers of two from 32, and 96 and 192 at indices 1 and 2. */
function kmalloc_index(size: number): number {
	if (size > 64 && size <= 96)
		return 1;
	if (size > 128 && size <= 192)
		return 2;
	if (size <= KMALLOC_MIN_SIZE)
		return KMALLOC_SHIFT_LOW;
	return 32 - Math.clz32(size - 1);
}

function new_kmalloc_cache(idx: number, size: number): void {
	kmalloc_info.caches[idx] = kmem_cache_create(
		`kmalloc-${size < 1024 ? size : `${size >> 10}k`}`,
		size,
		ARCH_KMALLOC_MINALIGN,
		/* Powers of two are aligned to themselves, as callers
		 * expect. */
		(size & (size - 1)) === 0 ? SLAB_HWCACHE_ALIGN | SLAB_PANIC : SLAB_PANIC,
	);
}

function create_kmalloc_caches(): void {
	for (let i = KMALLOC_SHIFT_LOW; i <= KMALLOC_SHIFT_HIGH; i++) {
		new_kmalloc_cache(i, 1 << i);
		if (i === 6)
			new_kmalloc_cache(1, 96);
		if (i === 7)
			new_kmalloc_cache(2, 192);
	}
}

/** Too large for a cache: whole pages. */
function kmalloc_large(size: number, flags: gfp_t): number {
	let order = 0;

	while (PAGE_SIZE * 2 ** order < size)
		order++;
	const page = alloc_pages(flags, order);
	if (page === NULL)
		return 0;
	page.private = order;
	return page_address(page);
}

/** Memory of any size, aligned to 8 bytes at least. */
export function kmalloc<T extends struct>(size: number, flags: gfp_t): T {
	if (size === 0)
		return ZERO_SIZE_PTR as any;
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return kmalloc_large(size, flags) as any;
	const objp = slab_alloc(kmalloc_info.caches[kmalloc_index(size)], flags);
	return objp as any;
}

/** How much the caller of kmalloc() may really use. */
export function ksize(objp: struct | number): number {
	const p = objp as number;

	if (ZERO_OR_NULL_PTR(p))
		return 0;
	const page: page = virt_to_page(p);
	if (!PageSlab(page))
		return PAGE_SIZE << page.private;
	const size = cast<kmem_cache>(page.private).object_size;
	kasan_unpoison_range(p, size);
	return size;
}

export function slab_is_available(): boolean {
	return kmalloc_info.up !== 0;
}

/* ---- Port: counts that tests and replay compare with those of boot ---- */

/**
 * Objects of the cache that somebody owns: neither free in a slab nor in a
 * CPU's array. Exact while no CPU allocates or frees; nothing has to be
 * flushed.
 */
export function kmem_cache_nr_inuse(cachep: kmem_cache): number {
	const n: kmem_cache_node = cachep.node;
	const flags = spin_lock_irqsave(n.list_lock);
	let nr = n.total_slabs * cachep.num - n.free_objects;

	/* The other CPUs' arrays may move under our eyes; see above. */
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		nr -= data_race(cachep.cpu_cache[cpu].avail);
	spin_unlock_irqrestore(n.list_lock, flags);
	return nr;
}

export interface slabinfo {
	name: string;
	/** Owned objects, see kmem_cache_nr_inuse(). */
	active_objs: number;
	/** All objects. */
	num_objs: number;
	objsize: number;
	/** Pages of all slabs. */
	pages: number;
}

/** All caches, in the order of their creation; as /proc/slabinfo. */
export function get_slabinfo(): slabinfo[] {
	const info: slabinfo[] = [];

	/* Caches come and go at boot, exit and in tests only: no lock is
	 * held. */
	let entry: list_head = kmalloc_info.slab_caches.prev;
	for (; entry !== kmalloc_info.slab_caches; entry = entry.prev) {
		const s = container_of<kmem_cache>(entry, "list");
		const slabs = s.node.total_slabs;

		info.push({
			name: kmem_cache_name(s),
			active_objs: kmem_cache_nr_inuse(s),
			num_objs: slabs * s.num,
			objsize: s.object_size,
			pages: slabs << s.gfporder,
		});
	}
	return info;
}

/** Owned objects by cache name. */
export function slab_caches_in_use(): Record<string, number> {
	const in_use: Record<string, number> = {};

	for (const s of get_slabinfo())
		in_use[s.name] = s.active_objs;
	return in_use;
}

/** Pages of all slabs, whether their objects are in use or not. */
export function nr_slab_pages(): number {
	let pages = 0;

	for (const s of get_slabinfo())
		pages += s.pages;
	return pages;
}

/** Shrink every cache. Context: may sleep, interrupts on. */
export function kmem_cache_flush_all(): void {
	let entry: list_head = kmalloc_info.slab_caches.next;

	for (; entry !== kmalloc_info.slab_caches; entry = entry.next)
		__kmem_cache_shrink(container_of<kmem_cache>(entry, "list"));
}
