// SPDX-License-Identifier: GPL-2.0-only
/**
 * Types of the whole tree. Each tsconfig.json is a program of its own: the
 * kernel on threads with scripts and tools, the kernel on the stepper, each
 * further architecture, what runs in a browser. A source that none of them has
 * is an error too, so that nothing can be left out by a pattern.
 *
 * One program for each machine is enough. What a configuration changes is the
 * values in generated/autoconf.ts, and each is declared as boolean, number or
 * string: the types are the same everywhere (check_test.ts holds this up).
 */
import { dirname, join, relative, resolve } from "node:path";
import ts from "@typescript/typescript6";
import { builder } from "../builder.ts";
import { EXCEPTIONS, needless, read_exceptions } from "../checkpatch/exceptions.ts";
import { all_paths, is_code } from "../checkpatch/tree.ts";
import { run } from "../lib/child.ts";
import { write_file } from "../lib/files.ts";
import { OTHERS } from "../../tools/testing/kunit/run.ts";
import { stepper_arches } from "../lib/arch.ts";
import { build_by, DEFAULT_ARCH, dir_name, objtree } from "../lib/objtree.ts";
import { build_dir, here } from "../lib/root.ts";
import type { Result } from "./result.ts";

export interface Typed {
	/** What the compiler says, as it says it. */
	problems: string[];
	/** Files whose types were looked at, by path from the top. */
	files: string[];
}

/** Its own path: what `tsc` is in .bin may be the older one, which scripts/cc compiles with. */
const TSC = "node_modules/typescript/bin/tsc";

/** The programs that there are, by path from the top. */
export function projects(root: string): string[] {
	return ["tsconfig.json", ...all_paths(root).filter((path) => path.endsWith("/tsconfig.json"))];
}

function settings_of(file: string): ts.CompilerOptions {
	const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} };
	return ts.getParsedCommandLineOfConfigFile(file, {}, host)?.options ?? {};
}

/**
 * The program as it is for another architecture; and where builds are below another directory (O=DIR): what
 * is generated lies there, and no project in the tree can say where that is.
 */
function project_elsewhere(root: string, project: string, settings: ts.CompilerOptions, arch: string): string {
	const file = join(build_dir(), "check", dir_name({ name: project.replaceAll("/", "-"), arch }));
	const ours = join(root, "build");
	const base = (settings.pathsBasePath as string | undefined) ?? join(root, dirname(project));
	const there = (path: string) => {
		const full = resolve(base, path)
			.replace(`${root}/arch/${DEFAULT_ARCH}/`, `${root}/arch/${arch}/`)
			.replace(/\/build\/([^/]+)(?=\/)/, (_, name) => `/build/${dir_name({ name, arch })}`);
		return full.startsWith(`${ours}/`) ? join(build_dir(), relative(ours, full)) : full;
	};
	const paths = Object.entries(settings.paths ?? {}).map(([name, list]) => [name, list.map(there)]);
	const config = {
		extends: join(root, project),
		compilerOptions: { paths: Object.fromEntries(paths), typeRoots: [join(root, "node_modules/@types")] },
	};
	write_file(file, JSON.stringify(config), { parents: true });
	return file;
}

/** Runs the compiler over a program. What it learns is kept below build/ for the next time. */
export async function typecheck(root: string, project: string, arch = DEFAULT_ARCH): Promise<Typed> {
	const name = dir_name({ name: project.replaceAll("/", "-"), arch });
	const info = join(build_dir(), "check", `${name}.tsbuildinfo`);
	const settings = settings_of(join(root, project));
	const as_it_is = arch === DEFAULT_ARCH && build_dir() === join(here(), "build");
	const file = as_it_is ? project : project_elsewhere(root, project, settings, arch);
	const args = ["--pretty", "false", "--listFiles", "--incremental", "--tsBuildInfoFile", info];
	const { stdout, stderr } = await run([TSC, "-p", file, ...args], { cwd: root });
	const js = settings.checkJs === true;
	const said = `${stdout}${stderr}`.trimEnd().split("\n");
	const listed = said.filter((line) => line.startsWith("/")).map((path) => relative(root, path));
	return {
		problems: said.filter((line) => !line.startsWith("/")),
		files: listed.filter((path) => js || !path.endsWith(".mjs")),
	};
}

/** Sources that are in no program, and what is listed as such and is in one. */
export function untyped(
	sources: readonly string[],
	typed: ReadonlySet<string>,
	allowed: Record<string, string>,
): string[] {
	const out = sources.filter((path) => !typed.has(path));
	return [
		...out
			.filter((path) => !(path in allowed))
			.map((path) => `${path}: no tsconfig.json has it, so nobody checks its types`),
		...needless(allowed, out).map(
			(path) => `${path}: its types are checked, and ${EXCEPTIONS} still says that they are not`,
		),
	];
}

/** The tree that a program's generated/ comes from: what is wrong with its build. */
async function generate(name: string, fragments: string[], arch?: string): Promise<Result> {
	const result = { name: `build of ${arch ? `${arch}-` : ""}${name}`, problems: [] as string[] };
	await objtree({ name, fragments, arch }).catch((error: Error) => result.problems.push(error.message));
	return result;
}

/** The kernel on the stepper, of one architecture; the others have the same with their headers. */
const STEPPER = "tools/explore/inside/tsconfig.json";

/** All programs; each result when it is there. */
export async function* check_types(root: string): AsyncGenerator<Result> {
	const typed = new Set<string>();
	const one = async (project: string, arch?: string): Promise<Result> => {
		const { problems, files } = await typecheck(root, project, arch);
		for (const file of files) typed.add(file);
		return { name: `types of ${project}${arch ? ` on ${arch}` : ""}`, problems };
	};
	const [first, ...others] = projects(root);
	/* What is built here is type-checked here, by the faster compiler. */
	process.env.KBUILD_NOCHECK ||= "1";
	build_by(builder());
	/* One build at a time: both would bundle Kconfig. The first program is the longest. */
	const built = await generate("default", []);
	yield built;
	/* Without what is generated, types would only say that over and over again. */
	if (built.problems.length > 0) return;
	const long = one(first);
	for (const tree of [{ name: "stepper", fragments: ["stepper.config"], arch: undefined }, ...OTHERS]) {
		const other = await generate(tree.name, tree.fragments ?? [], tree.arch);
		yield other;
		if (other.problems.length === 0) continue;
		yield await long;
		return;
	}
	for (const project of others) yield await one(project);
	for (const arch of stepper_arches().filter((a) => a !== DEFAULT_ARCH)) {
		yield await generate("stepper", ["stepper.config"], arch);
		yield await one(STEPPER, arch);
	}
	yield await long;
	const sources = all_paths(root).filter(is_code);
	yield { name: "types of every source", problems: untyped(sources, typed, read_exceptions(root).untyped) };
}
