// SPDX-License-Identifier: GPL-2.0-only
/**
 * Compiles the kernel's files for one configuration: type-checks, lowers, and
 * returns JavaScript by file name. Nothing is written to disk.
 */
import { join, relative, resolve } from "node:path";
import ts from "@typescript/typescript6";
import { type Deps, program_deps } from "./fixdep.ts";
import { type DataSymbol, Image } from "./image.ts";
import { type Config, LayoutError, Layouts } from "./layout.ts";
import { Constants } from "./fold.ts";
import { lower } from "./lower.ts";
import { refuse } from "./refuse.ts";
import { Types } from "./types.ts";
import type { Names } from "./unit.ts";

export interface CompileOptions {
	srctree: string;
	/** Holds include/generated/autoconf.ts. */
	objtree: string;
	entries: string[];
	/** Directory of asm/…: arch/x86 and so on. */
	srcarch: string;
	/** Directory of host/…: the machine. */
	machine: string;
	config: Config;
	direct: boolean;
	/** The machine explores: locks are told their names, see lower.ts. */
	stepper?: boolean;
	/** Type-check. The types do not depend on the configuration. */
	check: boolean;
	/** Skip our own rules as well: for sources that were held against them in another configuration. */
	trusted?: boolean;
}

export interface Compiled {
	/** JavaScript, its source map and the names of its accesses, by absolute path of the source file. */
	output: Map<string, { code: string; map?: string; names?: Names }>;
	errors: string[];
	data: DataSymbol[];
	data_end: number;
	percpu_size: number;
	resolve: (specifier: string) => string | undefined;
	/** What the output depends on. */
	deps: Deps;
}

function aliases({ srctree, objtree, srcarch, machine }: CompileOptions): Record<string, string> {
	return {
		"linux/": join(srctree, "include/linux/"),
		"trace/": join(srctree, "include/trace/"),
		"uapi/": join(srctree, "include/uapi/"),
		"asm-generic/": join(srctree, "include/asm-generic/"),
		"kunit/": join(srctree, "include/kunit/"),
		"asm/": join(srctree, "arch", srcarch, "include/asm/"),
		"arch/": join(srctree, "arch/"),
		"mm/": join(srctree, "kernel/mm/"),
		"kernel/": join(srctree, "kernel/"),
		"drivers/": join(srctree, "drivers/"),
		"host/": join(srctree, "arch/host", machine, "/"),
		"explore/": join(srctree, "tools/explore/inside/"),
		"generated/": join(objtree, "include/generated/"),
	};
}

/** What TypeScript is told, and the files to begin with. */
export function program_settings(options: CompileOptions): { roots: string[]; settings: ts.CompilerOptions } {
	const { srctree, check, trusted } = options;
	const ambient = ["include/linux/compiler.d.ts", "arch/host/webassembly.d.ts"];
	return {
		roots: [...options.entries, ...ambient.map((a) => join(srctree, a))],
		settings: {
			target: ts.ScriptTarget.ES2022,
			module: ts.ModuleKind.ESNext,
			moduleResolution: ts.ModuleResolutionKind.Bundler,
			lib: ["lib.es2024.d.ts"],
			/* What is lowered has types of its own; Node's are for those who refuse what has none. */
			types: check || !trusted ? ["node"] : [],
			/* Otherwise the emitter checks all, and what it finds nobody hears. */
			noCheck: !check,
			typeRoots: [join(srctree, "node_modules/@types")],
			strict: true,
			verbatimModuleSyntax: true,
			sourceMap: true,
			allowImportingTsExtensions: true,
			skipLibCheck: true,
			paths: Object.fromEntries(
				Object.entries(aliases(options)).map(([k, v]) => [`${k}*`, [`${v}*`]]),
			),
		},
	};
}

/** Files of packages by path: they are what they are as long as a process lives. */
const libraries = new Map<string, ts.SourceFile | undefined>();

/** Reads sources for programs; those of packages once for all of them. */
export function compiler_host(settings: ts.CompilerOptions): ts.CompilerHost {
	const host = ts.createCompilerHost(settings);
	const parse = host.getSourceFile.bind(host);
	host.getSourceFile = (name, ...how) => {
		if (!name.includes("/node_modules/")) return parse(name, ...how);
		if (!libraries.has(name)) libraries.set(name, parse(name, ...how));
		return libraries.get(name);
	};
	return host;
}

/** Everything that is refused in some files of a program, or in all: "file:line: what". */
export function refusals(program: ts.Program, options: CompileOptions, only?: ts.SourceFile[]): string[] {
	const layouts = new Layouts(program.getTypeChecker(), options.config);
	const types = new Types(layouts);
	const constants = new Constants(layouts.checker, options.config);
	const files = (only ?? our_sources(program)).filter((s) => is_kernel(s.fileName, options));
	return files.flatMap((s) => refuse(s, types, constants, is_strict(s.fileName, options)));
}

export const our_sources = (program: ts.Program): ts.SourceFile[] =>
	program.getSourceFiles().filter((s) => !s.isDeclarationFile && !s.fileName.includes("/node_modules/"));

/** Files that are lowered: all but the machine's own, and its head. */
const is_kernel = (file: string, { srctree }: CompileOptions): boolean =>
	!file.startsWith(join(srctree, "arch/host/")) || file.endsWith("/head.ts");

/** Kernel code proper: no tests of it, nor what explores it or makes it run. */
const is_strict = (file: string, { srctree, objtree }: CompileOptions): boolean =>
	![join(srctree, "tools/"), join(srctree, "arch/host/"), join(objtree, "include/")].some((d) =>
		file.startsWith(d),
	) &&
	!file.endsWith("_kunit.ts") &&
	!file.startsWith(join(srctree, "kernel/lib/kunit/")) &&
	!file.startsWith(join(srctree, "include/kunit/"));

/** What a program has for a page that knows of no architecture: a test's. */
const NO_PAGE_SIZE = 4096;

/** PAGE_SIZE of the architecture. */
function page_size(program: ts.Program, options: CompileOptions, constants: Constants): number {
	const file = program.getSourceFile(join(aliases(options)["asm/"], "pgtable_types.ts"));
	if (!file) return NO_PAGE_SIZE;
	const size = constants.exported(file, "PAGE_SIZE");
	if (typeof size !== "number") throw new Error(`${file.fileName}: PAGE_SIZE is not a constant`);
	return size;
}

/** JavaScript of some files of a program, or of all. Throws LayoutError. */
export function emit(
	program: ts.Program,
	options: CompileOptions,
	only?: ts.SourceFile[],
): { output: Compiled["output"]; image: Image } {
	const output: Compiled["output"] = new Map();
	const layouts = new Layouts(program.getTypeChecker(), options.config);
	const constants = new Constants(layouts.checker, options.config);
	const image = new Image(our_sources(program), layouts, page_size(program, options, constants));
	const before = [
		lower({
			layouts,
			types: new Types(layouts),
			constants,
			image,
			direct: options.direct,
			stepper: options.stepper === true,
			door: join(aliases(options)["host/"], "door.ts"),
			is_kernel: (file) => is_kernel(file, options),
			named: options.stepper
				? (file, names) => output.set(file, { code: "", ...output.get(file), names })
				: undefined,
		}),
	];
	const write: ts.WriteFileCallback = (name, text, _bom, _err, sources) => {
		const source = sources?.[0];
		if (!source) throw new Error(`unexpected output ${name}`);
		const file = resolve(source.fileName);
		if (name.endsWith(".map")) {
			/* The names in it are relative to a file that is never written. */
			const map = JSON.stringify({ ...JSON.parse(text), sources: [file], sourceRoot: undefined });
			output.set(file, { code: "", ...output.get(file), map });
		} else
			output.set(file, {
				...output.get(file),
				code: text.replace(/^\/\/# sourceMappingURL=.*$/m, ""),
			});
	};
	for (const file of only ?? [undefined]) program.emit(file, write, undefined, false, { before });
	return { output, image };
}

/** What a stepper's bundle has beside it: names of accesses by path from the top and "line:column". */
export function names_text(output: Compiled["output"], srctree: string): string {
	const named = [...output].flatMap(([file, { names }]) =>
		names ? [[relative(srctree, file), names] as const] : [],
	);
	return JSON.stringify(Object.fromEntries(named));
}

/** Turns an import such as "linux/mm.ts" into an absolute path. */
export function resolver(options: CompileOptions): (specifier: string) => string | undefined {
	const map = Object.entries(aliases(options));
	return (specifier) => {
		for (const [prefix, dir] of map)
			if (specifier.startsWith(prefix)) return join(dir, specifier.slice(prefix.length));
	};
}

export function compile(options: CompileOptions): Compiled {
	const { srctree } = options;
	const { roots, settings } = program_settings(options);
	const program = ts.createProgram(roots, settings, compiler_host(settings));
	const errors = (options.check ? ts.getPreEmitDiagnostics(program) : program.getSyntacticDiagnostics())
		.filter((d) => d.file)
		.map((d) => {
			const at = d.file?.getLineAndCharacterOfPosition(d.start ?? 0);
			const text = ts.flattenDiagnosticMessageText(d.messageText, " ");
			return `${d.file?.fileName}:${(at?.line ?? 0) + 1}: ${text}`;
		});
	if (!options.trusted) errors.push(...refusals(program, options));
	let output: Compiled["output"] = new Map();
	let image: Image | undefined;
	try {
		if (errors.length === 0) ({ output, image } = emit(program, options));
	} catch (error) {
		if (!(error instanceof LayoutError)) throw error;
		errors.push(error.message);
	}
	return {
		output,
		errors: errors.map((e) => e.replaceAll(`${srctree}/`, "")),
		data: image ? [...image.symbols.values()] : [],
		data_end: image?.data_end ?? 0,
		percpu_size: image?.percpu_size ?? 0,
		resolve: resolver(options),
		deps: program_deps(program, options.objtree),
	};
}
