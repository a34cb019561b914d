// SPDX-License-Identifier: GPL-2.0-only
/** `spf replay`: checks what is asked for, boots the kernel, and hands both on. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import { arch_asked, objtree, outdated } from "../../scripts/lib/objtree.ts";
import { open_output } from "../../scripts/lib/output_file.ts";
import { KernelPanic } from "../../arch/host/threads/machine.ts";
import { UserError } from "../lib/errors.ts";
import { output_dir } from "../lib/root.ts";
import type { ReplayOptions } from "./index.ts";
import { boot, default_cpus, find_kernel } from "./machine.ts";
import { whole_number } from "../lib/options.ts";
import { proc_names } from "../lib/proc.ts";
import { mem_option, with_room } from "../lib/ram.ts";

/** The kernel of this tree; where none was configured and built, the default one, which has room for `mem`. */
export async function default_kernel(mem?: string): Promise<string> {
	const built = join(output_dir(), "vmlinux.mjs");
	if (!existsSync(built)) return objtree(with_room({ name: "default", arch: arch_asked() }, mem));
	if (outdated(built)) process.stderr.write(`spf: ${built} is older than its sources; run 'make'\n`);
	return built;
}

export async function replay(directory: string, options: ReplayOptions): Promise<number> {
	const proc = proc_names(options.proc);
	const { locks = false, warm = false } = options;
	if (warm && (locks || options.trace))
		throw new UserError("--warm: a trace would have the replay before, too; leave out one of the two");
	if (locks && options.check)
		throw new UserError("--check --locks: on one CPU nobody waits; leave out one of the two");
	const kernel =
		options.trace || locks
			? await (await import("../trace/trace.ts")).tracing_kernel(options)
			: find_kernel(options.vmlinux ? resolve(options.vmlinux) : await default_kernel(options.mem));
	const cpus =
		whole_number("--cpus", options.cpus, { most: kernel.nr_cpus, why: "CONFIG_NR_CPUS of this kernel" }) ??
		default_cpus(kernel);
	const mem = mem_option(options.mem, kernel.room) ?? kernel.mem;
	const check = options.check ?? false;
	if (check && options.cpus !== undefined && cpus !== 1)
		throw new UserError("--check --cpus: a check runs on one CPU; leave out one of the two");

	const repeat = whole_number("--repeat", options.repeat) ?? 1;

	const used = check ? 1 : cpus;
	const file = options.trace ? open_output(options.trace) : undefined;
	const booting = boot({ kernel, cpus: used, mem, check, proc, warm });
	booting.catch(() => {});
	try {
		await immediate();
		/* The CPUs start while all that reads and tells is loaded, and reads the recording. */
		const { replay_on } = await import("./replay_on.ts");
		return await replay_on(booting, directory, {
			kernel,
			cpus: used,
			check,
			repeat,
			proc,
			trace: file && { file, path: options.trace as string },
			locks,
			json: options.json === true,
			maps: options.maps === true,
		});
	} catch (error) {
		if (!(error instanceof KernelPanic)) throw error;
		process.stderr.write(`${error.message}\n${error.where}\n`);
		return 1;
	} finally {
		file?.drop();
		await booting.then(
			(replayer) => replayer.shutdown(),
			() => {},
		);
	}
}
