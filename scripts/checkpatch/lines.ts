// SPDX-License-Identifier: GPL-2.0-only
/** What no line may have: each rule names the files that it is about, and says
 *  what to write instead. */

import { KERNEL } from "./tree.ts";

export interface Rule {
	/** Files the rule is about, by path from the top. */
	files: RegExp;
	except?: RegExp;
	line: RegExp;
	say: string;
}

const CODE = /\.(ts|mjs)$/;
/** What knows of no architecture. A number that is given a name there may be a flag, or a bound; in an index or an
 *  address it is a page or a table. */
const GENERIC = /^(include|kernel|drivers)\/.*\.ts$/;
const GEOMETRY = "page size and entries of a table are the architecture's: PAGE_SIZE, PAGE_SHIFT, PTRS_PER_PTE";
/** Of a tree's nodes. */
const OTHER_NUMBERS = /^kernel\/lib\/|^kernel\/mm\/filemap_kunit\.ts$/;
/** They quote what they forbid. */
const ABOUT_RULES = /^scripts\/(checkpatch|check|test)(_test)?\.ts$|^scripts\/checkpatch\//;

export const rules: Rule[] = [
	{ files: KERNEL, line: /\bAtomics\./, say: "Atomics is the door's: use READ_ONCE, cmpxchg(), atomic_*()" },
	{
		files: KERNEL,
		line: /\bnew (Int|Uint|Float|BigInt|Big)\w*Array\b|SharedArrayBuffer/,
		say: "RAM is reached through struct fields only",
	},
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
	{
		files: GENERIC,
		except: OTHER_NUMBERS,
		line: /^(?!\s*(\*|\/\/|\/\*)).*(?<!const \w+ = )\b(4096|0x1000|4095|0xfff|512|511|0x1ff)\b/,
		say: GEOMETRY,
	},
	{ files: GENERIC, line: /const \w*PAGE\w* = (4096|0x1000|12)\b/, say: GEOMETRY },
	/* But a hash, of h, is one. */
	{ files: GENERIC, line: /(?<!\bh >*)(>>>?|<<) 12\b/, say: GEOMETRY },
	{
		files: /^(scripts\/(?!kconfig\/|lib\/)|tools\/(?!testing\/)).*\.ts$/,
		except: /_test\.ts$|\/testutil\.ts$|^scripts\/checkpatch\//,
		line: /\b(writeFileSync|appendFileSync|createWriteStream)\(/,
		say: "a full disk leaves half a file, and nobody hears which: write_file(), open_output()",
	},
	{ files: CODE, except: /_test\.ts$/, line: /[ \t]+$/, say: "trailing white space" },
	{
		files: CODE,
		except: ABOUT_RULES,
		line: /@ts-(nocheck|ignore)\b/,
		say: "the type checker is not silenced: write the type, or @ts-expect-error in a test",
	},
	{
		files: CODE,
		except: ABOUT_RULES,
		line: /\b(FIXME|XXX|TODO)\b/,
		say: "finish it, or name what is left out in the head",
	},
];

/** Problems of one file's text. */
export function check_lines(path: string, text: string): string[] {
	if (!CODE.test(path)) return [];
	const found: string[] = [];
	const lines = text.split("\n");
	if (!lines.slice(0, 2).some((l) => l.includes("SPDX-License-Identifier: GPL-2.0-only")))
		found.push(`${path}:1: the first line is the SPDX line: GPL-2.0-only`);
	const near = rules.filter((r) => r.files.test(path) && !r.except?.test(path));
	lines.forEach((line, i) => {
		for (const r of near) if (r.line.test(line)) found.push(`${path}:${i + 1}: ${r.say}`);
	});
	return found;
}
