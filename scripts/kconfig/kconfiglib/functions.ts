// SPDX-License-Identifier: GPL-2.0-only
//
// Functions of the preprocessor that a Python module provides, as $KCONFIG_FUNCTIONS names it for
// Kconfiglib. The module runs in a Python of its own, which is asked by a line of JSON at a time.
// The first argument of a function, Kconfiglib's tree, has only its place here.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfExit } from "../lkc.ts";
import { to_bytes, to_text } from "../text.ts";
import { fail, type Klib, type Loc, warn } from "./model.ts";

/** The other side: it says which functions there are, and then answers. */
const HELPER = `
import importlib, json, os, sys
class Tree:
    filename = ""
    linenr = 0
    loc = ("", 0)
    srctree = os.environ.get("srctree", "")
    def _warn(self, text, loc=None):
        warnings.append(text)
warnings = []
tree = Tree()
asked, answer = open(sys.argv[1]), open(sys.argv[2], "w")
def tell(what):
    answer.write(json.dumps(what) + "\\n")
    answer.flush()
try:
    functions = importlib.import_module(sys.argv[3]).functions
    tell({name: [low, high] for name, (_, low, high) in functions.items()})
except Exception as e:
    tell({"error": "%s: %s" % (type(e).__name__, e)})
    sys.exit(0)
for line in asked:
    name, args, tree.filename, tree.linenr = json.loads(line)
    tree.loc = (tree.filename, tree.linenr)
    warnings.clear()
    try:
        tell({"value": functions[name][0](tree, name, *args), "warnings": warnings})
    except Exception as e:
        tell({"error": "%s: %s" % (type(e).__name__, e)})
`;

/** Reads one line; empty at the end. */
function read_line(fd: number): string {
	const parts: Buffer[] = [];
	const piece = Buffer.alloc(1 << 16);
	for (;;) {
		const got = readSync(fd, piece);
		if (got === 0) break;
		parts.push(Buffer.from(piece.subarray(0, got)));
		if (piece[got - 1] === 10) break;
	}
	return Buffer.concat(parts).toString();
}

/** Makes the functions known to a tree. Returns what ends their Python. */
export function python_functions(k: Klib): () => void {
	const module = k.host.env.KCONFIG_FUNCTIONS;
	if (!module) return () => {};
	const dir = mkdtempSync(join(tmpdir(), "kconfiglib-"));
	const [to, from] = [join(dir, "to"), join(dir, "from")] as [string, string];
	const remove = (): void => rmSync(dir, { recursive: true, force: true });
	if (spawnSync("mkfifo", [to, from]).status !== 0) {
		remove();
		throw new ConfExit(2, "KCONFIG_FUNCTIONS: mkfifo cannot be run");
	}
	const python = k.host.env.PYTHON3 || "python3";
	// A shell opens both ends, so that nobody waits for ever for a Python that is not there.
	const run = `"$0" -c "$1" "$2" "$3" "$4" || { echo '{"error":"it cannot be run"}' > "$3"; }`;
	const child = spawn("/bin/sh", ["-c", run, python, HELPER, to, from, module], {
		cwd: k.host.cwd,
		env: k.host.env as NodeJS.ProcessEnv,
		stdio: ["ignore", "ignore", "inherit"],
	});
	child.unref();
	const fd = { to: openSync(to, "r+"), from: openSync(from, "r") };
	const end = (): void => {
		closeSync(fd.to);
		closeSync(fd.from);
		remove();
	};
	const names = JSON.parse(read_line(fd.from) || '{"error":"it has ended"}') as Record<string, unknown>;
	if (typeof names.error === "string") {
		end();
		throw new ConfExit(2, `KCONFIG_FUNCTIONS=${module}: ${names.error}`);
	}
	const ask = (name: string, args: readonly string[], at: Loc): string => {
		writeSync(fd.to, `${JSON.stringify([name, args.map(to_text), to_text(at.file), at.line])}\n`);
		const answer = JSON.parse(read_line(fd.from) || '{"error":"it has ended"}');
		if (answer.error !== undefined) fail(at, `$(${name}): ${to_bytes(answer.error)}`);
		for (const text of answer.warnings) warn(k, to_bytes(text), at);
		return to_bytes(String(answer.value));
	};
	for (const [name, limits] of Object.entries(names)) {
		const [min, max] = limits as [number, number | null];
		k.functions.set(name, { min, max, run: (args, at) => ask(name, args, at) });
	}
	return end;
}
