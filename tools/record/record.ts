// SPDX-License-Identifier: GPL-2.0-only
/**
 * `spf record DIR -- COMMAND…`: runs a program once and writes what it did to
 * its memory, in the files that `spf replay DIR` reads.
 *
 *   perf record ─ setarch -R ─ strace -f ─ COMMAND
 *
 * strace writes the system calls, perf the page faults. setpriv has each of
 * them end with the one before, and the program with strace: nothing is left
 * when we are killed. They are in a session of their own, so that Ctrl-C
 * reaches us alone and the recording can be finished.
 *
 * `spf record -p PID`: perf and strace watch a program that runs already.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { quote } from "zx";
import { make_directory, write_file } from "../../scripts/lib/files.ts";
import { UserError } from "../lib/errors.ts";
import { write_machine } from "../replay/limits.ts";
import { load_trace, type Trace } from "../replay/trace.ts";
import { write_faults } from "./faults.ts";
import { children_of, machine_of, name_of, signal, smaps_of, state_of, threads_of, tracer_of } from "./processes.ts";
import { fault_events, find_tools, first_line, type Tools } from "./tools.ts";
import { marked, Watch } from "./watch.ts";

/** How long strace holds a process after an execve and before its end, in milliseconds, unless told. */
const HOLD_MS = 60;
/** How long a program may take to end after a signal, before it is killed. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 5;
/** What is recorded: also what changes limits, and what says which file is mapped, and how large it is. */
const CALLS = [
	"%memory,%process,prctl,ftruncate,setrlimit,prlimit64,shmget,memfd_create,userfaultfd",
	/* Whether limits hold. */
	"setuid,setreuid,setresuid,capset",
].join(",");
const DIES_WITH_PARENT = ["--pdeathsig", "KILL"];
/** perf ends when its child is stopped, as strace is for a moment now and then: so it is not its child. */
const BETWEEN = ["setpriv", ...DIES_WITH_PARENT, "sh", "-c", '"$@"; exit $?', "sh"];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const FILES = [
	"strace.txt",
	"faults.txt",
	"maps.initial",
	"maps.final",
	"maps.exec",
	"command.txt",
	"kernel.txt",
	"machine.txt",
	"stdout.txt",
	"stderr.txt",
	"perf.data",
	"perf.data.old",
];

export interface RecordOptions {
	directory: string;
	command: string[];
	/** A program that runs already, instead. */
	pid?: number;
	/** Write over an earlier recording. */
	force?: boolean;
	/** Record page faults, too. */
	faults: boolean;
	/** NAME=VALUE for the program only. */
	env?: string[];
	/** Instead of HOLD_MS. */
	hold?: number;
}

export interface Recorded {
	trace: Trace;
	/** What is worse than asked. */
	notes: string[];
}

export async function record(options: RecordOptions): Promise<Recorded> {
	const { directory, command, pid } = options;
	if (pid !== undefined && threads_of(pid).length === 0)
		throw new UserError(`-p ${pid}: there is no such process`);
	if (pid !== undefined && tracer_of(pid) !== 0)
		throw new UserError(`-p ${pid}: another program traces it already`);
	const tools = await find_tools(command[0], options.faults);
	const away = prepare(directory, options.force ?? false);
	const recording = new Recording(options, tools);
	try {
		await recording.run();
	} catch (error) {
		away();
		throw error;
	}
	/* What cannot be understood stays: it may be all that there is of that run. */
	return recording.read();
}

/** Makes room for a recording. What is returned takes away what of it is there when it is broken off. */
function prepare(directory: string, force: boolean): () => void {
	const made = !existsSync(directory);
	make_directory(directory);
	const away = () => {
		for (const name of FILES) rmSync(join(directory, name), { force: true });
		if (made && readdirSync(directory).length === 0) rmdirSync(directory);
	};
	const there = readdirSync(directory);
	const other = there.find((name) => !FILES.includes(name));
	if (there.length > 0 && (!force || other))
		throw new UserError(
			other
				? `${directory}/${other}: not a file of a recording; choose another directory`
				: `${directory}: not empty; choose another directory, or write over a recording with --force`,
		);
	for (const name of there) rmSync(join(directory, name));
	return away;
}

class Recording {
	private readonly notes: string[] = [];
	private readonly watch: Watch;
	private perf?: { events: string[]; traced: boolean };
	/** The programs that we have started, and how they ended. */
	private readonly children: { child: ChildProcess; status?: number }[] = [];
	private asked: NodeJS.Signals[] = [];
	private failed?: Error;

	constructor(
		private readonly options: RecordOptions,
		private readonly tools: Tools,
	) {
		this.watch = new Watch(this.file("strace.txt"));
	}

	/** In microseconds, as strace takes it. */
	private get hold(): number {
		return (this.options.hold ?? HOLD_MS) * 1000;
	}

	private file(name: string): string {
		return join(this.options.directory, name);
	}

	async run(): Promise<void> {
		const { command, pid } = this.options;
		const title = pid === undefined ? command.map(quote).join(" ") : `${name_of(pid)} (attached)`;
		write_file(this.file("command.txt"), `${title}\n`);
		write_file(this.file("kernel.txt"), `${release()}\n`);
		if (this.tools.perf) {
			this.perf = await fault_events(this.tools.perf, this.file("perf.data"));
			rmSync(this.file("perf.data"), { force: true });
			if (!this.perf.traced)
				this.notes.push(
					"what page faults were for is not recorded: the events exceptions:* cannot be had here",
				);
		}
		const on_signal = (name: NodeJS.Signals) => void this.asked.push(name);
		for (const name of SIGNALS) process.on(name, on_signal);
		try {
			if (pid === undefined) await this.launch();
			else await this.attach(pid);
		} finally {
			for (const name of SIGNALS) process.off(name, on_signal);
			for (const { child, status } of this.children)
				if (status === undefined) kill_below(child.pid as number);
		}
		await this.finish();
	}

	/** Starts a program in a session of its own, that ends when we do. */
	private start(args: string[], output: string[]): number {
		const out = output.map((name) => openSync(this.file(name), "a"));
		const child = spawn(this.tools.setpriv, [...DIES_WITH_PARENT, ...args], {
			stdio: ["inherit", ...out],
			detached: true,
		});
		for (const fd of out) closeSync(fd);
		const entry: { child: ChildProcess; status?: number } = { child };
		this.children.push(entry);
		child.once("error", (error) => {
			this.failed = error;
			entry.status = 1;
		});
		child.once("close", (code) => {
			entry.status = code ?? 1;
		});
		return child.pid as number;
	}

	private over = (): boolean => this.children.every(({ status }) => status !== undefined);

	private strace(): string[] {
		return [
			...[this.tools.strace, "-f", "-ttt", "-y", "-e", `trace=${CALLS}`],
			...["-e", `inject=exit_group:delay_enter=${this.hold}`, "-o", this.file("strace.txt")],
		];
	}

	private record_faults(): string[] {
		const { perf } = this.tools;
		return perf && this.perf
			? [perf, "record", "-q", ...this.perf.events, "-o", this.file("perf.data")]
			: [];
	}

	/** Runs the command to its end. */
	private async launch(): Promise<void> {
		const { command, env = [] } = this.options;
		const perf = this.record_faults();
		const group = this.start(
			[
				...(perf.length > 0
					? [...perf, "--", ...BETWEEN, this.tools.setpriv, ...DIES_WITH_PARENT]
					: []),
				...[this.tools.setarch, "-R", ...this.strace()],
				...["-e", `inject=execve,execveat:delay_exit=${this.hold}`],
				...env.flatMap((pair) => ["-E", pair]),
				...["--", this.tools.setpriv, ...DIES_WITH_PARENT, ...command],
			],
			["stdout.txt", "stderr.txt"],
		);
		await Promise.all([this.watch.follow(this.over, true), this.hand_on(group)]);
	}

	/** A signal that reaches us ends the program, and that the recording; asked again, the program is killed. */
	private async hand_on(group: number): Promise<void> {
		let until = Number.POSITIVE_INFINITY;
		while (!this.over()) {
			const [name] = this.asked;
			if (name !== undefined || performance.now() > until) {
				const kill = until !== Number.POSITIVE_INFINITY;
				this.asked = [];
				if (!kill) await this.watch.copy_as_final();
				const there = this.watch.in_group(group);
				for (const pid of there) signal(pid, kill ? "SIGKILL" : name);
				/* The program has not begun yet. */
				if (there.length === 0) kill_below(group);
				until = performance.now() + PATIENCE_MS;
			}
			await sleep(LOOK_MS);
		}
	}

	/** Watches a program until it ends or a signal reaches us. */
	private async attach(pid: number): Promise<void> {
		const perf = this.record_faults();
		const ready = (what: () => boolean) => this.until(what);
		let perf_pid = 0;
		if (perf.length > 0) {
			perf_pid = this.start([...perf, "-p", String(pid)], ["stdout.txt", "stderr.txt"]);
			await ready(() => (statSync(this.file("perf.data"), { throwIfNoEntry: false })?.size ?? 0) > 0);
		}
		const strace_pid = this.start([...this.strace(), "-p", String(pid)], ["stdout.txt", "stderr.txt"]);
		this.watch.main = pid;
		await ready(() => threads_of(pid).every((tid) => tracer_of(tid) === strace_pid));
		const first = await this.watch.copy(pid, smaps_of);
		this.watch.machine = machine_of(pid);
		if (first) {
			const threads = [pid, ...threads_of(pid).filter((tid) => tid !== pid)];
			for (const tid of threads) this.watch.pids.add(tid);
			const mark = { ...first.mark, threads, time: Date.now() * 1000 };
			write_file(this.file("maps.initial"), marked({ ...first, mark }, 0));
		}
		let detached = false;
		const hand_on = async () => {
			while (!this.over()) {
				const gone = state_of(pid) === "";
				if ((this.asked.length > 0 || gone) && !detached) {
					detached = true;
					if (!gone) await this.watch.copy_as_final();
					signal(strace_pid, "SIGINT");
					if (perf_pid) signal(perf_pid, "SIGINT");
				}
				await sleep(LOOK_MS);
			}
		};
		await Promise.all([this.watch.follow(this.over, true), hand_on()]);
	}

	private async until(what: () => boolean): Promise<void> {
		const started = this.children.length;
		while (!what()) {
			const ended = this.children.slice(0, started).some(({ status }) => status !== undefined);
			if (ended || this.asked.length > 0) break;
			await sleep(LOOK_MS);
		}
	}

	/** Writes what the tools have left as a recording. */
	private async finish(): Promise<void> {
		const { directory, command, pid } = this.options;
		const strace = existsSync(this.file("strace.txt"))
			? readFileSync(this.file("strace.txt"), "latin1")
			: "";
		const stderr = readFileSync(this.file("stderr.txt"), "latin1");
		if (this.failed) throw new UserError(`it cannot be recorded: ${this.failed.message}`);
		if (/No space left on device/.test(stderr))
			throw new UserError(`${directory}: cannot be written: no space left on the device`);
		const { images, late, machine, main, final } = this.watch;
		const initial = images.find((image) => image.pid === main);
		const begun = pid === undefined ? initial !== undefined : existsSync(this.file("maps.initial"));
		if (!begun || (strace === "" && pid === undefined))
			throw new UserError(late > 0 ? TOO_BUSY : why_nothing(stderr, command[0]));
		/* What comes before the program is not its own. */
		const cut = pid === undefined ? (initial?.mark.line ?? 1) - 1 : 0;
		const lines = strace.split("\n");
		write_file(this.file("strace.txt"), Buffer.from(lines.slice(cut).join("\n"), "latin1"));
		if (initial) write_file(this.file("maps.initial"), marked(initial, cut));
		if (machine) write_file(this.file("machine.txt"), write_machine(machine));
		if (final) write_file(this.file("maps.final"), marked(final, cut));
		if (!final)
			this.notes.push(
				"the program ended before its maps could be read: they are not compared; " +
					"on a busy machine give more time with --hold",
			);

		if (late > 0)
			this.notes.push(
				`the images of ${late} programs could not be copied in time: less is known ` +
					"of theirs; on a busy machine give more time with --hold",
			);
		const others = images.filter((image) => image !== initial && image.mark.line > cut);
		if (others.length > 0)
			write_file(this.file("maps.exec"), others.map((image) => marked(image, cut)).join(""));
		if (this.tools.perf && this.perf) {
			const { traced } = this.perf;
			const { pids } = this.watch;
			const written = { traced, pids };
			const { lost } = await write_faults(
				this.tools.perf,
				this.file("perf.data"),
				this.file("faults.txt"),
				written,
			);
			if (lost > 0) this.notes.push(`perf has lost ${lost} page faults`);
			for (const name of ["perf.data", "perf.data.old"]) rmSync(this.file(name), { force: true });
		}
	}

	/** The recording that there is now. */
	read(): Recorded {
		const trace = load_trace(this.options.directory);
		const { final, ended_by_itself } = this.watch;
		if (final && !ended_by_itself && trace.final_line !== undefined)
			this.notes.push("the program was killed: the last maps are those of a moment before");
		return { trace, notes: this.notes };
	}
}

/** Ends a process and its children, the last ones first: the program before who traces it. */
function kill_below(pid: number): void {
	for (const child of children_of(pid)) kill_below(child);
	signal(pid, "SIGKILL");
}

/** Nothing was recorded: what strace or perf said, and what to do. */
const TOO_BUSY =
	"the program's image could not be copied before it ran on: " +
	"this machine is busy; give more time, as with --hold 1000";

function why_nothing(stderr: string, program: string | undefined): string {
	const said = first_line(stderr);
	if (/ptrace|PTRACE_|attach/i.test(stderr) && /not permitted|denied/i.test(stderr))
		return `strace: it is not allowed to trace (${said}); run as root, or allow ptrace (kernel.yama.ptrace_scope, the container's seccomp profile)`;
	if (/perf_event_paranoid/i.test(stderr))
		return `perf: it is not allowed to record page faults (${said}); run as root, or set kernel.perf_event_paranoid to 1 with sysctl`;
	return `${program ?? "the program"}: nothing was recorded${said ? `: ${said}` : "; it was ended before it began"}`;
}
