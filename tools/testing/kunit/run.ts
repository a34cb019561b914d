// SPDX-License-Identifier: GPL-2.0-only
/** Runs the unit tests that are built into a kernel (CONFIG_KUNIT). */
import { Machine } from "../../../arch/host/threads/machine.ts";
import type { kunit_run_result } from "../../../kernel/lib/kunit/executor.ts";
import { UserError } from "../../lib/errors.ts";
import { type ObjtreeOptions, objtree } from "../../../scripts/lib/objtree.ts";

/** Configurations that the tests run in: fragments over the default. */
export const KUNIT_CONFIGS: Record<string, string[]> = {
	default: ["kunit.config"],
	debug: ["kunit.config", "debug.config", "softdirty.config", "pkeys.config"],
	nospf: ["kunit.config", "debug.config", "nospf.config"],
	up: ["kunit.config", "debug.config", "nosmp.config"],
};

/** The one kernel of another architecture that all tests run on. */
export const ARM64: ObjtreeOptions = { name: "kunit-debug", arch: "arm64", fragments: KUNIT_CONFIGS.debug };

export function kunit_config(name = "debug"): ObjtreeOptions {
	const fragments = KUNIT_CONFIGS[name];
	if (!fragments)
		throw new UserError(
			`no configuration is called '${name}'; there are ${Object.keys(KUNIT_CONFIGS).join(", ")}`,
		);
	return { name: `kunit-${name}`, fragments };
}

/** Builds, boots one CPU and asks it for the names of the cases that `filter` matches. */
export async function list_kunit(config: ObjtreeOptions, filter: string): Promise<string[]> {
	const machine = await Machine.boot({ vmlinux: await objtree(config), cpus: 1, mem: 64, console: () => {} });
	try {
		const names = (await machine.run({ cpu: 0, fn: "kunit_list_tests", arg: filter })) as string;
		return names.split("\n").filter((name) => name !== "");
	} finally {
		await machine.shutdown();
	}
}

/** Builds, boots 4 CPUs (one where SMP is off) and runs what `filter` matches. */
export async function run_kunit(config: ObjtreeOptions, filter: string): Promise<kunit_run_result> {
	const vmlinux = await objtree(config);
	const cpus = config.fragments?.includes("nosmp.config") ? 1 : 4;
	const messages: string[] = [];
	const machine = await Machine.boot({ vmlinux, cpus, mem: 64, console: (text) => messages.push(text) });
	const idle = [];
	for (let cpu = 1; cpu < cpus; cpu++) idle.push(machine.run({ cpu, fn: "cpu_startup_entry" }));
	try {
		const result = (await machine.run({ cpu: 0, fn: "kunit_run_all", arg: filter })) as kunit_run_result;
		await Promise.all(idle);
		return result;
	} catch (error) {
		await Promise.allSettled(idle);
		const where = (error as { where?: string }).where ?? "";
		throw new Error([...messages, (error as Error).message, where].join("\n"));
	} finally {
		await machine.shutdown();
	}
}
