// SPDX-License-Identifier: GPL-2.0-only
/** Runs the unit tests that are built into a kernel (CONFIG_KUNIT). */
import { Machine } from "../../../arch/host/threads/machine.ts";
import type { kunit_run_result } from "../../../kernel/lib/kunit/executor.ts";
import { UserError } from "../../lib/errors.ts";
import { geometry } from "../../../scripts/lib/guest.ts";
import { test_ram } from "../ram.ts";
import { type ObjtreeOptions, objtree } from "../../../scripts/lib/objtree.ts";

/** Configurations that the tests run in: fragments over the default. */
export const KUNIT_CONFIGS: Record<string, string[]> = {
	default: ["kunit.config"],
	debug: ["kunit.config", "debug.config", "tracing.config", "softdirty.config", "pkeys.config", "memcg.config"],
	nospf: ["kunit.config", "debug.config", "tracing.config", "nospf.config"],
	rt: ["kunit.config", "debug.config", "tracing.config", "rt.config", "highmem.config", "lowmem.config"],
	up: ["kunit.config", "debug.config", "nosmp.config"],
	/* Two zones, and the border is not that of a large block. */
	highmem: ["kunit.config", "debug.config", "highmem.config", "lowmem.config"],
};

/** Those that one architecture alone has. */
const ARCH_CONFIGS: Record<string, Record<string, string[]>> = {
	arm64: {
		"16k": [...KUNIT_CONFIGS.debug, "16k.config"],
		"64k": [...KUNIT_CONFIGS.debug, "64k.config"],
		va42: [...KUNIT_CONFIGS.debug, "va42.config"],
	},
	powerpc: { "64k": [...KUNIT_CONFIGS.debug, "64k.config"] },
};

/** By name, all that an architecture has. */
export function kunit_configs(arch?: string): Record<string, string[]> {
	return { ...KUNIT_CONFIGS, ...(arch ? ARCH_CONFIGS[arch] : undefined) };
}

export function kunit_config(name = "debug", arch?: string): ObjtreeOptions {
	const configs = kunit_configs(arch);
	const fragments = configs[name];
	if (!fragments)
		throw new UserError(
			`no configuration is called '${name}'; there are ${Object.keys(configs).join(", ")}`,
		);
	return { name: `kunit-${name}`, arch, fragments };
}

/** The one kernel of each other architecture that all tests run on. */
export const OTHERS = ["arm64", "powerpc"].map((arch) => kunit_config("debug", arch));
/** And one of other pages and another number of levels. */
export const ARM64_64K = kunit_config("64k", "arm64");

/** Builds, boots one CPU and asks it for the names of the cases that `filter` matches. */
export async function list_kunit(config: ObjtreeOptions, filter: string): Promise<string[]> {
	const vmlinux = await objtree(config);
	const { PAGE_SIZE } = await geometry(vmlinux);
	const machine = await Machine.boot({ vmlinux, cpus: 1, mem: test_ram(PAGE_SIZE), console: () => {} });
	try {
		const names = (await machine.run({ cpu: 0, fn: "kunit_list_tests", arg: filter })) as string;
		return names.split("\n").filter((name) => name !== "");
	} finally {
		await machine.shutdown();
	}
}

/**
 * Builds, boots 4 CPUs (one where SMP is off) and runs what `filter` matches. Where the kernel does not live to the
 * end, the error tells why first, then where, then what it had printed.
 */
export async function run_kunit(
	config: ObjtreeOptions,
	filter: string,
): Promise<kunit_run_result & { messages: string[] }> {
	const vmlinux = await objtree(config);
	const cpus = config.fragments?.includes("nosmp.config") ? 1 : 4;
	const messages: string[] = [];
	const mem = test_ram((await geometry(vmlinux)).PAGE_SIZE);
	/* A case that fails says where. */
	const how = { source_maps: true, console: (text: string) => messages.push(text) };
	const machine = await Machine.boot({ vmlinux, cpus, mem, ...how });
	const idle = [];
	for (let cpu = 1; cpu < cpus; cpu++) idle.push(machine.run({ cpu, fn: "cpu_startup_entry" }));
	try {
		const result = (await machine.run({ cpu: 0, fn: "kunit_run_all", arg: filter })) as kunit_run_result;
		await Promise.all(idle);
		return { ...result, messages };
	} catch (error) {
		await Promise.allSettled(idle);
		const where = (error as { where?: string }).where ?? "";
		throw new Error([(error as Error).message, where, ...messages].join("\n"));
	} finally {
		await machine.shutdown();
	}
}
