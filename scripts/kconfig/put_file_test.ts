// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of writing a result file: as if into it, but never half of it.

import { spawnSync } from "node:child_process";
import { chmodSync, linkSync, lstatSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { put_file } from "./put_file.ts";
import { sandbox } from "./testutil.ts";

test("a file that is there keeps its mode, its links and its links to it", (t) => {
	const box = sandbox({ plain: "old", real: "old", one: "old" });
	t.teardown(() => box.remove());
	const at = (name: string) => join(box.dir, name);
	chmodSync(at("plain"), 0o640);
	put_file(at("plain"), "new\xe9");
	t.is(statSync(at("plain")).mode & 0o777, 0o640);
	t.is(statSync(at("plain")).size, 4);
	symlinkSync("real", at("link"));
	put_file(at("link"), "new");
	t.true(lstatSync(at("link")).isSymbolicLink());
	t.is(box.read("real"), "new");
	symlinkSync("nowhere", at("dangling"));
	put_file(at("dangling"), "made");
	t.true(lstatSync(at("dangling")).isSymbolicLink());
	t.is(box.read("nowhere"), "made");
	linkSync(at("one"), at("two"));
	put_file(at("two"), "both");
	t.is(box.read("one"), "both");
	put_file(at("fresh"), "fresh");
	t.is(box.read("fresh"), "fresh");
	put_file("/dev/null", "nothing is left behind");
	t.deepEqual(
		readdirSync(box.dir).filter((name) => name.endsWith(".tmp")),
		[],
	);
});

test("a directory in the way is an error, and nothing is left beside it", (t) => {
	const box = sandbox();
	t.teardown(() => box.remove());
	mkdirSync(join(box.dir, "d"));
	t.throws(() => put_file(join(box.dir, "d"), "x"), { code: "EISDIR" });
	t.deepEqual(readdirSync(box.dir), ["d"]);
});

test("a defconfig for which there is no room leaves the old one whole", (t) => {
	const symbols = Array.from({ length: 400 }, (_, i) => `config SOMETHING_LONG_${i}\n\tbool "${i}"\n`).join("");
	const config = Array.from({ length: 400 }, (_, i) => `CONFIG_SOMETHING_LONG_${i}=y\n`).join("");
	const box = sandbox({ Kconfig: symbols, ".config": config, def: "old\n" });
	t.teardown(() => box.remove());
	const conf = join(import.meta.dirname, "../../bin/spf-conf.mjs");
	const run = (limit: string) =>
		spawnSync("sh", ["-c", `${limit} exec "$0" "$1" --savedefconfig=def Kconfig`, process.execPath, conf], {
			cwd: box.dir,
			encoding: "utf8",
			env: { PATH: process.env.PATH, KCONFIG_NOCACHE: "1" },
		});
	// As a disk would: some bytes are taken, and then no more.
	const full = run("ulimit -f 1;");
	t.is(full.status, 1, full.stderr);
	t.is(box.read("def"), "old\n");
	t.deepEqual(
		readdirSync(box.dir).filter((name) => name.endsWith(".tmp")),
		[],
	);
	t.is(run("").status, 0);
	t.is(box.read("def"), config);
});
