// SPDX-License-Identifier: GPL-2.0-only
/** The scenarios as they stand in the sources: what is asked for can be refused before a kernel is built for it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nearest } from "../../../scripts/kconfig/why/names.ts";
import { UserError } from "../../lib/errors.ts";
import { here } from "../../lib/root.ts";
import { scenario_names } from "../../series/marks.ts";

const PLACE = "tools/explore/inside/scenarios";
const MADE = /^random(\/\d+(-\d+)*)?$/;
const LITERAL = /(["'`])([^\s"'`]+)\1/g;

function sources(): string[] {
	const dir = join(here(), PLACE);
	return readdirSync(dir).map((file) => readFileSync(join(dir, file), "utf8"));
}

/** Every scenario's name; `${…}` stands in some of them. */
export function all_scenarios(): Set<string> {
	return new Set(sources().flatMap(scenario_names));
}

/** Is it what the template may become? One that begins with what is filled in could become anything. */
function fits(name: string, template: string): boolean {
	if (!/^\w[\w/-]+\$\{/.test(template)) return false;
	const parts = template.split(/\$\{[^}]*\}/).map((part) => part.replace(/[^\w/-]/g, "\\$&"));
	return new RegExp(`^${parts.join(".+")}$`).test(name);
}

/** Throws if a name is no scenario's, whatever the kernel is like. */
export function check_written(asked: readonly string[]): void {
	const names = all_scenarios();
	const others = asked.filter((name) => !names.has(name) && !MADE.test(name));
	if (others.length === 0) return;
	/* A name may also be made of something else in a source: whoever writes it so is believed. */
	const literals = sources().flatMap((text) => [...text.matchAll(LITERAL)].map(([, , literal]) => literal));
	for (const name of others) {
		if (literals.some((literal) => literal === name || fits(name, literal))) continue;
		const near = nearest(name, names);
		const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : "none has a similar name;";
		throw new UserError(`no scenario '${name}'; ${hint} 'spf explore --list' names them all`);
	}
}
