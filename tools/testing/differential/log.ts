// SPDX-License-Identifier: GPL-2.0-only
/**
 * The log of a program that made system calls on a real kernel: for each step
 * the call, its result, and the memory map of its process after it.
 *
 *     k 6.18.44          kernel
 *     i 7                seed, or any other name
 *     f 1 3 163963 2     file number, descriptor, size, O_* mode
 *     b 607000           start_brk
 *     + START-END PERM OFFSET NAME    a line that is in the map now
 *     - START                         one that is not any more
 *     s TASK CALL ARGUMENTS = RESULT  a step; numbers are hexadecimal
 *
 * fuzz.c writes whole maps ("m LINE"); compact() makes the differences of them.
 * The program is file 9, shared anonymous memory is "shm".
 */

export interface Line {
	start: number;
	/** START-END PERM OFFSET NAME. */
	text: string;
}

export interface LoggedFile {
	number: number;
	fd: number;
	size: number;
	mode: number;
}

export interface Step {
	/** Line of the log. */
	at: number;
	task: number;
	name: string;
	args: number[];
	result: string;
	/** The map of the task's process before. */
	before: string[];
	/** And after, or nothing: it was not looked at. */
	maps?: string[];
}

export interface Log {
	kernel: string;
	seed: string;
	files: LoggedFile[];
	start_brk: number;
	image: string[];
	steps: Step[];
}

export const PROGRAM = 9;

/** A line of /proc/PID/maps in our form; "" is not to be compared. */
export function short_line(line: string, file_of: (ino: number, path: string) => number): string {
	const [, start, end, perm, off, dev, ino, path] =
		/^(\w+)-(\w+) (\S+) (\w+) (\S+) (\d+) *(.*)$/.exec(line) ?? [];
	if (start === undefined) throw new Error(`not a line of maps: ${line}`);
	if (path === "[vsyscall]") return "";
	const range = `${start.replace(/^0+(?=.)/, "")}-${end.replace(/^0+(?=.)/, "")} ${perm}`;
	const offset = off.replace(/^0+(?=.)/, "");
	if (dev === "00:01") return `${range} ${offset} shm`;
	if (ino !== "0") return `${range} ${offset} f${file_of(Number(ino), path)}`;
	return `${range} 0 ${path || "-"}`;
}

/** Which task belongs to which process: threads are part of their parent's. */
class Processes {
	#of = new Map([[0, 0]]);
	#maps = new Map<number, string[]>([[0, []]]);
	#next = 1;

	step(task: number, name: string, child: number): void {
		const mine = this.#of.get(task) as number;
		if (name === "thread") this.#of.set(child, mine);
		if (name === "fork") {
			this.#of.set(child, this.#next);
			this.#maps.set(this.#next++, this.maps(task));
		}
	}
	maps(task: number): string[] {
		return this.#maps.get(this.#of.get(task) as number) as string[];
	}
	set(task: number, maps: string[]): void {
		this.#maps.set(this.#of.get(task) as number, maps);
	}
}

const start_of = (line: string) => Number.parseInt(line, 16);

/** Whole maps become differences to the map before of the same process. */
export function compact(text: string): string {
	const processes = new Processes();
	const out: string[] = [];
	let task = 0;
	let maps: string[] | undefined;
	const flush = () => {
		if (!maps) return;
		const before = processes.maps(task);
		const [was, is] = [new Set(before), new Set(maps)];
		for (const line of before) if (!is.has(line)) out.push(`- ${line.split("-")[0]}`);
		for (const line of maps) if (!was.has(line)) out.push(`+ ${line}`);
		processes.set(task, maps);
		maps = undefined;
	};
	const file_of = (_: number, path: string) => Number(/\/file(\d)$/.exec(path)?.[1] ?? PROGRAM);
	for (const line of text.split("\n")) {
		if (line.startsWith("m ")) {
			maps ??= [];
			const short = short_line(line.slice(2), file_of);
			if (short) maps.push(short);
			continue;
		}
		flush();
		if (line === "") continue;
		out.push(line);
		const [, who, name, child] = /^s (\d+) (\w+)(?: (\w+))?/.exec(line) ?? [];
		if (name === undefined) continue;
		task = Number(who);
		processes.step(task, name, Number(child));
	}
	flush();
	return `${out.join("\n")}\n`;
}

/** A register, as the port takes it: negative where the top bit is set. What a
 *  double has to round stays between two pages if it was there. */
function register(hex: string): number {
	const value = BigInt.asIntN(64, BigInt(`0x${hex}`));
	const rounded = Number(value);
	if (rounded % 4096 !== 0 || value % 4096n === 0n) return rounded;
	return Number(BigInt.asIntN(52, value >> 12n)) * 4096 + 2048;
}

export function parse_log(text: string): Log {
	const log: Log = { kernel: "", seed: "", files: [], start_brk: 0, image: [], steps: [] };
	const processes = new Processes();
	let step: Step | undefined;
	let maps = new Map<number, string>();
	const flush = () => {
		const lines = [...maps.entries()].sort(([a], [b]) => a - b).map(([, line]) => line);
		processes.set(step?.task ?? 0, lines);
		/* What a task looks like that has just gone is not known. */
		if (!step) log.image = lines;
		else if (step.name !== "exit") step.maps = lines;
	};
	for (const [i, line] of text.split("\n").entries()) {
		const words = line.split(" ");
		switch (words[0]) {
			case "k":
				log.kernel = words[1];
				break;
			case "i":
				log.seed = words[1];
				break;
			case "f": {
				const [number, fd, size, mode] = words.slice(1).map(Number);
				log.files.push({ number, fd, size, mode });
				break;
			}
			case "b":
				log.start_brk = register(words[1]);
				break;
			case "-":
				maps.delete(start_of(words[1]));
				break;
			case "+":
				maps.set(start_of(words[1]), words.slice(1).join(" "));
				break;
			case "s": {
				flush();
				const eq = words.indexOf("=");
				step = {
					at: i + 1,
					task: Number(words[1]),
					name: words[2],
					args: words.slice(3, eq).map(register),
					result: words.slice(eq + 1).join(" "),
					before: processes.maps(Number(words[1])),
				};
				log.steps.push(step);
				processes.step(step.task, step.name, step.args[0]);
				maps = new Map(processes.maps(step.task).map((l) => [start_of(l), l]));
			}
		}
	}
	flush();
	return log;
}
