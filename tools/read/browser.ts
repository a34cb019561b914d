// SPDX-License-Identifier: GPL-2.0-only
/** The browser that tests and measurements of the reading room use: the one that is installed. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export const browser_path = (process.env.PATH ?? "")
	.split(delimiter)
	.flatMap((dir) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(dir, name)))
	.find((path) => existsSync(path));

export const NO_BROWSER = "no chromium in PATH (Debian: apt-get install chromium)";
