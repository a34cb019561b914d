// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which function, struct or macro of the kernel each line of a hunk is in. What
 * git prints behind `@@` is the one that begins before the hunk: only a start.
 */
import type { Hunk, Row } from "../mail/types.ts";

export interface Owner {
	kind: "function" | "struct" | "macro" | "config" | "prototype" | "include" | "data";
	name: string;
}

/** Of each row, none between two; and who is defined or declared in the hunk. */
export interface Owners {
	of: (Owner | undefined)[];
	/** In whom something changes, and what is declared or defined, the first one first. */
	changed: Owner[];
	/** Those that only are around it. */
	near: Owner[];
}

const NOT_A_FUNCTION = new Set(
	"if for while switch return sizeof else do goto case defined __attribute__ typeof".split(" "),
);
/** Macros that define or export something, of which the first argument is its name. */
const BY_ARGUMENT = new RegExp(
	"^((?:COMPAT_)?SYSCALL_DEFINE\\d|DEFINE_\\w+|DECLARE_\\w+|TRACE_EVENT|EXPORT_\\w+)\\s*\\(\\s*" +
		"(?:(?:struct )?\\w+,\\s*(?=\\w+\\)))?(\\w+)",
);
const TYPES =
	"static inline extern __always_inline noinline const unsigned signed struct union enum void int long bool " +
	"char short size_t ssize_t u8 u16 u32 u64 s32 s64 asmlinkage \\w+_t __\\w+";
const TYPE = new RegExp(`^(${TYPES.replaceAll(" ", "|")})\\b`);

/** The name of what a line at the left margin defines or declares. */
function defined(text: string): Owner | undefined {
	const macro = /^#\s*define\s+(\w+)/.exec(text);
	/* What keeps a header from being read twice is nobody's. */
	if (macro && /_H_*$/.test(macro[1])) return undefined;
	if (macro) return { kind: "macro", name: macro[1] };
	if (/^#\s*include\b/.test(text)) return { kind: "include", name: text.replace(/^#\s*include\s*/, "") };
	const config = /^\s*(?:menu)?config (\w+)\s*$/.exec(text);
	if (config) return { kind: "config", name: config[1] };
	const struct = /^(?:typedef )?(?:struct|union|enum)\s+(\w+)?\s*\{/.exec(text);
	if (struct) return struct[1] ? { kind: "struct", name: struct[1] } : undefined;
	const data = /^(?!return\b|typedef\b)[A-Za-z_][\w\s*]*?\b(\w+)(?:\[[^\]]*\])*\s*(?:__\w+\s*)?=/.exec(text);
	if (data && TYPE.test(text)) return { kind: "data", name: data[1] };
	const by = BY_ARGUMENT.exec(text);
	if (by)
		return /^(COMPAT_)?SYSCALL/.test(by[1])
			? { kind: "function", name: `sys_${by[2]}` }
			: /^EXPORT/.test(by[1])
				? undefined
				: { kind: "macro", name: by[2] };
	const func = /^(?:[A-Za-z_][\w\s*]*?[\s*])?(\w+)\s*\(/.exec(
		text.replace(/__attribute__\(\([^)]*\)\)\s*|\b__\w+\([^()]*\)\s+(?=\w+\()/, ""),
	);
	if (
		!func ||
		NOT_A_FUNCTION.has(func[1]) ||
		/^\w+:/.test(text) ||
		/=.*\(/.test(text.slice(0, text.indexOf("(") + 1))
	)
		return undefined;
	return NOT_A_FUNCTION.has(/^\w+/.exec(text)?.[0] ?? "") ? undefined : { kind: "function", name: func[1] };
}

/** What `@@ … @@` names, unless it is a label or the like. */
export function section_owner(section: string): Owner | undefined {
	const text = section.trim();
	return text === "" ? undefined : (defined(text) ?? named_type(text));
}
function named_type(text: string): Owner | undefined {
	const m = /^(?:typedef )?(?:struct|union|enum)\s+(\w+)/.exec(text);
	return m ? { kind: "struct", name: m[1] } : undefined;
}

/** Whether what begins here has a body: `{` comes before `;`. */
function has_body(rows: readonly string[], at: number): boolean {
	for (let i = at; i < Math.min(rows.length, at + 12); i++) {
		const m = /[{;]/.exec(rows[i].replace(/\/\*.*?\*\//g, ""));
		if (m) return m[0] === "{";
		/* Another begins first. */
		if (i > at && rows[i] === "") return true;
	}
	return true;
}

/** One side of the hunk: rows with their owners. `flat`: indentation is lost, and the margin says nothing. */
function side(rows: readonly Row[], start: Owner | undefined, flat: boolean): Map<Row, Owner | undefined> {
	const found = new Map<Row, Owner | undefined>();
	const texts = rows.map((r) => r.text);
	let at = start;
	/* Brackets that are open in what began here; unknown in what began before. */
	let depth = start ? Number.NaN : 0;
	let comment = false;
	let macro = false;
	/* Comments that stand outside: they belong to what comes next. */
	let above: Row[] = [];
	rows.forEach((row, i) => {
		const text = texts[i];
		const bare = text.trim();
		const starts_comment = bare.startsWith("/*");
		if (comment || starts_comment || /^\*( |$|\/)/.test(bare)) {
			comment = (comment || starts_comment) && !bare.includes("*/");
			const outside = !flat && /^(\/\*| \*)/.test(text);
			if (outside) at = undefined;
			if (outside) above.push(row);
			if (!/\*\/\s*\S/.test(bare)) {
				found.set(row, at);
				return;
			}
		}
		if (bare === "" || /^\s/.test(text)) above = [];
		const margin = !/^\s/.test(text) && (!flat || !at || Number.isNaN(depth) || depth <= 0);
		const begins = margin || /^\s*(menu)?config \w+\s*$/.test(text) ? defined(bare) : undefined;
		const typed = begins?.kind !== "function" || !flat || TYPE.test(bare);
		if (macro && !begins) {
			found.set(row, at);
			macro = bare.endsWith("\\");
			if (!macro) at = undefined;
			return;
		}
		/* At the margin there are no statements: whatever was there before is over. */
		if (margin && !flat && /^[A-Za-z_/]/.test(text) && !/^\w+:/.test(text)) at = undefined;
		if (flat && begins?.kind === "data" && !/^(static|const|extern)\b/.test(bare)) {
			found.set(row, at);
			count();
			return;
		}
		if (begins && typed && (begins.kind !== "include" || margin)) {
			if (begins.kind === "function" && !has_body(texts, i)) {
				found.set(row, { kind: "prototype", name: begins.name });
				return;
			}
			if (begins.kind === "include") {
				found.set(row, begins);
				return;
			}
			at = begins;
			for (const r of above) found.set(r, at);
			depth = 0;
			macro = begins.kind === "macro" && bare.endsWith("\\");
			found.set(row, at);
			if (begins.kind === "macro" && !macro) at = undefined;
			count();
			return;
		}
		found.set(row, /^#\s*(if|ifdef|ifndef|else|elif|endif)\b/.test(bare) && margin && !at ? undefined : at);
		count();
		function count(): void {
			if (!Number.isNaN(depth))
				depth += (text.match(/\{/g) ?? []).length - (text.match(/\}/g) ?? []).length;
			const closes = flat
				? bare === "}" &&
					(depth <= 0 || (Number.isNaN(depth) && (texts[i + 1] ?? "").trim() === ""))
				: /^\}/.test(text);
			const one_line = depth === 0 && /\}\s*$/.test(bare) && /\{/.test(bare) && margin;
			if (closes || one_line) {
				at = undefined;
				depth = 0;
			}
		}
	});
	return found;
}

/** Texts that have lost their indentation have none at all. */
export const is_flat = (rows: readonly Row[]): boolean =>
	rows.filter((r) => /^\s*\S/.test(r.text)).length > 3 && rows.every((r) => !/^(\t| {2})/.test(r.text));

export function owners(hunk: Hunk): Owners {
	const rows = hunk.rows.filter((r) => r.kind !== "comment" && r.kind !== "\\");
	const start = section_owner(hunk.section);
	const flat = is_flat(rows) && !/(^|\/)Kconfig/.test(hunk.file.path);
	const now = side(
		rows.filter((r) => r.kind !== "-"),
		start,
		flat,
	);
	const before = side(
		rows.filter((r) => r.kind !== "+"),
		start,
		flat,
	);
	const of = hunk.rows.map((r) =>
		r.kind === "-" ? before.get(r) : (now.get(r) ?? (r.kind === " " ? before.get(r) : undefined)),
	);
	const changed: Owner[] = [];
	const near: Owner[] = [];
	hunk.rows.forEach((r, i) => {
		const list = r.kind === "+" || r.kind === "-" ? changed : near;
		const o = r.text.trim() === "" ? undefined : of[i];
		if (o && !list.some((c) => c.name === o.name)) list.push(o);
	});
	if (start && !near.some((c) => c.name === start.name)) near.push(start);
	return { of, changed, near };
}
