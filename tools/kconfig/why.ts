// SPDX-License-Identifier: GPL-2.0-only
/** `spf kconfig why`: scripts/kconfig/why_main.ts under this name, with this command's way to end. */
import { join, resolve } from "node:path";
import { process_host, speaks_as } from "../../scripts/kconfig/host.ts";
import { ConfExit } from "../../scripts/kconfig/lkc.ts";
import { to_bytes, to_text } from "../../scripts/kconfig/text.ts";
import { why_main } from "../../scripts/kconfig/why_main.ts";
import { DEFAULT_ARCH } from "../../scripts/lib/objtree.ts";
import { UserError } from "../lib/errors.ts";
import { here } from "../lib/root.ts";
import type { WhyOptions } from "./index.ts";

/** The environment; for this tree's own files, as make would give it. */
function environment({ kconfig }: WhyOptions): NodeJS.ProcessEnv {
	const { env } = process;
	const own = !env.ARCH && !env.SRCARCH && resolve(env.srctree ?? "", kconfig) === join(here(), "Kconfig");
	return own ? { ARCH: DEFAULT_ARCH, SRCARCH: DEFAULT_ARCH, ...env } : env;
}

/** One answer for all symbols; the exit code. */
export function why(symbols: string[], options: WhyOptions): number {
	speaks_as("spf");
	const host = process_host({ env: environment(options) });
	try {
		return why_main(symbols, { ...options, progname: "spf" }, host);
	} catch (error) {
		if (!(error instanceof ConfExit)) throw error;
		if (error.code === 2) throw new UserError(to_text(error.message));
		if (error.message !== "") host.err(`${error.bytes ?? to_bytes(error.message)}\n`);
		return error.code;
	}
}
