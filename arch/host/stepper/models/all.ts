// SPDX-License-Identifier: GPL-2.0-only
/** The memory models, by the names that tools/explore has for them. */
import { lkmm } from "./lkmm.ts";
import type { Model } from "./model.ts";
import { sc } from "./sc.ts";
import { tso } from "./tso.ts";

export const models = { sc, tso, lkmm } satisfies Record<string, Model>;
