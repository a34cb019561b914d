// SPDX-License-Identifier: GPL-2.0-only
/** The oracles, in the order in which they are asked. KASAN's is in every access: kasan.ts. */
import { DATA_END } from "generated/asm-offsets.ts";
import { MAX_CTX } from "../state.ts";
import { kcsan } from "./kcsan.ts";
import { lockdep } from "./lockdep.ts";
import type { Oracle } from "./oracle.ts";

/** New ones, that know nothing yet. */
export function all_oracles(): Oracle[] {
	return [kcsan(MAX_CTX), lockdep(MAX_CTX, DATA_END)];
}
