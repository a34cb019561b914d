// SPDX-License-Identifier: GPL-2.0-only
/** What is remembered of who touches what, and for how long. */
import test from "ava";
import { adopt_sharing, forget_sharing, sharing, widen } from "./sharing.ts";

const WORD = 0x4000;
const wide = () => [...sharing().wide];

test("two words that were one double are two again in the next program", (t) => {
	forget_sharing();
	widen(WORD);
	t.deepEqual(wide(), [WORD / 2]);
	const found = sharing();
	forget_sharing();
	t.deepEqual(wide(), []);
	/* Who explores the same program is told. */
	adopt_sharing(found);
	t.deepEqual(wide(), [WORD / 2]);
});
