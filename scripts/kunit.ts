// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make kunit`: boots a kernel with its unit tests built in and prints their
 * KTAP. An argument is a glob over `suite.test`.
 */
import { kunit_config, run_kunit } from "../tools/testing/kunit/run.ts";

const filter = process.argv[2] ?? "";
const { ktap, failed } = await run_kunit(kunit_config(process.env.KUNIT_CONFIG), filter);
process.stdout.write(`${ktap.trimEnd()}\n`);
process.exitCode = failed > 0 ? 1 : 0;
