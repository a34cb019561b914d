// SPDX-License-Identifier: GPL-2.0-only
/** Which kernel takes how much memory, and what is said of more. */
import test from "ava";
import { UserError } from "./errors.ts";
import { mem_option, room_of, with_room } from "./ram.ts";

const kernel = (...symbols: string[]) => room_of((symbol) => (symbols.includes(symbol) ? "y" : undefined));

const kernels: [symbols: string[], most: number, why: RegExp][] = [
	[[], 2048, /HIGHMEM \(make highmem\.config\)$/],
	[["HIGHMEM"], 4096, /cannot be addressed$/],
	[["HIGHMEM", "X86_INTEL_MEMORY_PROTECTION_KEYS"], 2048, /without memory keys$/],
	[["HIGHMEM", "MEM_SOFT_DIRTY", "X86_INTEL_MEMORY_PROTECTION_KEYS"], 1024, /without MEM_SOFT_DIRTY$/],
];
for (const [symbols, most, why] of kernels)
	test(`a kernel with ${symbols.join(", ") || "none of it"}`, (t) => {
		const room = kernel(...symbols);
		t.is(mem_option(`${most}`, room), most);
		const error = t.throws(() => mem_option(`${most + 1}`, room), { instanceOf: UserError });
		t.regex(error.message, why);
		t.true(error.message.startsWith(`--mem ${most + 1}: at most ${most}, more `), error.message);
	});

test("what is built for it", (t) => {
	const tree = { name: "nospf", fragments: ["nospf.config"], arch: "arm64" };
	t.is(with_room(tree, undefined), tree);
	t.is(with_room(tree, "2048"), tree);
	t.deepEqual(with_room(tree, "2049"), {
		name: "nospf-highmem",
		fragments: ["nospf.config", "highmem.config"],
		arch: "arm64",
	});
	t.throws(() => with_room(tree, "4097"), { instanceOf: UserError });
});
