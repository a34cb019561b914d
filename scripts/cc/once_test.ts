// SPDX-License-Identifier: GPL-2.0-only
/**
 * READ_ONCE and WRITE_ONCE are lowered to plain accesses of a shared typed
 * array. These tests show what that relies on: optimised code makes each
 * access, and in the order in which they are written.
 */
import { Worker } from "node:worker_threads";
import test, { type ExecutionContext } from "ava";

const WRITER = `
	const { workerData: H, parentPort } = require("node:worker_threads");
	function publish(i) { H[64] = i; H[128] = i; }
	while (H[0] === 0);
	for (let i = 0; i < 3e6; i++) publish(i);
	H[192] = 1;
	parentPort.postMessage(0);`;

const READER = `
	const { workerData: H, parentPort } = require("node:worker_threads");
	/* Unequal if the second load reused the first, or came before it. */
	function late() { const flag = H[128]; return H[64] < flag; }
	let wrong = 0, turns = 0;
	H[0] = 1;
	/* Ends only if the load stays in the loop. */
	for (; H[192] === 0; turns++) if (late()) wrong++;
	/* A hot loop with nothing in it but the load. */
	H[256] = 1;
	while (H[320] === 0);
	parentPort.postMessage({ wrong, turns });`;

function run(t: ExecutionContext, code: string, H: Int32Array): Promise<unknown> {
	const worker = new Worker(code, { eval: true, workerData: H });
	t.teardown(() => void worker.terminate());
	return new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
}

test("a reader in optimised code sees stores, and in their order", async (t) => {
	t.timeout(60_000);
	const H = new Int32Array(new SharedArrayBuffer(4096));
	const reader = run(t, READER, H);
	await run(t, WRITER, H);
	while (Atomics.load(H, 256) === 0) await new Promise((r) => setTimeout(r, 1));
	await new Promise((r) => setTimeout(r, 200));
	H[320] = 1;
	const { wrong, turns } = (await reader) as { wrong: number; turns: number };
	t.is(wrong, 0);
	t.true(turns > 0);
});
