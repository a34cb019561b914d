// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every command that package.json names, called by its name as npm links it: it
 * has a version and a help, is silent when nobody reads, and says in one line
 * what keeps it from working.
 */
import { spawnSync } from "node:child_process";
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	realpathSync,
	rmSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { here } from "./lib/root.ts";

interface Manifest {
	bin: Record<string, string>;
	version: string;
}
const manifest = (dir: string): Manifest => JSON.parse(readFileSync(join(here(), dir, "package.json"), "utf8"));
const { bin, version } = manifest("");
/** Kconfig's commands are a package of their own, with its version. */
const version_of = (name: string) => (name === "spf" ? version : manifest("scripts/kconfig").version);
const names = Object.keys(bin);
const dir = mkdtempSync(join(tmpdir(), "spf-commands-"));
test.after.always(() => rmSync(dir, { recursive: true }));
for (const [name, file] of Object.entries(bin)) symlinkSync(join(here(), file), join(dir, name));

function run(name: string, args: string[], stdout: number | "pipe" = "pipe", command = join(dir, name)) {
	return spawnSync(command, args, { cwd: dir, encoding: "utf8", stdio: ["ignore", stdout, "pipe"] });
}

test("the commands are those of the documentation", (t) => {
	t.deepEqual(names.sort(), [
		"spf",
		"spf-conf",
		"spf-config",
		"spf-diffconfig",
		"spf-localmodconfig",
		"spf-mconf",
		"spf-merge-config",
		"spf-why",
	]);
});

for (const name of names) {
	test(`${name}: its version, and its help under its own name`, (t) => {
		t.is(run(name, ["--version"]).stdout, `${name} ${version_of(name)}\n`);
		const { stdout, stderr } = run(name, ["--help"]);
		t.regex(stdout, new RegExp(`^(Manipulate.*\n)?Usage:\\s+${name} `, "m"));
		t.is(stderr, "");
	});
	test(`${name}: nobody reads, and an output that takes nothing`, (t) => {
		const pipe = spawnSync("sh", ["-c", `./${name} --help | true`], { cwd: dir, encoding: "utf8" });
		t.is(pipe.stderr, "");
		if (process.platform !== "linux") return;
		const { stderr } = run(name, ["--help"], openSync("/dev/full", "w"));
		t.regex(stderr, new RegExp(`^${name}: [^\\n]*no space left on[^\\n]*\\n$`, "i"));
	});
}

test("once the packages are there, npx finds each command beside theirs", (t) => {
	const tree = mkdtempSync(join(tmpdir(), "spf-npx-"));
	t.teardown(() => rmSync(tree, { recursive: true }));
	cpSync(join(here(), "bin"), join(tree, "bin"), { recursive: true });
	cpSync(join(here(), "package.json"), join(tree, "package.json"));
	mkdirSync(join(tree, "scripts/kconfig"), { recursive: true });
	const prepare = () => {
		const { status, stderr } = spawnSync(process.execPath, [join(tree, "bin/lib/prepare.mjs")], {
			encoding: "utf8",
		});
		t.deepEqual({ status, stderr }, { status: 0, stderr: "" });
	};
	prepare();
	t.false(existsSync(join(tree, "node_modules")));
	mkdirSync(join(tree, "node_modules/.bin"), { recursive: true });
	/* The second time, they are there. */
	for (const _ of [1, 2]) {
		prepare();
		for (const [name, file] of Object.entries(bin))
			t.is(realpathSync(join(tree, "node_modules/.bin", name)), realpathSync(join(tree, file)));
	}
});

test("a command of Kconfig that is older than its sources is not what runs", (t) => {
	const clone = join(dir, "older");
	mkdirSync(join(clone, "scripts/kconfig/dist"), { recursive: true });
	cpSync(join(here(), "bin"), join(clone, "bin"), { recursive: true });
	symlinkSync(join(here(), "node_modules"), join(clone, "node_modules"));
	const [made, source] = ["dist/spf-conf.mjs", "spf-conf.ts"].map((name) => join(clone, "scripts/kconfig", name));
	writeFileSync(source, "console.log('source')");
	const said = () => run("spf-conf", [], "pipe", join(clone, bin["spf-conf"])).stdout;
	t.is(said(), "source\n");
	writeFileSync(made, "console.log('made')");
	utimesSync(source, 1, 1);
	t.is(said(), "made\n");
	utimesSync(made, 0, 0);
	t.is(said(), "source\n");
});

test("without packages, and without what make makes of them, a command says what to do", (t) => {
	const clone = join(dir, "clone");
	mkdirSync(join(clone, "scripts/kconfig"), { recursive: true });
	cpSync(join(here(), "bin"), join(clone, "bin"), { recursive: true });
	for (const name of names) {
		const { status, stdout, stderr } = run(name, ["--help"], "pipe", join(clone, bin[name]));
		t.is(status, 2);
		t.is(stdout, "");
		t.is(stderr, `${name}: its packages are not installed: run 'npm ci' in ${clone}, or 'make' there\n`);
	}
});
