// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make size`: what each symbol of the configuration costs, in bytes. Nothing is
 * estimated: for each bool that can be set here, a kernel is built with the other
 * value, and the difference is printed. It has no counterpart in Linux. Numbers
 * and strings are left out.
 *
 *   node --import tsx scripts/size.ts --objtree DIR [SYMBOL...]
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { read_sizes } from "./bloat-o-meter.ts";
import { BuildError, build } from "./build.ts";
import { at_end } from "./lib/at_end.ts";
import { command } from "./lib/command.ts";
import { UserError } from "./lib/errors.ts";
import { make_directory, write_file } from "./lib/files.ts";
import { program } from "./lib/program.ts";
import { here } from "./lib/root.ts";
import { count } from "./lib/words.ts";
import { conf_main } from "./kconfig/conf.ts";
import { FileError } from "./kconfig/confdata.ts";
import { ConfExit, find, get, type Kconf, load, parse, process_host, set, write } from "./kconfig/engine.ts";
import { is_main } from "./kconfig/is_main.ts";

/** Bytes of one build. */
export interface Sizes {
	bundle: number;
	minified: number;
	/** Functions and constants of System.map. */
	text: number;
	/** Objects in RAM, of all and of each CPU. */
	data: number;
}

export interface Cost {
	symbol: string;
	/** Its value in this configuration. */
	now: string;
	/** What it costs to have it; or why it could not be built with the other value. */
	cost: Sizes | string;
	/** Other symbols that change along with it. */
	along: string[];
}

const host = (cwd: string) =>
	process_host({
		cwd,
		env: {
			...process.env,
			srctree: here(),
			KCONFIG_CONFIG: undefined,
			KCONFIG_AUTOTS: "include/generated/autoconf.ts",
		},
		out: () => {},
		err: () => {},
	});

function load_config(config: string): Kconf {
	const kconf = parse("Kconfig", host(here()));
	load(kconf, config);
	return kconf;
}

/** Bools that the user can set to the other value in this configuration. */
export function settable(config: string): string[] {
	const names = load_config(config)
		.all.map((sym) => sym.name)
		.filter((name) => name !== null);
	return [...new Set(names)].filter((name) => {
		const kconf = load_config(config);
		if (find(kconf, name)?.type !== "bool") return false;
		const other = get(kconf, name) === "y" ? "n" : "y";
		return set(kconf, name, other) && get(kconf, name) === other;
	});
}

/** The text of every file that a kernel is made of: other sources have other sizes. */
function source_hash(): string {
	const hash = createHash("sha256");
	const walk = (path: string): void => {
		for (const entry of readdirSync(join(here(), path), { withFileTypes: true })) {
			const name = join(path, entry.name);
			if (entry.isDirectory()) {
				if (name !== "include/generated" && name !== "include/config") walk(name);
			} else if (/\.ts$|Kconfig/.test(name) && !name.endsWith("_test.ts"))
				hash.update(name).update(readFileSync(join(here(), name)));
		}
	};
	for (const top of ["include", "kernel", "drivers", "arch", "tools/explore/inside", "scripts/cc"]) walk(top);
	for (const file of ["scripts/build.ts", "package-lock.json"]) hash.update(readFileSync(join(here(), file)));
	return hash.digest("hex");
}

/** Builds configurations in a directory, and remembers there how large they came out. */
export class Measure {
	#cache: Record<string, Sizes> = {};
	readonly #sources = source_hash();

	constructor(readonly dir: string) {
		make_directory(dir);
		if (existsSync(this.#file)) this.#cache = JSON.parse(readFileSync(this.#file, "utf8"));
	}

	get #file(): string {
		return join(this.dir, "sizes.json");
	}

	/** Configures the tree for a .config that is complete, and returns what it is remembered by. */
	#configure(kconf: Kconf): string {
		write(kconf, join(this.dir, ".config"));
		conf_main(["-s", "--syncconfig", "Kconfig"], host(this.dir));
		return createHash("sha256")
			.update(this.#sources)
			.update(readFileSync(join(this.dir, "include/config/auto.conf")))
			.digest("hex");
	}

	async sizes(kconf: Kconf): Promise<Sizes> {
		const key = this.#configure(kconf);
		if (this.#cache[key]) return this.#cache[key];
		/* Type-checked or not, the code is the same. */
		process.env.KBUILD_NOCHECK = "1";
		const bytes = (path: string) => readFileSync(path).length;
		const bundle = bytes(await build({ objtree: this.dir }));
		const minified = bytes(await build({ objtree: this.dir, minify: true }));
		const symbols = read_sizes(this.dir);
		const sum = (kinds: string) =>
			symbols.filter((s) => kinds.includes(s.kind)).reduce((n, s) => n + s.size, 0);
		this.#cache[key] = { bundle, minified, text: sum("TR"), data: sum("BV") };
		write_file(this.#file, JSON.stringify(this.#cache));
		return this.#cache[key];
	}
}

const minus = (a: Sizes, b: Sizes): Sizes => ({
	bundle: a.bundle - b.bundle,
	minified: a.minified - b.minified,
	text: a.text - b.text,
	data: a.data - b.data,
});

/** What one symbol costs: the kernel with it, less the kernel without it. */
export async function cost_of(symbol: string, config: string, measure: Measure, base: Sizes): Promise<Cost> {
	const [before, after] = [load_config(config), load_config(config)];
	const now = get(before, symbol);
	set(after, symbol, now === "y" ? "n" : "y");
	const along = [...new Set(after.all.map((sym) => sym.name))].filter(
		(name) =>
			name !== null &&
			name !== symbol &&
			find(after, name)?.menus.length &&
			get(before, name) !== get(after, name),
	) as string[];
	try {
		const other = await measure.sizes(after);
		return { symbol, now, along, cost: now === "y" ? minus(base, other) : minus(other, base) };
	} catch (error) {
		if (!(error instanceof BuildError)) throw error;
		return { symbol, now, along, cost: error.message.split("\n")[0] };
	}
}

/** The table, the dearest first. What could not be built comes last. */
export function print_costs(costs: Cost[], base: Sizes): string {
	const table = new Table({
		head: ["symbol", "now", "bundle", "minified", "text", "data", "changes with it"],
		colAligns: ["left", "left", "right", "right", "right", "right", "left"],
		style: { head: [], border: [], compact: true },
	});
	const signed = (n: number) => (n > 0 ? `+${n}` : `${n}`);
	const rank = ({ cost }: Cost) => (typeof cost === "string" ? Number.NEGATIVE_INFINITY : cost.bundle);
	for (const row of costs.toSorted((a, b) => rank(b) - rank(a) || (a.symbol < b.symbol ? -1 : 1))) {
		const { symbol, now, cost, along } = row;
		const others =
			along.length > 3
				? `${along.slice(0, 3).join(" ")} and ${along.length - 3} more`
				: along.join(" ");
		if (typeof cost === "string") table.push([symbol, now, { colSpan: 5, content: cost }]);
		else
			table.push([
				symbol,
				now,
				...[cost.bundle, cost.minified, cost.text, cost.data].map(signed),
				others,
			]);
	}
	table.push(["this configuration", "", ...[base.bundle, base.minified, base.text, base.data].map(String), ""]);
	return `${table}\nBytes more with the symbol than without it, each measured by building both.\n`;
}

async function main(objtree: string, wanted: string[], silent: boolean): Promise<void> {
	const config = join(objtree, process.env.KCONFIG_CONFIG ?? ".config");
	const can = settable(config);
	const names = wanted.map((w) => w.replace(/^CONFIG_/, ""));
	const not = names.find((name) => !can.includes(name));
	if (not) throw new UserError(`${not} cannot be set in this configuration; these can: ${can.join(" ")}`);
	const symbols = names.length > 0 ? names : can;
	const measure = new Measure(join(objtree, "build/size"));
	const say = (text: string) => silent || process.stderr.write(text);
	const start = Date.now();
	const base = await measure.sizes(load_config(config));
	const seconds = Math.ceil(((Date.now() - start) / 1000) * symbols.length);
	say(
		`${count(symbols.length, "symbol")}, two bundles for each: up to ${seconds} seconds; what has been built before is remembered\n`,
	);
	const bar =
		!silent && process.stderr.isTTY
			? new SingleBar({
					format: "{bar} {value}/{total} {symbol}",
					stream: process.stderr,
					clearOnComplete: true,
				})
			: null;
	const release = at_end(() => bar?.stop());
	bar?.start(symbols.length, 0, { symbol: "" });
	const costs: Cost[] = [];
	for (const [i, symbol] of symbols.entries()) {
		if (bar) bar.update(i, { symbol });
		else say(`  SIZE    CONFIG_${symbol} (${i + 1}/${symbols.length})\n`);
		costs.push(await cost_of(symbol, config, measure, base));
	}
	bar?.stop();
	release();
	process.stdout.write(print_costs(costs, base));
}

if (is_main(import.meta.url))
	await program("size", async () => {
		const size = command(
			"size",
			"Builds a kernel for each symbol that can be set, and prints what it costs.",
		)
			.requiredOption("--objtree <dir>", "the configuration to begin with")
			.option("--silent", "print no progress")
			.argument("[symbols...]", "only these")
			.parse();
		const { objtree, silent } = size.opts();
		await main(resolve(objtree), size.args, silent ?? false).catch((error) => {
			if (!(error instanceof ConfExit || error instanceof FileError)) throw error;
			throw new UserError(error.message.trim());
		});
	});
