// SPDX-License-Identifier: GPL-2.0-only
/** Every page and file by its address, for who serves them and for who writes them. */
import { readFileSync } from "node:fs";
import { Homes } from "../align/homes.ts";
import type { Message } from "../mail/types.ts";
import type { Room } from "../room.ts";
import { ident_page, message_page, mutant_page, source_page } from "./address.ts";
import { app_script } from "./bundle.ts";
import { mail_data, symbol_data } from "./data.ts";
import { Pages } from "./pages.ts";

type Make = () => string | undefined;

export class Site {
	readonly pages: Pages;
	readonly #made = new Map<string, string>();
	readonly #makers = new Map<string, Make>();
	readonly #homes: Homes;
	constructor(readonly room: Room) {
		const pages = new Pages(room);
		this.pages = pages;
		this.#homes = new Homes(room.sources);
		const add = (page: string, make: Make) => this.#makers.set(page, make);
		add("index.html", () => (room.messages.length > 0 ? pages.index() : pages.ledger()));
		add("coverage.html", () => pages.coverage());
		add("ledger.html", () => pages.ledger());
		add("style.css", () => readFileSync(new URL("../page/style.css", import.meta.url), "utf8"));
		add("data/symbols.js", () => symbol_data(room.sources));
		add("data/mails.js", () => mail_data(room.messages));
		for (const m of room.messages) add(message_page(m.id), () => pages.message(m));
		for (const file of room.sources.files.values()) add(source_page(file.path), () => pages.source(file));
		for (const name of room.sources.names()) add(ident_page(name), () => pages.ident(name));
		for (const m of pages.mutants.all) add(mutant_page(m.name), () => pages.mutant(m.name));
	}
	addresses(): string[] {
		return [...this.#makers.keys(), "app.js"];
	}
	/** What is there; made once. */
	async get(address: string): Promise<string | undefined> {
		if (address === "app.js") return app_script();
		const before = this.#made.get(address);
		if (before !== undefined) return before;
		const made = this.#makers.get(address)?.();
		/* Pages are many, and made fast: only those that were looked at are kept. */
		if (made !== undefined) this.#made.set(address, made);
		return made;
	}
	/** Where an address that people write leads: /patch/MESSAGE-ID, /source/mm/memory.c, /ident/NAME. */
	canonical(path: string): string | undefined {
		const m = /^(patch|source|ident|mutant)\/(.+)$/.exec(path);
		if (!m) return path === "" ? "index.html" : undefined;
		const [, kind, name] = m;
		if (kind === "patch") return this.find(name) && message_page((this.find(name) as Message).id);
		if (kind === "source") {
			const file = this.room.sources.files.has(name) ? name : this.#homes.of(name)[0];
			return file && source_page(file);
		}
		const page = kind === "ident" ? ident_page(name) : mutant_page(name);
		return this.#makers.has(page) ? page : undefined;
	}
	private find(id: string): Message | undefined {
		const bare = id.replace(/^<|>$/g, "");
		return this.room.messages.find((m) => m.id === bare);
	}
}
