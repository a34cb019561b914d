// SPDX-License-Identifier: GPL-2.0-only
/** All that there is to read: mails, our source, and what of one belongs to what of the other. */
import { here } from "../lib/root.ts";
import { type Located, locate_all } from "./align/coverage.ts";
import { Locator } from "./align/locate.ts";
import { Sources } from "./index/source.ts";
import { type Room as Mails, read_messages } from "./mail/message.ts";
import { find_quotes } from "./mail/quotes.ts";
import { type Threads, thread } from "./mail/threads.ts";

export interface Room extends Mails {
	threads: Threads;
	sources: Sources;
	located: Located[];
}

export async function make_room(names: readonly string[]): Promise<Room> {
	const mails = await read_messages(names);
	const threads = thread(mails.messages);
	find_quotes(mails.messages, threads);
	const sources = new Sources(here());
	return { ...mails, threads, sources, located: locate_all(mails.messages, new Locator(sources)) };
}
