// SPDX-License-Identifier: GPL-2.0-only
/** The entry of the stepper's bundle: the machine, and what explores on it. */
export * from "host/head.ts";
export { LITMUS_OPS, litmus_states } from "./litmus.ts";
export * from "./session.ts";
export { bound } from "./strategy/bound.ts";
