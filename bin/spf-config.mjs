#!/usr/bin/env -S node --min-semi-space-size=4 --max-semi-space-size=4 --stack-size=3900
// SPDX-License-Identifier: GPL-2.0-only
/** scripts/kconfig/config.ts, with the memory and the stack that its build.ts gives it. */
import { kconfig } from "./lib/kconfig.mjs";

await kconfig("spf-config", "config");
