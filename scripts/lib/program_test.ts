// SPDX-License-Identifier: GPL-2.0-only
/** Tests of how programs end: by a signal, with nobody reading, with an output that takes nothing, by mistakes. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";

const lib = import.meta.dirname;
const tsx = import.meta.resolve("tsx");

/** A program that does what `body` says, in a directory of its own. */
function make(body: string): { dir: string; args: string[]; remove: () => void } {
	const dir = mkdtempSync(join(tmpdir(), "spf-program-"));
	const file = join(dir, "p.mts");
	const names = ["at_end", "child", "errors", "program"].map((f) => `import * as ${f} from "${lib}/${f}.ts";`);
	writeFileSync(
		file,
		`import { spawn } from "node:child_process";\n` +
			`import { writeFileSync } from "node:fs";\n${names.join("\n")}\n` +
			`await program.program("p", async () => {\n${body}\n});\n`,
	);
	return { dir, args: ["--import", tsx, file], remove: () => rmSync(dir, { recursive: true, force: true }) };
}

function run(body: string, stdout: number | "pipe" = "pipe", env = {}) {
	const { args, dir, remove } = make(body);
	const { status, stderr } = spawnSync(process.execPath, args, {
		cwd: dir,
		encoding: "utf8",
		stdio: ["ignore", stdout, "pipe"],
		env: { ...process.env, MAKELEVEL: "", ...env },
	});
	remove();
	return { status, stderr };
}

/** How it ended. */
function end(child: ChildProcess): Promise<{ status: number | null; signal: string | null }> {
	return new Promise((resolve) => child.on("close", (status, signal) => resolve({ status, signal })));
}
/** Until a child has said something. */
function said(child: ChildProcess, text: string): Promise<void> {
	return new Promise((resolve, reject) => {
		let all = "";
		child.on("close", () => reject(new Error(`it ended after '${all}'`)));
		child.stdout?.on("data", (part) => {
			all += part;
			if (all.includes(text)) resolve();
		});
	});
}
function alive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

for (const [signal, status] of [
	["SIGINT", 130],
	["SIGTERM", 143],
	["SIGHUP", 129],
] as const)
	test(`${signal}: all is put in order, children end, and the status is ${status}`, async (t) => {
		const { dir, args, remove } = make(`
			at_end.at_end(() => writeFileSync("order", "1"));
			at_end.at_end(() => { throw new Error("one that fails keeps no other one from its work"); });
			const sleep = spawn("sleep", ["600"]);
			process.stdout.write("pid " + sleep.pid + "\\n");
			await child.ends_with_us(sleep);
		`);
		t.teardown(remove);
		const child = spawn(process.execPath, args, { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
		let out = "";
		child.stdout.on("data", (part) => {
			out += part;
		});
		await said(child, "\n");
		child.kill(signal);
		t.deepEqual(await end(child), { status, signal: null });
		t.true(existsSync(join(dir, "order")));
		t.false(alive(Number(/pid (\d+)/.exec(out)?.[1])));
	});

test("who was waiting for a child that Ctrl-C ended knows that it ends itself", async (t) => {
	const { dir, args, remove } = make(`
		const { status } = await child.run(["sh", "-c", "trap '' TERM; kill -INT $PPID; kill -INT $$"]);
		writeFileSync("known", status + " " + at_end.is_ending());
	`);
	t.teardown(remove);
	const { status, signal } = await end(spawn(process.execPath, args, { cwd: dir, stdio: "ignore" }));
	/* The latter, if it came while nothing was to be put in order yet. */
	t.true(status === 130 || signal === "SIGINT");
	/* The child is deaf to the SIGTERM of its parent, which may have been told first. */
	if (existsSync(join(dir, "known"))) t.is(readFileSync(join(dir, "known"), "utf8"), "130 true");
});

test("with nothing to put in order a signal ends it even while it calculates", async (t) => {
	const { dir, args, remove } = make(`
		at_end.at_end(() => {})();
		process.stdout.write("on\\n", () => { for (;;); });
		await new Promise(() => {});
	`);
	t.teardown(remove);
	const child = spawn(process.execPath, args, { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
	await said(child, "on");
	child.kill("SIGINT");
	t.deepEqual(await end(child), { status: null, signal: "SIGINT" });
});

const LINES = `
	at_end.at_end(() => writeFileSync("order", "1"));
	for (let i = 0; i < 1000; i++) {
		process.stdout.write("x".repeat(1000) + "\\n");
		await new Promise((r) => setTimeout(r, 1));
	}
`;
for (const [level, status] of [
	["", 141],
	["1", 0],
] as const)
	test(`nobody reads, ${level ? "below make" : "by hand"}: it is silent and ends in order`, async (t) => {
		const { dir, args, remove } = make(LINES);
		t.teardown(remove);
		const env = { ...process.env, MAKELEVEL: level };
		const child = spawn(process.execPath, args, { cwd: dir, env, stdio: ["ignore", "pipe", "pipe"] });
		let errors = "";
		child.stderr.on("data", (part) => {
			errors += part;
		});
		await said(child, "x");
		child.stdout.destroy();
		t.deepEqual(await end(child), { status, signal: null });
		t.is(errors, "");
		t.true(existsSync(join(dir, "order")));
	});

test("an output that takes nothing is one line", (t) => {
	if (process.platform !== "linux") return t.pass();
	const { status, stderr } = run("process.stdout.write('x');", openSync("/dev/full", "w"));
	t.is(status, 2);
	t.is(stderr, "p: the output cannot be written: no space left on the device\n");
});

test("mistakes are one line, faults of ours are not hidden", (t) => {
	t.deepEqual(run('throw new errors.UserError("that is wrong; do this");'), {
		status: 2,
		stderr: "p: that is wrong; do this\n",
	});
	t.deepEqual(run('writeFileSync("/no/such/x", "");'), {
		status: 2,
		stderr: "p: /no/such/x: cannot be read: no such file or directory\n",
	});
	t.deepEqual(run('await child.run(["no-such-program"]);'), {
		status: 2,
		stderr: "p: no-such-program: not found; install it, or add it to PATH\n",
	});
	const fault = run("undefined.x;");
	t.is(fault.status, 1);
	t.regex(fault.stderr, /TypeError/);
});
