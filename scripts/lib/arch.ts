// SPDX-License-Identifier: GPL-2.0-only
/** Of which architecture a kernel is: the directory below arch/, by its configuration. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "./errors.ts";
import { here } from "./root.ts";

/** `is_set`: is a symbol yes? */
export function srcarch_of(is_set: (symbol: string) => boolean): string {
	return is_set("CONFIG_PPC") ? "powerpc" : is_set("CONFIG_ARM64") ? "arm64" : "x86";
}

/** Those whose kernels the stepper runs. */
export function stepper_arches(): string[] {
	const arch = join(here(), "arch");
	return readdirSync(arch).filter((name) => existsSync(join(arch, name, "include/asm/stepper.ts")));
}

/** The configuration that a bundle was built with, which lies beside it. */
export function config_of(vmlinux: string): (symbol: string) => string | undefined {
	if (!existsSync(vmlinux))
		throw new UserError(
			`${vmlinux}: no such file; build the kernel with 'make', or name another one with --vmlinux`,
		);
	const conf = join(dirname(vmlinux), "include/config/auto.conf");
	if (!existsSync(conf))
		throw new UserError(`${conf}: no such file; it tells how ${vmlinux} is configured, run 'make' again`);
	const text = readFileSync(conf, "utf8");
	return (symbol) => new RegExp(`^${symbol}=(.*)$`, "m").exec(text)?.[1];
}

/** The architecture of a bundle. */
export function arch_of(vmlinux: string): string {
	const config = config_of(vmlinux);
	return srcarch_of((symbol) => config(symbol) === "y");
}
