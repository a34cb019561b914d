// SPDX-License-Identifier: GPL-2.0-only
/** One step in words: what was done to which place, with entries and flags decoded by the kernel's own constants. */
import type { Decoder, TraceEvent } from "../protocol.ts";

export const LOCKS = /^(lock|unlock|trylock|down_|up_|downgrade)/;
export const WRITES = /^(write|rmw|cmpxchg|add|commit)$/;

/** Marks of the report and of the page; Documentation/explorer.md says what each means. */
export const MARKS = {
	conflict: "✱",
	fails: "✗",
	stale: "⟵ stale",
	turn: "── switch",
	preempted: "── switch, preempted",
	setup: "── set-up",
	check: "── all programs have ended",
	irq: "[irq]",
	buffer: "[store buffer]",
	back: "…",
} as const;

/** Small numbers as people write them, addresses and flags in hex. */
export function number_text(v: number): string {
	if (Number.isNaN(v)) return "?";
	if (!Number.isInteger(v)) return `0x${new BigUint64Array(new Float64Array([v]).buffer)[0].toString(16)}`;
	if (Math.abs(v) < 4096) return String(v);
	return `0x${(v < 0 && v >= -0x80000000 ? v >>> 0 : v).toString(16)}`;
}

const names_of = (flags: [string, number][], v: number) =>
	flags.filter(([, bit]) => (v & bit) !== 0).map(([name]) => name);

/** An entry of a page table: the frame, and what may be done with it. */
export function pte_text(v: number, d: Decoder): string {
	if (v === 0) return "none";
	const said = d.pte_bits
		.map(([bit, set, clear]) => ((v & bit) !== 0 ? set : clear))
		.filter((text) => text !== "");
	return `${frame_text(v, d)} ${said.join(" ")}`;
}
const frame_text = (v: number, d: Decoder) => `pfn 0x${((v & d.pfn_mask) >>> d.page_shift).toString(16)}`;
/** One of a higher level points to a table: nothing maps huge pages. */
function table_text(v: number, d: Decoder): string {
	return v === 0 ? "none" : `table in ${frame_text(v, d)}`;
}
/** As /proc/PID/maps has it, and what else is set; that something *may* be permitted, nearly always is. */
export function vm_flags_text(v: number, d: Decoder): string {
	const set = names_of(d.flags.vm_flags, v);
	const bit = (name: string, yes: string, no = "-") => (set.includes(name) ? yes : no);
	const rest = set.filter((name) => !/^(READ|WRITE|EXEC|SHARED|MAY(READ|WRITE|EXEC|SHARE))$/.test(name));
	return [`${bit("READ", "r")}${bit("WRITE", "w")}${bit("EXEC", "x")}${bit("SHARED", "s", "p")}`, ...rest].join(
		" ",
	);
}
const flags_text = (v: number, flags: [string, number][]) => names_of(flags, v).join("|") || number_text(v);

/** A value as what its place's name says it is. */
export function value_text(name: string, v: number, d?: Decoder): string {
	if (/\bmmap_seq$/.test(name)) return `${number_text(v)} ${v % 2 === 0 ? "(even)" : "(odd)"}`;
	if (d && Number.isInteger(v)) {
		if (/(^|\.|_)pte$/.test(name)) return pte_text(v, d);
		if (/\.(pmd|pud|p4d|pgd)$/.test(name)) return table_text(v, d);
		if (/\bvm_flags$/.test(name)) return vm_flags_text(v, d);
		if (/gfp(_mask|_flags)?$/.test(name)) return flags_text(v, d.flags.gfp);
		if (/\bpage\w*\.flags$/.test(name)) return flags_text(v, d.flags.page_flags);
	}
	return number_text(v);
}

/** A change; of flags that mostly stay, which ones do not. */
function change_text(name: string, old: number, v: number, d?: Decoder): string {
	const [from, to] = [value_text(name, old, d), value_text(name, v, d)];
	return from === to && old !== v ? `${name} ${number_text(old)} → ${number_text(v)}` : `${name} ${from} → ${to}`;
}

/** What a step did, in as few words as there are. */
export function describe(e: TraceEvent, name: string, d?: Decoder, writer?: number): string {
	const value = value_text(name, e.value, d);
	switch (e.op) {
		case "read": {
			if (e.failed) return `cmpxchg ${name} fails, is ${value}`;
			const by = writer === undefined ? "" : `#${writer}, `;
			const stale =
				e.newest === undefined
					? ""
					: ` ${MARKS.stale} (${by}newest ${value_text(name, e.newest, d)})`;
			return `${name} is ${value}${stale}`;
		}
		/* That an interrupt comes before it or after is why it is a step. */
		case "store":
			return "a store goes into the store buffer";
		case "commit":
			return `commit ${name}=${value}`;
		case "write":
		case "rmw":
		case "add":
			return e.failed
				? `cmpxchg ${name} fails, is ${value_text(name, e.old, d)}`
				: change_text(name, e.old, e.value, d);
		/* Whether one will succeed is a step of a weak model. */
		case "cmpxchg":
			return `a cmpxchg will ${e.value === 0 ? "fail" : "succeed"}`;
		case "begin":
			return "interrupt";
		case "await":
			return "wait until something changes";
		case "park":
			return `sleep until ${name} changes`;
		case "answer":
			return `wait until ${name} changes`;
		case "mb":
			return "full barrier";
		case "free":
			return `${name} is freed`;
		case "page":
			return `page 0x${e.addr.toString(16)} is written whole or taken away`;
		case "gp_start":
			return "grace period begins";
		case "gp_end":
			return "grace period ends";
		case "rcu_take":
			return "takes callbacks";
		case "tlb":
			return "looks at its translations, or keeps one";
		case "tlbi":
			return "takes translations out";
		case "pwc":
			return "looks into its page walk cache, or keeps there where a table is";
		case "pwci":
			return "takes out of a page walk cache where tables are";
		case "rcu_read_lock":
		case "rcu_read_unlock":
		case "call_rcu":
		case "irq_off":
		case "irq_on":
			return e.op;
		case "lock":
		case "unlock":
		case "trylock":
		case "down_read":
		case "up_read":
		case "down_read_trylock":
		case "downgrade":
			return `${e.op} ${name}${e.failed ? " fails" : ""}`;
	}
}
