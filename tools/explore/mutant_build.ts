// SPDX-License-Identifier: GPL-2.0-only
/**
 * Builds kernels that differ from the tree's in a few functions. The whole
 * kernel is compiled once for a configuration, and what came out is kept below
 * build/mutants; of a mutant only the files are compiled that its patch
 * touches, in one process one after the other, and bundled with the rest.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { rolldown } from "rolldown";
import ts from "typescript";
import { read_config } from "../../scripts/build.ts";
import { Image } from "../../scripts/cc/image.ts";
import { Layouts } from "../../scripts/cc/layout.ts";
import { lower } from "../../scripts/cc/lower.ts";
import { aliases, type Compiled, type CompileOptions, compile } from "../../scripts/cc/program.ts";

type Output = Compiled["output"];

/** What has a say in the output beside the files that are in it. */
const COMPILER = ["scripts/cc", "scripts/build.ts", "include/linux/compiler.d.ts", "tools/explore/mutant_build.ts"];

interface Kept {
	hash: string;
	inputs: string[];
	output: [string, { code: string; map?: string }][];
}

export class KernelBuilder {
	/** Of all sources and of the configuration. */
	readonly hash: string;
	readonly #options: CompileOptions;
	readonly #output: Output;
	#program?: ts.Program;
	readonly #parsed = new Map<string, ts.SourceFile | undefined>();

	/** We expect an object tree that is configured and was built. */
	constructor(private readonly srctree: string, private readonly objtree: string) {
		const config = read_config(objtree);
		this.#options = {
			srctree, objtree,
			entries: [join(srctree, "arch/host/stepper/head.ts")],
			srcarch: "x86", machine: "stepper",
			config: (symbol) => config.get(symbol),
			direct: config.get("CONFIG_KASAN") !== true,
			stepper: true, check: false,
		};
		const hash_of = (inputs: string[]) => {
			const h = createHash("sha1").update(JSON.stringify([...config]));
			for (const file of inputs) h.update(file).update(existsSync(file) ? readFileSync(file) : "");
			return h.digest("hex");
		};
		const kept = join(srctree, "build/mutants", `.${basename(objtree)}.json`);
		if (existsSync(kept)) {
			const { hash, inputs, output } = JSON.parse(readFileSync(kept, "utf8")) as Kept;
			if (hash === hash_of(inputs)) {
				this.hash = hash;
				this.#output = new Map(output);
				return;
			}
		}
		const { output, errors } = compile(this.#options);
		if (errors.length > 0) throw new Error(errors.join("\n"));
		/* The build writes it, and differs from run to run in what it says. */
		const files = [...output.keys()].filter((file) => !file.endsWith("/asm-offsets.ts"));
		const compiler = COMPILER.flatMap((path) => (path.endsWith(".ts") ? [path] : readdirSync(join(srctree, path)).map((f) => `${path}/${f}`)));
		const inputs = [...files, ...compiler.map((f) => join(srctree, f))];
		this.hash = hash_of(inputs);
		this.#output = output;
		mkdirSync(dirname(kept), { recursive: true });
		writeFileSync(`${kept}.${process.pid}`, JSON.stringify({ hash: this.hash, inputs, output: [...output] } satisfies Kept));
		renameSync(`${kept}.${process.pid}`, kept);
	}

	private make_program(changed: Map<string, string>): ts.Program {
		const map = aliases(this.#options);
		const settings: ts.CompilerOptions = {
			target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext,
			moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ["lib.es2024.d.ts"], types: ["node"],
			typeRoots: [join(this.srctree, "node_modules/@types")], strict: true, verbatimModuleSyntax: true,
			sourceMap: true, allowImportingTsExtensions: true, skipLibCheck: true,
			paths: Object.fromEntries(Object.entries(map).map(([k, v]) => [`${k}*`, [`${v}*`]])),
		};
		const host = ts.createCompilerHost(settings);
		const parse = host.getSourceFile.bind(host);
		host.getSourceFile = (name, target) => {
			const text = changed.get(name);
			if (text !== undefined) return ts.createSourceFile(name, text, target);
			if (!this.#parsed.has(name)) this.#parsed.set(name, parse(name, target));
			return this.#parsed.get(name);
		};
		const ambient = ["include/linux/compiler.d.ts", "arch/host/webassembly.d.ts"].map((a) => join(this.srctree, a));
		return ts.createProgram([...this.#options.entries, ...ambient], settings, host, this.#program);
	}

	/** JavaScript of the files that changed, or of all where others depend on what changed. */
	private recompile(changed: Map<string, string>): Output {
		this.#program ??= this.make_program(new Map());
		const before = this.#program;
		const program = this.make_program(changed);
		const local = [...changed.keys()].every((file) => {
			const [a, b] = [before.getSourceFile(file), program.getSourceFile(file)];
			return a && b && interface_text(a) === interface_text(b);
		});
		const layouts = new Layouts(program.getTypeChecker(), this.#options.config);
		const ours = program.getSourceFiles().filter((s) => !s.isDeclarationFile && !s.fileName.includes("/node_modules/"));
		const host = join(this.srctree, "arch/host/");
		const image = new Image(ours, layouts);
		const transformer = lower({
			layouts, image, direct: this.#options.direct, stepper: true,
			door: join(this.srctree, "arch/host/stepper/door.ts"),
			is_kernel: (file) => !file.startsWith(host) || file.endsWith("/head.ts"),
		});
		const output: Output = new Map();
		const write: ts.WriteFileCallback = (name, text, _bom, _error, sources) => {
			const file = resolve(sources?.[0].fileName ?? "");
			const old = output.get(file) ?? { code: "" };
			if (name.endsWith(".map")) output.set(file, { ...old, map: JSON.stringify({ ...JSON.parse(text), sources: [file], sourceRoot: undefined }) });
			else output.set(file, { ...old, code: text.replace(/^\/\/# sourceMappingURL=.*$/m, "") });
		};
		for (const file of local ? [...changed.keys()].map((f) => program.getSourceFile(f)) : [undefined])
			program.emit(file, write, undefined, false, { before: [transformer] });
		/* What head.ts expects of the build: the size of the image. */
		const sizes = `export const DATA_END = ${image.data_end};\nexport const PERCPU_SIZE = ${image.percpu_size};\n`;
		output.set(join(this.objtree, "include/generated/asm-offsets.ts"), { code: sizes });
		return output;
	}

	/**
	 * The bundle with other text for some files (by absolute path), written to
	 * <copy>/build/stepper. Its source map speaks of the files below copy.
	 */
	async build(changed: Map<string, string>, copy: string): Promise<string> {
		const output = new Map([...this.#output, ...this.recompile(changed)]);
		const [entry] = this.#options.entries;
		const map = aliases(this.#options);
		const bundle = await rolldown({
			input: entry, platform: "node", external: [/^node:/],
			treeshake: { moduleSideEffects: (id) => id === entry },
			onLog() {},
			plugins: [{
				name: "kernel",
				resolveId: (specifier, importer) => {
					for (const [prefix, dir] of Object.entries(map))
						if (specifier.startsWith(prefix)) return join(dir, specifier.slice(prefix.length));
					if (specifier.startsWith("/")) return specifier;
					if (specifier.startsWith(".") && importer) return resolve(dirname(importer), specifier);
				},
				load: (id) => {
					const js = output.get(id);
					if (js === undefined) throw new Error(`${relative(this.srctree, id)}: not compiled`);
					return { ...js, moduleType: "js" };
				},
			}],
		});
		const dir = join(copy, "build/stepper");
		const { output: [chunk] } = await bundle.generate({
			format: "esm", file: join(dir, "vmlinux.mjs"), codeSplitting: false, sourcemap: true, minify: "dce-only", comments: false,
			banner: "// SPDX-License-Identifier: GPL-2.0-only\n// Generated by tools/explore/mutant_build.ts; DO NOT EDIT.",
		});
		await bundle.close();
		const sources = chunk.map?.sources.map((s) => relative(dir, join(copy, relative(this.srctree, resolve(dir, s)))));
		mkdirSync(dir, { recursive: true });
		writeFileSync(join(dir, "vmlinux.mjs.map"), JSON.stringify({ ...chunk.map, sources }));
		writeFileSync(join(dir, "vmlinux.mjs"), chunk.code.replaceAll(`// ${relative(process.cwd(), this.objtree)}/`, "// "));
		return join(dir, "vmlinux.mjs");
	}
}

/** What other files see of this one: all but the bodies of its functions. */
function interface_text(file: ts.SourceFile): string {
	return file.statements
		.filter((s) => !ts.isImportDeclaration(s))
		.map((s) => (ts.isFunctionDeclaration(s) && s.body ? file.text.slice(s.getStart(file), s.body.pos) : s.getText(file)))
		.join("\n");
}
