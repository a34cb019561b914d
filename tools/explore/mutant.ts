// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mutants: patches of this tree that take a check out, or bring a bug of the
 * series back. Each is built in a copy of the tree, below build/mutants.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { $ } from "zx";
import { here } from "../../scripts/cc/program.ts";
import { type ObjtreeOptions, objtree } from "../../scripts/lib/objtree.ts";
import { UserError } from "../replay/errors.ts";
import type { Model } from "./types.ts";

export interface Mutant {
	name: string;
	/** What is taken out. */
	subject: string;
	invariant: string;
	/** R-number of the historical bug, if it is one. */
	bug?: string;
	/** The smallest scenario that kills it, and the weakest model. */
	scenario: string;
	model: Model;
	/** A fragment of configs/ over stepper.config. */
	config?: string;
	/** An execution that fails; empty until it was searched for. */
	schedule: string;
}

const DIR = join(here(), "tools/explore/mutants");
/** What a build reads. */
const SOURCES = ["arch", "include", "kernel", "scripts", "tools", "package.json", "tsconfig.json"];

export function mutant_names(): string[] {
	return readdirSync(DIR).filter((f) => f.endsWith(".patch")).map((f) => f.slice(0, -6)).sort();
}
export function mutant_file(name: string): string {
	return join(DIR, `${name}.patch`);
}
export function load_mutant(name: string): Mutant {
	if (!mutant_names().includes(name))
		throw new UserError(`no mutant '${name}' in tools/explore/mutants; there are ${mutant_names().join(", ")}`);
	const text = readFileSync(mutant_file(name), "utf8");
	const field = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(text.split("\n--- a/")[0])?.[1];
	const need = (key: string) => {
		const v = field(key);
		if (v === undefined) throw new UserError(`tools/explore/mutants/${name}.patch: no '${key}:' line`);
		return v;
	};
	return {
		name, subject: need("Subject"), invariant: need("Invariant"), bug: field("Bug"), scenario: need("Scenario"),
		model: need("Model") as Model, config: field("Config"), schedule: field("Schedule") ?? "",
	};
}

/** The object tree of the stepper kernel, with one more fragment if there is one. */
export function stepper_tree(fragment?: string): ObjtreeOptions {
	if (!fragment) return { name: "stepper", fragments: ["stepper.config"] };
	return { name: `stepper-${fragment.replace(".config", "")}`, fragments: ["stepper.config", fragment] };
}

/** Builds the kernel with the mutant in it; the path of its bundle. */
export async function mutant_bundle(name: string): Promise<string> {
	const m = load_mutant(name);
	const dir = join(here(), "build/mutants", name);
	const src = join(dir, "src");
	const bundle = join(src, "build/stepper/vmlinux.mjs");
	const stamp = join(dir, "stamp");
	const hash = fingerprint(mutant_file(name), m);
	if (existsSync(bundle) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return bundle;
	rmSync(dir, { recursive: true, force: true });
	mkdirSync(src, { recursive: true });
	for (const s of SOURCES) cpSync(join(here(), s), join(src, s), { recursive: true });
	symlinkSync(join(here(), "node_modules"), join(src, "node_modules"));
	const quiet = $({ cwd: src, verbose: false, quiet: true, nothrow: true, env: { ...process.env, KBUILD_NOCHECK: "1" } });
	const applied = await quiet`patch -p1 --no-backup-if-mismatch -F 0 -i ${mutant_file(name)}`;
	if (applied.exitCode !== 0) {
		const [file] = /(?<=patching file )\S+(?=[\s\S]*FAILED)/.exec(applied.stdout) ?? ["it"];
		throw new UserError(`mutant '${name}' no longer applies: ${file} has changed; bring tools/explore/mutants/${name}.patch up to date`);
	}
	/* Configured like the kernel it is a mutant of. */
	const base = dirname(await objtree(stepper_tree(m.config)));
	const out = join(src, "build/stepper");
	cpSync(join(base, "include"), join(out, "include"), { recursive: true });
	const run = await quiet`${process.execPath} --import tsx scripts/build.ts --objtree ${out} --silent`;
	if (run.exitCode !== 0) throw new UserError(`mutant '${name}' does not build: ${run.stderr.trim().split("\n").at(-1)}`);
	writeFileSync(stamp, hash);
	return bundle;
}

/** Of all that the build of a mutant depends on. */
function fingerprint(file: string, m: Mutant): string {
	const h = createHash("sha1").update(diff_of(readFileSync(file, "utf8"))).update(m.config ?? "");
	const add = (path: string) => {
		for (const e of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
			if (e.isDirectory()) add(join(path, e.name));
			else if (e.name.endsWith(".ts") && !/_test\.ts$/.test(e.name)) h.update(e.name).update(readFileSync(join(path, e.name)));
		}
	};
	for (const d of ["arch", "include/linux", "include/asm-generic", "kernel", "scripts/cc", "tools/explore/scenarios", "tools/explore/strategy"]) add(join(here(), d));
	return h.digest("hex");
}
/** Without the header, of which the schedule may change. */
function diff_of(text: string): string {
	return text.slice(text.indexOf("\n--- a/"));
}
