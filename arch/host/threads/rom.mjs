// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a CPU of the threads machine (a worker thread) has in ROM: it waits for
 * power, and loads the kernel that it is told of.
 */
import { pathToFileURL } from "node:url";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

/** @typedef {import("node:worker_threads").MessagePort} MessagePort */
/** @typedef {{ vmlinux: string; source_maps: boolean; data: import("./door.ts").CpuData }} Told */

Atomics.wait(/** @type {{ power: Int32Array }} */ (workerData).power, 0, 0);
const { message } = /** @type {{ message: Told }} */ (receiveMessageOnPort(/** @type {MessagePort} */ (parentPort)));
Object.assign(workerData, message.data);
process.setSourceMapsEnabled(message.source_maps);
await import(pathToFileURL(message.vmlinux).href);
/* Of programs that are loaded: what is said of a place is said in terms of their sources. The map of the kernel is
 * large, and is only looked at when it is asked for: see in_sources(). */
process.setSourceMapsEnabled(true);
