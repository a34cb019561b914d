// SPDX-License-Identifier: GPL-2.0-only
//
// Which symbols make which modules, as Linux's scripts/kconfig/streamline_config.pl finds it in
// Makefiles: "obj-$(CONFIG_X) += a.o", with the variables that the same file sets before.

import { readdirSync } from "node:fs";
import type { KconfHost } from "./lkc.ts";
import { cannot_open } from "./streamline_config.ts";
import { path_of, read_bytes, to_bytes } from "./text.ts";

const OBJECTS = /obj-\$[({](CONFIG_[^})]*)[)}][ \t\n\v\f\r]*[+:]?=[ \t\n\v\f\r]*(.*)/;
const VARIABLE = /^[ \t\n\v\f\r]*([^ \t\n\v\f\r]+)[ \t\n\v\f\r]*:?=[ \t\n\v\f\r]*(.*[^ \t\n\v\f\r])/;

/** All Makefiles and Kbuild files below a directory; links are not followed. */
function* makefiles(dir: string): Generator<string> {
	let entries: import("node:fs").Dirent[];
	try {
		entries = readdirSync(dir, { withFileTypes: true });
	} catch {
		return;
	}
	for (const entry of entries) {
		const path = `${dir}/${entry.name}`;
		if (entry.isDirectory()) yield* makefiles(path);
		else if (entry.name === "Makefile" || entry.name === "Kbuild") yield path;
	}
}

/** A line with the variables replaced that are set; what they contain stays as it is. */
function convert_vars(line: string, vars: ReadonlyMap<string, string>): string {
	return line.includes("$(") ? line.replace(/\$\((.*?)\)/g, (all, name) => vars.get(name) ?? all) : line;
}

function read_makefile(text: string, objects: Map<string, string[]>): void {
	const vars = new Map<string, string>();
	const lines = text.split("\n");
	if (lines.at(-1) === "") lines.pop();
	let kept = "";
	for (const raw of lines) {
		if (raw.endsWith("\\")) {
			kept += raw.slice(0, -1);
			continue;
		}
		const line = convert_vars(kept + raw, vars);
		kept = "";
		const [, conf, list] = OBJECTS.exec(line) ?? [];
		if (conf === undefined || list === undefined) {
			const [, name, value] = VARIABLE.exec(line) ?? [];
			if (name !== undefined && value !== undefined) vars.set(name, value);
			continue;
		}
		for (const object of list.split(/[ \t\n\v\f\r]+/)) {
			const module = /(.*)\.o$/.exec(object.replaceAll("-", "_"))?.[1];
			if (module === undefined) continue;
			const confs = objects.get(module);
			if (confs) confs.push(conf);
			else objects.set(module, [conf]);
		}
	}
}

/** The symbols that make a module, by its name as lsmod has it. */
export function module_objects(host: KconfHost, srctree: string): ReadonlyMap<string, readonly string[]> {
	const objects = new Map<string, string[]>();
	for (const path of makefiles(path_of(host, to_bytes(srctree)))) {
		let text: string;
		try {
			text = read_bytes(path);
		} catch {
			throw cannot_open(to_bytes(path));
		}
		read_makefile(text, objects);
	}
	return objects;
}
