// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mutants: patches of this tree that take a check out, or bring a bug of the
 * series back. Each is built with a copy of the sources beside it, below
 * build/mutants, so that reports show the lines as they are there.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { at_end } from "../../../scripts/lib/at_end.ts";
import { run } from "../../../scripts/lib/child.ts";
import { make_directory, write_file } from "../../../scripts/lib/files.ts";
import { build_dir, here } from "../../lib/root.ts";
import { type ObjtreeOptions, objtree } from "../../../scripts/lib/objtree.ts";
import { UserError } from "../../lib/errors.ts";
import { BuildError } from "../../../scripts/build.ts";
import { KernelBuilder } from "./mutant_build.ts";
import { MODELS, type Model } from "./types.ts";

export interface Mutant {
	name: string;
	/** What is taken out. */
	subject: string;
	invariant: string;
	/** R-number of the historical bug, if it is one. */
	bug?: string;
	/** The smallest scenario that kills it, and the weakest model that is needed. */
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
/** What a report may quote. */
const SOURCES = ["arch", "include", "kernel", "tools/explore"];

export function mutant_names(): string[] {
	return readdirSync(DIR)
		.filter((f) => f.endsWith(".patch"))
		.map((f) => f.slice(0, -6))
		.sort();
}
export function mutant_file(name: string): string {
	return join(DIR, `${name}.patch`);
}

/** Reads the header of a patch. */
export function load_mutant(name: string): Mutant {
	const names = mutant_names();
	if (!names.includes(name)) throw new UserError(`no mutant '${name}'; ${near(name, names)}`);
	const file = `tools/explore/mutants/${name}.patch`;
	const text = readFileSync(mutant_file(name), "utf8");
	const start = text.indexOf("\n--- a/");
	if (start < 0) throw new UserError(`${file}: no diff, which begins with '--- a/'`);
	const header = text.slice(0, start);
	const field = (key: string) => new RegExp(`^${key}:[ \t]*(.*)$`, "m").exec(header)?.[1];
	const need = (key: string) => {
		const value = field(key);
		if (!value) throw new UserError(`${file}: no '${key}:' line`);
		return value;
	};
	const model = need("Model") as Model;
	if (!MODELS.includes(model))
		throw new UserError(`${file}: no model '${model}'; there are ${MODELS.join(", ")}`);
	return {
		name,
		model,
		subject: need("Subject"),
		invariant: need("Invariant"),
		bug: field("Bug"),
		scenario: need("Scenario"),
		config: field("Config"),
		survives: field("Survives") || undefined,
		schedule: field("Schedule") ?? "",
		diff: text.slice(start + 1),
	};
}

/** Those that have a word in common with what was asked for, or where to look. */
function near(asked: string, names: string[]): string {
	const words = asked.split(/\W+/).filter((w) => w.length > 2);
	const alike = names.filter((n) => words.some((w) => n.includes(w)));
	if (alike.length > 0 && alike.length <= 8) return `there is ${alike.join(", ")}`;
	return `tools/explore/mutants has ${names.join(", ")}`;
}

/** The object tree of the stepper kernel, with one more fragment, or several: "a.config+b.config". */
export function stepper_tree(fragment?: string): ObjtreeOptions {
	if (!fragment) return { name: "stepper", fragments: ["stepper.config"] };
	const name = `stepper-${fragment.replaceAll(".config", "")}`;
	return { name, fragments: ["stepper.config", ...fragment.split("+")] };
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
	throw new UserError(
		`mutant '${name}' no longer applies: ${where}; bring tools/explore/mutants/${name}.patch up to date`,
	);
}

/** A copy of the sources with the patch applied, below a directory that is made anew. */
export async function apply_mutant(name: string, dir: string): Promise<string> {
	rmSync(dir, { recursive: true, force: true });
	for (const s of SOURCES) cpSync(join(here(), s), join(dir, s), { recursive: true });
	try {
		await patch(name, dir);
	} catch (error) {
		rmSync(dir, { recursive: true });
		throw error;
	}
	return dir;
}

const builders = new Map<string, Promise<KernelBuilder>>();

/** One for each configuration; a mutant is configured like the kernel that it is one of. */
function builder(config?: string): Promise<KernelBuilder> {
	const key = config ?? "";
	let b = builders.get(key);
	if (!b)
		builders.set(
			key,
			(b = objtree(stepper_tree(config)).then(
				(bundle) => new KernelBuilder(here(), dirname(bundle)),
			)),
		);
	return b;
}

/** Builds the kernel with the mutant in it, unless that was done; the path of its bundle. */
export async function mutant_bundle(name: string): Promise<string> {
	const m = load_mutant(name);
	const kernel = await builder(m.config);
	const dir = join(build_dir(), "mutants", name);
	const bundle = join(dir, "src/build/stepper/vmlinux.mjs");
	const stamp = join(dir, "stamp");
	const hash = createHash("sha1").update(kernel.hash).update(m.diff).digest("hex");
	if (existsSync(bundle) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return bundle;
	/* Made aside: two programs may want it at the same time. */
	const aside = `${dir}.${process.pid}`;
	const away = () => rmSync(aside, { recursive: true, force: true });
	const release = at_end(away);
	try {
		const src = await apply_mutant(name, join(aside, "src"));
		const touched = [...m.diff.matchAll(/^\+\+\+ b\/(\S+)/gm)].map(([, file]) => file);
		await kernel
			.build(new Map(touched.map((f) => [join(here(), f), readFileSync(join(src, f), "utf8")])), src)
			.catch((error: Error) => {
				if (!(error instanceof BuildError)) throw error;
				throw new UserError(`mutant '${name}' does not build: ${error.message.split("\n")[0]}`);
			});
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
