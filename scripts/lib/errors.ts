// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the user did or gave wrong, or what this machine refuses, in one line:
 * what, where, what to do. A program prints it and exits with 2 (program.ts);
 * there is no stack trace.
 */

export class UserError extends Error {}

/** What the system's refusals mean to who reads them. */
const WORDS: Readonly<Record<string, string>> = {
	EACCES: "permission denied",
	EBUSY: "it is in use",
	EDQUOT: "the disk quota is used up",
	EEXIST: "it exists already",
	EFBIG: "the file would be too large",
	EIO: "input/output error",
	EISDIR: "it is a directory",
	ELOOP: "too many symbolic links",
	EMFILE: "too many open files",
	ENAMETOOLONG: "the name is too long",
	ENFILE: "too many open files on this machine",
	ENOENT: "no such file or directory",
	ENOSPC: "no space left on the device",
	ENOTDIR: "a part of the path is not a directory",
	EPERM: "operation not permitted",
	EROFS: "the file system is read-only",
	ETXTBSY: "it is being executed",
};

/** System calls that make or change something. */
const WRITING = /^(write|open|mkdir|rename|rm|rmdir|unlink|copyfile|cp|symlink|link|chmod|[fl]?utimes|ftruncate)$/;

/** What is wrong with the place that is written to. */
const NO_ROOM: ReadonlySet<string> = new Set(["EDQUOT", "EFBIG", "ENOSPC", "EROFS"]);

function is_system_error(error: unknown): error is NodeJS.ErrnoException {
	return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string";
}

/** Why the system refused something, in words. */
export function reason(error: unknown): string {
	if (!is_system_error(error)) return (error as Error).message;
	return WORDS[error.code as string] ?? (error.code as string);
}

/** An error of the system as a mistake of one line; undefined, if it is none. */
export function refused(error: unknown): UserError | undefined {
	if (!is_system_error(error) || error.syscall === undefined) return undefined;
	const why = WORDS[error.code as string];
	if (why === undefined) return undefined;
	const { syscall } = error;
	/* Of two names the second one is where there is no room. */
	const { dest } = error as NodeJS.ErrnoException & { dest?: string };
	const path = NO_ROOM.has(error.code as string) ? (dest ?? error.path) : error.path;
	/* Opening fails for want of a file only where it is read. */
	const write = WRITING.test(syscall) && !(syscall === "open" && error.code === "ENOENT");
	if (syscall.startsWith("spawn")) return new UserError(`${path ?? syscall.slice(6)}: cannot be started: ${why}`);
	return new UserError(`${path ?? "output"}: cannot be ${write ? "written" : "read"}: ${why}`);
}
