// SPDX-License-Identifier: GPL-2.0-only
/** The stepper's rooms: who imports whom. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";

const here = dirname(fileURLToPath(import.meta.url));
const rooms = readdirSync(here, { recursive: true, encoding: "utf8" }).filter(
	(f) => f.endsWith(".ts") && !f.endsWith("_test.ts"),
);
const text_of = (room: string) => readFileSync(join(here, room), "utf8");
/** Types count, too. Kernel code that the stepper boots, and what is generated, is no room. */
const imports = new Map(
	rooms.map((room) => [
		room,
		[...text_of(room).matchAll(/\bfrom "(\.\.?\/|host\/)([^"]+)"/g)].map(([, at, path]) =>
			at === "host/" ? path : normalize(join(dirname(room), at, path)),
		),
	]),
);

/** The first circle that is found, as names of rooms. */
function circle(graph: Map<string, string[]>): string[] | undefined {
	const done = new Set<string>();
	const walk = (at: string, way: string[]): string[] | undefined => {
		if (way.includes(at)) return [...way.slice(way.indexOf(at)), at];
		if (done.has(at)) return;
		for (const next of graph.get(at) ?? []) {
			const found = walk(next, [...way, at]);
			if (found) return found;
		}
		done.add(at);
	};
	for (const room of graph.keys()) {
		const found = walk(room, []);
		if (found) return found;
	}
}

test("imports go one way", (t) => {
	t.true(rooms.length > 20 && rooms.includes("door.ts") && rooms.includes("models/tso.ts"));
	for (const [room, others] of imports)
		for (const other of others) t.true(imports.has(other), `${room} imports ${other}`);
	t.is(circle(imports)?.join(" -> "), undefined);
	t.deepEqual(
		circle(
			new Map([
				["a", ["b", "c"]],
				["b", ["c"]],
				["c", ["b"]],
			]),
		),
		["b", "c", "b"],
	);
});

test("a model, an oracle is known by its face: only all.ts knows which there are", (t) => {
	/* KASAN's shadow is looked at with every access. */
	const faces = ["models/model.ts", "oracles/oracle.ts", "oracles/kasan.ts"];
	for (const [room, others] of imports) {
		for (const other of others) {
			const [, dir] = /^(models|oracles)\//.exec(other) ?? [];
			if (dir === undefined || room.startsWith(`${dir}/`)) continue;
			t.true(faces.includes(other), `${room} imports ${other}`);
		}
	}
});

test("each room says in its head what it is", (t) => {
	const head = /^\/\/ SPDX-License-Identifier: GPL-2\.0-only\n\/\*\*\n? /;
	for (const room of rooms) t.regex(text_of(room), head, room);
});
