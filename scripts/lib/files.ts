// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files that are written whole or not at all: under another name beside their
 * own first, so that whoever interrupts us, or a disk that is full, leaves the
 * old one.
 */
import { lstatSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { reason, UserError } from "./errors.ts";

/** The file itself, where its name is a link; the name, where there is none yet. */
function real(path: string): string {
	try {
		return realpathSync(path);
	} catch {
		return path;
	}
}

/** The file that a name is of, and where it is written before it takes its place. */
export function places_of(path: string): { file: string; aside: string } {
	const file = real(path);
	const there = lstatSync(file, { throwIfNoEntry: false });
	/* A device or a pipe takes what it gets: there is nothing to put in its place. */
	if (there && !there.isFile()) return { file, aside: file };
	return { file, aside: join(dirname(file), `.tmp.${basename(file)}.${process.pid}`) };
}

/** Throws what the system says; UserError from write_file(). */
function put(path: string, data: string | Uint8Array): void {
	const { file, aside } = places_of(path);
	if (aside === file) {
		writeFileSync(file, data);
		return;
	}
	try {
		writeFileSync(aside, data);
		renameSync(aside, file);
	} catch (error) {
		rmSync(aside, { force: true });
		throw error;
	}
}

/** Writes a file, and the directories that lead to it where `parents` says so. */
export function write_file(path: string, data: string | Uint8Array, { parents = false } = {}): void {
	try {
		if (parents) make_parents(dirname(resolve(path)));
		put(path, data);
	} catch (error) {
		throw new UserError(`${path}: cannot be written: ${reason(error)}`);
	}
}

/** One after the other: in one go, Node has ENOENT for whatever keeps the first one from being made. */
function make_parents(path: string): void {
	if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
	if (dirname(path) !== path) make_parents(dirname(path));
	try {
		mkdirSync(path);
	} catch (error) {
		/* Somebody else may have made it meanwhile. */
		if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
	}
}

/** Makes a directory and those that lead to it. */
export function make_directory(path: string): void {
	try {
		make_parents(resolve(path));
	} catch (error) {
		throw new UserError(`${path}: this directory cannot be made: ${reason(error)}`);
	}
}
