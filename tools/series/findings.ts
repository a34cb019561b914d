// SPDX-License-Identifier: GPL-2.0-only
/**
 * The commands of Documentation/findings.md, and what the page says that they print. Of the output of `spf explore`
 * it has what each search has seen, without executions per second, and of what fails what it is and how small it is.
 */

export const FINDINGS = "Documentation/findings.md";

export interface Finding {
	/** As it stands there. */
	command: string;
	/** What Node.js is started with for it, from the top of the tree. */
	argv: string[];
	said: string[];
}

const BLOCK = /^```\n\$ (.*)\n([\s\S]*?)^```$/gm;

/** `npx spf …`, or `make explore-mutants ARGS="…"`. */
function argv_of(command: string): string[] {
	const spf = /^npx spf (.*)$/.exec(command);
	if (spf) return ["bin/spf.mjs", ...spf[1].split(" ")];
	const mutants = /^make explore-mutants ARGS="(.*)"$/.exec(command);
	return mutants ? ["--import", "tsx", "scripts/explore-mutants.ts", ...mutants[1].split(" ")] : [];
}

export function findings(page: string): Finding[] {
	return [...page.matchAll(BLOCK)].map(([, command, said]) => ({
		command,
		argv: argv_of(command),
		said: said.split("\n").slice(0, -1),
	}));
}

/** The page with other outputs in the place of its own. */
export function with_outputs(page: string, outputs: string[][]): string {
	let i = 0;
	return page.replace(BLOCK, (_, command: string) => ["```", `$ ${command}`, ...outputs[i++], "```"].join("\n"));
}

/** What the page keeps of an output. */
export function kept(output: string): string[] {
	const lines: string[] = [];
	/* Whoever is first says so first. */
	const verdicts: string[] = [];
	/* Below the line that says what fails, as long as lines are indented. */
	let failure = false;
	for (const line of output.split("\n")) {
		const summary = /^(\S+: explored .*), [\d,]+\/s$/.exec(line)?.[1];
		const title = /^[\w-]+: (?!explored)/.test(line);
		if (summary !== undefined) lines.push(summary);
		else if (title || /^minimised: /.test(line)) lines.push(line);
		else if (/^(killed|survives) /.test(line)) verdicts.push(line);
		else if (failure && line.startsWith("  ")) lines.push(line);
		failure = title || (failure && !/^$/.test(line));
	}
	return [...lines, ...verdicts.sort()];
}
