// SPDX-License-Identifier: GPL-2.0-only
/** `spf read`: checks what is asked for, reads, and shows it. */
import { UserError } from "../lib/errors.ts";
import { coverage } from "./align/coverage.ts";
import type { ReadCommand } from "./index.ts";
import { coverage_text } from "./report.ts";
import { make_room } from "./room.ts";

export async function read(what: string[], o: ReadCommand): Promise<number> {
	if (o.json && !o.coverage) throw new UserError("--json: what as JSON? Add --coverage");
	if (!o.coverage) throw new UserError("what is there to say of them? Add --coverage");
	const room = await make_room(what);
	process.stdout.write(
		o.json
			? `${JSON.stringify(coverage(room.messages, room.located), null, 2)}\n`
			: coverage_text(room, room.located),
	);
	return 0;
}
