// SPDX-License-Identifier: GPL-2.0-only
/** Tests of the configurations that our source can be read in, with one of this directory's. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { here } from "../../lib/root.ts";
import { configurations, why } from "./configurations.ts";

const dir = mkdtempSync(join(tmpdir(), "spf-configurations-"));
test.after.always(() => rmSync(dir, { recursive: true }));
process.env.KCONFIG_CONFIG = join(dir, ".config");
writeFileSync(process.env.KCONFIG_CONFIG, "CONFIG_ARM64=y\n# CONFIG_SPECULATIVE_PAGE_FAULT is not set\n");

test("the directory's own is the first, and then each architecture's, with every fragment", (t) => {
	const all = configurations();
	t.like(all[0], { name: ".config", arch: "arm64" });
	t.false("CONFIG_SPECULATIVE_PAGE_FAULT" in all[0].values);
	const of = (name: string) => all.find((c) => c.name === name)?.values;
	t.is(of("arm64 defconfig")?.CONFIG_SPECULATIVE_PAGE_FAULT, "y");
	t.is(of("x86 nospf.config")?.CONFIG_SPECULATIVE_PAGE_FAULT, undefined);
	t.is(of("x86 rt.config")?.CONFIG_PREEMPT_RT, "y");
	t.is(of("powerpc defconfig")?.CONFIG_PPC, "y");
	t.is(of("arm64 64k.config")?.CONFIG_PGTABLE_LEVELS, "3");
	const fragments = readdirSync(join(here(), "configs")).filter((name) => name.endsWith(".config"));
	for (const name of fragments) t.truthy(of(`x86 ${name}`), name);
	t.is(new Set(all.map((c) => c.name)).size, all.length);
});

test("why a symbol has its value there", (t) => {
	t.is(why("SPECULATIVE_PAGE_FAULT")?.name, ".config");
	t.regex(why("SPECULATIVE_PAGE_FAULT")?.text ?? "", /^SPECULATIVE_PAGE_FAULT is n /);
	t.is(why("NO_SUCH_SYMBOL"), undefined);
});
