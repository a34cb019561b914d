// SPDX-License-Identifier: GPL-2.0-only
/** Bands between what belongs together, as meld draws them. */

const SVG = "http://www.w3.org/2000/svg";

interface Band {
	left: [Element, Element];
	right: [Element, Element];
}

/** Rows that follow each other and lead to lines that do are one band. */
function bands(pair: Element): Band[] {
	const found: Band[] = [];
	let before: { row: Element; line: Element; n: number; file: string } | undefined;
	const lines = new Map([...pair.querySelectorAll("[data-at]")].map((e) => [e.getAttribute("data-at"), e]));
	for (const row of pair.querySelectorAll("[data-to]")) {
		const to = row.getAttribute("data-to") ?? "";
		const line = lines.get(to);
		if (!line || line.getClientRects().length === 0) continue;
		const [, file, number] = /^(.*):(\d+)$/.exec(to) ?? ["", "", "0"];
		const n = Number(number);
		const last = found.at(-1);
		const near =
			before &&
			before.file === file &&
			n > before.n &&
			n - before.n <= 3 &&
			gap(before.row, row) <= 3;
		if (last && near) {
			last.left[1] = row;
			last.right[1] = line;
		} else found.push({ left: [row, row], right: [line, line] });
		before = { row, line, n, file };
	}
	return found;
}
function gap(a: Element, b: Element): number {
	let n = 0;
	for (let e: Element | null = a; e && e !== b; e = e.nextElementSibling) n++;
	return n;
}

export function draw(hunk: Element): void {
	const pair = hunk.querySelector(".pair");
	const svg = pair?.querySelector("svg");
	if (!pair || !svg) return;
	const box = svg.getBoundingClientRect();
	svg.replaceChildren();
	if (box.width < 8) return;
	const w = box.width;
	svg.setAttribute("viewBox", `0 0 ${w} ${box.height}`);
	for (const { left, right } of bands(pair)) {
		const y = (e: Element, side: "top" | "bottom") => e.getBoundingClientRect()[side] - box.top;
		const [a, b] = [y(left[0], "top"), y(left[1], "bottom")];
		const [c, d] = [y(right[0], "top"), y(right[1], "bottom")];
		const path = document.createElementNS(SVG, "path");
		const m = w / 2;
		path.setAttribute("d", `M0 ${a}C${m} ${a} ${m} ${c} ${w} ${c}V${d}C${m} ${d} ${m} ${b} 0 ${b}Z`);
		svg.append(path);
	}
}

/** Draws those that are seen, whenever something has moved. */
export function watch(): void {
	const seen = new Set<Element>();
	let asked = false;
	const again = () => {
		if (asked) return;
		asked = true;
		requestAnimationFrame(() => {
			asked = false;
			for (const hunk of seen) draw(hunk);
		});
	};
	const observer = new IntersectionObserver(
		(entries) => {
			for (const e of entries) e.isIntersecting ? seen.add(e.target) : seen.delete(e.target);
			again();
		},
		{ rootMargin: "200px" },
	);
	for (const hunk of document.querySelectorAll(".hunk")) observer.observe(hunk);
	addEventListener("scroll", again, { passive: true });
	addEventListener("resize", again, { passive: true });
	document.addEventListener("toggle", again, true);
	/* The partner of a line is marked while it is pointed at. */
	document.addEventListener("mouseover", (event) => {
		for (const e of document.querySelectorAll(".partner")) e.classList.remove("partner");
		const row = (event.target as Element).closest?.("[data-to], [data-at]");
		const pair = row?.closest(".pair");
		if (!row || !pair) return;
		const to = row.getAttribute("data-to");
		const partner = to
			? pair.querySelector(`[data-at="${CSS.escape(to)}"]`)
			: pair.querySelector(`[data-to="${CSS.escape(row.getAttribute("data-at") ?? "")}"]`);
		if (partner) for (const e of [row, partner]) e.classList.add("partner");
	});
}
