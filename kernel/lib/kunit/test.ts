// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/kunit/test.c and try-catch.c (5.17, with the output of 6.x):
 * runs the cases of a suite, and writes KTAP.
 * Left out: attributes, managed resources, time limits, a thread for each case.
 *
 * The lines are KTAP as the kernel prints it: each level indented by four
 * spaces, headed by a version line and a plan, diagnostics before the result
 * that they explain.
 */
import { stack_restore, stack_save } from "host/door.ts";
import {
	irqs_disabled,
	local_irq_disable,
	local_irq_enable,
} from "linux/irqflags.ts";
import { preempt_count, preempt_count_sub } from "linux/preempt.ts";
import {
	KUNIT_ABORT,
	type kunit,
	type kunit_case,
	type kunit_status,
	type kunit_suite,
} from "kunit/test.ts";

export const KUNIT_INDENT = "    ";
const KUNIT_PARAM_DESC_SIZE = 128;

export interface kunit_result_stats {
	passed: number;
	failed: number;
	skipped: number;
	total: number;
}

/** The result of a case, or of one parameter of a case. */
export interface kunit_case_result {
	name: string;
	status: kunit_status;
	/** Why it was skipped. */
	comment: string;
	/** Diagnostics, in order. */
	log: string[];
	/** Of a KUNIT_CASE_PARAM: the result with each parameter. */
	params?: kunit_case_result[];
}

export interface kunit_suite_result {
	name: string;
	status: kunit_status;
	/** Cases, a parameterised one counted once. */
	suite_stats: kunit_result_stats;
	/** Runs, each parameter counted. */
	total_stats: kunit_result_stats;
	cases: kunit_case_result[];
}

function kunit_new_stats(): kunit_result_stats {
	return { passed: 0, failed: 0, skipped: 0, total: 0 };
}

function kunit_update_stats(
	stats: kunit_result_stats,
	status: kunit_status,
): void {
	if (status === "success")
		stats.passed++;
	else if (status === "skipped")
		stats.skipped++;
	else
		stats.failed++;
	stats.total++;
}

function kunit_accumulate_stats(
	total: kunit_result_stats,
	add: kunit_result_stats,
): void {
	total.passed += add.passed;
	total.failed += add.failed;
	total.skipped += add.skipped;
	total.total += add.total;
}

function kunit_format_stats(name: string, s: kunit_result_stats): string {
	return (
		`# ${name}: pass:${s.passed} fail:${s.failed} ` +
		`skip:${s.skipped} total:${s.total}`
	);
}

/** A description must not contain what parsers give a meaning. */
function kunit_sanitize(name: string): string {
	return name
		.replace(/[\n\r]+/g, " ")
		.replace(/#/g, "_")
		.slice(0, KUNIT_PARAM_DESC_SIZE);
}

/** `ok 1 name # SKIP why` */
export function kunit_ok_not_ok(
	status: kunit_status,
	number: number,
	name: string,
	directive: string,
): string {
	const ok = status === "failure" ? "not ok" : "ok";
	const line = `${ok} ${number} ${kunit_sanitize(name)}`;

	if (status !== "skipped")
		return line;
	const why = kunit_sanitize(directive);
	return why === "" ? `${line} # SKIP` : `${line} # SKIP ${why}`;
}

function kunit_log(
	out: string[],
	indent: string,
	log: readonly string[],
): void {
	for (const line of log)
		out.push(`${indent}# ${line}`);
}

/**
 * Calls try_ and says whether it came back by itself, or by KUNIT_ABORT.
 *
 * Port: this is the one place in the kernel that may catch. Only KUNIT_ABORT
 * is caught: a panic and the machine's own unwinding pass through.
 */
function kunit_try_catch_run(try_: () => void): void {
	const sp = stack_save();

	try {
		try_();
	} catch (why) {
		if (why !== KUNIT_ABORT)
			throw why;
		/* What the unwound functions had on the kernel stack is gone. */
		stack_restore(sp);
	}
}

/** A case must not leave a lock held, or interrupts off. */
function kunit_check_context(
	test: kunit,
	preempt_before: number,
	irqs_before: boolean,
): void {
	const preempt_after = preempt_count();

	if (preempt_after !== preempt_before) {
		test.status = "failure";
		test.log.push(
			`${test.name}: leaves preempt_count ${preempt_after}, ` +
				`was ${preempt_before}`,
		);
		if (preempt_after > preempt_before)
			preempt_count_sub(preempt_after - preempt_before);
	}
	if (irqs_disabled() !== irqs_before) {
		test.status = "failure";
		test.log.push(`${test.name}: leaves interrupts changed`);
		if (irqs_before)
			local_irq_disable();
		else
			local_irq_enable();
	}
}

/** One run: init, the case, exit; exit even if one of the others aborted. */
function kunit_run_case_catch_errors(
	suite: kunit_suite,
	test_case: kunit_case,
	test: kunit,
): void {
	const preempt_before = preempt_count();
	const irqs_before = irqs_disabled();

	kunit_try_catch_run(() => {
		const err = suite.init === undefined ? 0 : suite.init(test);

		if (err) {
			test.log.push(`${test.name}: failed to initialize: ${err}`);
			test.status = "failure";
			return;
		}
		test_case.run_case(test, test.param_value);
	});
	kunit_try_catch_run(() => {
		if (suite.exit !== undefined)
			suite.exit(test);
	});
	kunit_check_context(test, preempt_before, irqs_before);
}

function kunit_new_test(
	name: string,
	param_value: any,
	param_index: number,
): kunit {
	return {
		name,
		priv: 0,
		param_value,
		param_index,
		status: "success",
		status_comment: "",
		log: [],
	};
}

function kunit_param_desc(
	test_case: kunit_case,
	param: any,
	i: number,
): string {
	if (test_case.get_desc !== undefined)
		return test_case.get_desc(param);
	if (typeof param === "string")
		return param;
	if (typeof param === "object" && param !== null) {
		const named = param as { name?: unknown; desc?: unknown };

		if (typeof named.name === "string")
			return named.name;
		if (typeof named.desc === "string")
			return named.desc;
	}
	return `param-${i}`;
}

/** All parameters of a case. It fails if one run does, and is skipped if all
 *  runs are. */
function kunit_run_params(
	suite: kunit_suite,
	test_case: kunit_case,
	params: readonly any[],
	total_stats: kunit_result_stats,
	out: string[],
): kunit_case_result {
	const stats = kunit_new_stats();
	const results: kunit_case_result[] = [];
	const indent = KUNIT_INDENT + KUNIT_INDENT;

	out.push(`${indent}KTAP version 1`);
	out.push(`${indent}# Subtest: ${kunit_sanitize(test_case.name)}`);
	out.push(`${indent}1..${params.length}`);
	for (let i = 0; i < params.length; i++) {
		const test = kunit_new_test(test_case.name, params[i], i);
		const desc = kunit_param_desc(test_case, params[i], i);

		kunit_run_case_catch_errors(suite, test_case, test);
		kunit_log(out, indent, test.log);
		out.push(
			indent +
				kunit_ok_not_ok(test.status, i + 1, desc, test.status_comment),
		);
		kunit_update_stats(stats, test.status);
		results.push({
			name: desc,
			status: test.status,
			comment: test.status_comment,
			log: test.log,
			params: undefined,
		});
	}
	kunit_accumulate_stats(total_stats, stats);
	out.push(KUNIT_INDENT + kunit_format_stats(test_case.name, stats));

	const status: kunit_status =
		stats.failed > 0
			? "failure"
			: stats.passed === 0
				? "skipped"
				: "success";
	return {
		name: test_case.name,
		status,
		comment: stats.total === 0 ? "no parameters" : "",
		log: [],
		params: results,
	};
}

function kunit_run_case(
	suite: kunit_suite,
	test_case: kunit_case,
	number: number,
	total_stats: kunit_result_stats,
	out: string[],
): kunit_case_result {
	let result: kunit_case_result;

	if (test_case.params !== undefined) {
		result = kunit_run_params(
			suite,
			test_case,
			test_case.params,
			total_stats,
			out,
		);
	} else {
		const test = kunit_new_test(test_case.name, 0, 0);

		kunit_run_case_catch_errors(suite, test_case, test);
		kunit_log(out, KUNIT_INDENT, test.log);
		kunit_update_stats(total_stats, test.status);
		result = {
			name: test_case.name,
			status: test.status,
			comment: test.status_comment,
			log: test.log,
			params: undefined,
		};
	}
	out.push(
		KUNIT_INDENT +
			kunit_ok_not_ok(result.status, number, result.name, result.comment),
	);
	return result;
}

/**
 * Run the cases of a suite, and append its KTAP to out, up to and including
 * its own result line.
 *
 * Context: a kernel context that may sleep.
 */
export function kunit_run_tests(
	suite: kunit_suite,
	number: number,
	out: string[],
): kunit_suite_result {
	const suite_stats = kunit_new_stats();
	const total_stats = kunit_new_stats();
	const cases: kunit_case_result[] = [];

	out.push(`${KUNIT_INDENT}KTAP version 1`);
	out.push(`${KUNIT_INDENT}# Subtest: ${kunit_sanitize(suite.name)}`);
	out.push(`${KUNIT_INDENT}1..${suite.test_cases.length}`);

	const err = suite.suite_init === undefined ? 0 : suite.suite_init();
	for (let i = 0; i < suite.test_cases.length; i++) {
		const test_case = suite.test_cases[i];
		let result: kunit_case_result;

		if (err) {
			const log = [`${suite.name}: failed to initialize: ${err}`];

			kunit_log(out, KUNIT_INDENT, log);
			out.push(
				KUNIT_INDENT +
					kunit_ok_not_ok("failure", i + 1, test_case.name, ""),
			);
			result = {
				name: test_case.name,
				status: "failure",
				comment: "",
				log,
				params: undefined,
			};
			kunit_update_stats(total_stats, "failure");
		} else {
			result = kunit_run_case(suite, test_case, i + 1, total_stats, out);
		}
		kunit_update_stats(suite_stats, result.status);
		cases.push(result);
	}
	if (suite.suite_exit !== undefined)
		suite.suite_exit();

	/* A suite fails with one of its cases, and is skipped with all of them. */
	const status: kunit_status =
		suite_stats.failed > 0
			? "failure"
			: suite_stats.total > 0 && suite_stats.passed === 0
				? "skipped"
				: "success";
	out.push(kunit_format_stats(suite.name, suite_stats));
	out.push(kunit_format_stats("Totals", total_stats));
	out.push(kunit_ok_not_ok(status, number, suite.name, ""));
	return { name: suite.name, status, suite_stats, total_stats, cases };
}
