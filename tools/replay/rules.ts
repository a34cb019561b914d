// SPDX-License-Identifier: GPL-2.0-only
/**
 * Why an operation came out otherwise, where that is known: rules of the
 * recorded machine or kernel that are not imitated, each by a name; and for what
 * no rule explains, what to look at first. Documentation/newer-kernels.md has
 * the list.
 */
import { ERRNO, MADV, MAP_HUGETLB, MPOL_F, SIGBUS, SIGKILL } from "./abi.ts";
import { is_policy_call } from "./mempolicy.ts";
import type { Op } from "./trace.ts";

const MS_SYNC = 4;

/** What an operation was to be and what it was; errors are negative. */
export interface Outcome {
	op: Op;
	recorded: number;
	replayed: number;
}

interface Rule {
	name: string;
	explains(outcome: Outcome): boolean;
}

const calls = (...names: string[]) => new Set(names);
const MAKES_MAPPINGS = calls("mmap", "mremap", "brk", "mprotect");
const LOCKS = calls("mlock", "mlock2", "mlockall");
const is = (value: number, ...names: string[]) => names.some((name) => value === -ERRNO[name]);

/** Advice that 5.17 has not and nothing here imitates. */
const LATER_ADVICE = new Set([
	MADV.MADV_COLLAPSE,
	MADV.MADV_GUARD_INSTALL,
	MADV.MADV_GUARD_REMOVE,
	MADV.MADV_HWPOISON,
	MADV.MADV_SOFT_OFFLINE,
]);

const RULES: Rule[] = [
	{
		name: "files have no holes (MADV_REMOVE)",
		explains: ({ op, replayed }) =>
			op.name === "madvise" && op.args[2] === MADV.MADV_REMOVE && is(replayed, "EOPNOTSUPP"),
	},
	{
		name: "advice that is not imitated",
		explains: ({ op, replayed }) =>
			op.name === "madvise" && LATER_ADVICE.has(op.args[2]) && is(replayed, "EINVAL"),
	},
	{
		name: "there are no huge pages (MAP_HUGETLB)",
		explains: ({ op }) => op.name === "mmap" && (op.args[3] & MAP_HUGETLB) !== 0,
	},
	{
		name: "limits of the recorded machine (RLIMIT_AS, RLIMIT_DATA, overcommit)",
		explains: ({ op, recorded, replayed }) =>
			!op.unlimited &&
			MAKES_MAPPINGS.has(op.name) &&
			replayed >= 0 &&
			(is(recorded, "ENOMEM") || (op.name === "brk" && recorded < replayed)),
	},
	{
		name: "limits of the recorded machine (RLIMIT_MEMLOCK)",
		explains: ({ op, recorded, replayed }) =>
			!op.unlimited &&
			replayed >= 0 &&
			((LOCKS.has(op.name) && is(recorded, "ENOMEM", "EPERM")) ||
				(MAKES_MAPPINGS.has(op.name) && is(recorded, "EAGAIN"))),
	},
	{
		name: "files that cannot be mapped so",
		explains: ({ op, recorded, replayed }) =>
			op.name === "mmap" &&
			op.opened >= 0 &&
			replayed >= 0 &&
			is(recorded, "ENODEV", "EPERM", "ETXTBSY", "EOVERFLOW"),
	},
	{
		name: "files that cannot be written back (msync)",
		explains: ({ op, recorded }) =>
			op.name === "msync" && (op.args[2] & MS_SYNC) !== 0 && is(recorded, "EINVAL", "EIO"),
	},
	{
		name: "on which node a page is",
		explains: ({ op, recorded, replayed }) =>
			(op.name === "mbind" && (is(recorded, "EIO") || is(replayed, "EIO"))) ||
			(op.name === "get_mempolicy" && (op.args[4] & MPOL_F.MPOL_F_NODE) !== 0 && recorded >= 0),
	},
	{
		name: "privileges of the recorded program (CAP_SYS_NICE)",
		explains: ({ op, recorded }) => op.name === "mbind" && is(recorded, "EPERM"),
	},
	{
		name: "a kernel without memory policies (CONFIG_NUMA)",
		explains: ({ op, replayed }) => is_policy_call(op.name) && is(replayed, "ENOSYS"),
	},
	{
		name: "files whose size is not recorded",
		explains: ({ op, replayed }) => op.kind === "fault" && op.expected.signo === SIGBUS && replayed === 0,
	},
];

/** The name of the rule by which it differs, if it is known. */
export function rule_of(outcome: Outcome): string | undefined {
	return RULES.find((rule) => rule.explains(outcome))?.name;
}

/** What to look at where the first difference has no name. `unexplained`: the
 *  recorded place is one that no rule of placement gives. */
export function hint_of({ op, recorded, replayed }: Outcome, unexplained: boolean): string {
	if (is(replayed, "ENOMEM", "EAGAIN") && recorded >= 0) return "perhaps out of memory; try --mem";
	if (op.placed && unexplained)
		return "no known rule gives the recorded place: a program under ASLR, or a rule that is not imitated";
	if (op.kind === "fault" && op.expected.signal !== true && replayed !== 0 && replayed !== SIGKILL)
		return "perhaps the size of a file, or of a stack";
	return "";
}
