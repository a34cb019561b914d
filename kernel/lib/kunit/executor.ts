// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/kunit/executor.c (5.17): chooses suites and cases by a glob, and
 * runs them one after the other.
 * Left out: running at boot by itself, shutdown afterwards, attributes.
 */
import type { kunit_case, kunit_suite } from "kunit/test.ts";
import { kunit_suites } from "kernel/lib/kunit/suites.ts";
import {
	kunit_run_tests,
	type kunit_suite_result,
} from "kernel/lib/kunit/test.ts";

export interface kunit_run_result {
	/** The whole KTAP stream, each line ended. */
	ktap: string;
	suites: kunit_suite_result[];
	/** Runs that failed, in all suites. */
	failed: number;
}

/**
 * lib/glob.c: `*`, `?`, and `[a-z]` or `[!a-z]`; everything else stands for
 * itself. One point to go back to is enough: the last `*`.
 */
export function glob_match(pat: string, str: string): boolean {
	let p = 0;
	let s = 0;
	let back_pat = -1;
	let back_str = 0;

	for (;;) {
		const c = pat[p];

		if (c === "*") {
			back_pat = ++p;
			back_str = s;
			continue;
		}
		if (s === str.length && c === undefined)
			return true;
		if (s < str.length && c !== undefined) {
			if (c === "?" || c === str[s]) {
				p++;
				s++;
				continue;
			}
			const end = pat.indexOf("]", p + 2);
			if (c === "[" && end !== -1) {
				if (glob_class(pat.slice(p + 1, end), str[s])) {
					p = end + 1;
					s++;
					continue;
				}
			}
		}
		/* No match: let the last `*` take one more character. */
		if (back_pat === -1 || back_str >= str.length)
			return false;
		s = ++back_str;
		p = back_pat;
	}
}

function glob_class(set: string, c: string): boolean {
	const inverted = set[0] === "!";
	let match = false;

	for (let i = inverted ? 1 : 0; i < set.length; i++) {
		if (set[i + 1] === "-" && i + 2 < set.length) {
			if (set[i] <= c && c <= set[i + 2])
				match = true;
			i += 2;
		} else if (set[i] === c) {
			match = true;
		}
	}
	return match !== inverted;
}

/** The suite with those of its cases that match; NULL if none does. */
function kunit_filter_glob_tests(
	suite: kunit_suite,
	test_glob: string,
): kunit_suite {
	const test_cases: kunit_case[] = [];

	for (const test_case of suite.test_cases) {
		if (glob_match(test_glob, test_case.name))
			test_cases.push(test_case);
	}
	if (test_cases.length === 0)
		return NULL;
	return { ...suite, test_cases };
}

/** filter is `suite_glob` or `suite_glob.test_glob`; "" means all. */
export function kunit_filter_suites(
	suites: readonly kunit_suite[],
	filter: string,
): kunit_suite[] {
	const dot = filter.indexOf(".");
	const suite_glob = dot === -1 ? filter : filter.slice(0, dot);
	const test_glob = dot === -1 ? "" : filter.slice(dot + 1);
	const filtered: kunit_suite[] = [];

	for (const suite of suites) {
		if (suite_glob !== "" && !glob_match(suite_glob, suite.name))
			continue;
		if (test_glob === "") {
			filtered.push(suite);
			continue;
		}
		const some = kunit_filter_glob_tests(suite, test_glob);
		if (some !== NULL)
			filtered.push(some);
	}
	return filtered;
}

/** `suite.case`, one a line, of what a run with this filter would run. */
export function kunit_list_tests(filter: string): string {
	let out = "";

	for (const suite of kunit_filter_suites(kunit_suites(), filter)) {
		for (const test_case of suite.test_cases)
			out += `${suite.name}.${test_case.name}\n`;
	}
	return out;
}

/** Run suites that are given, not looked up. */
export function kunit_exec_run_tests(
	suites: readonly kunit_suite[],
): kunit_run_result {
	const out = ["KTAP version 1", `1..${suites.length}`];
	const results: kunit_suite_result[] = [];
	let failed = 0;

	for (let i = 0; i < suites.length; i++) {
		const result = kunit_run_tests(suites[i], i + 1, out);

		failed += result.total_stats.failed;
		results.push(result);
	}
	return { ktap: `${out.join("\n")}\n`, suites: results, failed };
}

/**
 * Run all suites of this configuration that filter matches, on this CPU.
 *
 * Context: a kernel context that may sleep; the other CPUs are idle, or take
 * interrupts, if a suite uses them.
 */
export function kunit_run_all(filter: string): kunit_run_result {
	return kunit_exec_run_tests(kunit_filter_suites(kunit_suites(), filter));
}
