// SPDX-License-Identifier: GPL-2.0-only
/**
 * What npm runs after it has installed the packages: makes the commands of
 * scripts/kconfig. npx runs it too, before there are packages, and in a tree
 * that may only be read: then there is nothing to do, and the command that is
 * called says what is missing.
 */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { root } from "./typescript.mjs";

try {
	accessSync(join(root, "scripts/kconfig"), constants.W_OK);
	const { register } = await import("tsx/esm/api");
	register();
	await import("../../scripts/kconfig/build.ts");
} catch (error) {
	const { code = "" } = /** @type {NodeJS.ErrnoException} */ (error);
	if (!["EACCES", "EROFS", "ERR_MODULE_NOT_FOUND"].includes(code)) throw error;
}
