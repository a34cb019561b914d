// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of this tree's own Kconfig files: what decides about SPECULATIVE_PAGE_FAULT, and
// that every defconfig and fragment is good.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { get, load, parse, set } from "./engine.ts";
import { sandbox } from "./testutil.ts";

const srctree = join(import.meta.dirname, "../..");

const SRCARCH: Record<string, string> = {
	x86: "x86",
	x86_64: "x86",
	i386: "x86",
	powerpc: "powerpc",
	arm64: "arm64",
};

function environment(ARCH: string) {
	return { ARCH, SRCARCH: SRCARCH[ARCH] as string, KERNELVERSION: "5.17.0-spf", srctree };
}

/** This tree with an architecture and a defconfig. Nothing may be printed. */
function tree(arch: string, defconfig?: string) {
	let printed = "";
	const print = (text: string) => {
		printed += text;
	};
	const kconf = parse("Kconfig", { env: environment(arch), cwd: srctree, out: print, err: print });
	if (defconfig) load(kconf, `configs/${defconfig}`);
	return { kconf, printed: () => printed };
}

const DEFCONFIGS: [string, string, string][] = [
	["x86", "x86_64_defconfig", "y"],
	["x86_64", "x86_64_defconfig", "y"],
	["i386", "i386_defconfig", "n"],
	["powerpc", "ppc64_defconfig", "y"],
	["arm64", "arm64_defconfig", "y"],
];

for (const [arch, defconfig, spf] of DEFCONFIGS) {
	test(`ARCH=${arch} ${defconfig}: SPECULATIVE_PAGE_FAULT=${spf}`, (t) => {
		/* V2.06, 07, 31, 32, 34. */
		const { kconf, printed } = tree(arch, defconfig);
		t.is(get(kconf, "SPECULATIVE_PAGE_FAULT"), spf);
		t.is(get(kconf, "SPECULATIVE_PAGE_FAULT_STATS"), spf);
		t.is(printed(), "");
	});
}

/* V2.06, 07, 34. */
test("without SMP, on 32 bits, or off the server family there is none", (t) => {
	const { kconf } = tree("x86");
	t.is(get(kconf, "SPECULATIVE_PAGE_FAULT"), "y");
	t.is(get(kconf, "SPECULATIVE_PAGE_FAULT_STATS"), "n");
	t.true(set(kconf, "SMP", "n"));
	t.is(get(kconf, "SPECULATIVE_PAGE_FAULT"), "n");
	t.true(set(kconf, "SMP", "y"));
	t.true(set(kconf, "64BIT", "n"));
	t.is(get(kconf, "SPECULATIVE_PAGE_FAULT"), "n");
	const ppc = tree("powerpc").kconf;
	t.is(get(ppc, "SPECULATIVE_PAGE_FAULT"), "y");
	t.true(set(ppc, "PPC_BOOK3S_64", "n"));
	t.is(get(ppc, "SPECULATIVE_PAGE_FAULT"), "n");
});

const NEEDS = ["ARCH_SUPPORTS_SPECULATIVE_PAGE_FAULT", "ARCH_HAS_PTE_SPECIAL", "MMU", "SMP"];

for (const missing of [...NEEDS, "nothing"]) {
	test(`SPECULATIVE_PAGE_FAULT when ${missing} is missing`, (t) => {
		/* V2.06, D12.01. */
		const given = NEEDS.filter((name) => name !== missing)
			.map((name) => `config ${name}\n\tbool\n\tdefault y\n`)
			.join("\n");
		const box = sandbox({ Kconfig: `${given}\nsource "kernel/mm/Kconfig"\n` });
		box.env = { srctree };
		box.conf("--allyesconfig", "Kconfig");
		const config = box.read(".config") ?? "";
		t.is(/^CONFIG_SPECULATIVE_PAGE_FAULT=y$/m.test(config), missing === "nothing");
		box.remove();
	});
}

test("NR_CPUS follows SMP", (t) => {
	const { kconf } = tree("x86");
	t.is(get(kconf, "NR_CPUS"), "8");
	t.false(set(kconf, "NR_CPUS", "65"));
	t.false(set(kconf, "NR_CPUS", "1"));
	t.true(set(kconf, "NR_CPUS", "64"));
	t.true(set(kconf, "SMP", "n"));
	t.is(get(kconf, "NR_CPUS"), "1");
});

/** Those that go over another one. */
const OVER: Record<string, string> = {
	"failcharge.config": "stepper.config",
	"failslab.config": "stepper.config",
};
const FRAGMENTS = readdirSync(join(srctree, "configs")).filter((name) => name.endsWith(".config"));

for (const fragment of FRAGMENTS) {
	test(`${fragment} starts with its help, and all of it takes effect`, (t) => {
		t.regex(readFileSync(join(srctree, "configs", fragment), "utf8"), /^# Help: \S.*\n/);
		const box = sandbox();
		box.env = environment("x86");
		box.conf("--defconfig=configs/x86_64_defconfig", "Kconfig");
		const below = OVER[fragment];
		if (below) t.is(box.merge("--update", ".config", join(srctree, "configs", below)).code, 0);
		const { code, out, err } = box.merge("--update", ".config", join(srctree, "configs", fragment));
		t.is(code, 0);
		t.is(err, "");
		t.notRegex(out, /not in final/);
		box.remove();
	});
}

test("every architecture knows the same symbols outside of its own file", (t) => {
	const archs = ["x86", "arm64", "powerpc"];
	/* What is asked by one alone. */
	const asked = archs.flatMap((arch) =>
		[...readFileSync(join(srctree, "arch", arch, "Kconfig"), "utf8").matchAll(/^config (\w+)$/gm)].map(
			([, name]) => `CONFIG_${name}`,
		),
	);
	const own = new Set(asked.filter((name) => asked.indexOf(name) === asked.lastIndexOf(name)));
	const names = (arch: string) => {
		const box = sandbox();
		box.env = { ...environment(arch), KCONFIG_AUTOTS: "include/generated/autoconf.ts" };
		box.conf("-s", "--alldefconfig", "Kconfig");
		const text = box.read("include/generated/autoconf.ts") ?? "";
		box.remove();
		return [...text.matchAll(/CONFIG_\w+/g)].map(String).filter((name) => !own.has(name));
	};
	t.true(names("x86").length > 40);
	t.false(names("x86").includes("CONFIG_ARM64_VA_BITS"));
	t.deepEqual(names("x86"), names("arm64"));
	t.deepEqual(names("x86"), names("powerpc"));
});

test("kunit.config chooses every test", (t) => {
	const { kconf } = tree("x86");
	set(kconf, "KUNIT", "y");
	set(kconf, "KUNIT_ALL_TESTS", "y");
	/* What is tested has to be there. */
	const needed = [
		"X86_INTEL_MEMORY_PROTECTION_KEYS",
		"FTRACE",
		"ENABLE_DEFAULT_TRACERS",
		"GUP_TEST",
		"MEMCG",
		"MMU_MIRROR",
		"PAGE_RECLAIM",
		"NUMA",
	];
	for (const name of needed) set(kconf, name, "y");
	const with_rt = ["RTMUTEX_KUNIT_TEST"];
	const tests = [...kconf.symbols.keys()].filter((name) => name.endsWith("_KUNIT_TEST"));
	t.true(tests.length > 0);
	for (const name of tests) {
		const is = with_rt.includes(name) ? "n" : "y";
		t.is(`${name} ${get(kconf, name)}`, `${name} ${is}`);
	}
	set(kconf, "EXPERT", "y");
	set(kconf, "PREEMPT_RT", "y");
	for (const name of with_rt) t.is(`${name} ${get(kconf, name)}`, `${name} y`);
});
