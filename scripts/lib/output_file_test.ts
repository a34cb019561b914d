// SPDX-License-Identifier: GPL-2.0-only
/** Files that are written last: whole, or as they were, whatever happens meanwhile. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { open_output } from "./output_file.ts";

function directory(t: ExecutionContext): string {
	const dir = mkdtempSync(join(tmpdir(), "spf-output-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	return dir;
}

test("finished, dropped, through a link, into a device", (t) => {
	const dir = directory(t);
	const name = join(dir, "out");
	writeFileSync(name, "old\n");
	symlinkSync("out", join(dir, "link"));
	const dropped = open_output(name);
	dropped.write("half");
	dropped.drop();
	t.is(readFileSync(name, "utf8"), "old\n");
	t.deepEqual(readdirSync(dir), ["link", "out"]);
	const file = open_output(join(dir, "link"));
	file.write("one\n");
	t.is(readFileSync(name, "utf8"), "old\n");
	file.write(Buffer.from("two\n"));
	file.finish();
	file.drop();
	t.is(readFileSync(name, "utf8"), "one\ntwo\n");
	t.deepEqual(readdirSync(dir), ["link", "out"]);
	const device = open_output("/dev/null");
	device.write("gone");
	device.finish();
});

test("what cannot be written is told before anything is done", (t) => {
	const dir = directory(t);
	t.throws(() => open_output(dir), { message: `${dir}: cannot be written: it is a directory` });
	const missing = join(dir, "no/out");
	t.throws(() => open_output(missing), { message: `${missing}: cannot be written: no such file or directory` });
	const name = join(dir, "out");
	writeFileSync(name, "old\n");
	chmodSync(name, 0o444);
	if (process.geteuid?.() === 0) return;
	t.throws(() => open_output(name), { message: `${name}: cannot be written: permission denied` });
});

test("a signal leaves the old file, and nothing beside it", async (t) => {
	const dir = directory(t);
	writeFileSync(join(dir, "out"), "old\n");
	const module = JSON.stringify(join(import.meta.dirname, "output_file.ts"));
	const program = `
		import { open_output } from ${module};
		open_output("out").write("half");
		process.stdout.write("on\\n");
		setInterval(() => {}, 1000);
	`;
	const tsx = import.meta.resolve("tsx");
	const args = ["--import", tsx, "--input-type=module", "-e", program];
	const child = spawn(process.execPath, args, { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
	await once(child.stdout, "data");
	child.kill("SIGINT");
	t.deepEqual(await once(child, "exit"), [130, null]);
	t.is(readFileSync(join(dir, "out"), "utf8"), "old\n");
	t.deepEqual(readdirSync(dir), ["out"]);
});
