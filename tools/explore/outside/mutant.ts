// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mutants: patches of this tree that take a check out, or bring a bug of the
 * series back. Each is built with the sources that it changes beside it, below
 * build/mutants, so that reports show the lines as they are there.
 */
import { createHash } from "node:crypto";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { at_end } from "../../../scripts/lib/at_end.ts";
import { run } from "../../../scripts/lib/child.ts";
import { make_directory, write_file } from "../../../scripts/lib/files.ts";
import { build_dir, here } from "../../lib/root.ts";
import { configured, DEFAULT_ARCH, dir_name, type ObjtreeOptions } from "../../../scripts/lib/objtree.ts";
import { read_text, UserError } from "../../lib/errors.ts";
import type { KernelBuilder, Output } from "./mutant_build.ts";
import { MODELS, type Model } from "./types.ts";

export interface Mutant {
	name: string;
	/** What is taken out. */
	subject: string;
	invariant: string;
	/** R-number of the historical bug, if it is one. */
	bug?: string;
	/* What follows is so on one architecture. */
	/** Why there is no such mutant. */
	not_here?: string;
	/** The smallest scenario that kills it, and the strongest model under which it does. */
	scenario: string;
	model: Model;
	/** A fragment of configs/ over stepper.config. */
	config?: string;
	/** Why no execution can fail, if so: the check is a saving, or a second one. */
	survives?: string;
	/** An execution that fails; empty until it was searched for. */
	schedule: string;
	/** The patch without its header. */
	diff: string;
}

const DIR = join(here(), "tools/explore/mutants");

export function mutant_names(): string[] {
	return readdirSync(DIR)
		.filter((f) => f.endsWith(".patch"))
		.map((f) => f.slice(0, -6))
		.sort();
}
export function mutant_file(name: string): string {
	return is_file(name) ? resolve(name) : join(DIR, `${name}.patch`);
}
/** A patch that lies anywhere. It need not have a header. */
export function is_file(name: string): boolean {
	return name.endsWith(".patch") || name.includes("/");
}
/**
 * Reads the header of a patch, for an architecture: there KEY-ARCH comes before KEY. A patch that changes
 * architectures is for these only.
 */
export function load_mutant(name: string, arch = DEFAULT_ARCH): Mutant {
	const names = mutant_names();
	const foreign = is_file(name);
	if (!foreign && !names.includes(name)) throw new UserError(`no mutant '${name}'; ${near(name, names)}`);
	const file = foreign ? name : `tools/explore/mutants/${name}.patch`;
	const text = `\n${read_text(mutant_file(name), "name a patch of this tree, or one of tools/explore/mutants")}`;
	const start = text.indexOf("\n--- a/");
	if (start < 0) throw new UserError(`${file}: no diff, which begins with '--- a/'`);
	const header = text.slice(0, start);
	const line = (key: string) => new RegExp(`^${key}:[ \t]*(.*)$`, "m").exec(header)?.[1];
	const field = (key: string) => line(`${key}-${arch}`) ?? line(key);
	const need = (key: string, otherwise: string) => {
		const value = field(key) ?? (foreign ? otherwise : undefined);
		if (!value && !foreign) throw new UserError(`${file}: no '${key}:' line`);
		return value ?? "";
	};
	const model = need("Model", "sc") as Model;
	if (!MODELS.includes(model))
		throw new UserError(`${file}: no model '${model}'; there are ${MODELS.join(", ")}`);
	const diff = text.slice(start + 1);
	const own = [...diff.matchAll(/^\+\+\+ b\/arch\/(?!host\/)(\w+)\//gm)].map(([, dir]) => dir);
	const others = own.length > 0 && !own.includes(arch) ? `it changes arch/${own[0]}` : undefined;
	return {
		name,
		not_here: line(`Not-on-${arch}`) || others,
		model,
		subject: need("Subject", name),
		invariant: need("Invariant", ""),
		bug: field("Bug"),
		scenario: need("Scenario", ""),
		config: field("Config"),
		survives: field("Survives") || undefined,
		/* The same on no two. */
		schedule: line(`Schedule-${arch}`) ?? "",
		diff,
	};
}

/** A patch that is no kernel any more fails, too: by an oops of JavaScript's, which tells nothing of a check. */
export function is_oops(failure: string): boolean {
	return /\boops: /.test(failure);
}

/** What a patch changes; of an architecture only what its kernel is made of. */
export function patched_files(diff: string, arch?: string): string[] {
	const files = [...diff.matchAll(/^\+\+\+ b\/(\S+)/gm)].map(([, file]) => file);
	const ours = (f: string) => !/^arch\/(?!host\/)/.test(f) || f.startsWith(`arch/${arch}/`);
	return arch === undefined ? files : files.filter(ours);
}

/** The same, of one that there is on the architecture. */
export function mutant_of(name: string, arch: string): Mutant {
	const m = load_mutant(name, arch);
	if (m.not_here !== undefined) throw new UserError(`mutant '${name}' is not for ${arch}: ${m.not_here}`);
	return m;
}

/** Those that have a word in common with what was asked for, or where to look. */
function near(asked: string, names: string[]): string {
	const words = asked.split(/\W+/).filter((w) => w.length > 2);
	const alike = names.filter((n) => words.some((w) => n.includes(w)));
	if (alike.length > 0 && alike.length <= 8) return `there is ${alike.join(", ")}`;
	return `tools/explore/mutants has ${names.join(", ")}`;
}

/** The object tree of the stepper kernel, with one more fragment, or several: "a.config+b.config". */
export function stepper_tree(fragment?: string, arch = DEFAULT_ARCH): ObjtreeOptions {
	if (!fragment) return { name: "stepper", fragments: ["stepper.config"], arch };
	const name = `stepper-${fragment.replaceAll(".config", "")}`;
	return { name, fragments: ["stepper.config", ...fragment.split("+")], arch };
}

/** Throws unless the patch fits the sources below a directory. Changes them unless it is a trial. */
export async function patch(name: string, srctree: string, trial = false): Promise<void> {
	const command = ["patch", "-p1", "--batch", "--forward", "--no-backup-if-mismatch", "-r", "-", "-F", "0"];
	const { status, stdout } = await run([...command, ...(trial ? ["--dry-run"] : []), "-i", mutant_file(name)], {
		cwd: srctree,
	});
	if (status === 0) return;
	const [, file] =
		/^(?:patching|checking) file (\S+)\n(?:Hunk.*succeeded.*\n)*Hunk #\d+ FAILED/m.exec(stdout) ?? [];
	const [, hunk] = /Hunk #(\d+) FAILED/.exec(stdout) ?? [];
	const where = file ? `hunk ${hunk} of ${file} does not fit` : stdout.trim().split("\n").at(-1);
	const then = is_file(name) ? "" : `; bring tools/explore/mutants/${name}.patch up to date`;
	throw new UserError(
		`mutant '${name}' ${is_file(name) ? "does not apply" : "no longer applies"}: ${where}${then}`,
	);
}

const builders = new Map<string, Promise<KernelBuilder>>();

/** One for each configuration; a mutant is configured like the kernel that it is one of. */
export function builder(config: string | undefined, arch: string): Promise<KernelBuilder> {
	const key = `${arch} ${config}`;
	let b = builders.get(key);
	if (!b)
		builders.set(
			key,
			(b = configured(stepper_tree(config, arch)).then(async (dir) => {
				/* Loading the compiler takes longer than most who only name mutants do. */
				const { KernelBuilder } = await import("./mutant_build.ts");
				return new KernelBuilder(here(), dir);
			})),
		);
	return b;
}

/** Where that is. */
export function mutant_dir(name: string, arch: string, config?: string): string {
	if (!is_file(name)) return join(build_dir(), "mutants", dir_name({ name, arch }));
	const path = createHash("sha1").update(resolve(name)).digest("hex").slice(0, 8);
	const parts = ["file", basename(name, ".patch"), path, ...(config ? [config.replaceAll(".config", "")] : [])];
	return join(build_dir(), "mutants", dir_name({ name: parts.join("-"), arch }));
}

/** The files that a mutant changes, by path from the top, as they are then. */
export async function changed_files(m: Mutant, arch: string): Promise<Map<string, string>> {
	const mutants = join(build_dir(), "mutants");
	make_directory(mutants);
	const scratch = mkdtempSync(join(mutants, ".patched."));
	const away = () => rmSync(scratch, { recursive: true, force: true });
	const release = at_end(away);
	try {
		for (const file of patched_files(m.diff)) {
			mkdirSync(dirname(join(scratch, file)), { recursive: true });
			if (existsSync(join(here(), file))) copyFileSync(join(here(), file), join(scratch, file));
		}
		await patch(m.name, scratch);
		const files = patched_files(m.diff, arch);
		return new Map(files.map((file) => [file, readFileSync(join(scratch, file), "utf8")]));
	} finally {
		away();
		release();
	}
}

async function compile(kernel: KernelBuilder, name: string, changed: Map<string, string>): Promise<Output> {
	const { BuildError } = await import("../../../scripts/build.ts");
	try {
		return kernel.compile(new Map([...changed].map(([file, text]) => [join(here(), file), text])));
	} catch (error) {
		if (!(error instanceof BuildError)) throw error;
		throw new UserError(`mutant '${name}' does not build: ${error.message.split("\n")[0]}`);
	}
}

/**
 * Builds the kernel with the mutant in it, unless that was done; the path of its bundle. A configuration is
 * asked for of a file only: those that are stored have their own.
 */
export async function mutant_bundle(name: string, arch = DEFAULT_ARCH, config?: string): Promise<string> {
	const m = mutant_of(name, arch);
	const kernel = await builder(config ?? m.config, arch);
	const dir = mutant_dir(name, arch, config);
	const bundle = join(dir, "src/build/stepper/vmlinux.mjs");
	const stamp = join(dir, "stamp");
	const hash = createHash("sha1").update(kernel.hash).update(m.diff).digest("hex");
	if (existsSync(bundle) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return bundle;
	/* As long as the compiler is busy there is nothing to put in order, so that a signal need not wait for it. */
	const changed = await changed_files(m, arch);
	const output = await compile(kernel, name, changed);
	/* Made aside: two programs may want it at the same time. */
	const aside = `${dir}.${process.pid}`;
	const away = () => rmSync(aside, { recursive: true, force: true });
	const release = at_end(away);
	try {
		const sources = join(aside, "src");
		for (const [file, text] of changed) write_file(join(sources, file), text, { parents: true });
		await kernel.write(output, sources);
		write_file(join(aside, "stamp"), hash);
		make_directory(dirname(dir));
		rmSync(dir, { recursive: true, force: true });
		renameSync(aside, dir);
	} catch (error) {
		away();
		throw error;
	} finally {
		release();
	}
	return bundle;
}
