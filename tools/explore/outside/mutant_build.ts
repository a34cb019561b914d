// SPDX-License-Identifier: GPL-2.0-only
/**
 * Builds kernels that differ from the tree's in a few functions. The whole
 * kernel is compiled once for a configuration, when its output is first asked
 * for, and what came out is kept below build/mutants; of a mutant only the
 * files are compiled that its patch touches, in one process one after the
 * other, and bundled with the rest.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import ts from "@typescript/typescript6";
import { asm_offsets, BuildError, bundle, generate, read_config, STEPPER_ENTRY } from "../../../scripts/build.ts";
import {
	type Compiled,
	type CompileOptions,
	compiler_host,
	emit,
	names_text,
	our_sources,
	program_settings,
	refusals,
	resolver,
} from "../../../scripts/cc/program.ts";
import { srcarch_of } from "../../../scripts/lib/arch.ts";
import { make_directory, write_file } from "../../../scripts/lib/files.ts";
import { build_dir } from "../../lib/root.ts";

export type Output = Compiled["output"];

/** What has a say in the output beside the files that are in it. */
const COMPILER = [
	"scripts/cc",
	"scripts/build.ts",
	"include/linux/compiler.d.ts",
	"tools/explore/outside/mutant_build.ts",
];

interface Kept {
	hash: string;
	inputs: string[];
	output: [string, { code: string; map?: string }][];
}

export class KernelBuilder {
	/** Of all sources and of the configuration. */
	readonly hash: string;
	readonly #options: CompileOptions;
	readonly #inputs: string[];
	#output?: Output;
	#program?: ts.Program;
	/** A source is the same text for each configuration. */
	static readonly #parsed = new Map<string, ts.SourceFile | undefined>();

	/** We expect an object tree that is configured. */
	constructor(
		srctree: string,
		private readonly objtree: string,
	) {
		const config = read_config(objtree);
		generate(srctree, objtree, config);
		this.#options = {
			srctree,
			objtree,
			entries: [join(srctree, STEPPER_ENTRY)],
			srcarch: srcarch_of((symbol) => config.get(symbol) === true),
			machine: "stepper",
			config: (symbol) => config.get(symbol),
			direct: config.get("CONFIG_KASAN") !== true,
			stepper: true,
			check: false,
		};
		const hash_of = (inputs: string[]) => {
			const h = createHash("sha1").update(JSON.stringify([...config]));
			for (const file of inputs) h.update(file).update(existsSync(file) ? readFileSync(file) : "");
			return h.digest("hex");
		};
		if (existsSync(this.kept)) {
			const { hash, inputs, output } = JSON.parse(readFileSync(this.kept, "utf8")) as Kept;
			if (hash === hash_of(inputs)) {
				this.hash = hash;
				this.#inputs = inputs;
				this.#output = new Map(output);
				return;
			}
		}
		this.#program = this.make_program(new Map());
		const compiler = COMPILER.flatMap((path) =>
			path.endsWith(".ts") ? [path] : readdirSync(join(srctree, path)).map((f) => `${path}/${f}`),
		);
		/* The build writes asm-offsets, and differs from run to run in what it says. */
		const files = our_sources(this.#program)
			.map((s) => s.fileName)
			.filter((file) => !file.endsWith("/asm-offsets.ts"));
		this.#inputs = [...files, ...compiler.map((f) => join(srctree, f))];
		this.hash = hash_of(this.#inputs);
	}
	private get kept(): string {
		return join(build_dir(), "mutants", `.${basename(this.objtree)}.json`);
	}

	/** JavaScript of the tree as it is. */
	private output(): Output {
		if (!this.#output) {
			this.#program ??= this.make_program(new Map());
			this.#output = emit(this.#program, this.#options).output;
			const keep: Kept = { hash: this.hash, inputs: this.#inputs, output: [...this.#output] };
			write_file(this.kept, JSON.stringify(keep), { parents: true });
		}
		return this.#output;
	}

	private make_program(changed: Map<string, string>): ts.Program {
		const { roots, settings } = program_settings(this.#options);
		const host = compiler_host(settings);
		const parse = host.getSourceFile.bind(host);
		host.getSourceFile = (name, target) => {
			const text = changed.get(name);
			if (text !== undefined) return ts.createSourceFile(name, text, target);
			const parsed = KernelBuilder.#parsed;
			if (!parsed.has(name)) parsed.set(name, parse(name, target));
			return parsed.get(name);
		};
		return ts.createProgram(roots, settings, host, this.#program);
	}

	/**
	 * JavaScript of all files, with other text for some (by absolute path): new of those, or of all where others
	 * depend on what changed. It takes seconds, in which nothing else is done: no signal is heard either.
	 */
	compile(changed: Map<string, string>): Output {
		this.#program ??= this.make_program(new Map());
		const before = this.#program;
		const program = this.make_program(changed);
		const local = [...changed.keys()].every((file) => {
			const [a, b] = [before.getSourceFile(file), program.getSourceFile(file)];
			if (!a || !b) return false;
			const known = own_functions(a);
			return interface_text(a, known) === interface_text(b, known);
		});
		const files = local
			? [...changed.keys()].map((f) => program.getSourceFile(f) as ts.SourceFile)
			: undefined;
		const refused = refusals(program, this.#options, files);
		if (refused.length > 0) throw new BuildError(refused.join("\n"));
		const { output, image } = emit(program, this.#options, files);
		const code = asm_offsets(image.data_end, image.percpu_size).replaceAll(": number", "");
		output.set(join(this.objtree, "include/generated/asm-offsets.ts"), { code });
		return files ? new Map([...this.output(), ...output]) : output;
	}

	/** Its bundle, written to <copy>/build/stepper. The source map speaks of the files below copy. */
	async write(output: Output, copy: string): Promise<string> {
		const options = this.#options;
		const { srctree, objtree } = options;
		const dir = join(copy, "build/stepper");
		const { code, map } = await bundle({
			srctree,
			objtree,
			entry: options.entries[0],
			output,
			resolve: resolver(options),
			file: join(dir, "vmlinux.mjs"),
			by: "tools/explore/outside/mutant_build.ts",
		});
		const sources = map?.sources.map((s) => relative(dir, join(copy, relative(srctree, resolve(dir, s)))));
		make_directory(dir);
		write_file(join(dir, "vmlinux.mjs.map"), JSON.stringify({ ...map, sources }));
		write_file(join(dir, "vmlinux.mjs.names.json"), names_text(output, srctree));
		write_file(join(dir, "vmlinux.mjs"), code);
		return join(dir, "vmlinux.mjs");
	}
}

/** Functions that a file does not export, by name. */
const own_functions = (file: ts.SourceFile): Set<string> =>
	new Set(file.statements.filter(is_own_function).map((f) => f.name?.text ?? ""));
const is_own_function = (s: ts.Statement): s is ts.FunctionDeclaration =>
	ts.isFunctionDeclaration(s) && !s.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);

/** What other files see of this one: all but the bodies of its functions, and functions of its own that are new. */
function interface_text(file: ts.SourceFile, known: Set<string>): string {
	return file.statements
		.filter((s) => !ts.isImportDeclaration(s) && !(is_own_function(s) && !known.has(s.name?.text ?? "")))
		.map((s) =>
			ts.isFunctionDeclaration(s) && s.body
				? file.text.slice(s.getStart(file), s.body.pos)
				: s.getText(file),
		)
		.map((text) => text.replace(/\s+/g, " ").trim())
		.join("\n");
}
