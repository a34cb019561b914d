// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { compare_maps } from "./compare.ts";
import { parse_maps } from "./maps.ts";
import { is_clean } from "./report.ts";
import { hint_of, rule_of } from "./rules.ts";
import { END, START, trace } from "./testutil.ts";

const STACK = "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]";
const op = (line: string) => trace(`${START}\n${line}\n${END}`).ops[2];

test("what differs by a known rule has its name; the rest has none", (t) => {
	const remove = op("1 madvise(0x555555554000, 4096, MADV_REMOVE) = 0");
	t.regex(rule_of({ op: remove, recorded: 0, replayed: -95 }) ?? "", /holes/);
	t.is(rule_of({ op: remove, recorded: 0, replayed: -22 }), undefined);
	const guard = op("1 madvise(0x555555554000, 4096, MADV_GUARD_INSTALL) = 0");
	t.regex(rule_of({ op: guard, recorded: 0, replayed: -22 }) ?? "", /advice/);
	const refused = op("1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot)");
	t.regex(rule_of({ op: refused, recorded: -12, replayed: 0x7ffff7ffe000 }) ?? "", /RLIMIT_AS/);
	t.is(rule_of({ op: refused, recorded: -12, replayed: -22 }), undefined);
});

test("a file that cannot be written back, which is not recorded", (t) => {
	const sync = op("1 msync(0x555555554000, 4096, MS_SYNC) = -1 EINVAL (Invalid argument)");
	t.regex(rule_of({ op: sync, recorded: -22, replayed: 0 }) ?? "", /msync/);
	const later = op("1 msync(0x555555554000, 4096, MS_ASYNC) = -1 EINVAL (Invalid argument)");
	t.is(rule_of({ op: later, recorded: -22, replayed: 0 }), undefined);
});

test("mappings that are only split at other places have the reason's name, if there is one", (t) => {
	const maps = (...lines: string[]) => parse_maps(lines.map((line) => `${line} 00:00 0\n`).join(""), "maps");
	const whole = maps("1000-4000 rw-p 00000000");
	const split = maps("1000-2000 rw-p 00000000", "2000-4000 rw-p 00000000");
	t.is(compare_maps(whole, split, "x86", ["a", "b"]).rule, "a; b");
	t.is(compare_maps(whole, split).rule, undefined);
	t.is(compare_maps(whole, whole, "x86", ["a"]).rule, undefined);
	t.is(
		compare_maps(whole, maps("1000-2000 rw-p 00000000", "2000-4000 r--p 00000000"), "x86", ["a"]).rule,
		undefined,
	);
	t.is(
		compare_maps(whole, maps("1000-2000 rw-p 00000000", "2000-5000 rw-p 00000000"), "x86", ["a"]).rule,
		undefined,
	);
	const { blurs } = trace(`${START}\nfault 1 7ffffffde000\n${END}`);
	t.regex(blurs.join(), /what page faults were for/);
	t.deepEqual(trace(`${START}\ntouch 1 write 7ffffffde000\n${END}`).blurs, []);
	const key = (n: number) =>
		trace(`${START}\n1 pkey_mprotect(0x7ffff7fcb000, 4096, PROT_READ, ${n}) = 0\n${END}`).blurs.join();
	t.regex(key(1), /memory keys/);
	t.is(key(0), "");
});

test("what is mapped while others fault memory in may be faulted in, too", (t) => {
	const blurs = (enter: string, call: string, leave: string) =>
		trace(`${START}
1 clone(child_stack=0x7fff, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 2
1 ${enter} <unfinished ...>
2 ${call}
1 <... ${leave} resumed>) = 0
2 exit(0) = ?
2 +++ exited with 0 +++
${END}`).blurs.join();
	const heap = "brk(0x555555559000) = 0x555555559000";
	t.regex(blurs("mlockall(MCL_CURRENT", heap, "mlockall"), /faulted in/);
	t.is(blurs("mlockall(MCL_FUTURE", heap, "mlockall"), "");
	t.is(blurs("mlockall(MCL_CURRENT", "brk(0) = 0x555555557000", "mlockall"), "");
	t.is(blurs("munlockall(", heap, "munlockall"), "");
	const write = "mprotect(0x555555554000, 4096, PROT_READ|PROT_WRITE) = 0";
	t.regex(blurs("mlock(0x555555554000, 8192", write, "mlock"), /faulted in/);
	t.is(blurs("mlock(0x555555556000, 4096", write, "mlock"), "");
	t.is(blurs("mlock2(0x555555554000, 8192, MLOCK_ONFAULT", write, "mlock2"), "");
	t.regex(blurs("madvise(0x555555554000, 8192, MADV_POPULATE_READ", write, "madvise"), /faulted in/);
});

test("what of a policy is another machine's affair", (t) => {
	const bind = op("1 mbind(0x7ffff7fcb000, 4096, MPOL_BIND, [0x2], 64, MPOL_MF_STRICT) = 0");
	t.regex(rule_of({ op: bind, recorded: 0, replayed: -5 }) ?? "", /node/);
	t.regex(rule_of({ op: bind, recorded: -1, replayed: 0 }) ?? "", /CAP_SYS_NICE/);
	t.regex(rule_of({ op: bind, recorded: 0, replayed: -38 }) ?? "", /CONFIG_NUMA/);
	t.is(rule_of({ op: bind, recorded: 0, replayed: -22 }), undefined);
	const get = (flags: string) => op(`1 get_mempolicy([MPOL_BIND], NULL, 0, 0x7ffff7fcb000, ${flags}) = 0`);
	t.regex(rule_of({ op: get("MPOL_F_NODE|MPOL_F_ADDR"), recorded: 1, replayed: 0 }) ?? "", /node/);
	t.is(rule_of({ op: get("MPOL_F_ADDR"), recorded: 2, replayed: 0 }), undefined);
});

test("what mseal() forbids is left out by its name", (t) => {
	const seal = (name: string) =>
		trace(`${START}
1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
1 ${name}(0x7ffff7ffe000, 0x1000, 0) = 0
1 munmap(0x7ffff7ffd000, 8192) = -1 EPERM (Operation not permitted)
1 munmap(0x7ffff7ffd000, 4096) = 0
${END}`);
	for (const name of ["mseal", "syscall_0x1ce"]) {
		const { omitted, ops, blurs } = seal(name);
		t.deepEqual([...omitted.keys()], ["mseal", "munmap, of sealed memory"]);
		t.is(ops.filter((o) => o.name === "munmap").length, 1);
		t.regex(blurs.join(), /mseal/);
	}
});

test("a recording is clean if nothing differs but by a rule that has a name", (t) => {
	const difference = (rule?: string) => ({ op: 0, where: "", what: "", recorded: "", replayed: "", rule });
	const of = (part: object) =>
		is_clean({
			maps: { equal: 1, total: 1, differences: [] },
			results: { equal: 1, total: 1, named: 0, differences: [] },
			faults: { equal: 1, total: 1, differences: [] },
			leaks: [],
			...part,
		} as never);
	t.true(of({}));
	t.true(of({ results: { equal: 0, total: 1, named: 1, differences: [difference("a rule")] } }));
	t.false(of({ results: { equal: 0, total: 1, named: 0, differences: [difference()] } }));
	t.false(of({ faults: { equal: 0, total: 1, differences: [difference()] } }));
	t.false(of({ maps: { equal: 0, total: 1, differences: [{}] } }));
	t.true(of({ maps: { equal: 0, total: 1, differences: [{}], rule: "a rule" } }));
	t.false(of({ leaks: ["pages"] }));
});

test("what to look at first", (t) => {
	const mapped = op("1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff0000000");
	t.regex(hint_of({ op: mapped, recorded: 0x7ffff0000000, replayed: -12 }, false), /--mem/);
	t.regex(hint_of({ op: mapped, recorded: 0x7ffff0000000, replayed: 0x7ffff7ffe000 }, true), /ASLR/);
	/* Who was killed, and by whom, no access says. */
	const access = { ...mapped, kind: "fault" } as typeof mapped;
	t.is(hint_of({ op: access, recorded: 0, replayed: 9 }, false), "");
	t.regex(hint_of({ op: access, recorded: 0, replayed: 11 }, false), /size of a file/);
});

test("the lowest address of the machine shows in what became of hints", (t) => {
	const machine = { "machine.txt": "mmap_min_addr 4096\n" };
	const low = (line: string, files = {}) => trace(`${START}\n${line}\n${END}`, files);
	const anon = "4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS";
	t.like(low(`1 mmap(0x1000, ${anon}, -1, 0) = 0x10000`), { min_addr: 65536, min_fixed_addr: 0 });
	t.like(low(`1 mmap(0x1000, ${anon}, -1, 0) = 0x1000`), { min_addr: 4096 });
	t.like(low(`1 mmap(0x20000, ${anon}, -1, 0) = 0x20000`, machine), { min_addr: 4096 });
	/* The larger of the sysctl and a security module's own. */
	t.like(low(`1 mmap(0x1000, ${anon}, -1, 0) = 0x10000`, machine), { min_addr: 65536 });
	t.like(low(`1 mmap(0x1000, ${anon}|MAP_FIXED, -1, 0) = -1 EPERM (Operation not permitted)`), {
		min_fixed_addr: 65536,
	});
});

test("mappings begin where the loader ends, if the stack may be large", (t) => {
	const base = (loader: string) =>
		trace(`${START}\n${END}`, {
			"maps.initial": `${loader} r-xp 00000000 fe:00 12 /lib/ld.so\n${STACK}\n`,
		}).mmap_base;
	t.is(base("7ffff7fcb000-7ffff7ffb000"), 0x7ffff7fff000);
	t.is(base("7fffc2e3b000-7fffc2e6f000"), 0x7fffc2e6f000);
});

test("System V shared memory is mapped and unmapped", (t) => {
	const { ops, unexplained } = trace(`${START}
		1 shmat(7, NULL, SHM_RDONLY) = 0x7ffff7ffb000
		1 shmat(7, 0x200000000000, 0) = 0x200000000000
		1 shmat(7, NULL, 0) = -1 ENOMEM (Cannot allocate memory)
		1 shmdt(0x7ffff7ffb000) = 0
		${END}`);
	const calls = ops.slice(2, 5);
	t.deepEqual(
		calls.map((op) => [op.name, op.args[1]]),
		[
			["mmap", 16384],
			["mmap", 16384],
			["munmap", 16384],
		],
	);
	t.deepEqual([calls[0].args[2], calls[1].args[2]], [1, 3]);
	t.not(calls[0].opened, calls[1].opened);
	t.deepEqual(unexplained, []);
});

test("memory keys: of a CPU without them not even the first is allocated", (t) => {
	const key = (line: string) => op(line).args[3];
	t.is(key("1 pkey_mprotect(0x555555554000, 4096, PROT_READ, 0) = -1 EINVAL (Invalid argument)"), 16);
	t.is(key("1 pkey_mprotect(0x555555554000, 4096, PROT_READ, 0) = 0"), 0);
});
