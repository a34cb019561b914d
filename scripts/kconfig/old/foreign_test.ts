// SPDX-License-Identifier: GPL-2.0-only
//
// Whole trees of other projects against their own conf: what is printed, the exit status, and
// every file that is written have to be the same. Needs KCONFIG_FOREIGN, a tree of the project
// that KCONFIG_COMPAT names, and KCONFIG_REFERENCE, the conf that was built from it. RUNS says
// how many configurations and seeds there are of each kind (2), SEED which (1).

import { spawnSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "ava";
import { rolldown } from "rolldown";

const TREE = resolve(process.env.KCONFIG_FOREIGN ?? "");
const REFERENCE = resolve(process.env.KCONFIG_REFERENCE ?? "");
const PROJECT = process.env.KCONFIG_COMPAT ?? "";
const RUNS = Number(process.env.RUNS ?? 2);
const SEED = Number(process.env.SEED ?? 1);

interface Project {
	readonly kconfig: string;
	/** Which files in configs/ are configurations. */
	readonly configs: RegExp;
	readonly env: Record<string, string>;
	/** Directories that the files for the build go to. */
	readonly dirs: readonly string[];
	/** Modes that there are, beside those that give all values at once. */
	readonly modes: readonly string[];
}

const FOUR = ["savedefconfig=d", "listnewconfig", "olddefconfig", "syncconfig", "oldconfig"];

const PROJECTS: Readonly<Record<string, Project>> = {
	"u-boot": {
		kconfig: "Kconfig",
		configs: /_defconfig$/,
		env: { ARCH: "arm", CC: "gcc" },
		dirs: [],
		modes: FOUR,
	},
	buildroot: {
		kconfig: "Config.in",
		configs: /_defconfig$/,
		env: {
			BR2_CONFIG: ".config",
			BASE_DIR: "base",
			HOST_GCC_VERSION: "12 2",
			BR2_VERSION_FULL: "1",
			HOSTARCH: "x86_64",
			SKIP_LEGACY: "",
			KCONFIG_AUTOCONFIG: "base/auto.conf",
			KCONFIG_AUTOHEADER: "base/autoconf.h",
			KCONFIG_TRISTATE: "base/tristate.config",
		},
		dirs: ["base"],
		modes: FOUR,
	},
	coreboot: {
		kconfig: "src/Kconfig",
		configs: /^config\./,
		env: { KCONFIG_NEGATIVES: "1", KCONFIG_SPLITCONFIG: "build/" },
		dirs: ["build"],
		modes: [...FOUR, "helpnewconfig"],
	},
	busybox: {
		kconfig: "Config.in",
		configs: /_defconfig$/,
		env: { KERNELVERSION: "1", KCONFIG_NOTIMESTAMP: "1" },
		dirs: ["include"],
		modes: ["syncconfig", "oldconfig"],
	},
};

/** The letters of BusyBox's own conf. */
const LETTERS: Readonly<Record<string, string[]>> = {
	allyesconfig: ["-y"],
	allnoconfig: ["-n"],
	allmodconfig: ["-m"],
	syncconfig: ["-s"],
	oldconfig: ["-o"],
};

const project = PROJECTS[PROJECT];
if (!process.env.KCONFIG_FOREIGN || !existsSync(REFERENCE) || !project) {
	test.skip("a tree of another project (needs KCONFIG_FOREIGN, KCONFIG_COMPAT and KCONFIG_REFERENCE)", () => {});
} else {
	compare(project);
}

/** All files below a directory, with their contents, but for what is linked into it. */
function files(dir: string): Record<string, string> {
	const found: Record<string, string> = {};
	for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
		const path = join(entry.parentPath, entry.name);
		if (entry.isFile()) found[path.slice(dir.length + 1)] = readFileSync(path, "latin1");
	}
	return found;
}

function compare({ kconfig, configs, env, dirs, modes }: Project): void {
	const home = mkdtempSync(join(tmpdir(), "kconfig-foreign-"));
	const ours = join(home, "spf-conf.mjs");
	const busybox = PROJECT === "busybox";
	let count = 0;

	const run = (program: string, args: readonly string[], base: string | null, seed: string) => {
		const dir = join(home, `${count++}`);
		mkdirSync(dir);
		for (const name of dirs) mkdirSync(join(dir, name));
		const linked = readdirSync(TREE).filter((name) => !existsSync(join(dir, name)));
		for (const name of linked) symlinkSync(join(TREE, name), join(dir, name));
		if (PROJECT === "buildroot") {
			spawnSync("support/scripts/br2-external", ["-d", "base"], { cwd: dir });
		}
		if (base !== null) writeFileSync(join(dir, ".config"), base, "latin1");
		const { status, stdout, stderr } = spawnSync(program, args, {
			cwd: dir,
			env: {
				PATH: process.env.PATH,
				LC_ALL: "C",
				XDG_CACHE_HOME: home,
				srctree: TREE,
				...env,
				KCONFIG_SEED: seed,
			},
			encoding: "latin1",
			// Answers for questions of every kind.
			input: "y\n0x10\n1\n\nn\n2\n".repeat(9999),
			maxBuffer: 1 << 28,
		});
		for (const name of linked) rmSync(join(dir, name));
		const result = { status, stdout, stderr, files: files(dir) };
		rmSync(dir, { recursive: true });
		return result;
	};

	const own = (mode: string): string[] => {
		const [name = "", file] = mode.split("=");
		if (!busybox) return [`--${mode}`];
		return file === undefined ? (LETTERS[name] ?? []) : ["-D", file];
	};
	const same = (title: string, mode: string, base: () => string | null, seed = "1") => {
		test.serial(title, (t) => {
			t.timeout(240_000);
			const config = base();
			const want = run(REFERENCE, [...own(mode), kconfig], config, seed);
			const got = run(
				process.execPath,
				[ours, "--compat", PROJECT, `--${mode}`, kconfig],
				config,
				seed,
			);
			t.is(got.status, want.status);
			t.is(got.stderr, want.stderr);
			t.is(got.stdout, want.stdout);
			t.deepEqual(got.files, want.files);
		});
	};

	test.before(async () => {
		const made = await rolldown({ input: join(import.meta.dirname, "../spf-conf.ts"), platform: "node" });
		await made.write({ file: ours, format: "esm", codeSplitting: false });
		await made.close();
	});
	test.after.always(() => rmSync(home, { recursive: true, force: true }));

	const none = () => null;
	for (const mode of ["allnoconfig", "allyesconfig", "allmodconfig"]) same(mode, mode, none);
	if (!busybox) same("alldefconfig", "alldefconfig", none);
	const names = readdirSync(join(TREE, "configs")).filter((name) => configs.test(name));
	const step = Math.max(1, Math.floor(names.length / RUNS));
	for (const name of names.filter((_, i) => i % step === (SEED - 1) % step)) {
		same(`defconfig=${name}`, `defconfig=${join(TREE, "configs", name)}`, none);
	}
	for (let seed = SEED; seed < SEED + (busybox ? 0 : RUNS); seed++) {
		same(`randconfig, seed ${seed}`, "randconfig", none, `${seed}`);
	}
	/** What the reference makes of everything, or of a seed, with a third of the lines left out. */
	const part = (): string => {
		const mode = busybox ? "allyesconfig" : "randconfig";
		const text = run(REFERENCE, [...own(mode), kconfig], null, `${SEED + 6}`).files[".config"] ?? "";
		return text
			.split("\n")
			.filter((_, i) => i % 3 !== (SEED - 1) % 3)
			.join("\n");
	};
	for (const mode of modes) same(`${mode} of a part`, mode, part);
}
