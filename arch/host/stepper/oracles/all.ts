// SPDX-License-Identifier: GPL-2.0-only
/** The oracles, in the order in which they are asked. KASAN's is in every access: kasan.ts. */
import { DATA_END } from "generated/asm-offsets.ts";
import { REG_WORDS, REGS } from "../ram.ts";
import { MAX_CTX } from "../state.ts";
import { AtomicSleepOracle } from "./atomic_sleep.ts";
import { KcsanOracle } from "./kcsan.ts";
import { type LockdepOptions, LockdepOracle } from "./lockdep.ts";
import type { Oracle } from "./oracle.ts";

/** New ones, that know nothing yet. */
export function all_oracles(o: LockdepOptions = {}): Oracle[] {
	return [new KcsanOracle(REGS + REG_WORDS), new LockdepOracle(MAX_CTX, DATA_END, o), new AtomicSleepOracle()];
}
