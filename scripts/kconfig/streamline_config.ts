// SPDX-License-Identifier: GPL-2.0-only
//
// Which modules of a configuration a machine uses, and a configuration without the others.
// Mirrors Linux's scripts/kconfig/streamline_config.pl: it reads the Kconfig files and the
// Makefiles by line, and knows no conditions. Different: names are gone through in the order in
// which they were found, where Perl's order is another one in every run.

import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import type { LoadedModules } from "./streamline_input.ts";
import { read_kernel_files } from "./streamline_input.ts";
import { type KconfigFacts, read_kconfig_facts } from "./streamline_kconfig.ts";
import { module_objects } from "./streamline_makefile.ts";
import { bytes_exit, path_of, to_bytes } from "./text.ts";
import { statSync } from "node:fs";

export interface StreamlineOptions {
	/** The sources, with their Kconfig files and Makefiles. */
	readonly srctree: string;
	/** The first Kconfig file, below the sources. */
	readonly kconfig: string;
	/** What is kept becomes y. */
	readonly yes: boolean;
}

/** What is known of the modules that are to be kept. */
interface Streamline {
	readonly host: KconfHost;
	readonly facts: KconfigFacts;
	/** What the configuration says, of symbols that are m or y. */
	readonly orig: ReadonlyMap<string, string>;
	/** Symbols to be kept, with their prefix. */
	readonly configs: Set<string>;
	/** Symbols without a prompt that something has to select. */
	readonly selected: Set<string>;
	repeat: boolean;
}

const WORDS = /[A-Za-z_0-9]+/g;

/** Keeps every module that a condition names, whatever it says of it. */
function parse_config_depends(s: Streamline, text: string): void {
	for (const [word] of text.matchAll(WORDS)) {
		const conf = `CONFIG_${word}`;
		const value = s.orig.get(conf);
		if (value === undefined || value === "y" || s.configs.has(conf)) continue;
		s.repeat = true;
		s.configs.add(conf);
	}
}

/** Keeps the first module that selects a symbol, unless one of those that do is kept anyhow. */
function parse_config_selects(s: Streamline, name: string, by: string): void {
	let next: string | undefined;
	for (const [word] of by.matchAll(WORDS)) {
		const conf = `CONFIG_${word}`;
		const value = s.orig.get(conf);
		if (value === undefined) continue;
		if (value !== "m" || s.configs.has(conf)) return;
		next ??= conf;
	}
	if (next === undefined) {
		s.host.err(`WARNING: ${name} is required, but nothing in the\n  current config selects it.\n`);
		return;
	}
	s.repeat = true;
	s.configs.add(next);
}

/** Follows the conditions of all that is kept, until nothing is added. */
function loop_depend(s: Streamline): void {
	const { depends, prompts, selects } = s.facts;
	do {
		s.repeat = false;
		// What is added on the way has its turn in the next round.
		for (const conf of [...s.configs]) {
			const value = s.orig.get(conf);
			if (value !== undefined && value !== "m") continue;
			const name = conf.replace(/^CONFIG_/, "");
			const dep = depends.get(name);
			if (dep !== undefined) parse_config_depends(s, dep);
			if (!prompts.has(name) && selects.has(name)) s.selected.add(name);
		}
	} while (s.repeat);
}

function loop_select(s: Streamline): void {
	for (const name of s.selected) parse_config_selects(s, name, s.facts.selects.get(name) as string);
}

/** Is the text the name of a file, seen from the host's directory? */
function is_file(host: KconfHost, name: string): boolean {
	return statSync(path_of(host, name), { throwIfNoEntry: false })?.isFile() ?? false;
}

const DEFAULT_CERT = "certs/signing_key.pem";

/** What becomes of the line that names the key that modules are signed with. */
function signing_key(s: Streamline, line: string, cert: string): string {
	if (!s.facts.depends.get("MODULE_SIG_KEY")?.includes(`"${DEFAULT_CERT}"`)) {
		s.host.err(`WARNING: MODULE_SIG_KEY: the default in its Kconfig file is not "${DEFAULT_CERT}"\n`);
		return line;
	}
	if (cert === DEFAULT_CERT || is_file(s.host, cert)) return line;
	s.host.err(
		`Module signature verification enabled but module signing key "${cert}" not found. ` +
			"Resetting signing key to default value.\n",
	);
	return `CONFIG_MODULE_SIG_KEY="${DEFAULT_CERT}"\n`;
}

function trusted_keys(s: Streamline, line: string, keys: string): string {
	if (is_file(s.host, keys)) return line;
	s.host.err(`System keyring enabled but keys "${keys}" not found. Resetting keys to default value.\n`);
	return 'CONFIG_SYSTEM_TRUSTED_KEYS=""\n';
}

/** Does $LMC_KEEP name the place where a symbol is defined? */
function preserved(s: Streamline, conf: string): boolean {
	const file = s.facts.file_of.get(conf);
	const keep = s.host.env.LMC_KEEP;
	if (file === undefined || keep === undefined) return false;
	const places = to_bytes(keep).split(":");
	while (places.at(-1) === "") places.pop();
	return places.some((place) => new RegExp(`^${place}`).test(file));
}

/** One line of the new configuration; `set` learns of what is kept. */
function new_line(s: Streamline, line: string, yes: boolean, set: Set<string>): string {
	if (line.includes("CONFIG_IKCONFIG")) {
		if (!line.includes("# CONFIG_IKCONFIG is not set")) return line;
		return "CONFIG_IKCONFIG=m\n# CONFIG_IKCONFIG_PROC is not set\n";
	}
	const cert = /CONFIG_MODULE_SIG_KEY="(.+)"/.exec(line)?.[1];
	if (cert !== undefined) return signing_key(s, line, cert);
	const keys = /CONFIG_SYSTEM_TRUSTED_KEYS="(.+)"/.exec(line)?.[1];
	if (keys !== undefined) return trusted_keys(s, line, keys);
	const [, conf, value] = /^(CONFIG.*)=(m|y)/.exec(line) ?? [];
	if (conf === undefined || preserved(s, conf)) return line;
	if (!s.configs.has(conf)) return value === "m" ? `# ${conf} is not set\n` : line;
	set.add(conf);
	return yes ? `${conf}=y\n` : line;
}

/** Tells of modules that are in use, and whose symbols the configuration does not set. */
function check_modules(s: Streamline, modules: LoadedModules, objects: Objects, set: ReadonlySet<string>): void {
	for (const module of modules) {
		const confs = objects.get(module);
		if (confs && !confs.some((conf) => set.has(conf)))
			s.host.err(`module ${module} did not have configs${confs.map((c) => ` ${c}`).join("")}\n`);
	}
}

type Objects = ReadonlyMap<string, readonly string[]>;

/**
 * The new configuration. What is odd is told on standard error. Ends with ConfExit if
 * something cannot be read.
 */
export function streamline_config(host: KconfHost, opts: StreamlineOptions): string {
	const files = read_kernel_files(host);
	const facts = read_kconfig_facts(host, opts.srctree, opts.kconfig);
	const objects = module_objects(host, opts.srctree);
	const orig = new Map<string, string>();
	for (const line of files.config) {
		const [, conf, value] = /(CONFIG_[A-Za-z_0-9]*)=(m|y)/.exec(line) ?? [];
		if (conf !== undefined && value !== undefined) orig.set(conf, value);
	}
	const s: Streamline = { host, facts, orig, configs: new Set(), selected: new Set(), repeat: true };
	for (const module of files.modules) {
		const confs = objects.get(module);
		if (!confs) host.err(`${module} config not found!!\n`);
		for (const conf of confs ?? []) s.configs.add(conf);
	}
	while (s.repeat) {
		loop_depend(s);
		loop_select(s);
	}
	const set = new Set<string>();
	let text = "";
	try {
		for (const line of files.config) text += new_line(s, line, opts.yes, set);
	} catch (e) {
		if (!(e instanceof SyntaxError)) throw e;
		throw new ConfExit(2, `LMC_KEEP=${host.env.LMC_KEEP}: ${e.message}`);
	}
	check_modules(s, files.modules, objects, set);
	return text;
}

/** The message for a file that cannot be read. */
export function cannot_open(name: string): ConfExit {
	return bytes_exit(2, `Can't open ${name}`);
}
