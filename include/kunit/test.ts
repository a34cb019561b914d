// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/kunit/test.h (5.17, with what 6.x added to the assertions):
 * suites, cases, expectations. kernel/lib/kunit/test.ts runs them.
 * Left out: managed resources, static stubs, attributes, STRNEQ and MEMEQ.
 *
 *	static void anon_read(struct kunit *test) { KUNIT_EXPECT_EQ(test, …); }
 * is
 *	function anon_read(test: kunit): void { KUNIT_EXPECT_EQ(test, …); }
 *	export const memory_test_suite = kunit_suite({
 *		name: "memory",
 *		test_cases: [KUNIT_CASE("anon_read", anon_read)],
 *	});
 *
 * Port: C's macros print the source text of both sides; functions do not have
 * it, and print the position and the values.
 */
import { MAX_ERRNO } from "linux/err.ts";

export type kunit_status = "success" | "failure" | "skipped";

/** What one run of one case (or one of its parameters) knows. */
export interface kunit {
	readonly name: string;
	/** The suite's own, for init, cases and exit to share. */
	priv: any;
	/** The parameter of this run, of a KUNIT_CASE_PARAM. */
	readonly param_value: any;
	readonly param_index: number;
	status: kunit_status;
	/** Why it was skipped. */
	status_comment: string;
	/** Diagnostics, one line each, without the leading "# ". */
	readonly log: string[];
}

export type kunit_case_fn = (test: kunit, param?: any) => void;

export interface kunit_case {
	readonly name: string;
	readonly run_case: kunit_case_fn;
	readonly params?: readonly any[];
	readonly get_desc?: (param: any) => string;
}

export interface kunit_suite {
	/** Subsystem and area, no "test" in it. */
	readonly name: string;
	/** Once before and after all cases; a result other than 0 fails the suite. */
	readonly suite_init?: () => number | void;
	readonly suite_exit?: () => void;
	/** Before and after each case; a result other than 0 fails the case. */
	readonly init?: (test: kunit) => number | void;
	readonly exit?: (test: kunit) => void;
	readonly test_cases: readonly kunit_case[];
}

/** The value that unwinds a case that cannot go on. There is only one. */
export const KUNIT_ABORT = { name: "kunit abort" } as const;

export function kunit_suite(suite: kunit_suite): kunit_suite {
	return suite;
}

export function KUNIT_CASE(name: string, run_case: kunit_case_fn): kunit_case {
	return { name, run_case };
}

/**
 * A case that runs once for each of params, as test.param_value and second
 * argument. get_desc names a run; without it a string, a `name` or a `desc` in
 * the parameter does, else its index.
 */
export function KUNIT_CASE_PARAM<T>(
	name: string,
	run_case: (test: kunit, param: T) => void,
	params: readonly T[],
	get_desc?: (param: T) => string,
): kunit_case {
	return { name, run_case: run_case as kunit_case_fn, params, get_desc };
}

/* ---- a case tells about itself ---- */

export function kunit_info(test: kunit, text: string): void {
	test.log.push(`${test.name}: ${text}`);
}

export function kunit_warn(test: kunit, text: string): void {
	kunit_info(test, text);
}

export function kunit_err(test: kunit, text: string): void {
	kunit_info(test, text);
}

/** Mark the case as skipped and go on. */
export function kunit_mark_skipped(test: kunit, why: string): void {
	test.status = "skipped";
	test.status_comment = why;
}

/** Mark the case as skipped and leave it. */
export function kunit_skip(test: kunit, why: string): never {
	kunit_mark_skipped(test, why);
	throw KUNIT_ABORT;
}

export function KUNIT_SUCCEED(_test: kunit): void {}

export function KUNIT_FAIL(test: kunit, msg: string): void {
	kunit_do_failed(test, "EXPECTATION", [], msg);
}

export function KUNIT_FAIL_AND_ABORT(test: kunit, msg: string): never {
	kunit_do_failed(test, "ASSERTION", [], msg);
	throw KUNIT_ABORT;
}

/* ---- failure reports ---- */

/** Where the test called the expectation: the first frame that is not ours. */
function kunit_location(): string {
	const frames = (new Error("where").stack ?? "").split("\n");
	for (let i = 1; i < frames.length; i++) {
		const frame = frames[i];
		if (/\bat (?:async )?(?:\w+\.)*(?:KUNIT_|kunit_)/.test(frame)) continue;
		const m = /\(?((?:file:\/\/)?[^\s()]+:\d+):\d+\)?$/.exec(frame);
		if (m === null) continue;
		/* The path in the source tree, or the bundle's name and line in it. */
		const path = m[1].replace(/^.*?\/(?=(?:kernel|arch|include)\/)/, "");
		return path === m[1] ? path.replace(/^.*\//, "") : path;
	}
	return "?";
}

/** Decimal and hexadecimal, as the kernel prints both. */
function kunit_number(v: number): string {
	if (!Number.isInteger(v)) return `${v}`;
	return `${v} (0x${BigInt.asUintN(64, BigInt(v)).toString(16)})`;
}

function kunit_value(v: unknown): string {
	if (typeof v === "number") return kunit_number(v);
	if (typeof v === "string") return JSON.stringify(v);
	return String(v);
}

function kunit_pointer(v: unknown): string {
	return typeof v === "number"
		? `0x${(v < 0 ? v >>> 0 : v).toString(16)}`
		: String(v);
}

function kunit_do_failed(
	test: kunit,
	type: "EXPECTATION" | "ASSERTION",
	lines: readonly string[],
	msg: string | undefined,
): void {
	test.status = "failure";
	test.log.push(`${test.name}: ${type} FAILED at ${kunit_location()}`);
	for (const line of lines) test.log.push(line);
	if (msg !== undefined) for (const l of msg.split("\n")) test.log.push(l);
}

function kunit_binary_failed(
	test: kunit,
	type: "EXPECTATION" | "ASSERTION",
	left: unknown,
	op: string,
	right: unknown,
	format: (v: unknown) => string,
	msg: string | undefined,
): void {
	kunit_do_failed(
		test,
		type,
		[
			`    Expected left ${op} right, but`,
			`        left == ${format(left)}`,
			`        right == ${format(right)}`,
		],
		msg,
	);
}

function kunit_unary_failed(
	test: kunit,
	type: "EXPECTATION" | "ASSERTION",
	value: unknown,
	expected: string,
	format: (v: unknown) => string,
	msg: string | undefined,
): void {
	kunit_do_failed(
		test,
		type,
		[`    Expected value ${expected}, but`, `        value == ${format(value)}`],
		msg,
	);
}

/** ERR_PTR() values are the last page of the address space. */
function kunit_is_err(v: unknown): boolean {
	return typeof v === "number" && (v | 0) < 0 && (v | 0) >= -MAX_ERRNO;
}

/* ---- expectations: a failure is noted and the case goes on.
 *      assertions: a failure ends the case. ---- */

export function KUNIT_EXPECT_TRUE(
	test: kunit,
	value: boolean,
): void {
	if (!value)
		kunit_unary_failed(test, "EXPECTATION", value, "to be true", kunit_value, undefined);
}

export function KUNIT_EXPECT_TRUE_MSG(
	test: kunit,
	value: boolean,
	msg: string,
): void {
	if (!value)
		kunit_unary_failed(test, "EXPECTATION", value, "to be true", kunit_value, msg);
}

export function KUNIT_EXPECT_FALSE(
	test: kunit,
	value: boolean,
): void {
	if (value)
		kunit_unary_failed(test, "EXPECTATION", value, "to be false", kunit_value, undefined);
}

export function KUNIT_EXPECT_FALSE_MSG(
	test: kunit,
	value: boolean,
	msg: string,
): void {
	if (value)
		kunit_unary_failed(test, "EXPECTATION", value, "to be false", kunit_value, msg);
}

export function KUNIT_EXPECT_EQ(
	test: kunit,
	left: number | boolean | string,
	right: number | boolean | string,
): void {
	if (left !== right)
		kunit_binary_failed(test, "EXPECTATION", left, "==", right, kunit_value, undefined);
}

export function KUNIT_EXPECT_EQ_MSG(
	test: kunit,
	left: number | boolean | string,
	right: number | boolean | string,
	msg: string,
): void {
	if (left !== right)
		kunit_binary_failed(test, "EXPECTATION", left, "==", right, kunit_value, msg);
}

export function KUNIT_EXPECT_NE(
	test: kunit,
	left: number | boolean | string,
	right: number | boolean | string,
): void {
	if (left === right)
		kunit_binary_failed(test, "EXPECTATION", left, "!=", right, kunit_value, undefined);
}

export function KUNIT_EXPECT_NE_MSG(
	test: kunit,
	left: number | boolean | string,
	right: number | boolean | string,
	msg: string,
): void {
	if (left === right)
		kunit_binary_failed(test, "EXPECTATION", left, "!=", right, kunit_value, msg);
}

export function KUNIT_EXPECT_LT(
	test: kunit,
	left: number,
	right: number,
): void {
	if (!(left < right))
		kunit_binary_failed(test, "EXPECTATION", left, "<", right, kunit_value, undefined);
}

export function KUNIT_EXPECT_LT_MSG(
	test: kunit,
	left: number,
	right: number,
	msg: string,
): void {
	if (!(left < right))
		kunit_binary_failed(test, "EXPECTATION", left, "<", right, kunit_value, msg);
}

export function KUNIT_EXPECT_LE(
	test: kunit,
	left: number,
	right: number,
): void {
	if (!(left <= right))
		kunit_binary_failed(test, "EXPECTATION", left, "<=", right, kunit_value, undefined);
}

export function KUNIT_EXPECT_LE_MSG(
	test: kunit,
	left: number,
	right: number,
	msg: string,
): void {
	if (!(left <= right))
		kunit_binary_failed(test, "EXPECTATION", left, "<=", right, kunit_value, msg);
}

export function KUNIT_EXPECT_GT(
	test: kunit,
	left: number,
	right: number,
): void {
	if (!(left > right))
		kunit_binary_failed(test, "EXPECTATION", left, ">", right, kunit_value, undefined);
}

export function KUNIT_EXPECT_GT_MSG(
	test: kunit,
	left: number,
	right: number,
	msg: string,
): void {
	if (!(left > right))
		kunit_binary_failed(test, "EXPECTATION", left, ">", right, kunit_value, msg);
}

export function KUNIT_EXPECT_GE(
	test: kunit,
	left: number,
	right: number,
): void {
	if (!(left >= right))
		kunit_binary_failed(test, "EXPECTATION", left, ">=", right, kunit_value, undefined);
}

export function KUNIT_EXPECT_GE_MSG(
	test: kunit,
	left: number,
	right: number,
	msg: string,
): void {
	if (!(left >= right))
		kunit_binary_failed(test, "EXPECTATION", left, ">=", right, kunit_value, msg);
}

export function KUNIT_EXPECT_PTR_EQ(
	test: kunit,
	left: struct | number,
	right: struct | number,
): void {
	if (left !== right)
		kunit_binary_failed(test, "EXPECTATION", left, "==", right, kunit_pointer, undefined);
}

export function KUNIT_EXPECT_PTR_EQ_MSG(
	test: kunit,
	left: struct | number,
	right: struct | number,
	msg: string,
): void {
	if (left !== right)
		kunit_binary_failed(test, "EXPECTATION", left, "==", right, kunit_pointer, msg);
}

export function KUNIT_EXPECT_PTR_NE(
	test: kunit,
	left: struct | number,
	right: struct | number,
): void {
	if (left === right)
		kunit_binary_failed(test, "EXPECTATION", left, "!=", right, kunit_pointer, undefined);
}

export function KUNIT_EXPECT_PTR_NE_MSG(
	test: kunit,
	left: struct | number,
	right: struct | number,
	msg: string,
): void {
	if (left === right)
		kunit_binary_failed(test, "EXPECTATION", left, "!=", right, kunit_pointer, msg);
}

export function KUNIT_EXPECT_STREQ(
	test: kunit,
	left: string,
	right: string,
): void {
	if (left !== right)
		kunit_binary_failed(test, "EXPECTATION", left, "==", right, kunit_value, undefined);
}

export function KUNIT_EXPECT_STREQ_MSG(
	test: kunit,
	left: string,
	right: string,
	msg: string,
): void {
	if (left !== right)
		kunit_binary_failed(test, "EXPECTATION", left, "==", right, kunit_value, msg);
}

export function KUNIT_EXPECT_NULL(
	test: kunit,
	value: struct | number,
): void {
	if (value !== 0)
		kunit_unary_failed(test, "EXPECTATION", value, "to be NULL", kunit_pointer, undefined);
}

export function KUNIT_EXPECT_NULL_MSG(
	test: kunit,
	value: struct | number,
	msg: string,
): void {
	if (value !== 0)
		kunit_unary_failed(test, "EXPECTATION", value, "to be NULL", kunit_pointer, msg);
}

export function KUNIT_EXPECT_NOT_NULL(
	test: kunit,
	value: struct | number,
): void {
	if (value === 0)
		kunit_unary_failed(test, "EXPECTATION", value, "not to be NULL", kunit_pointer, undefined);
}

export function KUNIT_EXPECT_NOT_NULL_MSG(
	test: kunit,
	value: struct | number,
	msg: string,
): void {
	if (value === 0)
		kunit_unary_failed(test, "EXPECTATION", value, "not to be NULL", kunit_pointer, msg);
}

export function KUNIT_EXPECT_NOT_ERR_OR_NULL(
	test: kunit,
	value: struct | number,
): void {
	if (!(value !== 0 && !kunit_is_err(value)))
		kunit_unary_failed(test, "EXPECTATION", value, "to be a valid pointer", kunit_pointer, undefined);
}

export function KUNIT_EXPECT_NOT_ERR_OR_NULL_MSG(
	test: kunit,
	value: struct | number,
	msg: string,
): void {
	if (!(value !== 0 && !kunit_is_err(value)))
		kunit_unary_failed(test, "EXPECTATION", value, "to be a valid pointer", kunit_pointer, msg);
}

export function KUNIT_ASSERT_TRUE(
	test: kunit,
	value: boolean,
): void {
	if (!value) {
		kunit_unary_failed(test, "ASSERTION", value, "to be true", kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_TRUE_MSG(
	test: kunit,
	value: boolean,
	msg: string,
): void {
	if (!value) {
		kunit_unary_failed(test, "ASSERTION", value, "to be true", kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_FALSE(
	test: kunit,
	value: boolean,
): void {
	if (value) {
		kunit_unary_failed(test, "ASSERTION", value, "to be false", kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_FALSE_MSG(
	test: kunit,
	value: boolean,
	msg: string,
): void {
	if (value) {
		kunit_unary_failed(test, "ASSERTION", value, "to be false", kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_EQ(
	test: kunit,
	left: number | boolean | string,
	right: number | boolean | string,
): void {
	if (left !== right) {
		kunit_binary_failed(test, "ASSERTION", left, "==", right, kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_EQ_MSG(
	test: kunit,
	left: number | boolean | string,
	right: number | boolean | string,
	msg: string,
): void {
	if (left !== right) {
		kunit_binary_failed(test, "ASSERTION", left, "==", right, kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_NE(
	test: kunit,
	left: number | boolean | string,
	right: number | boolean | string,
): void {
	if (left === right) {
		kunit_binary_failed(test, "ASSERTION", left, "!=", right, kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_NE_MSG(
	test: kunit,
	left: number | boolean | string,
	right: number | boolean | string,
	msg: string,
): void {
	if (left === right) {
		kunit_binary_failed(test, "ASSERTION", left, "!=", right, kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_LT(
	test: kunit,
	left: number,
	right: number,
): void {
	if (!(left < right)) {
		kunit_binary_failed(test, "ASSERTION", left, "<", right, kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_LT_MSG(
	test: kunit,
	left: number,
	right: number,
	msg: string,
): void {
	if (!(left < right)) {
		kunit_binary_failed(test, "ASSERTION", left, "<", right, kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_LE(
	test: kunit,
	left: number,
	right: number,
): void {
	if (!(left <= right)) {
		kunit_binary_failed(test, "ASSERTION", left, "<=", right, kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_LE_MSG(
	test: kunit,
	left: number,
	right: number,
	msg: string,
): void {
	if (!(left <= right)) {
		kunit_binary_failed(test, "ASSERTION", left, "<=", right, kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_GT(
	test: kunit,
	left: number,
	right: number,
): void {
	if (!(left > right)) {
		kunit_binary_failed(test, "ASSERTION", left, ">", right, kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_GT_MSG(
	test: kunit,
	left: number,
	right: number,
	msg: string,
): void {
	if (!(left > right)) {
		kunit_binary_failed(test, "ASSERTION", left, ">", right, kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_GE(
	test: kunit,
	left: number,
	right: number,
): void {
	if (!(left >= right)) {
		kunit_binary_failed(test, "ASSERTION", left, ">=", right, kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_GE_MSG(
	test: kunit,
	left: number,
	right: number,
	msg: string,
): void {
	if (!(left >= right)) {
		kunit_binary_failed(test, "ASSERTION", left, ">=", right, kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_PTR_EQ(
	test: kunit,
	left: struct | number,
	right: struct | number,
): void {
	if (left !== right) {
		kunit_binary_failed(test, "ASSERTION", left, "==", right, kunit_pointer, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_PTR_EQ_MSG(
	test: kunit,
	left: struct | number,
	right: struct | number,
	msg: string,
): void {
	if (left !== right) {
		kunit_binary_failed(test, "ASSERTION", left, "==", right, kunit_pointer, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_PTR_NE(
	test: kunit,
	left: struct | number,
	right: struct | number,
): void {
	if (left === right) {
		kunit_binary_failed(test, "ASSERTION", left, "!=", right, kunit_pointer, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_PTR_NE_MSG(
	test: kunit,
	left: struct | number,
	right: struct | number,
	msg: string,
): void {
	if (left === right) {
		kunit_binary_failed(test, "ASSERTION", left, "!=", right, kunit_pointer, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_STREQ(
	test: kunit,
	left: string,
	right: string,
): void {
	if (left !== right) {
		kunit_binary_failed(test, "ASSERTION", left, "==", right, kunit_value, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_STREQ_MSG(
	test: kunit,
	left: string,
	right: string,
	msg: string,
): void {
	if (left !== right) {
		kunit_binary_failed(test, "ASSERTION", left, "==", right, kunit_value, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_NULL(
	test: kunit,
	value: struct | number,
): void {
	if (value !== 0) {
		kunit_unary_failed(test, "ASSERTION", value, "to be NULL", kunit_pointer, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_NULL_MSG(
	test: kunit,
	value: struct | number,
	msg: string,
): void {
	if (value !== 0) {
		kunit_unary_failed(test, "ASSERTION", value, "to be NULL", kunit_pointer, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_NOT_NULL(
	test: kunit,
	value: struct | number,
): void {
	if (value === 0) {
		kunit_unary_failed(test, "ASSERTION", value, "not to be NULL", kunit_pointer, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_NOT_NULL_MSG(
	test: kunit,
	value: struct | number,
	msg: string,
): void {
	if (value === 0) {
		kunit_unary_failed(test, "ASSERTION", value, "not to be NULL", kunit_pointer, msg);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_NOT_ERR_OR_NULL(
	test: kunit,
	value: struct | number,
): void {
	if (!(value !== 0 && !kunit_is_err(value))) {
		kunit_unary_failed(test, "ASSERTION", value, "to be a valid pointer", kunit_pointer, undefined);
		throw KUNIT_ABORT;
	}
}

export function KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(
	test: kunit,
	value: struct | number,
	msg: string,
): void {
	if (!(value !== 0 && !kunit_is_err(value))) {
		kunit_unary_failed(test, "ASSERTION", value, "to be a valid pointer", kunit_pointer, msg);
		throw KUNIT_ABORT;
	}
}
