// SPDX-License-Identifier: GPL-2.0-only
/** Tests of the Makefile's manners: output directories, reasons, help, cleaning, what is one line. */
import { spawn, spawnSync } from "node:child_process";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import { here } from "./lib/root.ts";

function make(args: string[], { cwd = here(), stdout = "pipe" as number | "pipe", env = {} } = {}) {
	const run = spawnSync("make", args, {
		cwd,
		encoding: "utf8",
		stdio: ["ignore", stdout, "pipe"],
		env: { ...process.env, MAKEFLAGS: "", MFLAGS: "", MAKELEVEL: "", KBUILD_OUTPUT: "", ...env },
	});
	return { status: run.status, stdout: run.stdout ?? "", stderr: run.stderr };
}

function directory(): { dir: string; remove: () => void } {
	const dir = realpathSync(mkdtempSync(join(tmpdir(), "spf-make-")));
	return { dir, remove: () => rmSync(dir, { recursive: true }) };
}

const refused: [string, RegExp][] = [
	["O=a b", /O=a b: the output directory cannot have spaces or colons in its name/],
	["O=/tmp/a:b", /O=\/tmp\/a:b: the output directory cannot have spaces or colons in its name/],
	["O=/dev/null/x", /O=\/dev\/null\/x: the output directory cannot be made: Not a directory/],
	["ARCH=arm", /ARCH=arm is not known here, these are: x86/],
	["NODE=no-such-node", /Node\.js is needed \(20\.19 or later\), and there is no "no-such-node" here/],
];
for (const [word, message] of refused)
	test(`refused: ${word}`, (t) => {
		const { status, stderr } = make([word, "defconfig"]);
		t.is(status, 2);
		t.regex(stderr, message);
		t.is(stderr.trim().split("\n").length, 1);
	});

for (const word of ["--nosuch", "no/such_test.ts"])
	test(`make test, make coverage: there is no ${word}`, (t) => {
		for (const goal of ["test", "coverage"]) {
			const { status, stdout, stderr } = make([goal, `ARGS=${word}`]);
			t.is(status, 2);
			t.is(stdout, "");
			t.regex(stderr, new RegExp(`^test: .*${word}`));
		}
	});

test("make coverage: where there is no room for it no table is printed", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	/* Tests are told that the kernel is there: none is needed. */
	mkdirSync(join(dir, "build/default/include/generated"), { recursive: true });
	writeFileSync(join(dir, "build/default/include/generated/asm-offsets.ts"), "");
	/* No file may get longer than 32 KiB. */
	const command = `trap '' XFSZ; ulimit -f 64; exec make O=${dir} coverage ARGS=scripts/kconfig/lexer_test.ts`;
	const { status, stdout, stderr } = spawnSync("sh", ["-c", command], {
		cwd: here(),
		encoding: "utf8",
		env: { ...process.env, MAKEFLAGS: "", MFLAGS: "", MAKELEVEL: "", KBUILD_OUTPUT: "" },
	});
	t.is(status, 2);
	t.regex(stdout, /^11 passed, /m);
	t.notRegex(stdout, /% Stmts/);
	t.regex(stderr, /^make: build\/coverage cannot be written: is the disk full/m);
	t.false(existsSync(join(dir, "build/coverage")));
});

test("npx ava FILE needs nothing that is built, and with an output directory leaves the tree alone", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	const { status, stdout } = make([`O=${dir}`, "test", "ARGS=arch/host/stepper/sharing_test.ts"]);
	t.is(status, 0, stdout);
	t.regex(stdout, /^1 passed, 0 failed$/m);
	t.true(existsSync(join(dir, "build/default/include/generated/asm-offsets.ts")));
});

test("a path with a space in it, by the name of the directory that a link leads to", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	mkdirSync(join(dir, "p q"));
	symlinkSync("p q", join(dir, "link"));
	const { status, stderr } = make([`O=${dir}/link`, "kernelversion"]);
	t.is(status, 2);
	t.regex(stderr, /O=\S+\/link is \S+\/p q: the output directory cannot have spaces/);
	/* The tree itself: nothing but the Makefile is needed to be told. */
	writeFileSync(join(dir, "p q/Makefile"), readFileSync(join(here(), "Makefile")));
	const tree = make(["all"], { cwd: join(dir, "p q") });
	t.is(tree.status, 2);
	t.regex(tree.stderr, /this tree lies in \S+\/p q, and make cannot build where a path has spaces or colons/);
	t.is(tree.stderr.trim().split("\n").length, 1);
});

test("an output directory has a Makefile and a link, and is left empty", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	const first = make([`O=${dir}`, "defconfig"]);
	t.is(first.status, 0, first.stderr);
	t.regex(first.stdout, /GEN {5}Makefile/);
	t.is(realpathSync(join(dir, "source")), here());

	/* Called there, all goes there, and paths are meant as seen from there. */
	const there = make(["nospf.config"], { cwd: dir });
	t.is(there.status, 0, there.stderr);
	t.notRegex(there.stdout, /GEN/);
	t.regex(readFileSync(join(dir, ".config"), "utf8"), /# CONFIG_SPECULATIVE_PAGE_FAULT is not set/);
	const diff = make(["diffconfig", "A=.config.old", "B=.config"], { cwd: dir });
	t.regex(diff.stdout, /^ SPECULATIVE_PAGE_FAULT y -> n$/m);
	t.is(make(["kernelversion"], { cwd: dir }).stdout, make(["kernelversion"]).stdout);

	/* The same by $KBUILD_OUTPUT; and a reason. */
	const auto = `${dir}/include/config/auto.conf`;
	rmSync(auto);
	const why = make(["V=2", auto], { env: { KBUILD_OUTPUT: dir } });
	t.regex(why.stdout, /SYNC {4}include\/config\/auto\.conf - due to missing target/, why.stderr);
	const again = make([`O=${dir}`, "V=2", "-W", "Kconfig", auto]);
	t.regex(again.stdout, /SYNC {4}include\/config\/auto\.conf - due to Kconfig/);
	t.regex(make(["-n", "V=2", "vmlinux.mjs"], { cwd: dir }).stdout, /--due 'missing target'/);

	t.is(make(["distclean"], { cwd: dir }).status, 0);
	t.deepEqual(spawnSync("ls", ["-A", dir], { encoding: "utf8" }).stdout, "");
	t.true(existsSync(join(here(), "node_modules")), "the source tree is another one");
});

test("somebody else's Makefile is not written over", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	writeFileSync(join(dir, "Makefile"), "all:\n");
	const { status, stderr } = make([`O=${dir}`, "defconfig"]);
	t.is(status, 2);
	t.regex(stderr, /it has a Makefile of somebody else/);
	t.is(readFileSync(join(dir, "Makefile"), "utf8"), "all:\n");
});

test("help: what can be built, in one piece or a part of it", (t) => {
	const { status, stdout } = make(["help"]);
	t.is(status, 0);
	t.regex(stdout, /^ {2}make ARCH=arch .*: x86 x86_64 i386 powerpc arm64$/m);
	for (const word of ["why", "tags", "kunit", "distclean"]) t.regex(stdout, new RegExp(`^ {2}${word}\\s`, "m"));
	const part = spawnSync("sh", ["-c", "make help | head -n 1; make -s help | true"], {
		cwd: here(),
		encoding: "utf8",
	});
	t.deepEqual([part.stdout, part.stderr], ["Cleaning targets:\n", ""]);
});

test("an output that takes nothing", (t) => {
	if (process.platform !== "linux") return t.pass();
	const { dir, remove } = directory();
	t.teardown(remove);
	for (const goal of ["help", "allyesconfig"]) {
		const { status, stderr } = make([`O=${dir}`, goal], { stdout: openSync("/dev/full", "w") });
		t.is(status, 2);
		/* And make's own. */
		t.is(stderr.trim().split("\n").length, 2, stderr);
		t.regex(stderr, /No space left on device/);
	}
});

test("make that is ended ends what it runs", async (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	const node = join(dir, "node");
	const pid = join(dir, "pid");
	writeFileSync(node, `#!/bin/sh\n[ "$1" = -p ] && exec echo ok\necho $$ > ${pid}\nexec sleep 60\n`, {
		mode: 0o755,
	});
	for (const goal of ["kunit", "olddefconfig"]) {
		const env = { ...process.env, MAKEFLAGS: "", MFLAGS: "", MAKELEVEL: "", KBUILD_OUTPUT: "" };
		/* A configurator that is up to date, so that it is what is run. */
		const dist = `KCONFIG_DIST=${join(dir, "dist")}`;
		mkdirSync(join(dir, "dist"), { recursive: true });
		writeFileSync(join(dir, "dist/spf-conf.mjs"), "");
		const child = spawn("make", [`NODE=${node}`, `O=${dir}`, dist, goal], {
			cwd: here(),
			env,
			stdio: "ignore",
		});
		while (!existsSync(pid) || readFileSync(pid, "utf8") === "") await delay(20);
		const running = Number(readFileSync(pid, "utf8"));
		child.kill("SIGTERM");
		await new Promise((done) => child.on("close", done));
		t.throws(() => process.kill(running, 0), { code: "ESRCH" }, goal);
		rmSync(pid);
	}
});

test("Ctrl-C ends npm, which may not end by itself", async (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	const pid = join(dir, "pid");
	writeFileSync(join(dir, "npm"), `#!/bin/sh\ntrap '' INT TERM\necho $$ > ${pid}\nexec sleep 60\n`, {
		mode: 0o755,
	});
	for (const name of ["Makefile", "package.json", "package-lock.json"])
		copyFileSync(join(here(), name), join(dir, name));
	mkdirSync(join(dir, "node_modules"));
	for (const signal of ["SIGINT", "SIGTERM"] as const) {
		const env = { ...process.env, MAKEFLAGS: "", MFLAGS: "", MAKELEVEL: "", KBUILD_OUTPUT: "" };
		/* A group of its own, as a terminal gives each command. */
		const child = spawn("make", ["check"], {
			cwd: dir,
			env: { ...env, PATH: `${dir}:${process.env.PATH}` },
			stdio: "ignore",
			detached: true,
		});
		while (!existsSync(pid) || readFileSync(pid, "utf8") === "") await delay(20);
		const running = Number(readFileSync(pid, "utf8"));
		process.kill(-(child.pid as number), signal);
		await new Promise((done) => child.on("close", done));
		t.throws(() => process.kill(running, 0), { code: "ESRCH" }, signal);
		t.false(existsSync(join(dir, "node_modules/.package-lock.json")), signal);
		rmSync(pid);
	}
});

test("make why", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	t.is(make([`O=${dir}`, "defconfig"]).status, 0);
	const { status, stdout } = make(["why", "SYMBOL=KASAN"], { cwd: dir });
	t.is(status, 0);
	t.regex(stdout, /^KASAN is n/);
	const none = make(["why"]);
	t.is(none.status, 2);
	t.regex(none.stderr, /say which symbol: make why SYMBOL=NAME/);
});

test("make tags", (t) => {
	const { dir, remove } = directory();
	t.teardown(remove);
	const { status, stderr } = make([`O=${dir}`, "tags"]);
	if (status === 0) t.regex(readFileSync(join(dir, "tags"), "utf8"), /^__pte_map_lock\t\S*memory\.ts\t/m);
	else t.regex(stderr, /^make tags: Universal Ctags is needed, and not here/);
	const path = join(dir, "bin");
	mkdirSync(path);
	writeFileSync(join(path, "ctags"), "#!/bin/sh\necho Exuberant Ctags\n", { mode: 0o755 });
	const old = make([`O=${dir}`, "tags"], { env: { PATH: `${path}:${process.env.PATH}` } });
	t.is(old.status, 2);
	t.regex(old.stderr, /Universal Ctags is needed.*install universal-ctags/);
});
