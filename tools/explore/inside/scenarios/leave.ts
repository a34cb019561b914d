// SPDX-License-Identifier: GPL-2.0-only
/** A CPU that leaves the machine, with a task whose memory it has loaded, and comes back. Others do not wait for it. */
import { cpu_enter_host, cpu_leave_host } from "kernel/smp.ts";
import {
	A,
	check_that,
	LEN,
	madvise_dontneed,
	mprotect,
	note,
	noted,
	PROT_READ,
	read,
	type Scenario,
	V,
	write,
	written,
} from "../scenario.ts";

function leave_and_come_back(): void {
	cpu_enter_host();
	cpu_leave_host();
}

export const scenarios: Record<string, Scenario> = {
	"leave-dontneed": {
		about: "MADV_DONTNEED beside a CPU that has its page in the TLB, leaves, comes back and reads",
		patch: "none: kernel/smp.ts cpu_enter_host(), cpu_leave_host(), cpu_outside()",
		invariant: "a CPU that missed a flush comes back with an empty TLB",
		setup: written,
		cpus: [
			() => note(0, madvise_dontneed(A, LEN)),
			() => {
				leave_and_come_back();
				note(1, read(A));
			},
		],
		check() {
			check_that(
				noted(0) === 0 && (noted(1) === 0 || noted(1) === 1),
				"the page has what nobody wrote",
			);
			check_that(read(A) === 0, "the page is still there");
		},
	},
	"leave-mprotect": {
		about: "mprotect beside a CPU that may write by its TLB, leaves the machine, and comes back and writes",
		patch: "none: kernel/smp.ts cpu_enter_host(), cpu_leave_host(), cpu_outside()",
		invariant: "after mprotect nobody writes",
		setup: written,
		cpus: [
			() => {
				mprotect(A, LEN, PROT_READ);
				note(0, read(A));
			},
			() => {
				leave_and_come_back();
				note(1, write(A, V) ? 1 : 0);
			},
		],
		check() {
			check_that(read(A) === noted(0), "a write after mprotect");
		},
	},
};
