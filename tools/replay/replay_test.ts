// SPDX-License-Identifier: GPL-2.0-only
/** The sample on a real kernel: in recorded order everything equals the
 *  recording; in parallel the end is the recorded one every time, and all
 *  memory is given back. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import { minifySync } from "rolldown/experimental";
import { geometry } from "../../scripts/lib/guest.ts";
import { type ObjtreeOptions, objtree } from "../../scripts/lib/objtree.ts";
import { UserError } from "../lib/errors.ts";
import { here } from "../lib/root.ts";
import { ARM64_64K, KUNIT_CONFIGS, kunit_config, OTHERS } from "../testing/kunit/run.ts";
import { SIGBUS } from "./abi.ts";
import { fit_to } from "./fit.ts";
import { boot, find_kernel } from "./machine.ts";
import { make_plan } from "./plan.ts";
import { is_clean, make_report, print_text } from "./report.ts";
import { ABSENT, END, START, trace } from "./testutil.ts";
import { load_trace } from "./trace.ts";

const recorded = load_trace(join(here(), "tools/replay/sample"));
const KUNIT_TREE = kunit_config("default");
const CONFIGS: ObjtreeOptions[] = [
	{ name: "default" },
	{ name: "nospf", fragments: ["nospf.config"] },
	{ name: "kunit-debug", fragments: KUNIT_CONFIGS.debug },
	/* The recording is of x86-64, and of pages of 4 KiB. */
	...OTHERS,
	ARM64_64K,
];

for (const tree of CONFIGS) {
	const name = `${tree.arch ?? ""} ${tree.name}`.trimStart();
	/* In parallel it is the same everywhere: once more is enough. */
	const parallel = tree.arch ? [[4, 2]] : [2, 4].map((cpus) => [cpus, 8]);
	for (const [cpus, times] of [[1, 1], ...parallel]) {
		test.serial(
			`replay the sample: ${name}, ${cpus === 1 ? "--check" : `${cpus} CPUs, ${times} times`}`,
			async (t) => {
				const kernel = find_kernel(await objtree(tree));
				const fitted = fit_to(recorded, await geometry(kernel.vmlinux));
				const replayer = await boot({ kernel, cpus, mem: 256, check: cpus === 1 });
				try {
					for (let i = 0; i < times; i++) {
						const plan = make_plan(fitted);
						const outcome = await replayer.run(plan);
						const report = make_report(fitted, plan, outcome, {
							cpus,
							check: cpus === 1,
							speculative: kernel.spf,
							arch: kernel.arch,
						});
						t.true(is_clean(report), print_text(report));
						t.deepEqual(report.console, []);
						if (kernel.spf && cpus > 1)
							t.true(
								(report.vmstat.spf_attempt ?? 0) >
									(report.vmstat.spf_abort ?? 0),
							);
					}
				} finally {
					await replayer.shutdown();
				}
			},
		);
	}
}

test.serial("--warm: what is read of files is in the page cache already", async (t) => {
	const kernel = find_kernel(await objtree({ name: "default" }));
	const fitted = fit_to(recorded, await geometry(kernel.vmlinux));
	for (const warm of [false, true]) {
		const replayer = await boot({ kernel, cpus: 1, mem: 256, check: true, warm });
		try {
			for (let i = 0; i < 2; i++) {
				const plan = make_plan(fitted, true);
				const options = { cpus: 1, check: true, speculative: kernel.spf, arch: kernel.arch };
				const report = make_report(fitted, plan, await replayer.run(plan), options);
				t.true(is_clean(report), print_text(report));
				t.is((report.vmstat.pgmajfault ?? 0) === 0, warm);
			}
		} finally {
			await replayer.shutdown();
		}
	}
});

test.serial("in half the memory that it needs, where pages of files go", async (t) => {
	/* 12 MiB where they stay. */
	for (const [tree, cpus, enough] of [
		[{ name: "default" }, 1, false],
		[KUNIT_TREE, 1, true],
		[KUNIT_TREE, 2, true],
	] as const) {
		const kernel = find_kernel(await objtree(tree));
		const replayer = await boot({ kernel, cpus, mem: 6, check: cpus === 1 });
		try {
			const plan = make_plan(recorded, cpus === 1);
			const options = { cpus, check: cpus === 1, speculative: kernel.spf, arch: kernel.arch };
			const report = make_report(recorded, plan, await replayer.run(plan), options);
			t.is(is_clean(report), enough, print_text(report));
			if (!enough) {
				const text = print_text(report);
				t.regex(text, /^first of those without a name: \S+:\d+: out of memory; try --mem; /m);
				t.notRegex(text, /recorded no signal, replayed no signal/);
				continue;
			}
			const { pgsteal_kswapd = 0, pgsteal_direct = 0 } = report.vmstat;
			t.true(pgsteal_kswapd + pgsteal_direct > 0);
		} finally {
			await replayer.shutdown();
		}
	}
});

test.serial("limits refuse what they refused", async (t) => {
	const rw = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS";
	const limit = (name: string, bytes: string) =>
		`1 prlimit64(0, RLIMIT_${name}, {rlim_cur=${bytes}, rlim_max=${bytes}}, NULL) = 0`;
	const limited = trace(
		`${START}
1 mmap(NULL, 73728, ${rw}, -1, 0) = -1 ENOMEM (Cannot allocate memory)
1 mmap(NULL, 65536, ${rw}, -1, 0) = 0x7ffff7fbb000
1 brk(0x555555558000) = 0x555555557000
1 mremap(0x7ffff7fbb000, 65536, 69632, MREMAP_MAYMOVE) = -1 ENOMEM (Cannot allocate memory)
1 munmap(0x7ffff7fbb000, 8192) = 0
1 brk(0x555555558000) = 0x555555558000
${limit("AS", "RLIM64_INFINITY")}
${limit("MEMLOCK", "2*4096")}
1 mlock(0x7ffff7fbd000, 8192) = 0
1 mlock(0x7ffff7fbf000, 4096) = -1 ENOMEM (Cannot allocate memory)
1 mlock(0x7ffff7fbd000, 8192) = 0
1 mmap(NULL, 4096, ${rw}|MAP_LOCKED, -1, 0) = -1 EAGAIN (Resource temporarily unavailable)
1 mlockall(MCL_CURRENT) = -1 ENOMEM (Cannot allocate memory)
${limit("MEMLOCK", "0")}
1 mlock(0x7ffff7fbd000, 4096) = -1 EPERM (Operation not permitted)
${limit("STACK", "34*4096")}
touch 1 write 7ffffffdd000
touch 1 write 7ffffffdc000
1 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x7ffffffdc000} ---
${limit("DATA", "4096")}
1 mmap(NULL, 4096, ${rw}, -1, 0) = -1 ENOMEM (Cannot allocate memory)
1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffe000
${END}`,
		{
			"maps.final": ABSENT,
			"machine.txt":
				"overcommit_memory 0\nmemory 1000000000\nipc_lock 0\nRLIMIT_AS 409600\n" +
				"RLIMIT_DATA unlimited\nRLIMIT_STACK 8388608\nRLIMIT_MEMLOCK unlimited\n",
		},
	);
	const kernel = find_kernel(await objtree({ name: "default" }));
	for (const cpus of [1, 2]) {
		const check = cpus === 1;
		const replayer = await boot({ kernel, cpus, mem: 256, check });
		try {
			const plan = make_plan(limited, check);
			const options = { cpus, check, speculative: kernel.spf, arch: kernel.arch };
			const report = make_report(limited, plan, await replayer.run(plan), options);
			t.true(is_clean(report), print_text(report));
			t.is(report.results.named, 0);
			t.is(report.results.total, 24);
		} finally {
			await replayer.shutdown();
		}
	}
});

test.serial("a file ends in SIGBUS where it is too short, or has become so", async (t) => {
	const fd = "3</memfd:x>(deleted)";
	const grown = trace(
		`${START}
1 ftruncate(${fd}, 4096) = 0
1 mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_SHARED, ${fd}, 0) = 0x7ffff7ffb000
touch 1 write 7ffff7ffb000
touch 1 write 7ffff7ffc000
1 --- SIGBUS {si_signo=SIGBUS, si_code=BUS_ADRERR, si_addr=0x7ffff7ffc000} ---
1 ftruncate(${fd}, 8192) = 0
touch 1 write 7ffff7ffc000
touch 1 read 7ffff7ffd000
1 --- SIGBUS {si_signo=SIGBUS, si_code=BUS_ADRERR, si_addr=0x7ffff7ffd000} ---
1 ftruncate(${fd}, 4000) = 0
touch 1 write 7ffff7ffc000
1 --- SIGBUS {si_signo=SIGBUS, si_code=BUS_ADRERR, si_addr=0x7ffff7ffc000} ---
touch 1 read 7ffff7ffd000
touch 1 read 7ffff7ffc000
1 munmap(0x7ffff7ffb000, 16384) = 0
${END}`,
		{ "maps.final": ABSENT },
	);
	const kernel = find_kernel(await objtree({ name: "default" }));
	const replayer = await boot({ kernel, cpus: 1, mem: 256, check: true });
	try {
		const plan = make_plan(grown);
		const options = { cpus: 1, check: true, speculative: kernel.spf, arch: kernel.arch };
		const report = make_report(grown, plan, await replayer.run(plan), options);
		t.true(is_clean(report), print_text(report));
		t.is(report.faults.count, 7);
		const faults = grown.ops.flatMap((op, i) => (op.kind === "fault" ? [plan.result[i]] : []));
		/* That the last but one is none says that something was written behind the end. */
		t.deepEqual(faults, [0, SIGBUS, 0, SIGBUS, SIGBUS, 0, 0]);
	} finally {
		await replayer.shutdown();
	}
});

test.serial("--proc: files of /proc as they are at the end, of each process", async (t) => {
	const kernel = find_kernel(await objtree({ name: "default" }));
	const replayer = await boot({ kernel, cpus: 1, mem: 256, check: true, proc: ["maps", "smaps", "vmstat"] });
	try {
		const plan = make_plan(recorded);
		const outcome = await replayer.run(plan);
		const report = make_report(recorded, plan, outcome, {
			cpus: 1,
			check: true,
			speculative: kernel.spf,
			arch: kernel.arch,
		});
		const paths = Object.keys(report.proc);
		const maps = Object.values(report.proc).filter((text) => text === report.maps_text);
		t.is(maps.length, 1, "one of the processes is the program");
		t.true(paths.includes("/proc/vmstat"));
		const smaps = paths.filter((path) => path.endsWith("/smaps"));
		t.is(smaps.length, paths.length - 1 - smaps.length);
		for (const path of smaps) {
			const heads = report.proc[path].split("\n").filter((line) => /^[0-9a-f]+-/.test(line));
			t.is(heads.map((line) => `${line}\n`).join(""), report.proc[path.replace("smaps", "maps")]);
		}
	} finally {
		await replayer.shutdown();
	}
});

test.serial("a kernel that is older than what runs on it is a mistake, and one that is minified is none", async (t) => {
	const built = await objtree({ name: "default" });
	const code = readFileSync(built, "utf8");
	const dir = mkdtempSync(join(tmpdir(), "spf-older-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	symlinkSync(join(dirname(built), "include"), join(dir, "include"));
	const boot_as = (name: string, text: string) => {
		writeFileSync(join(dir, name), text);
		return boot({ kernel: find_kernel(join(dir, name)), cpus: 1, mem: 64, check: true });
	};
	const older = code.replaceAll("user_vm_event:", "user_event:");
	const error = await t.throwsAsync(boot_as("vmlinux.mjs", older), { instanceOf: UserError });
	t.regex(error?.message ?? "", /older.* without user_vm_event\(\)/);
	const replayer = await boot_as("vmlinux.min.mjs", minifySync("vmlinux.mjs", code).code);
	await replayer.shutdown();
});
