// SPDX-License-Identifier: GPL-2.0-only
/** The explorer's view of a schedule as a part of this page. Its style is its own, and, with the focus, its keys. */
import type { PageData, PageStep } from "../../explore/page/data.ts";
import { step_through } from "../../explore/page/page.mjs";
import { make, up } from "./load.ts";

/** Puts it behind an element, in the place of the one before; `hears` which step is shown. */
export function show_steps(after: Element, pages: PageData[], hears: (step: PageStep) => void): void {
	for (const before of document.querySelectorAll(".steps")) before.remove();
	const host = make("div", { class: "steps", role: "region", "aria-label": "the schedule" });
	const root = host.attachShadow({ mode: "open" });
	const template = document.getElementById("steps-view");
	if (!(template instanceof HTMLTemplateElement)) throw new Error("this page has no view of steps");
	root.append(make("link", { rel: "stylesheet", href: `${up}steps.css` }), template.content.cloneNode(true));
	after.after(host);
	step_through(root, pages, hears);
	host.scrollIntoView({ block: "nearest" });
	/* Its keys are those of who has the focus. */
	root.getElementById("schedule")?.focus({ preventScroll: true });
}
