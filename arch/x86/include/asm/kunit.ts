// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests that only this architecture has. Mirrors no file of the kernel,
 * see kernel/lib/kunit/suites.ts.
 */
import type { kunit_suite } from "kunit/test.ts";

export function arch_test_suites(): kunit_suite[] {
	return [];
}
