// SPDX-License-Identifier: GPL-2.0-only
/** A CPU that dies takes the machine down with a reason; nothing hangs. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { objtree } from "../../../scripts/lib/objtree.ts";
import { type BootOptions, KernelPanic, Machine, start_thread } from "./machine.ts";

const source = (body: string) =>
	`data:text/javascript,${encodeURIComponent(`export function main(user, arg) { ${body} }`)}`;
const vmlinux = await objtree({ name: "default" });
const boot = (more: Partial<BootOptions> = {}) =>
	Machine.boot({ vmlinux, cpus: 2, mem: 32, console: () => {}, ...more });

/** Runs `body` on CPU 0 while CPU 1 waits in the kernel's idle loop. */
async function dies(body: string): Promise<KernelPanic> {
	const machine = await boot();
	const idle = machine.run({ cpu: 1, fn: "cpu_startup_entry" });
	const results = await Promise.allSettled([machine.run({ cpu: 0, module: source(body), fn: "main" }), idle]);
	await machine.shutdown();
	const reasons = results.map((r) => (r.status === "rejected" ? r.reason : undefined));
	if (!reasons.every((r) => r instanceof KernelPanic)) throw new Error(`survived: ${JSON.stringify(results)}`);
	return reasons[0];
}

test("an exception in a program", async (t) => {
	const panic = await dies("throw new Error('oops');");
	t.regex(panic.message, /^Kernel panic - not syncing: CPU 0 died: oops/);
});

test("a worker that exits", async (t) => {
	const panic = await dies("process.exit(3);");
	t.regex(panic.message, /^Kernel panic - not syncing: CPU 0 died: exit code 3/);
});

test("programs run and return; what a machine was told to do ends with it", async (t) => {
	const machine = await boot();
	t.is(await machine.run({ cpu: 1, module: source("return arg + 1;"), fn: "main", arg: 41 }), 42);
	await t.throwsAsync(machine.run({ cpu: 2, fn: "main" }), { message: "no CPU 2" });
	await machine.shutdown();
	await t.throwsAsync(machine.run({ cpu: 0, module: source("return 1;"), fn: "main" }), {
		instanceOf: KernelPanic,
	});
});

test("a bundle that does not exist", async (t) => {
	await t.throwsAsync(boot({ vmlinux: "/nonexistent/vmlinux.mjs" }), { instanceOf: KernelPanic });
});

test("too little memory for the kernel itself", async (t) => {
	await t.throwsAsync(boot({ mem: 1 / 16 }), { instanceOf: KernelPanic });
});

test("more CPUs than the kernel was configured for", async (t) => {
	await t.throwsAsync(boot({ cpus: 9 }), { message: /CONFIG_NR_CPUS/ });
});

test("out of memory is a signal to the task, not an exception", async (t) => {
	const machine = await boot({ mem: 16 });
	const body = `
		const pid = user.user_spawn();
		user.run_task(pid);
		user.user_syscall(1002, 0x20000000, 0x7ffffffde000, 0x7ffffffff000);
		const p = user.user_syscall(9, 0, 64 << 20, 3, 0x22, -1, 0);
		let n = 0;
		while (user.user_store8(p + n * 4096, 1)) n++;
		return { n, task: user.user_task() };`;
	const { n, task } = (await machine.run({ cpu: 0, module: source(body), fn: "main" })) as {
		n: number;
		task: number;
	};
	t.true(n > 1000 && n < 4096, `${n} pages`);
	t.is(task, 0, "the task was killed");
	await machine.shutdown();
});

test("where it happened is said in terms of the sources", async (t) => {
	const panic = await t.throwsAsync(boot({ cpus: 9 }), { instanceOf: KernelPanic });
	t.regex((panic as KernelPanic).where, /kernel\/\S+\.ts:\d+:\d+/);
	t.false((panic as KernelPanic).where.includes("vmlinux.mjs"));
});

test("so it is for the kernel, if it asks", async (t) => {
	const module = source(
		"try { user.user_load32({ valueOf() { throw new Error(); } }); } catch (error) { return error.stack; }",
	);
	for (const source_maps of [true, false]) {
		const machine = await boot({ source_maps });
		const stack = await machine.run({ cpu: 0, module, fn: "main" });
		t.is(/kernel\/\S+\.ts:\d+:\d+/.test(`${stack}`), source_maps, `${stack}`);
		await machine.shutdown();
	}
});

test("a bundle behind a link", async (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf machine%20-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	const link = join(dir, "vmlinux.mjs");
	symlinkSync(vmlinux, link);
	const panic = await t.throwsAsync(boot({ vmlinux: link, cpus: 9 }), { instanceOf: KernelPanic });
	t.regex((panic as KernelPanic).where, /kernel\/\S+\.ts:\d+:\d+/);
});

test("a thread that was started ahead is the first CPU of the next machine", async (t) => {
	const number = start_thread();
	t.is(start_thread(), number);
	const machine = await boot();
	const who = 'import { threadId } from "node:worker_threads"; export const main = () => threadId;';
	const module = `data:text/javascript,${who}`;
	t.is(await machine.run({ cpu: 0, module, fn: "main" }), number);
	t.not(await machine.run({ cpu: 1, module, fn: "main" }), number);
	await machine.shutdown();
});
