// SPDX-License-Identifier: GPL-2.0-only
/** A CPU that dies takes the machine down with a reason; nothing hangs. */
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

test("a thread that was started ahead is the first CPU of the next machine", async (t) => {
	start_thread();
	const machine = await boot();
	t.is(machine.cpus, 2);
	t.is(await machine.run({ cpu: 0, module: source("return arg;"), fn: "main", arg: 1 }), 1);
	await machine.shutdown();
});
