// SPDX-License-Identifier: GPL-2.0-only
/** The entry of the stepper's bundle: the machine, and what explores on it. */
import type { Bundle } from "../protocol.ts";
import type { SessionOptions } from "./session.ts";
import type { Search } from "./strategy/types.ts";

export * from "host/head.ts";
export { LITMUS_OPS, litmus_states } from "./litmus.ts";
export { own_names, own_scenarios } from "./own.ts";
export * from "./session.ts";
/* For their tests. */
export { SUBJECT_TEXTS } from "./about.ts";
export { bound } from "./strategy/bound.ts";
export { dpor } from "./strategy/dpor.ts";
export { every } from "./strategy/every.ts";
export { pct } from "./strategy/pct.ts";
export { count_bits, nth_bit, random_numbers } from "./strategy/random.ts";

/** Never called: that worker.mjs finds here what it asks a bundle for is for the compiler to see. */
export const as_bundle = (kernel: typeof import("./main.ts")): Bundle<SessionOptions, Search> => kernel;
