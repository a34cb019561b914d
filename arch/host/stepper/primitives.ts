// SPDX-License-Identifier: GPL-2.0-only
/**
 * Steps that are no access to a word of the kernel's: barriers, interrupts, RCU
 * sections and grace periods, callbacks that wait for one, busy-wait loops and
 * CPUs that sleep. What they meet at are the machine's registers (state.ts). The
 * kernel calls most of them through model.ts, which logs them.
 */
import { await_over, choose, close, granted, open, step, tracer } from "./engine.ts";
import { assert, fail } from "./failure.ts";
import {
	ANSWER,
	AWAIT,
	ENQUEUE,
	GP_END,
	GP_START,
	IRQ_OFF,
	IRQ_ON,
	PARK,
	PWC,
	PWCI,
	R,
	RCU_LOCK,
	RCU_UNLOCK,
	TAKE,
	TLB,
	TLBI,
	W,
} from "./kinds.ts";
import { log_result, logged, rerunning } from "./log.ts";
import { model } from "./models/model.ts";
import { watch } from "./oracles/oracle.ts";
import { interrupt } from "./quiet.ts";
import { HEAP32, poke } from "./ram.ts";
import { shared_words, touch } from "./sharing.ts";
import {
	await_known,
	await_turn,
	cpu,
	cur,
	exploring,
	n,
	n_ctx,
	parked_value,
	QUEUE_MAX,
	REG_CLOCK,
	REG_FAULT,
	REG_GP,
	REG_IN_VAIN,
	REG_IPI,
	REG_IRQ,
	REG_IRQ_OFF,
	REG_NEST,
	REG_PWC,
	REG_QUEUE,
	REG_RCU,
	REG_TAKEN,
	REG_TLB,
} from "./state.ts";

/* ---- barriers ---- */

function barrier(which: "mb" | "rmb" | "wmb"): void {
	if (!exploring()) return;
	if (rerunning()) {
		logged();
		return;
	}
	model.barrier(which);
	for (const o of watch.barrier) o.barrier(cpu, which);
	log_result(0);
}
/** What another CPU let go of with the lock that this one has taken comes before all after this. */
export function order_after_unlock_lock(): void {
	if (!exploring() || !model.weak) return;
	if (rerunning()) logged();
	else {
		model.after_unlock_lock();
		log_result(0);
	}
}
export function order_mb(): void {
	barrier("mb");
}
export function order_rmb(): void {
	barrier("rmb");
}
export function order_wmb(): void {
	barrier("wmb");
}

/* ---- interrupts ---- */

/** A step at a place of the machine's own. `private_` where nobody else meets us there. */
function machine_step(kind: number, w: number, write: boolean, perform: () => void, val = 0): void {
	if (touch(w, write)) {
		step(kind, w);
		open(cur);
		perform();
		const e = close(cur, kind, w, val === 0 ? ev_extra : val);
		tracer?.event(e, 0, ev_extra, -1);
	} else perform();
	ev_extra = 0;
}
let ev_extra = 0;

export function irq_step(off: boolean): void {
	const w = REG_IRQ + cpu;
	machine_step(off ? IRQ_OFF : IRQ_ON, w, true, () => poke(REG_IRQ_OFF + cpu, off ? 1 : 0));
}
/** Without exploration, what an interrupt would do is done at once. */
export function ipi_step(target: number): void {
	if (exploring()) {
		if (HEAP32[REG_IPI + target] === 0) poke(REG_IPI + target, n + 1);
		return;
	}
	interrupt(target);
}
export function ipi_done(): void {
	poke(REG_IPI + cpu, 0);
}

/* ---- translations that others take out ---- */

/**
 * This CPU looks at its translations, or puts one there. Another one that takes some out only has to be tried
 * before and after: what it changes itself counts as no change, so that a CPU of which nobody looks at the
 * translations is met by nobody.
 */
export function tlb_step(): void {
	look_step(TLB, REG_TLB + cpu);
}
export function tlbi_step(target: number): void {
	drop_step(TLBI, REG_TLB + target);
}
/** The same of its page walk cache: most invalidations leave that alone, so it is a place of its own. */
export function pwc_step(): void {
	look_step(PWC, REG_PWC + cpu);
}
export function pwci_step(target: number): void {
	drop_step(PWCI, REG_PWC + target);
}
function look_step(kind: number, w: number): void {
	if (touch(w, true)) met_step(kind, w, () => model.tlb_look(w));
}
function drop_step(kind: number, w: number): void {
	if (touch(w, false)) met_step(kind, w, () => model.tlb_drop(w));
}
function met_step(kind: number, w: number, perform: () => void): void {
	step(kind, w);
	open(cur);
	perform();
	const e = close(cur, kind, w, 0);
	tracer?.event(e, 0, 0, -1);
}

/* ---- RCU ---- */

export function rcu_depth(): number {
	return cur < 0 ? 0 : HEAP32[REG_NEST + cur];
}
export function rcu_lock_step(): void {
	if (HEAP32[REG_NEST + cur] !== 0) {
		poke(REG_NEST + cur, HEAP32[REG_NEST + cur] + 1);
		return;
	}
	machine_step(RCU_LOCK, REG_RCU, false, () => {
		poke(REG_NEST + cur, 1);
		model.rcu_read_lock();
		for (const o of watch.rcu_read_lock) o.rcu_read_lock(cpu);
	});
}
export function rcu_unlock_step(): void {
	const depth = HEAP32[REG_NEST + cur];
	assert(depth >= 0, "no context has left more RCU sections than it has entered");
	if (depth === 0) fail("panic", "rcu_read_unlock() without rcu_read_lock()");
	if (depth > 1) {
		poke(REG_NEST + cur, depth - 1);
		return;
	}
	machine_step(RCU_UNLOCK, REG_RCU, false, () => {
		poke(REG_NEST + cur, 0);
		let waiting = 0;
		for (let g = 0; g < n_ctx; g++) {
			const waits = HEAP32[REG_GP + g];
			if ((waits & (1 << cur)) === 0) continue;
			poke(REG_GP + g, waits & ~(1 << cur));
			waiting |= 1 << g;
		}
		model.rcu_read_unlock(waiting);
		for (const o of watch.rcu_read_unlock) o.rcu_read_unlock(cpu);
	});
}
export function gp_start_step(): void {
	machine_step(GP_START, REG_RCU, true, () => {
		let readers = 0;
		for (let c = 0; c < n_ctx; c++) if (c !== cur && HEAP32[REG_NEST + c] !== 0) readers |= 1 << c;
		poke(REG_GP + cur, readers);
		ev_extra = readers;
		model.gp_start();
		for (const o of watch.gp_start) o.gp_start(cpu);
	});
}
/** Always a step: it may have to wait. */
export function gp_end_step(): void {
	touch(REG_RCU, true);
	step(GP_END, REG_RCU);
	open(cur);
	for (const o of watch.gp_end) o.gp_end(cpu);
	const e = close(cur, GP_END, REG_RCU, 0);
	tracer?.event(e, 0, 0, -1);
}
/** The full fence at the end of synchronize_rcu(), with what the readers knew. */
export function gp_fence_step(): void {
	model.gp_end();
}

/** The queue of callbacks is under a lock of its own. */
function queue_order(): void {
	model.lock(REG_QUEUE, n);
	model.unlock(REG_QUEUE, n);
	for (const o of watch.lock) o.lock(cpu, REG_QUEUE);
	for (const o of watch.unlock) o.unlock(cpu, REG_QUEUE);
}
export function enqueue_step(callback: number): void {
	const put = () => {
		const count = HEAP32[REG_QUEUE];
		if (count >= QUEUE_MAX) fail("limit", `${QUEUE_MAX} RCU callbacks are queued`);
		poke(REG_QUEUE + 1 + count, callback);
		poke(REG_QUEUE, count + 1);
	};
	if (!exploring()) {
		put();
		return;
	}
	touch(REG_QUEUE, true);
	step(ENQUEUE, REG_QUEUE);
	open(cur);
	put();
	queue_order();
	const e = close(cur, ENQUEUE, REG_QUEUE, callback);
	tracer?.event(e, 0, callback, -1);
}
/** Takes all, by address: in which order two CPUs queued must not matter. */
export function take_step(): number {
	const take = () => {
		const count = HEAP32[REG_QUEUE];
		assert(count > 0 || !exploring(), "callbacks are taken when there are some");
		const heads = HEAP32.slice(REG_QUEUE + 1, REG_QUEUE + 1 + count).sort();
		for (let i = 0; i < count; i++) poke(REG_TAKEN + i, heads[i]);
		poke(REG_QUEUE, 0);
		return count;
	};
	if (!exploring()) return take();
	touch(REG_QUEUE, true);
	step(TAKE, REG_QUEUE);
	open(cur);
	const count = take();
	queue_order();
	const e = close(cur, TAKE, REG_QUEUE, count);
	tracer?.event(e, 0, count, -1);
	return count;
}
export function taken(i: number): number {
	return HEAP32[REG_TAKEN + i];
}
export function queued(): number {
	return HEAP32[REG_QUEUE];
}

/* ---- waiting ---- */

/**
 * A look at the clock: has a long time passed, since the beginning? Once in an execution it may, before any look;
 * both ways are explored.
 */
export function clock_step(): number {
	return once_step(REG_CLOCK, 2).is;
}
/**
 * Something may fail: it does at one place of an execution, or at none; each is explored. Who is prepared for that
 * and will ask `again` in another way may also fail with that.
 */
export function fault_step(again: boolean): number {
	const { was, is } = once_step(REG_FAULT, again ? 3 : 2);
	return was === AGAIN || (was === 0 && is !== 0) ? 1 : 0;
}
/** It has failed, and the next one will. */
const AGAIN = 2;
export function fault_failures(): number {
	return HEAP32[REG_FAULT];
}
/** A register that may become 1 once, whenever somebody looks; or by way of what is more than that. */
function once_step(reg: number, ways: number): { was: number; is: number } {
	touch(reg, true);
	step(W, reg);
	open(cur);
	const was = HEAP32[reg];
	const way = was === 0 ? choose(ways, () => true) : 1;
	if (way !== was) poke(reg, way);
	const is = HEAP32[reg];
	const e = close(cur, is !== was ? W : R, reg, is);
	tracer?.event(e, was, is, -1);
	return { was, is };
}

/** One turn of a busy-wait loop; -1: it does not say the how manieth. */
export function await_step(turn: number): void {
	if (!granted) {
		await_known[cur] = shared_words();
		await_turn[cur] = turn;
	}
	step(AWAIT, -1);
	open(cur);
	if (!await_over(cur)) {
		if (HEAP32[REG_IN_VAIN] === 0) poke(REG_IN_VAIN + 1, n);
		poke(REG_IN_VAIN, HEAP32[REG_IN_VAIN] + 1);
	}
	model.caught_up();
	const e = close(cur, AWAIT, -1, turn);
	tracer?.event(e, 0, 0, -1);
}
/**
 * Waits until the word at p, which had that value when this context asked, has
 * another one. Only this context asks, and only others answer: who waits for that is
 * held up as by a lock, and that the question was looked at in vain is no execution
 * of its own. The caller looks at the word afterwards. Nobody else has ever been
 * there: then it looks at once.
 */
export function await_answer_step(p: number, value: number): void {
	const w = p >> 2;
	if (!touch(w, false)) return;
	parked_value[cur] = value;
	step(ANSWER, w);
	open(cur);
	model.saw(w);
	const e = close(cur, ANSWER, w, value);
	tracer?.event(e, value, HEAP32[w], -1);
}
export function park_step(p: number, value: number): void {
	if (!exploring()) fail("panic", "a CPU sleeps outside of an exploration");
	if (rerunning()) {
		logged();
		return;
	}
	const w = p >> 2;
	if (touch(w, false)) {
		parked_value[cur] = value;
		step(PARK, w);
		open(cur);
		/* Else it could go to sleep and wake up for ever, always with an old value. */
		model.saw(w);
		const e = close(cur, PARK, w, value);
		tracer?.event(e, value, HEAP32[w], -1);
	} else await_step(-1);
	log_result(0);
}
