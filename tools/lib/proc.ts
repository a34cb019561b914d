// SPDX-License-Identifier: GPL-2.0-only
/** Files of /proc, as commands show them: which there are, and their texts with a head line each. */
import { UserError } from "./errors.ts";

/** About each process, as /proc/PID/NAME; and about the machine, as /proc/NAME. */
const OF_PROCESSES = ["maps", "smaps", "smaps_rollup", "stat", "statm", "status"];
const OF_MACHINE = ["meminfo", "vmstat"];

/** The paths of a file: one, or one for each process. */
export function proc_paths(name: string, pids: number[]): string[] {
	return OF_MACHINE.includes(name) ? [`/proc/${name}`] : pids.map((pid) => `/proc/${pid}/${name}`);
}

/** The names that --proc was given. */
export function proc_names(names: string[] = []): string[] {
	const all = [...OF_PROCESSES, ...OF_MACHINE];
	for (const name of names)
		if (!all.includes(name)) throw new UserError(`--proc ${name}: expected one of ${all.join(", ")}`);
	return [...new Set(names)];
}

/** For commander: an option that may be given more than once. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** As head(1) and tail(1) show several files. */
export function proc_text(files: Record<string, string>): string {
	return Object.entries(files)
		.map(([path, text]) => `==> ${path} <==\n${text}`)
		.join("\n");
}

/** Each file, by what reads one: its text or a negative errno. */
export function read_proc(
	names: string[],
	pids: number[],
	read: (path: string) => string | number,
): Record<string, string> {
	const files: Record<string, string> = {};
	for (const path of names.flatMap((name) => proc_paths(name, pids))) {
		const text = read(path);
		/* A process that is dead by now has no memory to tell of. */
		if (typeof text === "string") files[path] = text;
	}
	return files;
}

/** What was asked for has to be there. */
export function check_proc(names: string[], files: Record<string, string>): void {
	for (const name of names)
		if (!Object.keys(files).some((path) => path.endsWith(`/${name}`)))
			throw new UserError(`--proc ${name}: this kernel has no such file (CONFIG_PROC_PAGE_MONITOR)`);
}
