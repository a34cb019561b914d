// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of mconf on a real terminal, which is one of tmux. They look at the screen until it
// shows what it should, and are skipped where there is no tmux.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import test from "ava";
import { ConfExit } from "../lkc.ts";
import { mconf_main } from "../mconf.ts";
import { sandbox } from "../testutil.ts";
import { screen_alloc } from "./screen.ts";
import { choose_theme, is_utf8, MONO_THEME } from "./theme.ts";
import { key_name, row_text } from "./tty.ts";

const have = spawnSync("tmux", ["-V"]).status === 0;
if (!have) console.log("mconf: tmux is not installed: not tested on a terminal");
const on_terminal = have ? test.serial : test.serial.skip;

const MCONF = join(import.meta.dirname, "../mconf.ts");
const KCONFIG = 'mainmenu "Test"\nconfig ALPHA\n\tbool "alpha"\nconfig BETA\n\tbool "beta ä"\n';
const DEADLINE_MS = 60_000;

interface Tmux {
	send(...keys: string[]): void;
	run(...args: string[]): string;
	/** Waits until the screen shows this, and returns the screen. */
	see(what: RegExp): Promise<string>;
	read(name: string): string | null;
	/** The program's process. */
	child(): number;
}

function is_running(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

/** Runs the command in a terminal of its own. The shell that started it says how it ended. */
function terminal(t: ExecutionContext, env: string, then = ""): Tmux {
	const box = sandbox({ Kconfig: KCONFIG });
	const socket = join(box.dir, "tmux");
	const run = (...args: string[]): string =>
		spawnSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], { encoding: "utf8" }).stdout;
	t.teardown(() => {
		run("kill-server");
		box.remove();
	});
	const command = `'${process.execPath}' --import=${import.meta.resolve("tsx")} '${MCONF}' Kconfig`;
	const after = 'echo "EXIT $?"; stty -a | tr " ;" "\\n\\n" | grep icanon; cat';
	const shell = `cd '${box.dir}'; echo $$ >pid; ${env} ${command}; ${then}${after}`;
	const started = spawnSync(
		"tmux",
		["-S", socket, "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", shell],
		{ cwd: import.meta.dirname, encoding: "utf8" },
	);
	t.is(started.status, 0, started.stderr);
	return {
		run,
		send: (...keys) => run("send-keys", ...keys),
		read: (name) => box.read(name),
		child() {
			const shell = box.read("pid")?.trim() ?? "";
			const child = spawnSync("pgrep", ["-P", shell], { encoding: "utf8" }).stdout.trim();
			t.regex(child, /^\d+$/);
			return Number(child);
		},
		async see(what) {
			const give_up = Date.now() + DEADLINE_MS;
			for (;;) {
				const screen = run("capture-pane", "-p");
				if (what.test(screen)) return screen;
				if (Date.now() > give_up) {
					t.fail(`not seen: ${what}\n${screen}`);
					return screen;
				}
				await setTimeout(50);
			}
		},
	};
}

on_terminal("keys, resizing, saving", async (t) => {
	const tmux = terminal(t, "LC_ALL=C.UTF-8");
	await tmux.see(/┌─.* Test .*─┐/);
	tmux.send("Down", "y");
	await tmux.see(/\[\*\] beta ä/);
	tmux.run("resize-window", "-x", "100", "-y", "30");
	await tmux.see(/┌─{43} Test ─{44}┐/);
	tmux.run("resize-window", "-x", "30", "-y", "8");
	await tmux.see(/^Too small/);
	tmux.run("resize-window", "-x", "80", "-y", "24");
	tmux.send("Escape", "Escape");
	await tmux.see(/Do you wish to save/);
	tmux.send("Enter");
	const end = await tmux.see(/EXIT 0\n[\s\S]*icanon/);
	t.regex(end, /configuration written to \.config\n\n\*\*\* End of the configuration\./);
	t.notRegex(end, /-icanon/);
	t.regex(tmux.read(".config") ?? "", /^CONFIG_BETA=y$/m);
});

on_terminal("SIGTERM leaves the terminal in order", async (t) => {
	const tmux = terminal(t, "TERM=vt100 NO_COLOR=1 LC_ALL=C");
	await tmux.see(/\+-.* Test .*-\+[\s\S]*beta \?/);
	process.kill(tmux.child(), "SIGTERM");
	const end = await tmux.see(/EXIT 143\n[\s\S]*icanon/);
	t.notRegex(end, /-icanon/);
});

on_terminal("Ctrl-Z stops the program, and fg goes on with it", async (t) => {
	const tmux = terminal(t, "set -m; LC_ALL=C", "echo STOPPED; read line; fg; ");
	await tmux.see(/\+-.* Test .*-\+/);
	tmux.send("y", "C-z");
	const stopped = await tmux.see(/STOPPED/);
	t.notRegex(stopped, /Test/);
	tmux.send("Enter");
	await tmux.see(/\[\*\] alpha/);
	tmux.send("n");
	await tmux.see(/\[ \] alpha/);
	tmux.send("Escape", "Escape");
	await tmux.see(/Do you wish to save/);
	tmux.send("n");
	t.notRegex(await tmux.see(/EXIT 0\n[\s\S]*icanon/), /-icanon/);
});

on_terminal("Ctrl-Z where nobody could go on with it", async (t) => {
	const tmux = terminal(t, "LC_ALL=C");
	await tmux.see(/\+-.* Test .*-\+/);
	tmux.send("C-z", "y");
	await tmux.see(/\[\*\] alpha/);
});

on_terminal("the terminal goes away: the program ends", async (t) => {
	const tmux = terminal(t, 'trap "" HUP; LC_ALL=C');
	await tmux.see(/\+-.* Test .*-\+/);
	const pid = tmux.child();
	tmux.run("kill-server");
	const give_up = Date.now() + DEADLINE_MS;
	while (is_running(pid) && Date.now() < give_up) await setTimeout(50);
	t.false(is_running(pid));
});

on_terminal("a dumb terminal: one line, and exit status 1", async (t) => {
	const tmux = terminal(t, "TERM=dumb");
	t.regex(await tmux.see(/EXIT 1/), /^spf-mconf: TERM=dumb: such a terminal cannot show menus/);
});

test("without a terminal: one line, and exit status 1", (t) => {
	const box = sandbox({ Kconfig: KCONFIG });
	t.teardown(() => box.remove());
	const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, MCONF, "Kconfig"], {
		cwd: import.meta.dirname,
		encoding: "utf8",
		stdio: ["ignore", "pipe", "pipe"],
	});
	t.is(status, 1);
	t.regex(stderr, /^spf-mconf: standard input and output must be a terminal.*\n$/);
});

test("an unknown release, from the option or from the environment: one line", async (t) => {
	const host = { env: { KCONFIG_COMPAT: "7" }, cwd: ".", out: () => {}, err: () => {} };
	const from = async (...args: string[]) =>
		(await t.throwsAsync(mconf_main(args, host), { instanceOf: ConfExit }))?.message;
	const known = "not known; known are 5.17, 6.1, 6.6, 6.12, 7.2, coreboot, u-boot, buildroot and busybox";
	t.is(await from("Kconfig"), `spf-mconf: KCONFIG_COMPAT=7: ${known}`);
	t.is(await from("--compat", "5", "Kconfig"), `spf-mconf: --compat 5: ${known}`);
});

test("names of keys", (t) => {
	t.is(key_name("\r", { name: "return" }), "enter");
	t.is(key_name("\x1b\x1b", { name: "escape", meta: true }), "escape");
	t.is(key_name("\t", { name: "tab" }), "tab");
	t.is(key_name("\x1b[Z", { name: "tab", shift: true }), "backtab");
	t.is(key_name("\x15", { name: "u", ctrl: true }), "ctrl-u");
	t.is(key_name("A", { name: "a", shift: true }), "A");
	t.is(key_name("ä", {}), "ä");
	t.is(key_name(" ", { name: "space" }), " ");
	t.is(key_name("\x1bx", { name: "x", meta: true }), null);
	t.is(key_name(undefined, { name: "undefined" }), null);
});

test("themes", (t) => {
	const color = choose_theme({ TERM: "xterm-256color" });
	t.is(color.item_selected, "0;1;37;44");
	t.is(color.title, "0;1;34;47");
	t.is(choose_theme({ TERM: "linux", MENUCONFIG_COLOR: "classic" }).title, "0;1;33;47");
	for (const TERM of ["dumb", "vt100", "vt220", "xterm-mono", "", undefined]) {
		t.is(choose_theme({ TERM }), MONO_THEME);
	}
	t.is(choose_theme({ TERM: "xterm", NO_COLOR: "1" }), MONO_THEME);
	t.is(choose_theme({ TERM: "xterm", MENUCONFIG_COLOR: "mono" }), MONO_THEME);
});

test("UTF-8 is written only where the locale has it", (t) => {
	t.true(is_utf8({ TERM: "xterm", LANG: "de_DE.UTF-8" }));
	t.false(is_utf8({ TERM: "xterm", LANG: "de_DE.UTF-8", LC_ALL: "C" }));
	t.false(is_utf8({ TERM: "dumb", LANG: "C.UTF-8" }));
	const row = screen_alloc(1, 4).cells[0] ?? [];
	for (const [i, ch] of ["│", "ä", "漢", ""].entries()) Object.assign(row[i] ?? {}, { ch });
	t.is(row_text(row, MONO_THEME, false), "\x1b[0m|???");
	t.is(row_text(row, MONO_THEME, true), "\x1b[0m│ä漢\x1b[5G");
});
