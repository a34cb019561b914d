// SPDX-License-Identifier: GPL-2.0-only
/** Ctrl-C on a terminal, in the midst of a progress bar: the terminal is as it was, and the status is 130. */
import { spawn, spawnSync } from "node:child_process";
import test from "ava";
import { objtree } from "../scripts/lib/objtree.ts";
import { here } from "./lib/root.ts";

/* The one of util-linux, which gives its command a terminal of its own. */
const have = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");
if (!have) console.log("ctrl_c: script of util-linux is not installed: not tested on a terminal");

(have ? test : test.skip)("Ctrl-C while a recording is replayed (needs script)", async (t) => {
	t.timeout(120_000);
	const vmlinux = await objtree({ name: "default" });
	const command = `${process.execPath} bin/spf.mjs replay --check --repeat 1000 --vmlinux ${vmlinux}`;
	const child = spawn("script", ["-qec", command, "/dev/null"], {
		cwd: here(),
		stdio: ["pipe", "pipe", "inherit"],
	});
	let said = "";
	child.stdout.setEncoding("utf8").on("data", (text) => {
		/* It is pressed once. */
		if (!said.includes("replay [") && (said + text).includes("replay [")) child.stdin.write("\x03");
		said += text;
	});
	t.is(await new Promise((done) => child.on("close", done)), 130);
	for (const [on, off] of [
		["\x1b[?7h", "\x1b[?7l"],
		["\x1b[?25h", "\x1b[?25l"],
	])
		t.true(said.lastIndexOf(on) >= said.lastIndexOf(off), JSON.stringify(said.slice(-80)));
	t.true(said.includes("\x1b[?7l"), "lines were not wrapped meanwhile");
});
