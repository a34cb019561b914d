// SPDX-License-Identifier: GPL-2.0-only
//
// Starts the commands of $(shell,…) before the parser asks for them, on all processors. It
// has no counterpart in Linux, which waits for one after the other. A first pass over the
// files, by the same lexer, finds the commands whose output goes into a token and nowhere
// else; those are the same whatever the others say, so they are no guesses, and their order
// does not matter to each other. All others are run when their turn comes.

import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { lexer_init, yylex, zconf_initscan, zconf_nextfile, zconf_starthelp } from './lexer.ts';
import type { Lexer } from './lexer.ts';
import type { Compat, KconfHost, ShellResult } from './lkc.ts';
import { ConfExit, kconf_alloc } from './lkc.ts';
import type { Preprocessor, VariableFlavor } from './preprocess.ts';
import { preprocess_init, variable_add } from './preprocess.ts';
import { to_text } from './text.ts';

/** Moves to the end of the line that a token stands in. */
function skip_line(lx: Lexer): void {
	while (lx.type !== 'eol' && lx.type !== 'eof') yylex(lx);
}

/** One statement, as far as it leads to other files or defines macros. */
function look_at(lx: Lexer, pp: Preprocessor): void {
	const { type, value } = lx;
	if (type === 'source') {
		pp.nested++;
		yylex(lx);
		pp.nested--;
		const name = lx.value;
		const is_name = (lx.type as string) === 'quoted';
		skip_line(lx);
		if (is_name) zconf_nextfile(lx, name);
		return;
	}
	if (type === 'help') {
		skip_line(lx);
		zconf_starthelp(lx);
		return;
	}
	if (type === 'word') {
		yylex(lx);
		const op = lx.type;
		if (op === '=' || op === ':=' || op === '+=') {
			yylex(lx);
			const text = (lx.type as string) === 'assign_val' ? lx.value : '';
			variable_add(pp, value, text, op as VariableFlavor);
		}
	}
	skip_line(lx);
}

/** The commands that a parse will run and that nothing but a token depends on. */
function find_commands(host: KconfHost, compat: Compat, file: string): string[] {
	const quiet: KconfHost = { ...host, out: () => {}, err: () => {} };
	const kconf = kconf_alloc(quiet, compat);
	const lx = lexer_init(kconf);
	const pp = preprocess_init(kconf, lx);
	const found: string[] = [];
	lx.pp = pp;
	pp.later = (command) => found.push(command);
	try {
		zconf_initscan(lx, file);
		for (yylex(lx); lx.type !== 'eof'; yylex(lx)) look_at(lx, pp);
	} catch (e) {
		// The parser will come to the same place, and say what is wrong there.
		if (!(e instanceof ConfExit)) throw e;
	}
	return found;
}

/**
 * A shell that runs the commands it is sent, a line each, by one /bin/sh -c each. After each
 * it ends the output with a mark. It reads them from descriptor 3: standard input is theirs.
 */
const DRIVER = `
while IFS= read -r command <&3; do
	/bin/sh -c "$command" 3<&-
	echo "$0"
	echo "$0" >&2
done`;

/** Collects a stream that is cut into answers by a mark. */
async function answers(stream: Readable, mark: string): Promise<string[]> {
	stream.setEncoding('latin1');
	let text = '';
	for await (const chunk of stream) text += chunk;
	return text.split(`${mark}\n`).slice(0, -1);
}

function start_driver(host: KconfHost, mark: string): ChildProcess {
	const { spawn } = process.getBuiltinModule('node:child_process');
	return spawn('/bin/sh', ['-c', DRIVER, mark], {
		cwd: host.cwd,
		env: host.env as NodeJS.ProcessEnv,
		stdio: ['inherit', 'pipe', 'pipe', 'pipe'],
	});
}

/** The results that have come in ahead, by command, in the order of the calls. */
export type ShellAhead = Map<string, ShellResult[]>;

/** Runs what can be run ahead of a parse of `file`. Commands that fail to start are left out. */
export async function run_ahead(
	host: KconfHost,
	compat: Compat,
	file: string,
): Promise<ShellAhead> {
	const ahead: ShellAhead = new Map();
	const mark = `\x01${process.pid}.${Math.random()}\x01`;
	// They are started first: to fork is cheap as long as there is little memory.
	const drivers = Array.from({ length: Math.min(availableParallelism(), 8) }, () =>
		start_driver(host, mark),
	);
	const shares = drivers.map(() => [] as string[]);
	const done = drivers.map(async (driver, i) => {
		driver.on('error', () => {});
		const queue = driver.stdio[3] as Writable;
		queue.on('error', () => {});
		const [out, err] = await Promise.all([
			answers(driver.stdout as Readable, mark),
			answers(driver.stderr as Readable, mark),
		]);
		for (const [k, stdout] of out.entries()) {
			const command = shares[i]?.[k];
			const stderr = err[k];
			if (command === undefined || stderr === undefined) return;
			const list = ahead.get(command) ?? [];
			list.push({ stdout, stderr });
			ahead.set(command, list);
		}
	});
	for (const [i, command] of find_commands(host, compat, file).entries()) {
		const to = i % drivers.length;
		shares[to]?.push(command);
		(drivers[to]?.stdio[3] as Writable).write(`${to_text(command)}\n`);
	}
	for (const driver of drivers) (driver.stdio[3] as Writable).end();
	await Promise.all(done);
	return ahead;
}
