// SPDX-License-Identifier: GPL-2.0-only
/**
 * What npm runs after it has installed the packages: makes the commands of
 * scripts/kconfig, and puts all commands where npx looks first; otherwise it
 * installs this tree for each user, which takes seconds at each call, and fails
 * where the tree may only be read. npx runs it too, before there are packages,
 * and in such a tree: then there is nothing to do, and the command that is
 * called says what is missing.
 */
import { accessSync, constants, existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./typescript.mjs";

const found = join(root, "node_modules/.bin");

function link_commands() {
	const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
	for (const [name, file] of Object.entries(bin)) {
		rmSync(join(found, name), { force: true });
		symlinkSync(relative(found, join(root, file)), join(found, name));
	}
}

try {
	if (existsSync(found)) link_commands();
	accessSync(join(root, "scripts/kconfig"), constants.W_OK);
	const { register } = await import("tsx/esm/api");
	register();
	await import("../../scripts/kconfig/build.ts");
} catch (error) {
	const { code = "" } = /** @type {NodeJS.ErrnoException} */ (error);
	if (!["EACCES", "EROFS", "ERR_MODULE_NOT_FOUND"].includes(code)) throw error;
}
