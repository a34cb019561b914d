// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make explore`: every scenario under every memory model, by `spf explore`,
 * with its arguments. That nothing failed and not every schedule was seen is no
 * error here; each line says of what.
 */
import { NOT_ALL_SEEN } from "../tools/explore/outside/index.ts";
import { main } from "../tools/spf.ts";

const status = await main(["explore", ...process.argv.slice(2)]);
process.exitCode = status === NOT_ALL_SEEN ? 0 : status;
