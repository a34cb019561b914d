// SPDX-License-Identifier: GPL-2.0-only
/** How tests are run: `npx ava FILE`, `make test`. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = import.meta.dirname;

/** AVA keeps there which tests failed. A tree that is only read has no such place. */
function writable() {
	try {
		accessSync(join(root, "node_modules"), constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

/**
 * Some tests import headers of the kernel, and those what a build generates: it may not be there yet, and lies
 * elsewhere with make's O=DIR.
 */
function generate() {
	const { KBUILD_OUTPUT } = process.env;
	/* Whose rules a test of Kconfig files is for is nothing to this kernel. */
	const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KCONFIG_")));
	const build = join(KBUILD_OUTPUT ? resolve(KBUILD_OUTPUT) : root, "build");
	const options = {
		cwd: root,
		stdio: /** @type {const} */ (["ignore", 2, 2]),
		env: { ...env, KBUILD_OUTPUT: "", KBUILD_NOCHECK: "1", MAKEFLAGS: "", MAKELEVEL: "" },
	};
	const made = () => existsSync(join(build, "default/include/generated/asm-offsets.ts"));
	if (!made())
		for (const goal of [["-s", "defconfig"], ["all"]])
			spawnSync("make", [`O=${build}/default`, ...goal], options);
	if (!KBUILD_OUTPUT || !made()) return;
	const { paths } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")).compilerOptions;
	const there = (/** @type {string} */ path) => resolve(root, path.replace(/^\.\/build\//, `${build}/`));
	for (const name of Object.keys(paths)) paths[name] = paths[name].map(there);
	const file = join(build, "tsconfig.json");
	try {
		writeFileSync(
			file,
			JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions: { paths } }),
		);
	} catch (error) {
		process.stderr.write(`${file}: cannot be written: ${/** @type {Error} */ (error).message}\n`);
		process.exit(2);
	}
	process.env.TSX_TSCONFIG_PATH = file;
}

generate();

export default {
	extensions: { ts: "module" },
	/* mm/gup_test.c is a driver of the kernel. */
	files: ["{kernel,arch,scripts,tools}/**/*_test.ts", "!kernel/mm/gup_test.ts"],
	nodeArguments: ["--import=tsx"],
	workerThreads: false,
	timeout: "5m",
	concurrency: 2,
	cache: writable(),
};
