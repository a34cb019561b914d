// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests that only this architecture has. Mirrors no file of the kernel,
 * see kernel/lib/kunit/suites.ts.
 */
import { CONFIG_X86_PKEYS_KUNIT_TEST } from "generated/autoconf.ts";
import type { kunit_suite } from "kunit/test.ts";
import { pkeys_test_suite } from "../../mm/pkeys_kunit.ts";

export function arch_test_suites(): kunit_suite[] {
	return CONFIG_X86_PKEYS_KUNIT_TEST ? [pkeys_test_suite] : [];
}
