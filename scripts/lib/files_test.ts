// SPDX-License-Identifier: GPL-2.0-only
/** Tests of files.ts: a file is written whole or not at all, and what keeps it from being written is said. */
import {
	chmodSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { reason, refused } from "./errors.ts";
import { make_directory, write_file } from "./files.ts";

function directory(): { dir: string; remove: () => void } {
	const dir = mkdtempSync(join(tmpdir(), "spf-files-"));
	return { dir, remove: () => rmSync(dir, { recursive: true }) };
}

test("a file gets its text, and nothing is left beside it", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	write_file(join(dir, "a"), "1\n");
	write_file(join(dir, "a"), "2\n");
	write_file(join(dir, "b/c/d"), "3\n", { parents: true });
	t.is(readFileSync(join(dir, "a"), "utf8"), "2\n");
	t.deepEqual(readdirSync(dir).sort(), ["a", "b"]);
	t.is(readFileSync(join(dir, "b/c/d"), "utf8"), "3\n");
});

test("a link stays one, and what it leads to is written", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	mkdirSync(join(dir, "there"));
	writeFileSync(join(dir, "there/a"), "1\n");
	symlinkSync("there/a", join(dir, "link"));
	write_file(join(dir, "link"), "2\n");
	t.is(readFileSync(join(dir, "there/a"), "utf8"), "2\n");
	t.deepEqual(readdirSync(dir).sort(), ["link", "there"]);
});

const at = (path: string, why: string) => ({ message: `${path}: cannot be written: ${why}`, name: "Error" });

test("what keeps it from being written", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	writeFileSync(join(dir, "file"), "old\n");
	mkdirSync(join(dir, "dir"));
	t.throws(() => write_file(join(dir, "no/file"), ""), at(join(dir, "no/file"), "no such file or directory"));
	t.throws(() => write_file(join(dir, "dir"), ""), at(join(dir, "dir"), "it is a directory"));
	t.throws(
		() => write_file(join(dir, "file/x"), "", { parents: true }),
		at(join(dir, "file/x"), "it exists already"),
	);
	t.throws(() => make_directory(join(dir, "file")), { message: /this directory cannot be made/ });
	if (process.platform === "linux")
		t.throws(() => make_directory("/proc/new/more"), {
			message: "/proc/new/more: this directory cannot be made: no such file or directory",
		});
	t.deepEqual(readdirSync(dir).sort(), ["dir", "file"]);
});

test("a device is written to, and may be full", (t) => {
	if (process.platform !== "linux") return t.pass();
	write_file("/dev/null", "x");
	t.throws(() => write_file("/dev/full", "x"), at("/dev/full", "no space left on the device"));
});

test("a directory in which nothing may be written", (t) => {
	const { dir, remove } = directory();
	writeFileSync(join(dir, "file"), "old\n");
	chmodSync(dir, 0o500);
	t.teardown(() => {
		chmodSync(dir, 0o700);
		remove();
	});
	/* Root may. */
	if (process.getuid?.() === 0) return t.pass();
	t.throws(() => write_file(join(dir, "file"), "new\n"), at(join(dir, "file"), "permission denied"));
	t.is(readFileSync(join(dir, "file"), "utf8"), "old\n");
});

test("refusals of the system in words", (t) => {
	const error = (code: string, syscall: string, path?: string) =>
		Object.assign(new Error("x"), { code, syscall, path });
	t.is(reason(error("EROFS", "open")), "the file system is read-only");
	t.is(refused(error("ENOSPC", "write"))?.message, "output: cannot be written: no space left on the device");
	t.is(refused(error("EROFS", "mkdir", "/a"))?.message, "/a: cannot be written: the file system is read-only");
	const copy = Object.assign(error("ENOSPC", "copyfile", "/a"), { dest: "/b" });
	t.is(refused(copy)?.message, "/b: cannot be written: no space left on the device");
	t.is(refused(error("ENOENT", "open", "/a"))?.message, "/a: cannot be read: no such file or directory");
	t.is(refused(error("EACCES", "scandir", "/a"))?.message, "/a: cannot be read: permission denied");
	t.is(refused(error("ENOENT", "spawn cc", "cc"))?.message, "cc: cannot be started: no such file or directory");
	t.is(refused(new TypeError("a fault of ours")), undefined);
	t.is(refused(error("ERR_INVALID_ARG_TYPE", "open")), undefined);
});
