// SPDX-License-Identifier: GPL-2.0-only
/** The programs that record, and what can be done where one cannot do its part. */
import { which } from "zx";
import { run } from "../../scripts/lib/child.ts";
import { UserError } from "../lib/errors.ts";

export interface Tools {
	/** Undefined: page faults are not recorded. */
	perf?: string;
	strace: string;
	setarch: string;
	setpriv: string;
}

/** The events with address and error code, and the one with the address only. */
export const TRACED = [
	"-e",
	"exceptions:page_fault_user,exceptions:page_fault_kernel",
	"-c",
	"1",
	"-k",
	"CLOCK_MONOTONIC",
];
export const COUNTED = ["-e", "page-faults", "-c", "1", "-d", "-k", "CLOCK_REALTIME"];

export async function find_tools(program: string | undefined, faults: boolean): Promise<Tools> {
	const find = async (name: string, what: string) => {
		const path = await which(name, { nothrow: true });
		if (!path) throw new UserError(`${name}: not found in PATH; ${what}`);
		return path;
	};
	if (process.platform !== "linux" || process.arch !== "x64")
		throw new UserError(
			`${process.platform}/${process.arch}: programs can be recorded on Linux on x86-64 only; ` +
				`replaying works everywhere`,
		);
	const perf = "install the package linux-perf (Debian) or linux-tools (Ubuntu), or record --no-faults";
	const tools = {
		perf: faults ? await find("perf", perf) : undefined,
		strace: await find("strace", "install the package strace"),
		setarch: await find("setarch", "install the package util-linux"),
		setpriv: await find("setpriv", "install the package util-linux"),
	};
	if (program !== undefined) await find(program, "the command to record has to be an executable program");
	return tools;
}

/** How perf may record page faults here: with what they were for, if it can be had. */
export async function fault_events(perf: string, data: string): Promise<{ events: string[]; traced: boolean }> {
	const tried = async (events: string[]) => run([perf, "record", "-q", ...events, "-o", data, "--", "true"]);
	if ((await tried(TRACED)).status === 0) return { events: TRACED, traced: true };
	const { status, stderr } = await tried(COUNTED);
	if (status === 0) return { events: COUNTED, traced: false };
	const said = first_line(stderr) ?? `exit code ${status}`;
	if (/No space left/.test(stderr))
		throw new UserError(`${data}: cannot be written: no space left on the device`);
	throw new UserError(
		`perf: it cannot record page faults here (${said}); run as root, ` +
			`set kernel.perf_event_paranoid to 1 with sysctl, or record --no-faults`,
	);
}

export function first_line(text: string): string | undefined {
	return text
		.split("\n")
		.map((line) => line.trim())
		.find((line) => line !== "" && line !== "Error:" && !line.startsWith("WARNING"));
}
