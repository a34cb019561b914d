// SPDX-License-Identifier: GPL-2.0-only
/** "Take it out": asks who serves the page to build a kernel without it, and shows what then goes wrong. */
import { make, up } from "./load.ts";

export function watch(): void {
	const take = document.querySelector<HTMLElement>("[data-mutant]");
	const button = take?.querySelector("button");
	const status = take?.querySelector("[role=status]");
	/* Files have nobody who builds. */
	if (!take || !button || !status || !location.protocol.startsWith("http")) return;
	take.hidden = false;
	button.addEventListener("click", async () => {
		button.disabled = true;
		status.textContent = "a kernel without it is built and explored: half a minute the first time";
		const address = `${up}steps/${encodeURIComponent(take.dataset.mutant ?? "")}`;
		const answer = await fetch(address).catch(() => undefined);
		if (answer?.ok) {
			status.textContent = "the shortest schedule that goes wrong:";
			take.after(make("iframe", { src: address, title: "the schedule, step by step" }));
			return;
		}
		button.disabled = false;
		const why = answer && answer.status !== 404 ? await answer.text() : "nobody here builds kernels";
		status.textContent = `${why.trim()}; the command above does the same`;
	});
}
