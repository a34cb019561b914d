// SPDX-License-Identifier: GPL-2.0-only
/**
 * Compares the sizes of two builds, symbol by symbol. Mirrors Linux's
 * scripts/bloat-o-meter, and prints its table. The sizes are those of System.map
 * (text as bytes of JavaScript, data as bytes of RAM), or what `nm --size-sort`
 * has printed. Left out: -p, since no nm is run.
 *
 *   node --import tsx scripts/bloat-o-meter.ts [-c|-d|-t] OLD NEW
 */
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Option } from "commander";
import { is_main } from "./kconfig/is_main.ts";
import { command } from "./lib/command.ts";
import { UserError } from "./lib/errors.ts";
import { program } from "./lib/program.ts";

export class BloatError extends UserError {}

/** One line of a symbol table that has a size. */
export interface SymbolSize {
	name: string;
	kind: string;
	size: number;
}

/** Names that say nothing of the code: tables that are generated, ends of sections, texts that
 *  differ in every build. */
const IGNORED = /^(__mod_|__se_sys|__se_compat_sys|__addressable_|__noinstr_text_start|_sdata|linux_banner$|vermagic$)/;

/** Reads "place size kind name", as in System.map, or "size kind name", as nm prints it. */
export function parse_sizes(text: string): SymbolSize[] {
	const sizes: SymbolSize[] = [];
	for (const line of text.split("\n")) {
		const words = line.trim().split(/\s+/);
		if (words.length < 3 || line.includes(":")) continue;
		const [hex, kind, name] = words.slice(-3);
		if (!/^[0-9a-f]+$/i.test(hex) || IGNORED.test(name)) continue;
		/* Two of the same name are told apart by a number: .1 by compilers, $1 by the bundler. */
		sizes.push({
			name: name.replace(/\.[0-9]+/g, "").replace(/\$[0-9]+$/, ""),
			kind,
			size: Number.parseInt(hex, 16),
		});
	}
	return sizes;
}

/** Sizes of a build: of a System.map, of the one beside a bundle, or of the one in a directory. */
export function read_sizes(path: string): SymbolSize[] {
	const s = statSync(path, { throwIfNoEntry: false });
	if (!s) throw new BloatError(`${path}: no such file or directory`);
	const file = s.isDirectory()
		? join(path, "System.map")
		: path.endsWith(".mjs")
			? join(dirname(path), "System.map")
			: path;
	let sizes: SymbolSize[];
	try {
		sizes = parse_sizes(readFileSync(file, "utf8"));
	} catch {
		throw new BloatError(`${path}: there is no ${file}; build it first with 'make'`);
	}
	if (sizes.length === 0) throw new BloatError(`${file}: no symbols with a size in it`);
	return sizes;
}

/** Bytes by name, of the kinds that are asked for. */
function sum(sizes: SymbolSize[], kinds: string): Map<string, number> {
	const by_name = new Map<string, number>();
	for (const { name, kind, size } of sizes)
		if (kinds.includes(kind)) by_name.set(name, (by_name.get(name) ?? 0) + size);
	return by_name;
}

const signed = (n: number) => (n < 0 ? `${n}` : `+${n}`);

/** A percentage with its sign; a tie goes to the even digit, as C and Python print it. */
export function percent(value: number): string {
	const size = Math.abs(value);
	/* Only eighths lie exactly between two hundredths. */
	const tie = Number.isInteger(size * 8) && !Number.isInteger(size * 4);
	const down = Math.floor(size * 100);
	const text = tie ? ((down + (down % 2)) / 100).toFixed(2) : size.toFixed(2);
	return `${value < 0 ? "-" : "+"}${text}%`;
}

/** The table for some kinds of symbols: what came, went, grew and shrank, largest growth first. */
export function compare(title: string, kinds: string, before: SymbolSize[], after: SymbolSize[]): string {
	const [old, now] = [sum(before, kinds), sum(after, kinds)];
	let [add, remove, grow, shrink, up, down] = [0, 0, 0, 0, 0, 0];
	const rows: [number, string][] = [];
	for (const name of new Set([...old.keys(), ...now.keys()])) {
		const delta = (now.get(name) ?? 0) - (old.get(name) ?? 0);
		if (!old.has(name)) add++;
		else if (!now.has(name)) remove++;
		else if (delta > 0) grow++;
		else if (delta < 0) shrink++;
		if (delta > 0) up += delta;
		else down -= delta;
		if (delta !== 0) rows.push([delta, name]);
	}
	rows.sort(([d, n], [e, m]) => e - d || (n < m ? 1 : -1));
	const line = (name: string, a: string | number, b: string | number, delta: string) =>
		`${name.padEnd(40)} ${String(a).padStart(7)} ${String(b).padStart(7)} ${delta.padStart(7)}`;
	const total = (sizes: Map<string, number>) => [...sizes.values()].reduce((a, b) => a + b, 0);
	const [otot, ntot] = [total(old), total(now)];
	return [
		`add/remove: ${add}/${remove} grow/shrink: ${grow}/${shrink} up/down: ${up}/${-down || 0} (${up - down})`,
		line(title, "old", "new", "delta"),
		...rows.map(([delta, name]) => line(name, old.get(name) ?? "-", now.get(name) ?? "-", signed(delta))),
		`Total: Before=${otot}, After=${ntot}, chg ${percent(otot ? ((ntot - otot) * 100) / otot : 0)}`,
		"",
	].join("\n");
}

export interface BloatOptions {
	/** Functions, data and read-only data in a table each. */
	c?: boolean;
	/** Data only. */
	d?: boolean;
	/** Functions only. */
	t?: boolean;
}

/** All tables of the command. */
export function bloat_o_meter(old: string, now: string, { c, d, t }: BloatOptions): string {
	const [before, after] = [read_sizes(old), read_sizes(now)];
	const tables = c
		? [
				["Function", "tTwW"],
				["Data", "dDbBvV"],
				["RO Data", "rR"],
			]
		: d
			? [["Data", "dDbBrRvV"]]
			: t
				? [["Function", "tTwW"]]
				: [["Function", "tTdDbBrRvVwW"]];
	return tables.map(([title, kinds]) => compare(title, kinds, before, after)).join("");
}

if (is_main(import.meta.url))
	await program("bloat-o-meter", async () => {
		const bloat = command("bloat-o-meter", "Compares the symbol sizes of two builds.")
			.addOption(new Option("-c", "categorize output based on symbol type").conflicts(["d", "t"]))
			.addOption(new Option("-d", "show delta of data section").conflicts(["t"]))
			.addOption(new Option("-t", "show delta of text section"))
			.argument("<file_old>", "first build: System.map, a bundle beside it, or a directory with it")
			.argument("<file_new>", "second build")
			.parse();
		process.stdout.write(bloat_o_meter(bloat.args[0], bloat.args[1], bloat.opts()));
	});
