// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/events/core.c (5.17; that it counts D12.25's event, too, is in
 * uapi/linux/perf_event.ts): the software events of a task, from
 * perf_event_open() to read().
 * Left out: PMUs of hardware, trace points and breakpoints, counters of a CPU
 * or a control group, groups, samples with all that writes or maps them, and
 * the permission to look at others.
 *
 * Port: an event counts under its context's lock, which is seldom anybody
 * else's. So who turns events on or off for a task that runs elsewhere takes
 * that lock, and needs no interrupt there; and a context is never borrowed by a
 * child, so that switches need not compare two. Where Linux has a mutex there
 * is an rwsem that is only ever taken for writing.
 *
 * Lock order: ctx.mutex, child_mutex of the original event, ctx.lock; in the
 * latter nothing is taken.
 */
import { smp_mb } from "host/door.ts";
import { ktime_get_ns } from "host/cpu.ts";
import {
	atomic_dec_and_test,
	atomic_inc,
	atomic_inc_not_zero,
	atomic_inc_return,
	atomic_set,
} from "linux/atomic.ts";
import { WARN_ON_ONCE } from "linux/bug.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import {
	E2BIG,
	EAGAIN,
	EBADF,
	EFAULT,
	EINVAL,
	ENOENT,
	ENOMEM,
	ENOSPC,
	ENOTTY,
	EOPNOTSUPP,
	ESRCH,
} from "linux/errno.ts";
import {
	type file,
	type file_operations,
	FMODE_READ,
	type inode,
} from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { static_key_slow_dec, static_key_slow_inc } from "linux/jump_label.ts";
import {
	INIT_LIST_HEAD,
	list_add_tail,
	list_del_init,
	list_first_or_null,
} from "linux/list.ts";
import {
	assert_raw_spin_locked,
	raw_spin_lock,
	raw_spin_lock_init,
	raw_spin_unlock,
	spin_lock,
	spin_unlock,
} from "linux/spinlock.ts";
import { lockdep_assert_held_write } from "linux/lockdep.ts";
import {
	type perf_event,
	type perf_event_context,
	PERF_EVENT_STATE_DEAD,
	PERF_EVENT_STATE_EXIT,
	PERF_EVENT_STATE_INACTIVE,
	PERF_EVENT_STATE_OFF,
	perf_swevent_enabled,
} from "linux/perf_event.ts";
import { down_write, init_rwsem, up_write } from "linux/rwsem.ts";
import { PF_EXITING, type task_struct } from "linux/sched.ts";
import {
	get_task_struct,
	put_task_struct,
	task_lock,
	task_unlock,
} from "linux/sched/task.ts";
import {
	kmem_cache_create,
	kmem_cache_free,
	kmem_cache_zalloc,
	SLAB_PANIC,
} from "linux/slab.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import type { atomic_t, list_head } from "linux/types.ts";
import {
	PERF_ATTR_DISABLED,
	PERF_ATTR_ENABLE_ON_EXEC,
	PERF_ATTR_EXCLUDE_KERNEL,
	PERF_ATTR_EXCLUDE_USER,
	PERF_ATTR_INHERIT,
	PERF_ATTR_INHERIT_THREAD_HI,
	PERF_ATTR_REMOVE_ON_EXEC_HI,
	PERF_ATTR_SIGTRAP_HI,
	PERF_ATTR_SIZE_VER0,
	PERF_ATTR_SIZE_VER7,
	PERF_COUNT_SW_CPU_CLOCK,
	PERF_COUNT_SW_MAX,
	PERF_COUNT_SW_TASK_CLOCK,
	PERF_EVENT_IOC_DISABLE,
	PERF_EVENT_IOC_ENABLE,
	PERF_EVENT_IOC_ID,
	PERF_EVENT_IOC_RESET,
	PERF_FLAG_FD_CLOEXEC,
	PERF_FLAG_FD_NO_GROUP,
	PERF_FLAG_FD_OUTPUT,
	PERF_FLAG_PID_CGROUP,
	PERF_FORMAT_GROUP,
	PERF_FORMAT_ID,
	PERF_FORMAT_MAX,
	PERF_FORMAT_TOTAL_TIME_ENABLED,
	PERF_FORMAT_TOTAL_TIME_RUNNING,
	PERF_TYPE_MAX,
	PERF_TYPE_SOFTWARE,
} from "uapi/linux/perf_event.ts";
import { CLONE_THREAD } from "uapi/linux/sched.ts";
import { type pt_regs, user_mode } from "asm/ptrace.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	copy_from_user,
	copy_to_user,
	get_user,
	put_user,
} from "asm/uaccess.ts";
import { anon_inode_getfd } from "kernel/fs/anon_inodes.ts";
import { tasklist_lock } from "kernel/fork.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import { current } from "kernel/sched/core.ts";

interface perf_data extends struct {
	perf_event_cachep: kmem_cache; /* constant after boot */
	perf_event_context_cachep: kmem_cache; /* constant after boot */
	perf_event_id: embed<atomic_t>; /* atomic: the last one given out */
}
const data = DEFINE<perf_data>();

/** 64-bit words on the kernel stack, low halves first. All fields: current
 *  only. */
interface perf_words extends struct {
	w: array<u32, 32>;
}

function entry_of(p: list_head): perf_event {
	return container_of<perf_event>(p, "event_entry");
}

function child_of(p: list_head): perf_event {
	return container_of<perf_event>(p, "child_list");
}

/* ---- contexts ---- */

function get_ctx(ctx: perf_event_context): void {
	atomic_inc(ctx.refcount);
}

function put_ctx(ctx: perf_event_context): void {
	if (atomic_dec_and_test(ctx.refcount))
		kmem_cache_free(data.perf_event_context_cachep, ctx);
}

/** The time that the task was on CPUs, up to now. Holds ctx.lock. */
function update_context_time(ctx: perf_event_context): void {
	assert_raw_spin_locked(ctx.lock);
	if (!ctx.is_active) return;
	const now = ktime_get_ns();

	ctx.time += now - ctx.timestamp;
	ctx.timestamp = now;
}

/** What passed since the last time counts, if the event was on. */
function perf_event_update_time(event: perf_event): void {
	const ctx = event.ctx;

	update_context_time(ctx);
	if (event.state >= PERF_EVENT_STATE_INACTIVE)
		event.total_time += ctx.time - event.tstamp;
	event.tstamp = ctx.time;
}

function perf_event_set_state(event: perf_event, state: number): void {
	assert_raw_spin_locked(event.ctx.lock);
	if (event.state === state) return;
	perf_event_update_time(event);
	event.state = state as int;
}

/** Holds ctx.lock; and ctx.mutex, unless nobody knows of ctx yet. */
function add_event_to_ctx(event: perf_event, ctx: perf_event_context): void {
	assert_raw_spin_locked(ctx.lock);
	update_context_time(ctx);
	event.tstamp = ctx.time;
	list_add_tail(event.event_entry, ctx.event_list);
}

/** It counts no more. Holds ctx.mutex. */
function perf_remove_from_context(event: perf_event): void {
	const ctx = event.ctx;

	raw_spin_lock(ctx.lock);
	perf_event_update_time(event);
	list_del_init(event.event_entry);
	raw_spin_unlock(ctx.lock);
}

/** Holds ctx.mutex here and in _perf_event_enable(). */
function _perf_event_disable(event: perf_event): void {
	const ctx = event.ctx;

	raw_spin_lock(ctx.lock);
	if (event.state >= PERF_EVENT_STATE_INACTIVE)
		perf_event_set_state(event, PERF_EVENT_STATE_OFF);
	raw_spin_unlock(ctx.lock);
}

/**
 * Port: is the task on a CPU? Either we see it here, or the CPU that switches
 * sees the context that we have just hung on the task, and waits for the lock.
 * Holds ctx.mutex; the task has not ended.
 */
function perf_install_in_context(
	ctx: perf_event_context,
	event: perf_event,
): void {
	lockdep_assert_held_write(ctx.mutex);
	event.ctx = ctx;
	/* Pairs with the full barrier of perf_event_task_switch(). */
	smp_mb();
	raw_spin_lock(ctx.lock);
	if (!ctx.is_active && READ_ONCE(ctx.task.on_cpu) !== 0) {
		ctx.is_active = true;
		ctx.timestamp = ktime_get_ns();
	}
	add_event_to_ctx(event, ctx);
	raw_spin_unlock(ctx.lock);
}

function _perf_event_enable(event: perf_event): void {
	const ctx = event.ctx;

	raw_spin_lock(ctx.lock);
	if (event.state === PERF_EVENT_STATE_OFF)
		perf_event_set_state(event, PERF_EVENT_STATE_INACTIVE);
	raw_spin_unlock(ctx.lock);
}

/* ---- switches ---- */

function ctx_sched_out(ctx: perf_event_context): void {
	raw_spin_lock(ctx.lock);
	update_context_time(ctx);
	ctx.is_active = false;
	raw_spin_unlock(ctx.lock);
}

function ctx_sched_in(ctx: perf_event_context): void {
	raw_spin_lock(ctx.lock);
	if (!ctx.is_active) {
		ctx.is_active = true;
		ctx.timestamp = ktime_get_ns();
	}
	raw_spin_unlock(ctx.lock);
}

/**
 * The CPU has gone from prev, which nobody else can run yet, to next; their
 * on_cpu say so. In the kernel, with nothing held.
 * Port: in one, and behind the switch: see perf_install_in_context().
 */
export function perf_event_task_switch(
	prev: task_struct,
	next: task_struct,
): void {
	/* Pairs with that of perf_install_in_context(). */
	smp_mb();
	const out: perf_event_context = READ_ONCE(prev.perf_event_ctxp);
	if (out !== NULL) ctx_sched_out(out);
	const ctx: perf_event_context = READ_ONCE(next.perf_event_ctxp);
	if (ctx !== NULL) ctx_sched_in(ctx);
}

/** Of those that wait for it, an exec of current has come. */
function perf_event_enable_on_exec(ctx: perf_event_context): void {
	raw_spin_lock(ctx.lock);
	for (let p = ctx.event_list.next; p !== ctx.event_list; p = p.next) {
		const event = entry_of(p);

		if (!event.enable_on_exec) continue;
		event.enable_on_exec = false;
		if (event.state === PERF_EVENT_STATE_OFF)
			perf_event_set_state(event, PERF_EVENT_STATE_INACTIVE);
	}
	raw_spin_unlock(ctx.lock);
}

/** A context of nobody's events with one reference, or NULL. */
function alloc_perf_context(task: task_struct): perf_event_context {
	const ctx: perf_event_context = kmem_cache_zalloc<perf_event_context>(
		data.perf_event_context_cachep,
		GFP_KERNEL,
	);

	if (ctx === NULL) return NULL;
	raw_spin_lock_init(ctx.lock);
	init_rwsem(ctx.mutex);
	INIT_LIST_HEAD(ctx.event_list);
	atomic_set(ctx.refcount, 1);
	ctx.task = get_task_struct(task);
	return ctx;
}

/** With a reference, or an error pointer; 0 is current. */
function find_lively_task_by_vpid(vpid: number): task_struct {
	if (vpid === 0) return get_task_struct(current());

	spin_lock(tasklist_lock);
	const task = find_task_by_vpid(vpid);
	if (task !== NULL) get_task_struct(task);
	spin_unlock(tasklist_lock);
	return task === NULL ? ERR_PTR(-ESRCH) : task;
}

/**
 * The task's context with a reference; it gets one if it has none. Or an error
 * pointer: the task is about to end, or there is no memory.
 */
function find_get_context(task: task_struct): perf_event_context {
	for (;;) {
		task_lock(task);
		const ctx: perf_event_context = task.perf_event_ctxp;
		if (ctx !== NULL) get_ctx(ctx);
		task_unlock(task);
		if (ctx !== NULL) return ctx;

		const made = alloc_perf_context(task);
		if (made === NULL) return ERR_PTR(-ENOMEM);

		let err = 0;
		task_lock(task);
		/* perf_event_exit_task() takes this lock after PF_EXITING was
		 * set: we see that, or it sees the context. */
		if ((data_race(task.flags) & PF_EXITING) !== 0) {
			err = -ESRCH;
		} else if (task.perf_event_ctxp !== NULL) {
			err = -EAGAIN;
		} else {
			get_ctx(made);
			WRITE_ONCE(task.perf_event_ctxp, made);
		}
		task_unlock(task);
		if (err === 0) return made;
		put_task_struct(task);
		put_ctx(made);
		if (err !== -EAGAIN) return ERR_PTR(err);
	}
}

/* ---- events ---- */

/** Nobody knows of it any more. */
function _free_event(event: perf_event): void {
	if (event.parent === NULL) sw_perf_event_destroy(event);
	if (event.ctx !== NULL) put_ctx(event.ctx);
	kmem_cache_free(data.perf_event_cachep, event);
}

function put_event(event: perf_event): void {
	if (atomic_dec_and_test(event.refcount)) _free_event(event);
}

/** An inherited event, which has no reference but the one of its birth. */
function free_event(event: perf_event): void {
	WARN_ON_ONCE(
		!atomic_dec_and_test(event.refcount),
		"perf: an inherited event is in use",
	);
	_free_event(event);
}

/** Its file is gone: so are it, and what was inherited from it. */
function perf_event_release_kernel(event: perf_event): void {
	let ctx = event.ctx;

	if (ctx === NULL) {
		put_event(event);
		return;
	}
	down_write(ctx.mutex);
	perf_remove_from_context(event);
	raw_spin_lock(ctx.lock);
	/* Whoever takes child_mutex from here on sees it, so that
	 * inherit_event() adds no more. */
	event.state = PERF_EVENT_STATE_DEAD;
	raw_spin_unlock(ctx.lock);
	up_write(ctx.mutex);

	down_write(event.child_mutex);
	for (;;) {
		const p = list_first_or_null(event.child_list);

		if (p === NULL) break;
		const child = child_of(p);

		/* ctx.mutex comes before child_mutex; meanwhile the child may
		 * go by itself. */
		ctx = child.ctx;
		get_ctx(ctx);
		up_write(event.child_mutex);
		down_write(ctx.mutex);
		down_write(event.child_mutex);
		const still = list_first_or_null(event.child_list) === p;
		if (still) {
			perf_remove_from_context(child);
			list_del_init(child.child_list);
		}
		up_write(event.child_mutex);
		up_write(ctx.mutex);
		put_ctx(ctx);
		if (still) {
			free_event(child);
			/* Not the last one: we have one. */
			put_event(event);
		}
		down_write(event.child_mutex);
	}
	up_write(event.child_mutex);
	put_event(event);
}

function perf_release(_inode: inode, file: file): number {
	perf_event_release_kernel(cast<perf_event>(file.private_data));
	return 0;
}

/** What an event and its like have counted: `value` and time. */
interface event_values {
	value: number;
	time: number;
}

function add_values(event: perf_event, sum: event_values): void {
	raw_spin_lock(event.ctx.lock);
	perf_event_update_time(event);
	sum.value += event.count;
	sum.time += event.total_time;
	raw_spin_unlock(event.ctx.lock);
}

/** Holds ctx.mutex. */
function __perf_event_read_value(event: perf_event): event_values {
	const sum = { value: 0, time: 0 };

	down_write(event.child_mutex);
	add_values(event, sum);
	sum.value += event.child_count;
	sum.time += event.child_total_time;
	for (let p = event.child_list.next; p !== event.child_list; p = p.next)
		add_values(child_of(p), sum);
	up_write(event.child_mutex);
	return sum;
}

const TWO_32 = 4294967296;

/** Of words, the nth of 64 bits. */
function set_u64(words: perf_words, n: number, value: number): void {
	words.w[2 * n] = (value % TWO_32) >>> 0;
	words.w[2 * n + 1] = Math.floor(value / TWO_32) >>> 0;
}

/** How many bytes read() gives. */
function perf_event_read_size(read_format: number): number {
	let words = 1;

	if ((read_format & PERF_FORMAT_TOTAL_TIME_ENABLED) !== 0) words++;
	if ((read_format & PERF_FORMAT_TOTAL_TIME_RUNNING) !== 0) words++;
	if ((read_format & PERF_FORMAT_ID) !== 0) words++;
	return 8 * words;
}

function perf_read_one(event: perf_event, buf: number): number {
	const read_format = event.read_format;
	const values = __perf_event_read_value(event);
	const words = STACK<perf_words>();
	const time = Math.floor(values.time);
	let n = 0;

	set_u64(words, n++, values.value);
	if ((read_format & PERF_FORMAT_TOTAL_TIME_ENABLED) !== 0)
		set_u64(words, n++, time);
	/* What is enabled runs. */
	if ((read_format & PERF_FORMAT_TOTAL_TIME_RUNNING) !== 0)
		set_u64(words, n++, time);
	if ((read_format & PERF_FORMAT_ID) !== 0) set_u64(words, n++, event.id);
	return copy_to_user(buf, uptr(words), 8 * n) === 0 ? 8 * n : -EFAULT;
}

function perf_read(file: file, buf: number, count: number): number {
	const event = cast<perf_event>(file.private_data);

	if (count < perf_event_read_size(event.read_format)) return -ENOSPC;
	const ctx = event.ctx;
	down_write(ctx.mutex);
	const ret = perf_read_one(event, buf);
	up_write(ctx.mutex);
	return ret;
}

/** Port: what inherited events have counted stays, as in the kernel, unless
 *  they are still there. */
function _perf_event_reset(event: perf_event): void {
	raw_spin_lock(event.ctx.lock);
	event.count = 0;
	raw_spin_unlock(event.ctx.lock);
}

function perf_event_for_each_child(
	event: perf_event,
	func: (event: perf_event) => void,
): void {
	down_write(event.child_mutex);
	func(event);
	for (let p = event.child_list.next; p !== event.child_list; p = p.next)
		func(child_of(p));
	up_write(event.child_mutex);
}

function _perf_ioctl(event: perf_event, cmd: number, arg: number): number {
	switch (cmd) {
		case PERF_EVENT_IOC_ENABLE:
			perf_event_for_each_child(event, _perf_event_enable);
			return 0;
		case PERF_EVENT_IOC_DISABLE:
			perf_event_for_each_child(event, _perf_event_disable);
			return 0;
		case PERF_EVENT_IOC_RESET:
			perf_event_for_each_child(event, _perf_event_reset);
			return 0;
		case PERF_EVENT_IOC_ID: {
			const words = STACK<perf_words>();

			set_u64(words, 0, event.id);
			return copy_to_user(arg, uptr(words), 8) === 0
				? 0
				: -EFAULT;
		}
	}
	return -ENOTTY;
}

function perf_ioctl(file: file, cmd: number, arg: number): number {
	const event = cast<perf_event>(file.private_data);
	const ctx = event.ctx;

	down_write(ctx.mutex);
	const ret = _perf_ioctl(event, cmd, arg);
	up_write(ctx.mutex);
	return ret;
}

/** Port: without mmap(), there being no buffer. */
const perf_fops: file_operations = RODATA({
	read: perf_read,
	unlocked_ioctl: perf_ioctl,
	release: perf_release,
});

/** current has a new address space, and is a new program. */
export function perf_event_exec(): void {
	const ctx: perf_event_context = current().perf_event_ctxp;

	if (ctx !== NULL) perf_event_enable_on_exec(ctx);
}

/* ---- software events ---- */

function perf_exclude_event(event: perf_event, regs: pt_regs): boolean {
	const what = user_mode(regs)
		? PERF_ATTR_EXCLUDE_USER
		: PERF_ATTR_EXCLUDE_KERNEL;

	return (event.flags & what) !== 0;
}

/**
 * Somebody counts this kind of event; current's own count it. Port: where the
 * kernel has a hash table for each CPU, with what is scheduled in there, the
 * context of current is gone through: what is on a CPU is of current.
 */
export function __perf_sw_event(
	event_id: number,
	nr: number,
	regs: pt_regs,
	_addr: number,
): void {
	const ctx: perf_event_context = current().perf_event_ctxp;

	if (ctx === NULL) return;
	raw_spin_lock(ctx.lock);
	for (let p = ctx.event_list.next; p !== ctx.event_list; p = p.next) {
		const event = entry_of(p);

		if (
			event.config === event_id &&
			event.state >= PERF_EVENT_STATE_INACTIVE &&
			!perf_exclude_event(event, regs)
		)
			event.count += nr;
	}
	raw_spin_unlock(ctx.lock);
}

function sw_perf_event_destroy(event: perf_event): void {
	static_key_slow_dec(perf_swevent_enabled(event.config));
}

/** An original event makes the kernel look for such events; its children go
 *  with it. */
function perf_swevent_init(event: perf_event): number {
	const config = event.config;

	/* Clocks are another PMU's. */
	if (
		config === PERF_COUNT_SW_CPU_CLOCK ||
		config === PERF_COUNT_SW_TASK_CLOCK
	)
		return -ENOENT;
	if (!(config >= 0 && config < PERF_COUNT_SW_MAX)) return -ENOENT;
	if (event.parent === NULL)
		static_key_slow_inc(perf_swevent_enabled(config));
	return 0;
}

/**
 * An event with one reference, in no context; or an error pointer.
 * parent: what it is inherited from.
 */
function perf_event_alloc(
	config: number,
	flags: number,
	flags_hi: number,
	read_format: number,
	parent: perf_event,
): perf_event {
	const event: perf_event = kmem_cache_zalloc<perf_event>(
		data.perf_event_cachep,
		GFP_KERNEL,
	);

	if (event === NULL) return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(event.event_entry);
	INIT_LIST_HEAD(event.child_list);
	init_rwsem(event.child_mutex);
	atomic_set(event.refcount, 1);
	event.parent = parent;
	event.config = config as int;
	event.flags = flags as int;
	event.inherit_thread = (flags_hi & PERF_ATTR_INHERIT_THREAD_HI) !== 0;
	event.read_format = read_format as int;
	event.id = atomic_inc_return(data.perf_event_id) as int;
	event.state =
		(flags & PERF_ATTR_DISABLED) !== 0
			? PERF_EVENT_STATE_OFF
			: PERF_EVENT_STATE_INACTIVE;
	event.enable_on_exec = (flags & PERF_ATTR_ENABLE_ON_EXEC) !== 0;

	const err = perf_swevent_init(event);
	if (err !== 0) {
		kmem_cache_free(data.perf_event_cachep, event);
		return ERR_PTR(err);
	}
	return event;
}

/* Words of struct perf_event_attr. */
const ATTR_TYPE = 0;
const ATTR_CONFIG = 2;
const ATTR_SAMPLE_PERIOD = 4;
const ATTR_READ_FORMAT = 8;
const ATTR_FLAGS = 10;

/** A user's attr, which may be a shorter or longer one than ours: what is
 *  missing is 0, and what we do not know has to be. */
function perf_copy_attr(uattr: number, attr: perf_words): number {
	const known = PERF_ATTR_SIZE_VER7;
	const { value, error } = get_user(uattr + 4);
	let size = value >>> 0;

	if (error !== 0) return error;
	if (size === 0) size = PERF_ATTR_SIZE_VER0;
	if (size < PERF_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return bad_attr_size(uattr);
	for (let at = known; at < size; at += 4) {
		const rest = get_user(uattr + at);

		if (rest.error !== 0) return rest.error;
		if (rest.value !== 0) return bad_attr_size(uattr);
	}
	if (copy_from_user(uptr(attr), uattr, Math.min(size, known)) !== 0)
		return -EFAULT;

	const read_format = attr.w[ATTR_READ_FORMAT];
	if (
		read_format >= PERF_FORMAT_MAX ||
		attr.w[ATTR_READ_FORMAT + 1] !== 0
	)
		return -EINVAL;

	const flags = attr.w[ATTR_FLAGS] | 0;
	const flags_hi = attr.w[ATTR_FLAGS + 1] | 0;
	if ((flags_hi & ~0x3f) !== 0) return -EINVAL;
	if (
		(flags & PERF_ATTR_INHERIT) === 0 &&
		(flags_hi & PERF_ATTR_INHERIT_THREAD_HI) !== 0
	)
		return -EINVAL;
	return 0;
}

/** The size that we would have liked. */
function bad_attr_size(uattr: number): number {
	put_user(PERF_ATTR_SIZE_VER7, uattr + 4);
	return -E2BIG;
}

const PERF_FLAG_ALL =
	PERF_FLAG_FD_NO_GROUP |
	PERF_FLAG_FD_OUTPUT |
	PERF_FLAG_PID_CGROUP |
	PERF_FLAG_FD_CLOEXEC;

/** What Linux has and this port has not: an attr that asks for it. */
function perf_attr_unsupported(attr: perf_words): boolean {
	const flags_hi = attr.w[ATTR_FLAGS + 1] | 0;

	return (
		attr.w[ATTR_SAMPLE_PERIOD] !== 0 ||
		attr.w[ATTR_SAMPLE_PERIOD + 1] !== 0 ||
		(attr.w[ATTR_READ_FORMAT] & PERF_FORMAT_GROUP) !== 0 ||
		(flags_hi &
			(PERF_ATTR_REMOVE_ON_EXEC_HI |
				PERF_ATTR_SIGTRAP_HI)) !==
			0
	);
}

/**
 * A descriptor of a counter of the task pid, 0 being current, on all CPUs.
 * Port: -EOPNOTSUPP for samples, groups, one CPU (cpu not -1), and all tasks of
 * one (pid -1).
 */
export function sys_perf_event_open(
	attr_uptr: number,
	pid: number,
	cpu: number,
	group_fd: number,
	flags: number,
): number {
	if ((flags & ~PERF_FLAG_ALL) !== 0) return -EINVAL;
	const attr = STACK<perf_words>();
	const err = perf_copy_attr(attr_uptr, attr);
	if (err !== 0) return err;
	if ((flags & PERF_FLAG_PID_CGROUP) !== 0 && (pid === -1 || cpu === -1))
		return -EINVAL;
	if (attr.w[ATTR_TYPE] !== PERF_TYPE_SOFTWARE)
		return attr.w[ATTR_TYPE] < PERF_TYPE_MAX ? -ENOENT : -EINVAL;
	if (pid < 0 && cpu < 0) return -EINVAL;
	if (group_fd < -1) return -EBADF;
	if (
		perf_attr_unsupported(attr) ||
		pid < 0 ||
		cpu !== -1 ||
		group_fd !== -1
	)
		return -EOPNOTSUPP;

	const task = find_lively_task_by_vpid(pid);
	if (IS_ERR(task)) return PTR_ERR(task);
	const config = attr.w[ATTR_CONFIG + 1] === 0 ? attr.w[ATTR_CONFIG] : -1;
	const event = perf_event_alloc(
		config,
		attr.w[ATTR_FLAGS] | 0,
		attr.w[ATTR_FLAGS + 1] | 0,
		attr.w[ATTR_READ_FORMAT],
		NULL,
	);
	if (IS_ERR(event)) {
		put_task_struct(task);
		return PTR_ERR(event);
	}
	const fd = perf_event_open_task(event, task);
	put_task_struct(task);
	return fd;
}

/** The event becomes the task's, and gets a descriptor; else it is freed. */
function perf_event_open_task(event: perf_event, task: task_struct): number {
	const ctx = find_get_context(task);

	if (IS_ERR(ctx)) {
		put_event(event);
		return PTR_ERR(ctx);
	}
	down_write(ctx.mutex);
	raw_spin_lock(ctx.lock);
	const alive = ctx.task !== NULL;
	raw_spin_unlock(ctx.lock);
	/* It cannot end before we let go of the mutex. */
	if (alive) perf_install_in_context(ctx, event);
	up_write(ctx.mutex);
	if (!alive) {
		put_ctx(ctx);
		put_event(event);
		return -ESRCH;
	}
	const fd = anon_inode_getfd(perf_fops, uptr(event), FMODE_READ);
	if (fd < 0) perf_event_release_kernel(event);
	return fd;
}

/* ---- the end of a task ---- */

/** Holds child_mutex of the event that it was inherited from. */
function sync_child_event(child_event: perf_event): void {
	const parent_event = child_event.parent;
	const sum = { value: 0, time: 0 };

	add_values(child_event, sum);
	parent_event.child_count += sum.value;
	parent_event.child_total_time += sum.time;
}

/** Holds ctx.mutex. */
function perf_event_exit_event(
	event: perf_event,
	ctx: perf_event_context,
): void {
	const parent_event = event.parent;

	if (parent_event !== NULL) down_write(parent_event.child_mutex);
	perf_remove_from_context(event);
	if (parent_event !== NULL) {
		sync_child_event(event);
		list_del_init(event.child_list);
		up_write(parent_event.child_mutex);
		free_event(event);
		put_event(parent_event);
		return;
	}
	/* It is its file's, and keeps what it has counted. */
	raw_spin_lock(ctx.lock);
	if (event.state > PERF_EVENT_STATE_EXIT)
		perf_event_set_state(event, PERF_EVENT_STATE_EXIT);
	raw_spin_unlock(ctx.lock);
}

/** Nobody finds a context by the task from here on: the context, or NULL. */
function perf_event_detach_task(task: task_struct): perf_event_context {
	task_lock(task);
	const ctx: perf_event_context = task.perf_event_ctxp;
	task_unlock(task);
	if (ctx === NULL) return NULL;

	down_write(ctx.mutex);
	/* The reference of the task stays ours. */
	task_lock(task);
	WRITE_ONCE(task.perf_event_ctxp, NULL);
	task_unlock(task);
	raw_spin_lock(ctx.lock);
	update_context_time(ctx);
	ctx.is_active = false;
	ctx.task = NULL;
	raw_spin_unlock(ctx.lock);
	put_task_struct(task);
	return ctx;
}

/** current ends: its events are over, and what was inherited goes up to where
 *  it came from. Called without locks, with PF_EXITING set. */
export function perf_event_exit_task(child: task_struct): void {
	const ctx = perf_event_detach_task(child);

	if (ctx === NULL) return;
	for (;;) {
		const p = list_first_or_null(ctx.event_list);

		if (p === NULL) break;
		perf_event_exit_event(entry_of(p), ctx);
	}
	up_write(ctx.mutex);
	put_ctx(ctx);
}

/* ---- inheritance ---- */

/** A task that never ran is given up: its events have counted nothing. */
export function perf_event_free_task(task: task_struct): void {
	perf_event_exit_task(task);
}

/** 0, or -ENOMEM. Holds the parent's ctx.mutex. */
function inherit_event(
	event: perf_event,
	child_ctx: perf_event_context,
): number {
	const parent_event: perf_event =
		event.parent !== NULL ? event.parent : event;
	const child_event = perf_event_alloc(
		event.config,
		event.flags & ~PERF_ATTR_ENABLE_ON_EXEC,
		event.inherit_thread ? PERF_ATTR_INHERIT_THREAD_HI : 0,
		event.read_format,
		parent_event,
	);

	if (IS_ERR(child_event)) return PTR_ERR(child_event);
	/* By its ctx.lock: who turns events on and off holds the mutex. */
	raw_spin_lock(event.ctx.lock);
	const state = event.state;
	child_event.enable_on_exec = event.enable_on_exec;
	raw_spin_unlock(event.ctx.lock);

	down_write(parent_event.child_mutex);
	/* Its file may be gone already: see perf_event_release_kernel(). */
	if (
		data_race(parent_event.state) === PERF_EVENT_STATE_DEAD ||
		!atomic_inc_not_zero(parent_event.refcount)
	) {
		up_write(parent_event.child_mutex);
		free_event(child_event);
		return 0;
	}
	child_event.state =
		state >= PERF_EVENT_STATE_INACTIVE
			? PERF_EVENT_STATE_INACTIVE
			: PERF_EVENT_STATE_OFF;
	get_ctx(child_ctx);
	child_event.ctx = child_ctx;
	raw_spin_lock(child_ctx.lock);
	add_event_to_ctx(child_event, child_ctx);
	raw_spin_unlock(child_ctx.lock);
	list_add_tail(child_event.child_list, parent_event.child_list);
	up_write(parent_event.child_mutex);
	return 0;
}

/** Is it for this kind of child? */
function perf_event_is_inherited(
	event: perf_event,
	clone_flags: number,
): boolean {
	if ((event.flags & PERF_ATTR_INHERIT) === 0) return false;
	return !event.inherit_thread || (clone_flags & CLONE_THREAD) !== 0;
}

/** Holds the mutex of the parent's context. */
function perf_event_init_context(
	parent_ctx: perf_event_context,
	child: task_struct,
	clone_flags: number,
): number {
	lockdep_assert_held_write(parent_ctx.mutex);
	for (
		let p = parent_ctx.event_list.next;
		p !== parent_ctx.event_list;
		p = p.next
	) {
		const event = entry_of(p);

		if (!perf_event_is_inherited(event, clone_flags)) continue;
		if (child.perf_event_ctxp === NULL) {
			const ctx = alloc_perf_context(child);

			if (ctx === NULL) return -ENOMEM;
			child.perf_event_ctxp = ctx;
		}
		const err = inherit_event(event, child.perf_event_ctxp);
		if (err !== 0) return err;
	}
	return 0;
}

/** child, which nobody knows of yet, gets the events of current that are to be
 *  inherited. 0 or -ENOMEM. Called without locks. */
export function perf_event_init_task(
	child: task_struct,
	clone_flags: number,
): number {
	const ctx: perf_event_context = current().perf_event_ctxp;

	child.perf_event_ctxp = NULL;
	if (ctx === NULL) return 0;
	down_write(ctx.mutex);
	const ret = perf_event_init_context(ctx, child, clone_flags);
	up_write(ctx.mutex);
	if (ret !== 0) perf_event_free_task(child);
	return ret;
}

/** At boot. */
export function perf_event_init(): void {
	data.perf_event_cachep = kmem_cache_create(
		"perf_event",
		sizeof<perf_event>(),
		0,
		SLAB_PANIC,
	);
	data.perf_event_context_cachep = kmem_cache_create(
		"perf_event_context",
		sizeof<perf_event_context>(),
		0,
		SLAB_PANIC,
	);
}
