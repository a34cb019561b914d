// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests that only this architecture has. Mirrors no file of the kernel,
 * see kernel/lib/kunit/suites.ts.
 */
import { CONFIG_PPC_FAULT_KUNIT_TEST } from "generated/autoconf.ts";
import type { kunit_suite } from "kunit/test.ts";
import { powerpc_fault_test_suite } from "../../mm/fault_kunit.ts";

export function arch_test_suites(): kunit_suite[] {
	return CONFIG_PPC_FAULT_KUNIT_TEST ? [powerpc_fault_test_suite] : [];
}
