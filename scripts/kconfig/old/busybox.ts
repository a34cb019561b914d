// SPDX-License-Identifier: GPL-2.0-only
//
// What BusyBox's conf does when the files have been read: main() of its scripts/kconfig/conf.c.

import { existsSync } from "node:fs";
import type { ReadLine } from "../conf_ask.ts";
import type { Kconf } from "../lkc.ts";
import { ConfExit } from "../lkc.ts";
import { path_of, to_bytes } from "../text.ts";
import { ask_busybox } from "./busybox_conf.ts";
import { read_busybox, read_busybox_simple, write_busybox } from "./busybox_data.ts";

const NOT_CONFIGURED =
	"***\n*** You have not yet configured busybox!\n***\n" +
	'*** Please run some configurator (e.g. "make oldconfig" or\n' +
	'*** "make menuconfig" or "make defconfig").\n***\n';

/** Reads what the mode starts from, answers all questions, and writes. */
export function busybox_main(kconf: Kconf, mode: string, file: string, read: ReadLine): void {
	const { host } = kconf;
	const exists = (name: string): boolean => existsSync(path_of(host, name));
	if (mode === "defconfig") {
		if (!read_busybox(kconf, file)) {
			host.out(`***\n*** Can't find default configuration "${file}"!\n***\n`);
			throw new ConfExit(1);
		}
	} else if (mode.startsWith("all") || mode === "randconfig") {
		const own = mode === "randconfig" ? "allrandom.config" : mode.replace(/config$/, ".config");
		const asked = to_bytes(host.env.KCONFIG_ALLCONFIG ?? "");
		const found = [asked, own, "all.config"].find((name) => name !== "" && exists(name));
		if (found !== undefined) read_busybox_simple(kconf, found);
	} else {
		if (mode === "syncconfig" && !exists(".config")) {
			host.out(NOT_CONFIGURED);
			throw new ConfExit(1);
		}
		read_busybox(kconf, null);
	}
	ask_busybox(kconf, mode, read);
	write_busybox(kconf);
}
