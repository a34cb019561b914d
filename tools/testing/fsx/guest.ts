// SPDX-License-Identifier: GPL-2.0-only
/**
 * What each CPU runs: a thread of a process that all of them share. It has a file of its own, with which it does what
 * xfstests' fsx does, and pages of its own of one file that all have. Of both it knows each byte: whatever the others
 * do, what it reads, by read() or by a mapping, has to be that.
 */
import * as NR from "asm/unistd.ts";
import { PAGE_SIZE as PAGE, PUD_SIZE, STACK_TOP } from "asm/pgtable_types.ts";
import type * as User from "../../../kernel/entry/user.ts";
import { generator } from "../stress/guest.ts";

export interface Arg {
	/** Words: how many CPUs are at the barrier, of each of them. */
	control: SharedArrayBuffer;
	seed: number;
	cpu: number;
	cpus: number;
	steps: number;
	/** "number", or the type of a file system. */
	fs: string;
	/** There is next to no memory for the files. */
	pressure: boolean;
	/** Of the threads; then that of who has taken the memory. */
	pids: number[];
}

const O_RDWR_CREAT = 0o102;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const CLONE_THREAD = 0x10f00; /* VM, FS, FILES, SIGHAND, THREAD */
const PUNCH_HOLE_KEEP_SIZE = 3;
const MS_SYNC = 4;
const MADV_DONTNEED = 4;
const POSIX_FADV_DONTNEED = 4;
const WALL = 0x40000000;
/** Of a file of one's own, in bytes; and of the one that all have, for each CPU. */
const FILE = 12 * PAGE;
const PAGES = 6;

const BUF = PUD_SIZE - 64 * PAGE;
/** Of each CPU: what it writes, what it has read, and names. */
const buf = (cpu: number) => BUF + cpu * 16 * PAGE;
const read_buf = (cpu: number) => buf(cpu) + 8 * PAGE;
const name_buf = (cpu: number) => buf(cpu) + 15 * PAGE;
const OWN = PUD_SIZE;
const own = (cpu: number) => OWN + cpu * 2 * FILE;
const COMMON = 2 * PUD_SIZE;
const HOG = 3 * PUD_SIZE;
const INO = 6000;

/** Thrown where a file is not what it has to be. */
const WRONG = Symbol("wrong");

type Count = Record<string, number>;

/** Memory in use. */
export function count(user: typeof User): Count {
	user.mem_settle();
	const { nr_free_pages, slabs, nr_tasks, warnings } = user.meminfo();
	return { nr_free_pages, nr_tasks, warnings, ...slabs };
}

function must(what: string, ret: number): number {
	if (ret < 0) throw new Error(`${what}: ${ret}`);
	return ret;
}

/** A user's copy of a name at addr. */
function name_at(user: typeof User, addr: number, text: string): number {
	for (let i = 0; i <= text.length; i++) user.user_store8(addr + i, text.charCodeAt(i) || 0);
	return addr;
}

function spawn(user: typeof User): number {
	user.user_idle();
	const pid = must("spawn", user.user_spawn());

	must("run", user.run_task(pid));
	must("exec", user.user_syscall(NR.__NR_sim_exec, PUD_SIZE / 2, STACK_TOP - 33 * PAGE, STACK_TOP));
	return pid;
}

/** So often has an event happened on all CPUs. */
function event(user: typeof User, name: string): number {
	return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(user.meminfo().vmstat)?.[1] ?? 0);
}

/** Pages of files that were reclaimed so far. */
export function reclaimed(user: typeof User): number {
	return event(user, "pgsteal_file");
}

/** A process that takes memory until there is so little that kswapd begins to run, but for as many pages. */
function take_memory(user: typeof User, but: number): number {
	const pid = spawn(user);
	const runs = event(user, "pageoutrun");
	let n = 0;

	must("mmap", user.user_syscall(NR.__NR_mmap, HOG, PUD_SIZE, 3, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0));
	while (event(user, "pageoutrun") === runs) for (let i = 0; i < 8; i++) user.user_store8(HOG + n++ * PAGE, 1);
	must("munmap", user.user_syscall(NR.__NR_munmap, HOG, but * PAGE));
	return pid;
}

/** On CPU 0, alone: the process, the file system, and threads for all others. */
export function setup(user: typeof User, { cpus, fs, pressure }: Arg): number[] {
	const pids = [spawn(user)];
	const call = user.user_syscall;

	must("mmap", call(NR.__NR_mmap, BUF, cpus * 16 * PAGE, 3, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0));
	if (fs !== "number")
		must(
			"mount",
			call(
				NR.__NR_mount,
				0,
				name_at(user, name_buf(0), "/mnt"),
				name_at(user, name_buf(0) + 64, fs),
				0,
			),
		);
	for (let cpu = 1; cpu < cpus; cpu++) pids.push(must("clone", call(NR.__NR_clone, CLONE_THREAD, 0)));
	/* Buffers, page tables and all blocks of the disk fit in, and then the cache of the files does not. */
	if (pressure) pids.push(take_memory(user, cpus * (16 + 12 + FILE / PAGE + PAGES)));
	user.user_idle();
	return pids;
}

/** On CPU 0, alone, as the last thread: no file is left behind. */
export function teardown(user: typeof User, { cpus, fs, pids }: Arg): string[] {
	const problems: string[] = [];

	for (const pid of pids.slice(cpus)) {
		user.run_task(pid);
		user.user_syscall(NR.__NR_exit_group, 0);
	}
	user.run_task(pids[0]);
	if (fs !== "number") {
		for (let cpu = 0; cpu <= cpus; cpu++)
			user.user_syscall(NR.__NR_unlinkat, 0, name_at(user, name_buf(0), `/mnt/${cpu}`), 0);
		const ret = user.user_syscall(NR.__NR_umount2, name_at(user, name_buf(0), "/mnt"), 0);

		if (ret !== 0) problems.push(`umount: ${ret}`);
	}
	user.user_syscall(NR.__NR_exit_group, 0);
	user.user_idle();
	return [...problems, ...user.user_validate()];
}

/** The bytes of a file, as they have to be: -1 is one that nobody knows yet. */
class Model {
	bytes: Int16Array;
	size: number;

	constructor(length: number, size: number, value: number) {
		this.bytes = new Int16Array(length).fill(0).fill(value, 0, size);
		this.size = size;
	}
	set(offset: number, length: number, value: (i: number) => number): void {
		for (let i = 0; i < length; i++) this.bytes[offset + i] = value(i);
	}
	truncate(size: number): void {
		if (size < this.size) this.bytes.fill(0, size);
		this.size = size;
	}
}

/** A part of a file, and where it is mapped. */
interface Part {
	fd: number;
	addr: number;
	model: Model;
	/** From a number of a byte of the model to an offset in the file. */
	place: (i: number) => number;
	/** Up to here one call may go that begins at i. */
	limit: (i: number) => number;
}

class Fsx {
	private readonly random: (below: number) => number;
	private readonly own: Part;
	private readonly common: Part;
	private step = 0;
	problem = "";

	constructor(
		private readonly user: typeof User,
		private readonly arg: Arg,
	) {
		const { cpu, cpus, seed } = arg;

		this.random = generator(seed * 64 + cpu);
		this.own = {
			fd: this.open(cpu, 0),
			addr: own(cpu),
			model: new Model(FILE, 0, 0),
			place: (i) => i,
			limit: () => FILE,
		};
		const known = arg.fs === "number" ? -1 : 0;

		this.common = {
			fd: this.open(cpus, cpus * PAGES * PAGE),
			addr: COMMON,
			model: new Model(PAGES * PAGE, PAGES * PAGE, known),
			/* Every cpus-th page is ours: neighbours are the others'. */
			place: (i) => (Math.floor(i / PAGE) * cpus + cpu) * PAGE + (i % PAGE),
			limit: (i) => (Math.floor(i / PAGE) + 1) * PAGE,
		};
	}

	private call(nr: number, ...args: number[]): number {
		return this.user.user_syscall(nr, ...args);
	}

	private open(n: number, size: number): number {
		const { user, arg } = this;
		const { fs, cpu } = arg;
		const fd = must(
			"open",
			fs === "number"
				? this.call(NR.__NR_sim_open, INO + n, 2, size)
				: this.call(
						NR.__NR_openat,
						0,
						name_at(user, name_buf(cpu), `/mnt/${n}`),
						O_RDWR_CREAT,
						0,
					),
		);

		if (size > 0) must("fallocate", this.call(NR.__NR_ftruncate, fd, size));
		return fd;
	}

	/** The mapping of own file is ours; that of the common one is made once, and is everybody's. */
	map(part: Part, length: number): void {
		const at = this.call(NR.__NR_mmap, part.addr, length, 3, MAP_SHARED | MAP_FIXED, part.fd, 0);

		if (at !== part.addr) this.fail(`mmap: ${at}`);
	}

	/** Ends what this CPU does. */
	private fail(text: string): never {
		this.problem = `CPU ${this.arg.cpu}, step ${this.step}: ${text}`;
		throw WRONG;
	}

	/** What was read of byte i has to be `value`; what nobody knew is known now. */
	private check(part: Part, i: number, value: number, how: string): void {
		const { model } = part;

		if (model.bytes[i] < 0) model.bytes[i] = value;
		else if (model.bytes[i] !== value)
			this.fail(`${how}: byte ${part.place(i)} is ${value}, and not ${model.bytes[i]}`);
	}

	private read(part: Part, i: number, length: number): void {
		const at = read_buf(this.arg.cpu);
		const n = this.call(NR.__NR_pread64, part.fd, at, length, part.place(i));
		const expected = Math.max(0, Math.min(length, part.model.size - i));

		if (n !== expected) this.fail(`pread at ${part.place(i)}: ${n} of ${expected}`);
		/* Some of them: a load takes as long as a call. */
		for (let k = 0; k < n; k += 1 + this.random(64))
			this.check(part, i + k, this.user.user_load8(at + k), "pread");
	}

	private write(part: Part, i: number, length: number): void {
		const at = buf(this.arg.cpu);
		const value = 1 + this.random(255);
		const { model } = part;

		/* A pattern that begins anywhere: a page of the buffer keeps what it had. */
		for (let k = 0; k < length; k += 97) this.user.user_store8(at + k, value);
		const bytes = Array.from({ length }, (_, k) => (k % 97 === 0 ? value : this.buffer[k]));
		for (let k = 0; k < length; k += 97) this.buffer[k] = value;
		const n = this.call(NR.__NR_pwrite64, part.fd, at, length, part.place(i));

		if (n !== length) this.fail(`pwrite at ${part.place(i)}: ${n} of ${length}`);
		model.set(i, length, (k) => bytes[k]);
		model.size = Math.max(model.size, i + length);
	}
	/** What is in the buffer of this CPU. */
	private readonly buffer = new Uint8Array(16 * PAGE);

	private load(part: Part, i: number): void {
		if (i >= part.model.size) return;
		const value = this.user.user_load8(part.addr + part.place(i));

		this.check(part, i, value, "load");
	}

	private store(part: Part, i: number): void {
		if (i >= part.model.size) return;
		const value = this.random(256);

		if (!this.user.user_store8(part.addr + part.place(i), value))
			this.fail(`store at ${part.place(i)}: a signal`);
		part.model.bytes[i] = value;
	}

	private truncate(part: Part, size: number): void {
		const ret = this.call(NR.__NR_ftruncate, part.fd, size);

		if (ret !== 0) this.fail(`ftruncate to ${size}: ${ret}`);
		part.model.truncate(size);
	}

	private punch(part: Part, i: number, length: number): void {
		if (this.arg.fs === "ramfs") return;
		const ret = this.call(NR.__NR_fallocate, part.fd, PUNCH_HOLE_KEEP_SIZE, part.place(i), length);

		if (ret !== 0) this.fail(`hole at ${part.place(i)}: ${ret}`);
		part.model.set(i, length, () => 0);
	}

	/** A child of ours has the same mapping, and sees the same bytes in it. */
	private fork(part: Part): void {
		const { user, arg } = this;
		const pid = this.call(NR.__NR_fork);

		if (pid < 0 || user.run_task(pid) !== 0) this.fail(`fork: ${pid}`);
		const { size } = part.model;

		for (let n = 0; n < 4 && size > 0; n++) this.load(part, this.random(size));
		if (size > 0) this.store(part, this.random(size));
		this.call(NR.__NR_exit_group, 0);
		user.run_task(arg.pids[arg.cpu]);
		const reaped = this.call(NR.__NR_wait4, pid, 0, WALL);

		if (reaped !== pid) this.fail(`wait4: ${reaped}`);
	}

	private operation(): void {
		const { random } = this;
		const part = random(3) === 0 ? this.common : this.own;
		const i = random(part.model.bytes.length);
		const room = Math.min(part.limit(i), part.model.bytes.length) - i;
		const length = 1 + random(Math.min(room, random(4) === 0 ? 3 * PAGE : 600));

		switch (random(15)) {
			case 0:
			case 1:
				this.read(part, i, length);
				break;
			case 2:
			case 3:
				this.write(part, i, length);
				break;
			case 4:
			case 5:
			case 6:
				this.load(part, i);
				break;
			case 7:
			case 8:
				this.store(part, i);
				break;
			case 9:
				if (part === this.own) this.truncate(part, i);
				else this.load(part, i);
				break;
			case 10:
				this.punch(part, i, length);
				break;
			case 11:
				if (random(8) === 0) this.fork(part);
				break;
			case 12:
				this.call(NR.__NR_madvise, this.own.addr, FILE, MADV_DONTNEED);
				break;
			case 13:
				/* What is read after that is read from the disk, if there is one. */
				if (random(2) === 0) this.call(NR.__NR_madvise, this.own.addr, FILE, MADV_DONTNEED);
				this.call(NR.__NR_fadvise64, part.fd, 0, 0, POSIX_FADV_DONTNEED);
				break;
			default:
				if (random(2) === 0) this.call(NR.__NR_fsync, part.fd);
				else this.call(NR.__NR_msync, this.own.addr, FILE, MS_SYNC);
		}
	}

	private operations(): void {
		for (; this.step < this.arg.steps; this.step++) this.operation();
		for (const part of [this.own, this.common])
			for (let i = 0; i < part.model.size; i += 1 + this.random(300)) {
				this.load(part, i);
				this.read(part, i, 1);
			}
	}

	run(): void {
		this.map(this.own, FILE);
		try {
			this.operations();
		} catch (error) {
			if (error !== WRONG) throw error;
		}
		this.call(NR.__NR_munmap, this.own.addr, FILE);
		this.call(NR.__NR_close, this.own.fd);
		this.call(NR.__NR_close, this.common.fd);
	}

	map_common(): void {
		this.map(this.common, this.arg.cpus * PAGES * PAGE);
	}
}

/** On every CPU. What was wrong. */
export function main(user: typeof User, arg: Arg): string[] {
	const words = new Int32Array(arg.control);
	const meet = (n: number) => {
		Atomics.add(words, n, 1);
		while (Atomics.load(words, n) < arg.cpus) user.user_signal();
	};

	user.run_task(arg.pids[arg.cpu]);
	const fsx = new Fsx(user, arg);

	if (arg.cpu === 0) fsx.map_common();
	meet(0);
	fsx.run();
	meet(1);
	if (arg.cpu === 0) user.user_syscall(NR.__NR_munmap, COMMON, arg.cpus * PAGES * PAGE);
	else user.user_syscall(NR.__NR_exit, 0);
	user.user_idle();
	return fsx.problem === "" ? [] : [fsx.problem];
}
