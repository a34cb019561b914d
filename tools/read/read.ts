// SPDX-License-Identifier: GPL-2.0-only
/** `spf read`: checks what is asked for, reads, and shows it. */
import { count } from "../../scripts/lib/words.ts";
import { UserError } from "../lib/errors.ts";
import { whole_number } from "../lib/options.ts";
import { coverage } from "./align/coverage.ts";
import type { ReadCommand } from "./index.ts";
import { open_browser } from "./open.ts";
import { coverage_text } from "./report.ts";
import { make_room } from "./room.ts";
import { write_site } from "./server/export.ts";
import { address_of, serve } from "./server/serve.ts";
import { Site } from "./server/site.ts";

const HOST = "127.0.0.1";

export async function read(what: string[], o: ReadCommand): Promise<number> {
	const port = whole_number("--port", o.port, { most: 65535 });
	if (o.json && !o.coverage) throw new UserError("--json: what as JSON? Add --coverage");
	if (o.out !== undefined && (port !== undefined || o.host !== undefined || o.coverage))
		throw new UserError("--out: it serves nothing and prints nothing; leave the other options out");
	const room = await make_room(what);
	if (o.coverage) {
		const text = o.json
			? `${JSON.stringify(coverage(room.messages, room.located), null, 2)}\n`
			: coverage_text(room, room.located);
		process.stdout.write(text);
		return 0;
	}
	const site = new Site(room);
	if (o.out !== undefined) {
		const tell = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);
		const writing = write_site(site, o.out, (done, all) => tell(`  kernel ${done} of ${all}`));
		const files = await writing.finally(() => tell(""));
		process.stdout.write(`${count(files, "file")} in ${o.out}: open ${o.out}/index.html\n`);
		return 0;
	}
	const host = o.host ?? HOST;
	if (o.host !== undefined) process.stderr.write(`spf read: whoever reaches ${host} can read this\n`);
	const server = await serve(site, host, port ?? 0);
	const address = address_of(server, host);
	process.stdout.write(`${count(room.messages.length, "message")}: ${address} (Ctrl-C ends)\n`);
	if (o.open !== false) open_browser(address);
	/* Every page needs it: it is made while the browser starts. Who asks for it is told if it cannot be. */
	site.get("app.js").catch(() => {});
	await new Promise((resolve) => server.once("close", resolve));
	return 0;
}
