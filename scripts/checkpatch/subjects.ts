// SPDX-License-Identifier: GPL-2.0-only
/**
 * Subjects of commits: `subsystem: summary`, 75 columns at most as in Linux's
 * submitting-patches. A merge says what it brings; its place on a machine or
 * the name of a branch says nothing to who reads the history.
 */
import { execFileSync } from "node:child_process";

const MOST = 75;

/** What is wrong with a subject, if anything. */
export function check_subject(subject: string, merge: boolean): string | undefined {
	if ([...subject].length > MOST) return `${[...subject].length} columns, at most ${MOST}`;
	if (/(^|[\s'"(])(~|\.\.?)?\/(?!(proc|sys|dev)\b)[\w.-]+/.test(subject))
		return "a place on somebody's machine: say what changes";
	if (/^Merge (branch|tag|commit|remote-tracking|pull request)\b/i.test(subject))
		return "git's own words: say what the merge brings";
	if (/^Merge\s+\S+(\s+(and|into|of|from)\s+\S+)*$/i.test(subject))
		return "a name only: say what the merge brings";
	if (/^((fixup|squash|amend)!|wip\b)/i.test(subject))
		return "not finished: melt it into the commit that it is about";
	if (/^Revert "./.test(subject) || (merge && /^Merge \S/.test(subject))) return;
	if (!/^[\w./-]+([ ,]+[\w./-]+)*: \S+ \S/.test(subject))
		return "write 'subsystem: summary', the summary in more than one word";
}

export interface Subjects {
	problems: string[];
	/** Why nobody looked. */
	skipped?: string;
}

/** Looks at all commits after one. */
export function check_subjects(root: string, after: string): Subjects {
	const git = (...args: string[]) =>
		execFileSync("git", args, {
			cwd: root,
			encoding: "utf8",
			env: { ...process.env, LC_ALL: "C" },
			stdio: ["ignore", "pipe", "pipe"],
			maxBuffer: 1 << 28,
		});
	try {
		git("rev-parse", "--git-dir");
	} catch (error) {
		const { stderr, message } = error as Error & { stderr?: string };
		const [why] = (stderr || message).split("\n", 1);
		return { problems: [], skipped: `no history is read: ${why.replace(/^fatal: /, "")}` };
	}
	try {
		git("merge-base", "--is-ancestor", after, "HEAD");
	} catch {
		return {
			problems: [],
			skipped: `the history here does not reach back to ${after.slice(0, 12)}: git fetch --unshallow`,
		};
	}
	const problems: string[] = [];
	for (const line of git("log", "--format=%h%x09%p%x09%s", `${after}..HEAD`).split("\n").filter(Boolean)) {
		const [commit, parents, subject] = line.split("\t");
		const wrong = check_subject(subject, parents.includes(" "));
		if (wrong) problems.push(`commit ${commit}: '${subject}': ${wrong}`);
	}
	return { problems };
}
