// SPDX-License-Identifier: GPL-2.0-only
/** Makes small recordings for tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load_trace, type Trace } from "./trace.ts";

export const INITIAL = `555555554000-555555556000 r-xp 00000000 fe:00 11                         /bin/prog
555555556000-555555557000 rw-p 00002000 fe:00 11                         /bin/prog
7ffff7fcb000-7ffff7ffb000 r-xp 00000000 fe:00 12                         /lib/ld.so
7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]
`;

const code_of = (access: string) => (access === "exec" ? "14" : access === "write" ? "6" : "4");

/** Content of a file that is not there. */
export const ABSENT = "absent";

/** Lines get rising times, one hundred microseconds apart; a line that starts
 *  with `fault` goes to faults.txt. */
export function trace(body: string, files: Record<string, string> = {}): Trace {
	const directory = mkdtempSync(join(tmpdir(), "spf-trace-"));
	const strace: string[] = [];
	const faults: string[] = [];
	body.trim()
		.split("\n")
		.forEach((line, i) => {
			const time = `1000.${String((i + 1) * 100).padStart(6, "0")}`;
			const fault = /^\s*fault (\d+) (\S+)(?: (\S+))?$/.exec(line);
			/* `touch 1 read 1000`: with an error code, by the program. */
			const touch = /^\s*touch (\d+) (read|write|exec) (\S+)$/.exec(line);
			if (fault) faults.push(`${fault[3] ?? "prog"} 1/${fault[1]} ${time}: page-faults: ${fault[2]}`);
			else if (touch)
				faults.push(
					`prog 1/${touch[1]} ${time}: exceptions:page_fault_user: ` +
						`address=0x${touch[3]} ip=0x1 error_code=0x${code_of(touch[2])}`,
				);
			else strace.push(line.trim().replace(/^(\d+) /, `$1 ${time} `));
		});
	const all: Record<string, string> = {
		"strace.txt": `${strace.join("\n")}\n`,
		"faults.txt": `${faults.join("\n")}\n`,
		"maps.initial": INITIAL,
		"maps.final": INITIAL,
		"command.txt": "prog\n",
		"kernel.txt": "5.17.0\n",
		...files,
	};
	for (const [name, text] of Object.entries(all)) if (text !== ABSENT) writeFileSync(join(directory, name), text);
	try {
		return load_trace(directory);
	} finally {
		rmSync(directory, { recursive: true });
	}
}

export const START = `1 execve("/bin/prog", ["prog"], 0x7ffe /* 1 var */) = 0
1 brk(NULL) = 0x555555557000 (DELAYED)`;
export const END = `1 exit_group(0) = ?
1 +++ exited with 0 +++`;
