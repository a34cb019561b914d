// SPDX-License-Identifier: GPL-2.0-only
//
// What Linux's scripts/kconfig/streamline_config.pl takes from Kconfig files: by line, without
// evaluating anything. Only what stands at the margin opens an "if" or sources a file.

import { cannot_open } from "./streamline_config.ts";
import type { KconfHost } from "./lkc.ts";
import { path_of, read_bytes, to_bytes } from "./text.ts";

export interface KconfigFacts {
	/** Texts of conditions by symbol, without its prefix. */
	readonly depends: Map<string, string>;
	/** Symbols that select one, with blanks between them. */
	readonly selects: Map<string, string>;
	readonly prompts: Set<string>;
	/** The file with the last definition, by symbol with its prefix. */
	readonly file_of: Map<string, string>;
}

interface Reader extends KconfigFacts {
	readonly host: KconfHost;
	readonly srctree: string;
	readonly seen: Set<string>;
	/** The names in the conditions of the "if"s that are open. */
	ifs: string[];
}

/** Perl's \s on bytes. */
const S = "[ \\t\\n\\v\\f\\r]";
const re = (text: string): RegExp => new RegExp(text.replaceAll("\\s", S).replaceAll("\\S", "[^ \\t\\n\\v\\f\\r]"));

const SOURCE = re('^source\\s+"?([^"]+)');
const CONFIG = re("^\\s*(?:menu)?config\\s+(\\S+)\\s*$");
const DEPENDS = re("^\\s*depends\\s+on\\s+(.*)$");
const DEFAULT = re("^\\s*def(?:_(?:bool|tristate)|ault)\\s+(\\S.*)$");
const NO_CONDITION = re("^\\s*(?:y|m|n)\\s*$");
const UP_TO_IF = re(".*\\sif\\s+");
const SELECT = re("^\\s*select\\s+(\\S+)");
const PROMPT = re("^\\s*(?:tristate\\s+\\S|prompt\\b)");
const IF = re("^if\\s+(.*\\S)\\s*$");
const END = re("^\\s*(?:---)?help(?:---)?\\s*$|^(?:comment|choice|menu)\\b");

/** Names of the environment in a file's name; a name that is not set is nothing. */
function expand(host: KconfHost, name: string): string {
	let source = name;
	for (let last = ""; last !== source; ) {
		const variable = /\$\((\w+)\)/.exec(source)?.[1];
		if (variable === undefined) break;
		last = source;
		source = source.replace(`$(${variable})`, () => to_bytes(host.env[variable] ?? ""));
	}
	return source;
}

/** The lines of a file, those that a backslash continues joined by a blank. */
function* joined_lines(text: string): Generator<string> {
	const lines = text.split("\n");
	if (lines.at(-1) === "") lines.pop();
	let kept: string | null = null;
	for (const raw of lines) {
		const line: string = kept === null ? raw : `${kept} ${raw}`;
		if (line.endsWith("\\")) {
			kept = line.slice(0, -1);
			continue;
		}
		kept = null;
		yield line;
	}
}

const append = (map: Map<string, string>, key: string, text: string): void => {
	map.set(key, `${map.get(key) ?? ""}${text}`);
};

function read_kconfig(r: Reader, kconfig: string): void {
	const source = expand(r.host, `${to_bytes(r.srctree)}/${kconfig}`);
	let text: string;
	try {
		text = read_bytes(path_of(r.host, source));
	} catch {
		throw cannot_open(source);
	}
	let state: "none" | "new" | "dep" = "none";
	let config = "";
	for (const line of joined_lines(text)) {
		const sourced = SOURCE.exec(line)?.[1];
		if (sourced !== undefined) {
			if (!r.seen.has(sourced)) {
				r.seen.add(sourced);
				read_kconfig(r, sourced);
			}
			continue;
		}
		const name = CONFIG.exec(line)?.[1];
		if (name !== undefined) {
			state = "new";
			config = name;
			r.file_of.set(`CONFIG_${name}`, kconfig);
			if (r.ifs.length > 0) {
				r.depends.set(name, r.ifs.join(" "));
				state = "dep";
			}
			continue;
		}
		const dep = state === "none" ? undefined : DEPENDS.exec(line)?.[1];
		if (dep !== undefined) {
			if (state === "new") r.depends.set(config, dep);
			else append(r.depends, config, ` ${dep}`);
			state = "dep";
			continue;
		}
		const value = state === "dep" ? DEFAULT.exec(line)?.[1] : undefined;
		if (value !== undefined) {
			if (!NO_CONDITION.test(value)) append(r.depends, config, ` ${value.replace(UP_TO_IF, "")}`);
			continue;
		}
		const target = state === "none" ? undefined : SELECT.exec(line)?.[1];
		if (target !== undefined) {
			const others = r.selects.get(target);
			r.selects.set(target, others === undefined ? config : `${others} ${config}`);
			continue;
		}
		if (state !== "none" && PROMPT.test(line)) {
			r.prompts.add(config);
			continue;
		}
		const condition = IF.exec(line)?.[1];
		if (condition !== undefined) {
			const names = condition.replace(/^[^a-zA-Z0-9_]*/, "").replace(/[^a-zA-Z0-9_]*$/, "");
			r.ifs.push(names.split(/[^a-zA-Z0-9_]+/).join(":"));
		} else if (line.startsWith("endif")) r.ifs.pop();
		else if (END.test(line)) state = "none";
	}
}

/** Reads a Kconfig file below the sources, and all that it sources. */
export function read_kconfig_facts(host: KconfHost, srctree: string, kconfig: string): KconfigFacts {
	const r: Reader = {
		host,
		srctree,
		seen: new Set(),
		ifs: [],
		depends: new Map(),
		selects: new Map(),
		prompts: new Set(),
		file_of: new Map(),
	};
	read_kconfig(r, to_bytes(kconfig));
	return r;
}
