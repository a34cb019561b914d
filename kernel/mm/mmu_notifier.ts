// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mmu_notifier.c (5.17): who subscribes to the changes of an address
 * space, and how he hears of them.
 * Port: a sequence has 32 bits. What the kernel reads of a range after mm_users
 * was 0, or of has_itree without a lock, is marked.
 * Left out: the lockdep map of mmu_notifier_invalidate_range_start, which in
 * the kernel stands for an allocation that may wait for an invalidation, as
 * direct reclaim does; non_block_start(), which would notice a callback
 * that sleeps where it must not: might_sleep() does.
 */
import { printk } from "kernel/printk.ts";
import { schedule } from "kernel/sched/core.ts";
import {
	INIT_WORK, schedule_work, type work_struct,
} from "kernel/workqueue.ts";
import { atomic_dec, atomic_inc, atomic_read } from "linux/atomic.ts";
import { BUG_ON, WARN_ON } from "linux/bug.ts";
import { ERR_PTR, IS_ERR } from "linux/err.ts";
import {
	EAGAIN, EINVAL, ENOMEM, EOVERFLOW,
} from "linux/errno.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	interval_tree_insert, interval_tree_iter_first, interval_tree_iter_next,
	interval_tree_remove, type interval_tree_node,
} from "linux/interval_tree.ts";
import { might_sleep, ULONG_MAX } from "linux/kernel.ts";
import {
	hlist_add_head, hlist_add_head_rcu, hlist_del, hlist_del_init_rcu,
	hlist_empty, hlist_first_rcu, hlist_next_rcu, hlist_unhashed,
	INIT_HLIST_HEAD, INIT_HLIST_NODE, LIST_POISON1,
} from "linux/list.ts";
import { lockdep_assert_held } from "linux/lockdep.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	mmap_assert_write_locked, mmap_write_lock, mmap_write_unlock,
} from "linux/mmap_lock.ts";
import {
	MMU_NOTIFIER_RANGE_BLOCKABLE, MMU_NOTIFY_PROTECTION_VMA,
	MMU_NOTIFY_RELEASE, type mmu_interval_notifier,
	type mmu_interval_notifier_ops, type mmu_notifier,
	type mmu_notifier_ops, type mmu_notifier_range,
	mmu_notifier_range_blockable,
} from "linux/mmu_notifier.ts";
import { VM_READ } from "linux/mm.ts";
import { RB_CLEAR_NODE, RB_EMPTY_NODE } from "linux/rbtree.ts";
import { TASK_UNINTERRUPTIBLE } from "linux/sched.ts";
import { mmdrop, mmgrab } from "linux/sched/mm.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import { cpu_relax } from "linux/smp.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import {
	init_srcu_struct, srcu_read_lock, srcu_read_unlock, type srcu_struct,
	synchronize_srcu,
} from "linux/srcu.ts";
import type {
	atomic_t, callback_head, hlist_head, hlist_node, rb_root_cached,
} from "linux/types.ts";
import {
	finish_wait, init_wait, init_waitqueue_head, prepare_to_wait,
	type wait_queue_entry, type wait_queue_head, wake_up_all,
} from "linux/wait.ts";
import { mm_drop_all_locks, mm_take_all_locks } from "mm/mmap.ts";

/** One for all address spaces: callbacks may sleep, and there are few. */
const srcu = DEFINE<srcu_struct>();

/** Made with the first subscription to an address space, inside of
 *  mm_take_all_locks(), and freed with the last reference to it: mmdrop(). */
export interface mmu_notifier_subscriptions extends struct {
	/** of mmu_notifier; lock, walked under srcu */
	list: embed<hlist_head>;
	/** there may be interval notifiers; mm_take_all_locks(), then
	 *  constant, and looked at without */
	has_itree: bool;
	lock: embed<spinlock_t>; /* guards the rest, and hlist_unhashed() */
	/** lock; looked at without (READ_ONCE) by who sleeps on wq */
	invalidate_seq: int;
	active_invalidate_ranges: int; /* lock */
	/** of mmu_interval_notifier; lock, and only while invalidate_seq is
	 *  even; walked without the lock by who has made it odd */
	itree: embed<rb_root_cached>;
	wq: embed<wait_queue_head>; /* see wait_queue_head */
	/** what is to be inserted or removed when it is even; lock */
	deferred_list: embed<hlist_head>;
}

/*
 * The sequence is a lock for reading that is never waited for, and that many
 * may hold for writing: those whose ranges are being invalidated. A reader
 * makes translations of entries, and throws them away if there was a writer.
 *
 * - active_invalidate_ranges: how many ranges are between start and end; -
 * invalidate_seq odd: one of them met an interval notifier. The tree does not
 * change then, so it is walked without a lock, and who wants to change it
 * leaves that to the last one who ends; - even while there are ranges: none of
 * them met one, and the tree may change.
 *
 * seq |= 1 begins, seq++ ends, both under the lock.
 */
function mn_itree_is_invalidating(
	subscriptions: mmu_notifier_subscriptions,
): boolean {
	lockdep_assert_held(subscriptions.lock);
	return (subscriptions.invalidate_seq & 1) !== 0;
}

function interval_sub_of(node: interval_tree_node): mmu_interval_notifier {
	return container_of<mmu_interval_notifier>(node, "interval_tree");
}

/** What mn_itree_inv_start_range() answers. Port: `seq` is an out-parameter in
 *  the kernel. */
interface inv_start {
	sub: mmu_interval_notifier; /* NULL: nobody is concerned */
	seq: number;
}

function mn_itree_inv_start_range(
	subscriptions: mmu_notifier_subscriptions, range: mmu_notifier_range,
): inv_start {
	let sub: mmu_interval_notifier = NULL;

	spin_lock(subscriptions.lock);
	subscriptions.active_invalidate_ranges++;
	const node = interval_tree_iter_first(subscriptions.itree, range.start,
		range.end - 1);
	if (node !== NULL) {
		WRITE_ONCE(subscriptions.invalidate_seq,
			subscriptions.invalidate_seq | 1);
		sub = interval_sub_of(node);
	}
	const seq = subscriptions.invalidate_seq;
	spin_unlock(subscriptions.lock);
	return { sub, seq };
}

function mn_itree_inv_next(
	interval_sub: mmu_interval_notifier, range: mmu_notifier_range,
): mmu_interval_notifier {
	const node = interval_tree_iter_next(interval_sub.interval_tree,
		range.start, range.end - 1);

	return node === NULL ? NULL : interval_sub_of(node);
}

function mn_itree_inv_end(subscriptions: mmu_notifier_subscriptions): void {
	spin_lock(subscriptions.lock);
	subscriptions.active_invalidate_ranges--;
	WARN_ON(subscriptions.active_invalidate_ranges < 0,
		"mmu_notifier: a range ends that has not begun");
	if (subscriptions.active_invalidate_ranges !== 0 ||
		!mn_itree_is_invalidating(subscriptions)) {
		spin_unlock(subscriptions.lock);
		return;
	}

	/* The last one: even again. */
	WRITE_ONCE(subscriptions.invalidate_seq,
		(subscriptions.invalidate_seq + 1) | 0);

	/* What was put off while the tree was not to change. Who is on it goes,
	 * who is not comes. */
	let pos: hlist_node = subscriptions.deferred_list.first;
	while (pos !== NULL) {
		const next: hlist_node = pos.next;
		const interval_sub =
			container_of<mmu_interval_notifier>(
				pos, "deferred_item");

		if (RB_EMPTY_NODE(interval_sub.interval_tree.rb))
			interval_tree_insert(interval_sub.interval_tree,
				subscriptions.itree);
		else
			interval_tree_remove(interval_sub.interval_tree,
				subscriptions.itree);
		hlist_del(pos);
		pos = next;
	}
	spin_unlock(subscriptions.lock);

	wake_up_all(subscriptions.wq);
}

/** wait_event(): until the invalidation with that sequence is over, in the
 *  sense of `released`. */
function wait_while_seq(
	subscriptions: mmu_notifier_subscriptions, seq: number,
	released: (s: mmu_notifier_subscriptions, seq: number) => boolean,
): void {
	const wait = STACK<wait_queue_entry>();

	init_wait(wait);
	for (;;) {
		prepare_to_wait(subscriptions.wq, wait, TASK_UNINTERRUPTIBLE);
		/* Pairs with mn_itree_inv_end(), whose wake-up comes later. */
		if (released(subscriptions, seq)) break;
		schedule();
	}
	finish_wait(subscriptions.wq, wait);
}

/** For who only wants to look at entries when they have changed. */
function seq_changed(
	subscriptions: mmu_notifier_subscriptions, seq: number,
): boolean {
	return READ_ONCE(subscriptions.invalidate_seq) !== seq;
}

/**
 * Begin to make translations of the subscriber's range: what is found is worth
 * something if mmu_interval_read_retry() says no, under the lock of
 * ->invalidate(). May sleep, as long as an invalidation of the range goes on;
 * one that begins meanwhile is not waited for, but found by the retry.
 *
 * interval_sub->invalidate_seq is what the last invalidation had. It is odd, so
 * it is the current one only between a start that has told the subscriber and
 * its end: that is a collision, and so is any change of it.
 */
export function mmu_interval_read_begin(
	interval_sub: mmu_interval_notifier,
): number {
	const subscriptions: mmu_notifier_subscriptions =
		interval_sub.mm.notifier_subscriptions;

	spin_lock(subscriptions.lock);
	/* Pairs with mmu_interval_set_seq(), which has another lock. */
	const seq = READ_ONCE(interval_sub.invalidate_seq);
	const is_invalidating = seq === subscriptions.invalidate_seq;
	spin_unlock(subscriptions.lock);

	might_sleep();
	if (is_invalidating) wait_while_seq(subscriptions, seq, seq_changed);
	return seq;
}

/** All interval notifiers hear that nobody uses mm any more. */
function mn_itree_release(
	subscriptions: mmu_notifier_subscriptions, mm: mm_struct,
): void {
	const range: mmu_notifier_range = {
		vma: NULL,
		mm,
		start: 0,
		end: ULONG_MAX,
		flags: MMU_NOTIFIER_RANGE_BLOCKABLE,
		event: MMU_NOTIFY_RELEASE,
		owner: 0,
	};
	const { sub, seq } = mn_itree_inv_start_range(subscriptions, range);

	for (let interval_sub = sub; interval_sub !== NULL;
		interval_sub = mn_itree_inv_next(interval_sub, range)) {
		const ret = interval_sub.ops.invalidate(interval_sub, range,
			seq);

		WARN_ON(!ret, "mmu_interval_notifier: release fails");
	}
	mn_itree_inv_end(subscriptions);
}

function subscription_of(node: hlist_node): mmu_notifier {
	return container_of<mmu_notifier>(node, "hlist");
}

/**
 * All of the list hear that nobody uses mm any more, and leave it. Nobody can
 * register meanwhile, which takes mm_users, but mmu_notifier_unregister() may
 * run: which of the two takes a subscription off the list, the lock decides,
 * and by srcu each waits for the other's ->release().
 */
function mn_hlist_release(
	subscriptions: mmu_notifier_subscriptions, mm: mm_struct,
): void {
	const id = srcu_read_lock(srcu);

	/* The only chance of who has not unregistered to drop what he has
	 * before the pages are freed. */
	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const subscription = subscription_of(pos);

		if (subscription.ops.release)
			subscription.ops.release(subscription, mm);
	}

	spin_lock(subscriptions.lock);
	while (!hlist_empty(subscriptions.list)) {
		const first: hlist_node = subscriptions.list.first;

		/* We were faster than mmu_notifier_unregister(), which only
		 * waits for us now. */
		hlist_del_init_rcu(first);
	}
	spin_unlock(subscriptions.lock);
	srcu_read_unlock(srcu, id);

	/* For a ->release() that mmu_notifier_unregister() has called:
	 * exit_mmap() is about to free the pages. */
	synchronize_srcu(srcu);
}

/** The caller holds mm_count; mm_users is 0. May sleep. */
export function __mmu_notifier_release(mm: mm_struct): void {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;

	if (subscriptions.has_itree) mn_itree_release(subscriptions, mm);
	if (!hlist_empty(subscriptions.list))
		mn_hlist_release(subscriptions, mm);
}

/** Was the range used by any secondary MMU? From now on it was not. */
export function __mmu_notifier_clear_flush_young(
	mm: mm_struct, start: number, end: number,
): number {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;
	const id = srcu_read_lock(srcu);
	let young = 0;

	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const subscription = subscription_of(pos);

		if (subscription.ops.clear_flush_young)
			young |= subscription.ops.clear_flush_young(
				subscription, mm, start, end);
	}
	srcu_read_unlock(srcu, id);
	return young;
}

/** The same, but what they have cached may stay. */
export function __mmu_notifier_clear_young(
	mm: mm_struct, start: number, end: number,
): number {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;
	const id = srcu_read_lock(srcu);
	let young = 0;

	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const subscription = subscription_of(pos);

		if (subscription.ops.clear_young)
			young |= subscription.ops.clear_young(
				subscription, mm, start, end);
	}
	srcu_read_unlock(srcu, id);
	return young;
}

/** Was the page used by any? The first one who says so is enough. */
export function __mmu_notifier_test_young(
	mm: mm_struct, address: number,
): number {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;
	const id = srcu_read_lock(srcu);
	let young = 0;

	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const subscription = subscription_of(pos);

		if (subscription.ops.test_young) {
			young = subscription.ops.test_young(subscription, mm,
				address);
			if (young !== 0) break;
		}
	}
	srcu_read_unlock(srcu, id);
	return young;
}

/** The lock of the table is held: nobody sleeps. */
export function __mmu_notifier_change_pte(
	mm: mm_struct, address: number, pte: number,
): void {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;
	const id = srcu_read_lock(srcu);

	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const subscription = subscription_of(pos);

		if (subscription.ops.change_pte)
			subscription.ops.change_pte(subscription, mm, address,
				pte);
	}
	srcu_read_unlock(srcu, id);
}

function mn_itree_invalidate(
	subscriptions: mmu_notifier_subscriptions, range: mmu_notifier_range,
): number {
	const { sub, seq } = mn_itree_inv_start_range(subscriptions, range);

	for (let interval_sub = sub; interval_sub !== NULL;
		interval_sub = mn_itree_inv_next(interval_sub, range)) {
		if (interval_sub.ops.invalidate(interval_sub, range, seq))
			continue;
		if (WARN_ON(mmu_notifier_range_blockable(range),
			"mmu_interval_notifier: invalidate fails"))
			continue;
		/* Who may not block and is told so does not come to the end. */
		mn_itree_inv_end(subscriptions);
		return -EAGAIN;
	}
	return 0;
}

/** One callback of invalidate_range_start, and what it may answer. */
function mn_start_one(
	subscription: mmu_notifier, range: mmu_notifier_range,
): number {
	const ops = subscription.ops;

	if (!ops.invalidate_range_start) return 0;
	const ret = ops.invalidate_range_start(subscription, range);
	if (ret === 0) return 0;

	const blockable = mmu_notifier_range_blockable(range);
	printk(`invalidate_range_start callback failed with ${ret} in ` +
		`${blockable ? "" : "non-"}blockable context.`);
	WARN_ON(blockable || ret !== -EAGAIN,
		"invalidate_range_start: not to fail so");
	/* All are called, and nobody learns whether his start failed: who may
	 * fail must have nothing to undo. */
	WARN_ON(ops.invalidate_range_end !== undefined,
		"invalidate_range_start fails, and there is an end");
	return ret;
}

function mn_hlist_invalidate_range_start(
	subscriptions: mmu_notifier_subscriptions, range: mmu_notifier_range,
): number {
	const id = srcu_read_lock(srcu);
	let ret = 0;

	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const _ret = mn_start_one(subscription_of(pos), range);

		if (_ret !== 0) ret = _ret;
	}
	if (ret !== 0) {
		/* The caller will not end what has failed, but those who have
		 * begun expect it. */
		for (let pos = hlist_first_rcu(subscriptions.list);
			pos !== NULL; pos = hlist_next_rcu(pos)) {
			const subscription = subscription_of(pos);

			if (subscription.ops.invalidate_range_end)
				subscription.ops.invalidate_range_end(
					subscription, range);
		}
	}
	srcu_read_unlock(srcu, id);
	return ret;
}

/** 0, or -EAGAIN if the range is not blockable. */
export function __mmu_notifier_invalidate_range_start(
	range: mmu_notifier_range,
): number {
	const subscriptions: mmu_notifier_subscriptions =
		range.mm.notifier_subscriptions;

	if (subscriptions.has_itree) {
		const ret = mn_itree_invalidate(subscriptions, range);

		if (ret !== 0) return ret;
	}
	if (!hlist_empty(subscriptions.list))
		return mn_hlist_invalidate_range_start(subscriptions, range);
	return 0;
}

function mn_hlist_invalidate_end(
	subscriptions: mmu_notifier_subscriptions, range: mmu_notifier_range,
	only_end: boolean,
): void {
	const id = srcu_read_lock(srcu);

	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const subscription = subscription_of(pos);
		const ops = subscription.ops;

		/* Who has this one needs no end. Not where it was called under
		 * the lock of the page table. */
		if (!only_end && ops.invalidate_range)
			ops.invalidate_range(subscription, range.mm,
				range.start, range.end);
		if (ops.invalidate_range_end)
			ops.invalidate_range_end(subscription, range);
	}
	srcu_read_unlock(srcu, id);
}

/** Exactly once for each start that has not failed. */
export function __mmu_notifier_invalidate_range_end(
	range: mmu_notifier_range, only_end: boolean,
): void {
	const subscriptions: mmu_notifier_subscriptions =
		range.mm.notifier_subscriptions;

	if (subscriptions.has_itree) mn_itree_inv_end(subscriptions);
	if (!hlist_empty(subscriptions.list))
		mn_hlist_invalidate_end(subscriptions, range, only_end);
}

/** For who shares the CPUs' page tables; may be under the lock of one. */
export function __mmu_notifier_invalidate_range(
	mm: mm_struct, start: number, end: number,
): void {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;
	const id = srcu_read_lock(srcu);

	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const subscription = subscription_of(pos);

		if (subscription.ops.invalidate_range)
			subscription.ops.invalidate_range(subscription, mm,
				start, end);
	}
	srcu_read_unlock(srcu, id);
}

/** NULL without memory. */
function subscriptions_alloc(): mmu_notifier_subscriptions {
	const subscriptions = kzalloc<mmu_notifier_subscriptions>(
		sizeof<mmu_notifier_subscriptions>(), GFP_KERNEL);

	if (subscriptions !== NULL) {
		INIT_HLIST_HEAD(subscriptions.list);
		spin_lock_init(subscriptions.lock);
		subscriptions.invalidate_seq = 2;
		init_waitqueue_head(subscriptions.wq);
		INIT_HLIST_HEAD(subscriptions.deferred_list);
	}
	return subscriptions;
}

/**
 * mmu_notifier_register() for who holds mmap_lock for writing. With NULL, there
 * may be interval notifiers from now on.
 *
 * Nobody is between a start and its end while all locks are taken, the notifier
 * lock among them (V2.24): who begins later finds us, and who has begun earlier
 * has ended.
 */
export function __mmu_notifier_register(
	subscription: mmu_notifier, mm: mm_struct,
): number {
	let subscriptions: mmu_notifier_subscriptions = NULL;

	mmap_assert_write_locked(mm);
	BUG_ON(atomic_read(mm.mm_users) <= 0);

	if (mm.notifier_subscriptions === NULL) {
		/* Not while all locks are held, which memory might need. Nobody
		 * else makes one: we hold mmap_lock. */
		subscriptions = subscriptions_alloc();
		if (subscriptions === NULL) return -ENOMEM;
	}

	const ret = mm_take_all_locks(mm);
	if (ret !== 0) {
		if (subscriptions !== NULL) kfree(subscriptions);
		return ret;
	}

	/* What is in it before the pointer to it, for who looks without a lock:
	 * pairs with mmu_interval_notifier_insert(). */
	if (subscriptions !== NULL)
		smp_store_release(mm.notifier_subscriptions, subscriptions);
	else
		subscriptions = mm.notifier_subscriptions;

	if (subscription !== NULL) {
		/* Until mmu_notifier_unregister(), or after the last put. */
		mmgrab(mm);
		subscription.mm = mm;
		subscription.users = 1;

		spin_lock(subscriptions.lock);
		hlist_add_head_rcu(subscription.hlist, subscriptions.list);
		spin_unlock(subscriptions.lock);
	} else {
		WRITE_ONCE(subscriptions.has_itree, true);
	}
	mm_drop_all_locks(mm);
	BUG_ON(atomic_read(mm.mm_users) <= 0);
	return 0;
}

/**
 * Subscribe to mm: subscription->ops is set, the rest is not looked at. No lock
 * of memory management is held, and mm_users cannot become 0 meanwhile. 0,
 * -ENOMEM, or -EINTR with a signal. Ends by mmu_notifier_unregister().
 */
export function mmu_notifier_register(
	subscription: mmu_notifier, mm: mm_struct,
): number {
	mmap_write_lock(mm);
	const ret = __mmu_notifier_register(subscription, mm);
	mmap_write_unlock(mm);
	return ret;
}

const USERS_MAX = 0x7fffffff;

/** One more user of the subscription with these ops, if there is one. */
function find_get_mmu_notifier(
	mm: mm_struct, ops: rodata<mmu_notifier_ops>,
): mmu_notifier {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;
	let found: mmu_notifier = NULL;

	spin_lock(subscriptions.lock);
	for (let pos = hlist_first_rcu(subscriptions.list); pos !== NULL;
		pos = hlist_next_rcu(pos)) {
		const subscription = subscription_of(pos);

		if (subscription.ops !== ops) continue;
		if (subscription.users !== USERS_MAX) {
			subscription.users++;
			found = subscription;
		} else {
			found = ERR_PTR(-EOVERFLOW);
		}
		break;
	}
	spin_unlock(subscriptions.lock);
	return found;
}

/** mmu_notifier_get() for who holds mmap_lock for writing. */
export function mmu_notifier_get_locked(
	ops: rodata<mmu_notifier_ops>, mm: mm_struct,
): mmu_notifier {
	mmap_assert_write_locked(mm);
	if (mm.notifier_subscriptions !== NULL) {
		const found = find_get_mmu_notifier(mm, ops);

		if (found !== NULL) return found;
	}

	const subscription = ops.alloc_notifier!(mm);
	if (IS_ERR(subscription)) return subscription;
	subscription.ops = ops;
	const ret = __mmu_notifier_register(subscription, mm);
	if (ret !== 0) {
		ops.free_notifier!(subscription);
		return ERR_PTR(ret);
	}
	return subscription;
}

/** The last reference to mm is gone: nobody is subscribed. */
export function __mmu_notifier_subscriptions_destroy(mm: mm_struct): void {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;

	BUG_ON(!hlist_empty(subscriptions.list));
	kfree(subscriptions);
	mm.notifier_subscriptions =
		cast<mmu_notifier_subscriptions>(LIST_POISON1);
}

/**
 * End a subscription; all translations were dropped. ->release() is called,
 * unless exit_mmap() does, and other callbacks may run meanwhile. When it
 * returns none does, nor will. Drops a reference to mm, maybe the last one. May
 * sleep; not from a callback.
 */
export function mmu_notifier_unregister(
	subscription: mmu_notifier, mm: mm_struct,
): void {
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;

	BUG_ON(atomic_read(mm.mm_count) <= 0);
	if (!hlist_unhashed(subscription.hlist)) {
		/* exit_mmap() waits for this section before it frees pages. */
		const id = srcu_read_lock(srcu);

		if (subscription.ops.release)
			subscription.ops.release(subscription, mm);
		srcu_read_unlock(srcu, id);

		spin_lock(subscriptions.lock);
		/* Unless mn_hlist_release() was faster. */
		hlist_del_init_rcu(subscription.hlist);
		spin_unlock(subscriptions.lock);
	}
	/* All who stand on it, mn_hlist_release() in ->release() as well. */
	synchronize_srcu(srcu);

	BUG_ON(atomic_read(mm.mm_count) <= 0);
	mmdrop(mm);
}

/** Subscriptions that wait for a grace period of srcu. Port: SRCU has no
 *  callbacks here, so a work waits for it. */
interface put_data extends struct {
	head: callback_head; /* lock */
	lock: embed<spinlock_t>; /* guards head */
	/** put, and not freed yet; atomic */
	pending: embed<atomic_t>;
	work: embed<work_struct>; /* see work_struct; set up at boot */
}
const put = DEFINE<put_data>();

/** Nobody stands on it any more. */
function mmu_notifier_free_rcu(rcu: callback_head): void {
	const subscription = container_of<mmu_notifier>(rcu, "rcu");
	const mm: mm_struct = subscription.mm;

	subscription.ops.free_notifier!(subscription);
	/* That of __mmu_notifier_register(). */
	mmdrop(mm);
}

/** Frees what was put by now. Process context, nothing held. */
function put_work(_arg: number): number {
	spin_lock(put.lock);
	let rcu: callback_head = put.head;

	put.head = NULL;
	spin_unlock(put.lock);
	if (rcu === NULL) return 0;

	synchronize_srcu(srcu);
	while (rcu !== NULL) {
		const next: callback_head = rcu.next;

		mmu_notifier_free_rcu(rcu);
		atomic_dec(put.pending);
		rcu = next;
	}
	return 0;
}
const put_workfn = RODATA(put_work);

/** Boot. Port: what the kernel's image has set up. */
export function mmu_notifier_init(): void {
	init_srcu_struct(srcu);
	INIT_WORK(put.work, put_workfn, 0);
}

/**
 * Give back what mmu_notifier_get() gave. With the last user the subscription
 * is freed, later. ->release() is not called for that: all translations are
 * gone, and no new ones are made. May be called by ->release().
 */
export function mmu_notifier_put(subscription: mmu_notifier): void {
	const mm: mm_struct = subscription.mm;
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;

	spin_lock(subscriptions.lock);
	if (WARN_ON(subscription.users === 0, "mmu_notifier_put: nobody's") ||
		--subscription.users !== 0) {
		spin_unlock(subscriptions.lock);
		return;
	}
	hlist_del_init_rcu(subscription.hlist);
	spin_unlock(subscriptions.lock);

	atomic_inc(put.pending);
	const rcu = subscription.rcu;
	spin_lock(put.lock);
	rcu.next = put.head;
	put.head = rcu;
	spin_unlock(put.lock);
	schedule_work(put.work);
}

function __mmu_interval_notifier_insert(
	interval_sub: mmu_interval_notifier, mm: mm_struct,
	subscriptions: mmu_notifier_subscriptions, start: number,
	length: number, ops: rodata<mmu_interval_notifier_ops>,
): number {
	interval_sub.mm = mm;
	interval_sub.ops = ops;
	RB_CLEAR_NODE(interval_sub.interval_tree.rb);
	INIT_HLIST_NODE(interval_sub.deferred_item);
	interval_sub.interval_tree.start = start;
	/* The last byte is part of it. */
	if (length === 0 || start + length - 1 > ULONG_MAX) return -EOVERFLOW;
	interval_sub.interval_tree.last = start + length - 1;

	/* The caller holds mm_users. */
	if (WARN_ON(atomic_read(mm.mm_users) <= 0, "interval_insert: no users"))
		return -EINVAL;

	/* Until mmu_interval_notifier_remove(). */
	mmgrab(mm);

	/*
	 * Ranges that are between start and end may be ours, as nobody
	 * remembers which they are: so our sequence is the current one, and
	 * readers wait for the end. While it is odd the tree stays as it is,
	 * and who makes it even puts us in. Without such ranges it is an odd
	 * one that is over.
	 */
	spin_lock(subscriptions.lock);
	if (subscriptions.active_invalidate_ranges !== 0) {
		if (mn_itree_is_invalidating(subscriptions)) {
			hlist_add_head(interval_sub.deferred_item,
				subscriptions.deferred_list);
		} else {
			WRITE_ONCE(subscriptions.invalidate_seq,
				subscriptions.invalidate_seq | 1);
			interval_tree_insert(interval_sub.interval_tree,
				subscriptions.itree);
		}
		interval_sub.invalidate_seq = subscriptions.invalidate_seq;
	} else {
		WARN_ON(mn_itree_is_invalidating(subscriptions),
			"interval_insert: invalidating, and nobody does");
		interval_sub.invalidate_seq =
			(subscriptions.invalidate_seq - 1) | 0;
		interval_tree_insert(interval_sub.interval_tree,
			subscriptions.itree);
	}
	spin_unlock(subscriptions.lock);
	return 0;
}

/**
 * Subscribe to `length` bytes from `start` on. Locks, mm_users and answers are
 * those of mmu_notifier_register(). It may not be on the tree yet when this
 * returns, but mmu_interval_read_begin() knows. Ends by
 * mmu_interval_notifier_remove().
 */
export function mmu_interval_notifier_insert(
	interval_sub: mmu_interval_notifier, mm: mm_struct, start: number,
	length: number, ops: rodata<mmu_interval_notifier_ops>,
): number {
	/* Pairs with __mmu_notifier_register(). */
	let subscriptions = smp_load_acquire(mm.notifier_subscriptions);

	/* Once set it stays. Port: a plain load in the kernel. */
	if (subscriptions === NULL || !READ_ONCE(subscriptions.has_itree)) {
		const ret = mmu_notifier_register(NULL, mm);

		if (ret !== 0) return ret;
		/* It stays: ours, or that of who was faster. */
		subscriptions = READ_ONCE(mm.notifier_subscriptions);
	}
	return __mmu_interval_notifier_insert(interval_sub, mm, subscriptions,
		start, length, ops);
}

/** The same for who holds mmap_lock for writing. */
export function mmu_interval_notifier_insert_locked(
	interval_sub: mmu_interval_notifier, mm: mm_struct, start: number,
	length: number, ops: rodata<mmu_interval_notifier_ops>,
): number {
	let subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;

	mmap_assert_write_locked(mm);
	if (subscriptions === NULL || !subscriptions.has_itree) {
		const ret = __mmu_notifier_register(NULL, mm);

		if (ret !== 0) return ret;
		subscriptions = mm.notifier_subscriptions;
	}
	return __mmu_interval_notifier_insert(interval_sub, mm, subscriptions,
		start, length, ops);
}

/**
 * For who frees a subscription that mn_itree_inv_end() takes off the tree: that
 * has to be done with it. Port: with the lock, as in later kernels; 5.17 looks
 * without, and may see the new sequence while the list is still worked on.
 */
function mmu_interval_seq_released(
	subscriptions: mmu_notifier_subscriptions, seq: number,
): boolean {
	spin_lock(subscriptions.lock);
	const ret = subscriptions.invalidate_seq !== seq;
	spin_unlock(subscriptions.lock);
	return ret;
}

/**
 * End a subscription. When this returns no callback runs, nor will. May sleep,
 * until a running invalidation ends: the caller holds nothing that callbacks
 * want, and is none of them. Drops a reference to mm, maybe the last one.
 */
export function mmu_interval_notifier_remove(
	interval_sub: mmu_interval_notifier,
): void {
	const mm: mm_struct = interval_sub.mm;
	const subscriptions: mmu_notifier_subscriptions =
		mm.notifier_subscriptions;
	let seq = 0;

	might_sleep();
	spin_lock(subscriptions.lock);
	if (mn_itree_is_invalidating(subscriptions)) {
		if (RB_EMPTY_NODE(interval_sub.interval_tree.rb)) {
			/* It was to be put in: nobody knows it yet. */
			hlist_del(interval_sub.deferred_item);
		} else {
			hlist_add_head(interval_sub.deferred_item,
				subscriptions.deferred_list);
			seq = subscriptions.invalidate_seq;
		}
	} else {
		WARN_ON(RB_EMPTY_NODE(interval_sub.interval_tree.rb),
			"interval_remove: not on the tree");
		interval_tree_remove(interval_sub.interval_tree,
			subscriptions.itree);
	}
	spin_unlock(subscriptions.lock);

	if (seq !== 0)
		wait_while_seq(subscriptions, seq, mmu_interval_seq_released);

	/* That of __mmu_interval_notifier_insert(). */
	mmdrop(mm);
}

/** All subscriptions that were put by now are freed when it returns. */
export function mmu_notifier_synchronize(): void {
	put_work(0);
	/* Those that another CPU frees. */
	for (let turn = 0; atomic_read(put.pending) !== 0; turn++)
		cpu_relax(turn);
}

/** Did a range that could be written to become one that can only be read? */
export function mmu_notifier_range_update_to_read_only(
	range: mmu_notifier_range,
): boolean {
	if (range.vma === NULL || range.event !== MMU_NOTIFY_PROTECTION_VMA)
		return false;
	return (range.vma.vm_flags & VM_READ) !== 0;
}
