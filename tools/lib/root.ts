// SPDX-License-Identifier: GPL-2.0-only
/** Where the tree is. */
export { here } from "../../scripts/lib/root.ts";
