// SPDX-License-Identifier: GPL-2.0-only
/** Every page and file by its address, for who serves them and for who writes them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "../../explore/outside/mutant.ts";
import { here } from "../../lib/root.ts";
import { Homes } from "../align/homes.ts";
import { first_of } from "../mail/threads.ts";
import type { Message } from "../mail/types.ts";
import type { Room } from "../room.ts";
import { ident_page, message_page, mutant_page, range_page, source_page } from "./address.ts";
import { base_name, USUAL } from "../kernel/kernel.ts";
import { app_script, worker_script } from "./bundle.ts";
import { configurations } from "./configurations.ts";
import { brought, mail_data, symbol_data } from "./data.ts";
import { Kernels } from "./kernels.ts";
import { Pages } from "./pages.ts";
import { play_page } from "./play.ts";
import { earlier, range_diff_page } from "./range_page.ts";

type Make = () => string | undefined | Promise<string>;

/** What kernels of the explorer are made of. */
const SOURCES = /^(include|kernel|drivers|arch|tools\/explore\/inside)\/[\w./-]+\.ts$/;
const mutant_data = (m: Mutant): string => `data/mutant/${m.name}.js`;
const kernel_data = (name: string): string => `data/kernel/${name}.js`;
const text_data = (file: string): string => `data/text/${file}.js`;
const style = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

export class Site {
	readonly pages: Pages;
	readonly kernels = new Kernels();
	readonly #made = new Map<string, string>();
	readonly #makers = new Map<string, Make>();
	readonly #homes: Homes;
	readonly #mutants: Mutant[];
	constructor(readonly room: Room) {
		const pages = new Pages(room);
		this.pages = pages;
		this.#homes = new Homes(room.sources);
		const add = (page: string, make: Make) => this.#makers.set(page, make);
		add("index.html", () => (room.messages.length > 0 ? pages.index() : pages.ledger()));
		add("coverage.html", () => pages.coverage());
		add("ledger.html", () => pages.ledger());
		add("play.html", () => play_page());
		add("style.css", () => style("../page/style.css"));
		add("steps.css", () => style("../../explore/page/page.css"));
		add("app.js", () => app_script());
		add("data/worker.js", async () => brought("worker", await worker_script()));
		add("data/symbols.js", () => symbol_data(room.sources));
		add("data/configurations.js", () => brought("configurations", configurations()));
		add("data/mails.js", () => mail_data(room.messages));
		for (const m of room.messages) add(message_page(m.id), () => pages.message(m));
		for (const now of room.threads.series)
			for (const old of earlier(now))
				add(range_page(first_of(old).id, first_of(now).id), () => range_diff_page(old, now));
		for (const file of room.sources.files.values()) add(source_page(file.path), () => pages.source(file));
		for (const name of room.sources.names()) add(ident_page(name), () => pages.ident(name));
		for (const m of pages.mutants.all) add(mutant_page(m.name), () => pages.mutant(m.name));
		/* Where there is a schedule there is a kernel to look for it in. */
		this.#mutants = pages.mutants.all.filter((m) => m.schedule !== "");
		for (const m of this.#mutants) add(mutant_data(m), () => this.kernels.mutant(m));
		for (const name of new Set([USUAL, ...this.#mutants.map((m) => m.config)].map(base_name)))
			add(kernel_data(name), () => this.kernels.kernel(name));
	}
	/** All pages, and of what is run there as much as belongs to what is read. */
	async addresses(tell: (done: number, all: number) => void = () => {}): Promise<string[]> {
		const wanted = new Set(this.pages.mutants.of(this.room.located.flatMap((l) => l.place.regions)));
		const run = this.#mutants.filter((m) => wanted.has(m));
		let done = 0;
		await this.kernels.build(
			run.map((m) => m.name),
			() => tell(++done, run.length),
		);
		const kernels = new Set([USUAL, ...run.map((m) => m.config)].map(base_name));
		const texts = (await this.kernels.files()).filter((f) => this.text(f) !== undefined).map(text_data);
		return [
			...[...this.#makers.keys()].filter((a) => !/^data\/(mutant|kernel)\//.test(a)),
			...run.map(mutant_data),
			...[...kernels].map(kernel_data),
			...texts,
		];
	}
	/** A file that a kernel is made of. */
	private text(file: string): string | undefined {
		if (!SOURCES.test(file) || file.split("/").includes("..")) return undefined;
		try {
			return readFileSync(join(here(), file), "utf8");
		} catch {
			return undefined;
		}
	}
	/** What is there; made once. */
	async get(address: string): Promise<string | undefined> {
		const [, file] = /^data\/text\/(.*)\.js$/.exec(address) ?? [];
		if (file !== undefined) {
			const text = this.text(file);
			return text === undefined ? undefined : brought(`text/${file}`, text);
		}
		const before = this.#made.get(address);
		if (before !== undefined) return before;
		const made = await this.#makers.get(address)?.();
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
