// SPDX-License-Identifier: GPL-2.0-only
/** On what was measured, and beside what: figures of two machines, or of a busy one, are not to be compared. */
import { availableParallelism, cpus, loadavg, release, type } from "node:os";

const MINUTE = "load average of the last minute";

export function bench_head(): string {
	const model = cpus()[0]?.model.trim() || "unknown";
	const [load] = loadavg();
	const busy = load > 0.5 ? "; something else is running, so take the figures with care" : "";
	return [
		`CPU:  ${model}, ${availableParallelism()} of them`,
		`Node: ${process.version} (V8 ${process.versions.v8}), ${process.arch}; ${type()} ${release()}`,
		`Load: ${load.toFixed(2)} (${MINUTE})${busy}`,
	].join("\n");
}
