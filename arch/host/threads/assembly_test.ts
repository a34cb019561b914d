// SPDX-License-Identifier: GPL-2.0-only
/** The functions that are put together byte by byte, held against typed arrays and Atomics. */
import test from "ava";
import { assemble } from "./assembly.ts";

const PAGE = 4096;
const WORDS = PAGE / 4;

/** Four pages, the words of which are all different. */
function machine(page = PAGE) {
	const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
	const H = new Int32Array(memory.buffer, 0, page);
	for (let i = 0; i < H.length; i++) H[i] = Math.imul(i + 1, 0x9e3779b9);
	return { asm: assemble(memory, page), H, before: [...H] };
}

for (const size of [4096, 8192, 16384, 65536])
	test(`a page of ${size} bytes is cleared, and copied, and nothing around it`, (t) => {
		const { asm, H, before } = machine(size);
		asm.clear_page(size);
		asm.copy_page(3 * size, 2 * size);
		const page = (n: number) => before.slice((n * size) / 4, ((n + 1) * size) / 4);
		t.deepEqual([...H], [...page(0), ...Array(size / 4).fill(0), ...page(2), ...page(2)]);
	});

test("the last page of all", (t) => {
	const memory = new WebAssembly.Memory({ initial: 65536, maximum: 65536, shared: true });
	const asm = assemble(memory, PAGE);
	const at = 2 ** 32 - PAGE;
	const H = new Uint8Array(memory.buffer);
	H.fill(7, at - PAGE);
	H.fill(3, 0, PAGE);
	asm.clear_page(at);
	t.deepEqual([H[at - 1], H[at], H[2 ** 32 - 1], H[0]], [7, 0, 0, 3]);
	t.true(H.subarray(at).every((byte) => byte === 0));
	asm.copy_page(at, at - PAGE);
	t.true(H.subarray(at).every((byte) => byte === 7));
	t.is(asm.fetch_add(2 ** 32 - 4, 1), 0x07070707);
	t.is(H[2 ** 32 - 4], 8);
});

test("a struct is copied for as long as it is", (t) => {
	for (const size of [8, 16, 120, 128, 200]) {
		const { asm, H, before } = machine();
		asm.copy64(PAGE, 64, size);
		const want = [...before];
		for (let i = 0; i < size / 4; i++) want[WORDS + i] = before[16 + i];
		t.deepEqual([...H], want, `${size} bytes`);
	}
});

test("read-modify-writes do what those of Atomics do", (t) => {
	const { asm, H, before } = machine();
	const A = Int32Array.from(before);
	const values = [0, 1, -1, 0x7fffffff, -0x80000000, 0x12345678];
	for (const [w, v] of values.entries()) {
		t.is(asm.fetch_add(w * 4, v), Atomics.add(A, w, v));
		t.is(asm.fetch_and(w * 4 + 64, v), Atomics.and(A, w + 16, v));
		t.is(asm.fetch_or(w * 4 + 128, v), Atomics.or(A, w + 32, v));
		t.is(asm.xchg(w * 4 + 192, v), Atomics.exchange(A, w + 48, v));
		t.is(asm.cmpxchg(w * 4 + 256, A[w + 64], v), Atomics.compareExchange(A, w + 64, A[w + 64], v));
		t.is(asm.cmpxchg(w * 4 + 320, v, 7), Atomics.compareExchange(A, w + 80, v, 7));
	}
	t.deepEqual([...H], [...A]);
});
