// SPDX-License-Identifier: GPL-2.0-only
/** Our sources, and what is defined in them where. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Conditional } from "../page/data.ts";
import { conditions_of } from "./conditions.ts";
import { by_lines, language_of, lex, type Token } from "./lex.ts";

export interface Definition {
	name: string;
	kind: "function" | "struct" | "field" | "constant" | "type" | "config";
	file: string;
	/** Where it is, where it ends, and where the comment above it begins; lines are counted from 1. */
	line: number;
	end: number;
	from: number;
	/** Of a field: its struct. */
	of?: string;
	/** Its head in one line. */
	signature: string;
	/** What the comment says, without the signs around it. */
	comment: string;
}

export interface SourceFile {
	path: string;
	lines: string[];
	/** Of each line. Made when they are first asked for. */
	tokens(): Token[][];
	/** Lines that are there under a condition of the configuration only. Made when they are first asked for. */
	conditions(): Conditional[];
	definitions: Definition[];
	/** Files of the kernel that its head says it mirrors. */
	mirrors: string[];
	/** The first comment, where it says what it is and what it leaves out. */
	head: string;
}

const TOPS = ["include", "kernel", "arch"];
const SOURCE = /\.ts$|(^|\/)Kconfig[^/]*$/;
const OURS = /^include\/generated\//;

function* walk(root: string, dir: string): Generator<string> {
	for (const entry of readdirSync(join(root, dir), { withFileTypes: true })) {
		const path = `${dir}/${entry.name}`;
		if (OURS.test(`${path}/`)) continue;
		if (entry.isDirectory()) yield* walk(root, path);
		else if (entry.isFile() && SOURCE.test(path)) yield path;
	}
}

export function source_paths(root: string): string[] {
	return ["Kconfig", ...TOPS.flatMap((top) => [...walk(root, top)])].sort();
}

const words = (comment: string): string =>
	comment
		.replace(/^\s*\/\*+|\*+\/\s*$|^\s*\*(?=\s|$)|^\s*\/\/ ?/gm, "")
		.replace(/\n +/g, "\n")
		.trim();

const DEFINES = new RegExp(
	"^(?:export\\s+)?(?:declare\\s+)?(?:(async\\s+)?function\\*?\\s+(\\w+)|const\\s+(\\w+)|let\\s+(\\w+)|" +
		"interface\\s+(\\w+)|type\\s+(\\w+))",
);

/** Where a definition that begins on a line ends: what has a body, at its bracket in the first column. */
function end_of(lines: string[], start: number, body: boolean): number {
	if (body) {
		if (/\}\s*$/.test(lines[start])) return start;
		for (let i = start + 1; i < lines.length; i++) if (lines[i].startsWith("}")) return i;
		return start;
	}
	for (let i = start; i < lines.length; i++) {
		const code = lines[i].replace(/\s*(\/\*.*\*\/|\/\/.*)?\s*$/, "");
		if (code.endsWith(";") && (i === start || !/^\t/.test(lines[i]) || !/[{(]$/.test(lines[start])))
			return i;
	}
	return start;
}

/** The comment that ends on the line above. */
function comment_above(lines: string[], line: number): { from: number; text: string } {
	let from = line;
	if (/^\s*(\/\*.*)?\*\/\s*$|^\s*\*.*\*\/\s*$/.test(lines[line - 1] ?? "")) {
		for (from = line - 1; from > 0 && !/\/\*/.test(lines[from]); from--);
	} else while (/^\s*\/\//.test(lines[from - 1] ?? "")) from--;
	return { from, text: words(lines.slice(from, line).join("\n")) };
}

function definitions_of(path: string, lines: string[]): Definition[] {
	const found: Definition[] = [];
	for (let i = 0; i < lines.length; i++) {
		const m = DEFINES.exec(lines[i]);
		if (!m) continue;
		const [, , func, constant, variable, struct, type] = m;
		const name = func ?? constant ?? variable ?? struct ?? type;
		const end = end_of(lines, i, func !== undefined || struct !== undefined);
		const above = comment_above(lines, i);
		const body = lines.slice(i, end + 1).join(" ");
		const arrow = constant !== undefined && /^[^=]*=\s*(<[^>]*>)?\([^)]*\)[^=]*=>/.test(body);
		found.push({
			name,
			kind: func || arrow ? "function" : struct ? "struct" : type ? "type" : "constant",
			file: path,
			line: i + 1,
			end: end + 1,
			from: above.from + 1,
			signature: signature_of(body, func !== undefined),
			comment: above.text || trailing(lines[end]),
		});
		if (struct) found.push(...fields_of(path, lines, i, end, name));
		i = Math.max(i, end);
	}
	return found;
}

const trailing = (line: string): string => words(/\/\*.*\*\/\s*$/.exec(line)?.[0] ?? "");

function signature_of(body: string, func: boolean): string {
	const text = body.replace(/\s+/g, " ").replace(/^export /, "");
	const head = func || text.startsWith("interface ") ? text.replace(/ \{.*$/, "") : text;
	return head.length > 160 ? `${head.slice(0, 157)}…` : head;
}

function fields_of(path: string, lines: string[], start: number, end: number, of: string): Definition[] {
	const found: Definition[] = [];
	for (let i = start + 1; i < end; i++) {
		const m = /^\t(?:readonly )?(\w+)\??: (.*)$/.exec(lines[i]);
		if (!m) continue;
		const above = comment_above(lines, i);
		found.push({
			name: m[1],
			kind: "field",
			file: path,
			line: i + 1,
			end: i + 1,
			from: above.from + 1,
			of,
			signature: `${of}.${m[1]}: ${m[2].replace(/\s*\/\*.*$/, "")}`,
			comment: [above.text, trailing(lines[i])].filter(Boolean).join(" "),
		});
	}
	return found;
}

function configs_of(path: string, lines: string[]): Definition[] {
	const found: Definition[] = [];
	lines.forEach((line, i) => {
		const m = /^\s*(?:menu)?config (\w+)/.exec(line);
		if (!m) return;
		let end = i + 1;
		while (
			end < lines.length &&
			(/^\s+\S/.test(lines[end]) || lines[end] === "") &&
			!/^\s*(menu)?config /.test(lines[end])
		)
			end++;
		while (lines[end - 1].trim() === "") end--;
		found.push({
			name: `CONFIG_${m[1]}`,
			kind: "config",
			file: path,
			line: i + 1,
			end,
			from: i + 1,
			signature: line.trim(),
			comment: lines
				.slice(i + 1, end)
				.map((l) => l.trim())
				.join("\n"),
		});
	});
	return found;
}

/** `Mirrors mm/memory.c and of mm_types.h …`: names of files of the kernel in the first comment. */
function mirrors_of(path: string, head: string): string[] {
	if (/\bMirrors no file\b/.test(head)) return [];
	const [, said = ""] = /\bMirrors ([\s\S]*?)(?=\.\s|\bLeft out\b|\bPort:|$)/.exec(head) ?? [];
	const arch = /^arch\/\w+/.exec(path)?.[0] ?? "arch/x86";
	let dir = "";
	return [...said.matchAll(/(?<![\w/-])[\w-][\w./-]*\.[chS]\b|\b[\w/-]*Kconfig[\w.]*/g)].map(([name]) => {
		const full = name.startsWith("asm/")
			? `${arch}/include/${name}`
			: /^(linux|asm-generic|uapi|trace)\//.test(name)
				? `include/${name}`
				: name.includes("/") || dir === ""
					? name
					: `${dir}/${name}`;
		if (full.includes("/")) dir = full.replace(/\/[^/]*$/, "");
		return full;
	});
}

function read_file(root: string, path: string): SourceFile {
	const text = readFileSync(join(root, path), "utf8").replace(/\n$/, "");
	const lines = text.split("\n");
	const kconfig = !path.endsWith(".ts");
	let tokens: Token[][] | undefined;
	let conditions: Conditional[] | undefined;
	const lexed = () => (tokens ??= by_lines(lex(text, language_of(path))));
	const top = lines.findIndex(
		(line, i) => i > 0 && /^(import|export|const|function|config|interface)\b/.test(line),
	);
	const first = lines.slice(0, top < 0 ? 60 : top).join("\n");
	const head = kconfig ? first.replace(/^# ?/gm, "") : words(/\/\*[\s\S]*?\*\//.exec(first)?.[0] ?? "");
	return {
		path,
		lines,
		tokens: lexed,
		conditions: () => (conditions ??= kconfig ? [] : conditions_of(lexed())),
		definitions: kconfig ? configs_of(path, lines) : definitions_of(path, lines),
		mirrors: mirrors_of(path, head),
		head,
	};
}

export interface Use {
	file: string;
	line: number;
	kind: "call" | "write" | "read" | "address" | "import" | "type" | "comment";
}

/** The tree as it is read: all files, definitions by name, uses by name. */
export class Sources {
	readonly files: ReadonlyMap<string, SourceFile>;
	readonly definitions = new Map<string, Definition[]>();
	#uses?: Map<string, Use[]>;

	constructor(readonly root: string) {
		this.files = new Map(source_paths(root).map((path) => [path, read_file(root, path)]));
		for (const file of this.files.values())
			for (const d of file.definitions) {
				const list = this.definitions.get(d.name);
				if (list) list.push(d);
				else this.definitions.set(d.name, [d]);
			}
	}

	/** Where a name is used, and what for. Made when it is first asked for. */
	uses(name: string): Use[] {
		this.#uses ??= all_uses(this.files.values());
		return this.#uses.get(name) ?? [];
	}
	names(): Iterable<string> {
		return this.definitions.keys();
	}
	/** The definition that a line is in. */
	around(path: string, line: number): Definition | undefined {
		return this.files
			.get(path)
			?.definitions.find((d) => d.kind !== "field" && d.from <= line && line <= d.end);
	}
}

function all_uses(files: Iterable<SourceFile>): Map<string, Use[]> {
	const found = new Map<string, Use[]>();
	for (const file of files) {
		let importing = false;
		file.tokens().forEach((tokens, i) => {
			const first = tokens[0]?.text;
			if (first === "import") importing = true;
			const defined = new Set(file.definitions.filter((d) => d.line === i + 1).map((d) => d.name));
			tokens.forEach((t, k) => {
				if (t.kind !== "id") return;
				const name = file.path.endsWith(".ts") ? t.text : `CONFIG_${t.text}`;
				if (defined.has(name)) return;
				const kind = importing ? "import" : use_kind(tokens, k);
				const use: Use = { file: file.path, line: i + 1, kind };
				const list = found.get(name);
				if (list) list.push(use);
				else found.set(name, [use]);
			});
			if (importing && tokens.some((t) => t.text === ";")) importing = false;
		});
	}
	return found;
}

function use_kind(tokens: Token[], at: number): Use["kind"] {
	const next = tokens.slice(at + 1).find((t) => t.kind !== "ws")?.text ?? "";
	const before = tokens.slice(0, at).findLast((t) => t.kind !== "ws")?.text ?? "";
	if (next === "(") return "call";
	if (
		/^([-+*/%&|^]|<<|>>>?)?=$/.test(next) ||
		next === "++" ||
		next === "--" ||
		before === "++" ||
		before === "--"
	)
		return "write";
	if (before === ":" || before === "<" || next === ">") return "type";
	/* A function that is not called, an argument that is taken the place of. */
	if ((before === "(" || before === ",") && (next === "," || next === ")")) return "address";
	return "read";
}
