// SPDX-License-Identifier: GPL-2.0-only
/** What is around every page. Nothing in it is run or fetched but what lies beside it. */
import { readFileSync } from "node:fs";
import { up_from } from "./address.ts";
import { Html, html } from "./html.ts";

export const POLICY =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"worker-src 'self' blob:; base-uri 'none'; form-action 'self'";

export interface Page {
	/** Its address. */
	page: string;
	title: string;
	/** Pages that n and p lead to. */
	next?: string;
	before?: string;
	/** Where u leads. */
	above?: string;
	/** Left in the bar on top. */
	bar?: Html;
	body: Html;
	/** There are schedules to step through. */
	steps?: boolean;
}

/** What stepper.ts shows them in: the explorer's own page, of which there may be only one `main`. */
function steps_view(): Html {
	const page = readFileSync(new URL("../../explore/page/page.html", import.meta.url), "utf8");
	const body = page.slice(page.indexOf("<body>") + 6, page.indexOf("<noscript>"));
	const parts = body.replace(/<main\b/g, '<div class="main"').replaceAll("</main>", "</div>");
	return new Html(`<template id="steps-view">${parts}</template>\n`);
}
let view: Html | undefined;

export function shell(p: Page): string {
	const up = up_from(p.page);
	const rel = (name: string, to: string | undefined) =>
		to !== undefined && html`<link rel="${name}" href="${to}">\n`;
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<title>${p.title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${up}style.css">
${rel("next", p.next)}${rel("prev", p.before)}${rel("up", p.above)}<script defer src="${up}app.js"></script>
</head>
<body data-up="${up}">
<header class="bar"><nav aria-label="pages"><a class="home" href="${up}index.html">spf read</a>${p.bar}</nav>
<span class="keys">${p.before && html`<a href="${p.before}" rel="prev" title="patch before (p)">‹ p</a>`}${
		p.next && html`<a href="${p.next}" rel="next" title="next patch (n)">n ›</a>`
	}
<button type="button" id="find" title="search (/)">/ search</button>
<button type="button" id="help" title="keys (?)">?</button></span></header>
<main>${p.body}</main>
${p.steps && (view ??= steps_view())}</body>
</html>
`.text;
}
