// SPDX-License-Identifier: GPL-2.0-only
/** `make series`: writes Documentation/series.md anew, from the marks in the sources. */
import { join } from "node:path";
import { PAGE, series_page } from "../tools/series/page.ts";
import { write_file } from "./lib/files.ts";
import { outcome } from "./lib/program.ts";
import { here } from "./lib/root.ts";

process.exitCode = await outcome("make series", async () => write_file(join(here(), PAGE), series_page()));
