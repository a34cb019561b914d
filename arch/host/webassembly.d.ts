// SPDX-License-Identifier: GPL-2.0-only
/** The part of the WebAssembly interface that the machines use; TypeScript has
 *  it in the library for browsers only. */
declare namespace WebAssembly {
	class Memory {
		constructor(descriptor: { initial: number; maximum: number; shared: true });
		readonly buffer: SharedArrayBuffer;
	}
	class Module {
		constructor(bytes: Uint8Array);
	}
	class Instance {
		constructor(module: Module, imports: Record<string, Record<string, Memory>>);
		readonly exports: unknown;
	}
}
