// SPDX-License-Identifier: GPL-2.0-only
/** Where the tree is, and where builds go. */
export { build_dir, here, output_dir } from "../../scripts/lib/root.ts";
