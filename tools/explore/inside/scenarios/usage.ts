// SPDX-License-Identifier: GPL-2.0-only
/** What processes have used, as getrusage() tells them: of their children's, what those have waited for is included. */
import { __NR_getrusage, __NR_wait4 } from "asm/unistd.ts";
import { RUSAGE_CHILDREN, RUSAGE_SELF } from "linux/resource.ts";
import {
	A,
	check_that,
	child_on,
	exit_group,
	fork,
	map,
	note,
	noted,
	on_cpu,
	PAGE,
	read,
	run_task,
	type Scenario,
	start_threads,
	user_syscall,
	write,
} from "../scenario.ts";
import { no_race } from "../table.ts";

const PAGES = 8;
/** The long of struct rusage that minor faults are. The most memory is not kept on this machine. */
const MINFLT = 8;
/** Places of noted(). */
const CHILD = 0;
const GRANDCHILD = 1;

/** 16 bits of them. The page that they are told in was written before: that is no fault which comes after the count. */
function faults(who: number): number {
	write(A, 0);
	check_that(user_syscall(__NR_getrusage, who, A) === 0, "getrusage fails");
	return read(A + 8 * MINFLT) + 256 * read(A + 8 * MINFLT + 1);
}
/** Faults on so many pages, and ends. */
function use_and_end(pages: number, place: number): void {
	for (let i = 1; i <= pages; i++) write(A + i * PAGE, i);
	note(place, faults(RUSAGE_SELF));
	exit_group();
}
function wait_for_child(pid: number, expected: number): void {
	check_that(user_syscall(__NR_wait4, pid, 0, 0) === pid, "wait4 does not return the child");
	const found = faults(RUSAGE_CHILDREN);

	check_that(found === expected, `its children have had ${found} faults, and not ${expected}`);
}

export const scenarios: Record<string, Scenario> = {
	"usage/children": {
		about: "a child and a grandchild fault, end, and are waited for",
		patch: "none: kernel/exit.c wait_task_zombie(), kernel/sys.c getrusage()",
		invariant: "a process is told what its children have used, and theirs that those have waited for",
		setup() {
			start_threads(1);
			map(A, PAGES * PAGE);
			const child = child_on(1);

			on_cpu(1, () => {
				const grandchild = fork();

				run_task(grandchild);
				use_and_end(PAGES - 1, GRANDCHILD);
				run_task(child);
				wait_for_child(grandchild, noted(GRANDCHILD));
				use_and_end(2, CHILD);
			});
			wait_for_child(child, noted(CHILD) + noted(GRANDCHILD));
		},
		cpus: no_race,
		models: ["sc"],
	},
};
