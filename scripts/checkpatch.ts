// SPDX-License-Identifier: GPL-2.0-only
/**
 * The tree's own rules, as a program: walks the sources and names, for each
 * place that breaks one, what to write instead.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Rule {
	/** Files the rule is about, by path from the top. */
	files: RegExp;
	except?: RegExp;
	line: RegExp;
	say: string;
}

const KERNEL = /^(include|kernel|arch\/(x86|powerpc|arm64))\/.*\.ts$/;
const DOOR = /^arch\/host\//;

export const rules: Rule[] = [
	{ files: KERNEL, line: /\bAtomics\./, say: "Atomics is the door's: use READ_ONCE, cmpxchg(), atomic_*()" },
	{ files: KERNEL, line: /\bnew (Int|Uint|Float|BigInt|Big)\w*Array\b|SharedArrayBuffer/, say: "RAM is reached through struct fields only" },
	{ files: KERNEL, line: /\bHEAP(32|U8|U16|U32|F64)\b/, say: "RAM is reached through struct fields only" },
	{
		files: KERNEL,
		except: /^kernel\/lib\/kunit\/test\.ts$/,
		line: /^(?!\s*(\*|\/\/|\/\*)).*(\bcatch\s*[({]|\bfinally\s*\{)/,
		say: "kernel code must unwind untouched: return an errno instead of catch/finally",
	},
	{ files: KERNEL, line: /\b(async|await|yield)\b(?=\s+[\w(])/, say: "kernel code is synchronous" },
	{ files: KERNEL, line: /^\s*(export\s+)?(const\s+)?enum\s/, say: "no enum: export const numbers" },
	{ files: KERNEL, line: /^(export\s+)?(let|var)\s/, say: "state lives in RAM: const x = DEFINE<T>()" },
	{ files: KERNEL, line: /Math\.random|Date\.now|new Date/, say: "time and chance come from the machine" },
	{ files: KERNEL, line: /^(export\s+)?class\s/, say: "free functions instead of classes" },
	{ files: /\.(ts|mjs)$/, except: /_test\.ts$/, line: /[ \t]+$/, say: "trailing white space" },
	{ files: /\.ts$/, line: /\b(FIXME|XXX|TODO)\b/, except: /checkpatch(_test)?\.ts$|^scripts\/test\.ts$/, say: "finish it, or name what is left out in the head" },
];

/** Problems of one file's text. */
export function check_text(path: string, text: string): string[] {
	const found: string[] = [];
	const lines = text.split("\n");
	if (/\.(ts|mjs)$/.test(path) && !lines.slice(0, 2).some((l) => l.includes("SPDX-License-Identifier: GPL-2.0-only")))
		found.push(`${path}:1: the first line is the SPDX line: GPL-2.0-only`);
	lines.forEach((line, i) => {
		for (const r of rules) {
			if (!r.files.test(path) || DOOR.test(path) && r.files === KERNEL || r.except?.test(path)) continue;
			if (r.line.test(line)) found.push(`${path}:${i + 1}: ${r.say}`);
		}
	});
	return found;
}

function* walk(root: string, dir: string): Generator<string> {
	for (const entry of readdirSync(join(root, dir), { withFileTypes: true })) {
		const path = dir ? `${dir}/${entry.name}` : entry.name;
		if (entry.isDirectory()) yield* walk(root, path);
		else if (/\.(ts|mjs)$/.test(entry.name) && !path.startsWith("include/generated/")) yield path;
	}
}

export function checkpatch(root: string): string[] {
	const found: string[] = [];
	for (const top of ["include", "kernel", "arch", "scripts", "tools", "bin"])
		for (const path of walk(root, top)) found.push(...check_text(path, readFileSync(join(root, path), "utf8")));
	return found;
}
