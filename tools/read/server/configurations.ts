// SPDX-License-Identifier: GPL-2.0-only
/**
 * Configurations that our source can be read in: that of this directory, what `make defconfig` makes on each
 * architecture, and each fragment of configs/ over it. And why a symbol has its value in the first of them.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Kconfig, parse } from "../../../scripts/kconfig/index.ts";
import { srcarch_of } from "../../../scripts/lib/arch.ts";
import { here } from "../../lib/root.ts";
import type { Configuration } from "../page/data.ts";

/** What the Makefile calls KBUILD_DEFCONFIG. */
const DEFCONFIGS = { x86: "x86_64_defconfig", arm64: "arm64_defconfig", powerpc: "ppc64_defconfig" };
type Arch = keyof typeof DEFCONFIGS;

function tree(arch: Arch): Kconfig {
	const kconfig = parse("Kconfig", { cwd: here(), env: { ARCH: arch, SRCARCH: arch, srctree: here() } });
	kconfig.load(join(here(), "configs", DEFCONFIGS[arch]));
	return kconfig;
}

/** The one that this directory is built with, if it is; or what `make defconfig` makes. */
function first(): { name: string; arch: Arch; kconfig: Kconfig } {
	const file = resolve(process.env.KCONFIG_CONFIG ?? ".config");
	if (!existsSync(file)) return { name: "x86 defconfig", arch: "x86", kconfig: tree("x86") };
	const lines = new Set(readFileSync(file, "utf8").split("\n"));
	const arch = srcarch_of((symbol) => lines.has(`${symbol}=y`)) as Arch;
	const kconfig = tree(arch);
	kconfig.load(file);
	return { name: ".config", arch, kconfig };
}

function values(kconfig: Kconfig): Configuration["values"] {
	const set = [...kconfig.symbols()].filter(({ value }) => value !== "n" && value !== "");
	return Object.fromEntries(set.map(({ name, value }) => [`CONFIG_${name}`, value]));
}
const fragments = (dir: string): string[] => {
	const path = join(here(), dir);
	const names = existsSync(path) ? readdirSync(path).sort() : [];
	return names.filter((name) => name.endsWith(".config")).map((name) => join(path, name));
};

function* all(): Generator<Configuration> {
	const { name, arch, kconfig } = first();
	yield { name, arch, values: values(kconfig) };
	for (const arch of Object.keys(DEFCONFIGS) as Arch[]) {
		const defconfig = { name: `${arch} defconfig`, arch, values: values(tree(arch)) };
		if (defconfig.name !== name) yield defconfig;
		const over = [...(arch === "x86" ? fragments("configs") : []), ...fragments(`arch/${arch}/configs`)];
		for (const file of over) {
			const kconfig = tree(arch);
			kconfig.load(file, { replace: false });
			yield { name: `${arch} ${basename(file)}`, arch, values: values(kconfig) };
		}
	}
}
let known: Configuration[] | undefined;
export const configurations = (): Configuration[] => (known ??= [...all()]);

let usual: ReturnType<typeof first> | undefined;

/** Why a symbol, without CONFIG_, has its value in the first configuration; none: it has no type there. */
export function why(symbol: string): { name: string; text: string } | undefined {
	usual ??= first();
	const { name, kconfig } = usual;
	if (![...kconfig.symbols()].some((s) => s.name === symbol)) return undefined;
	return { name, text: kconfig.explain_text(symbol) };
}
