// SPDX-License-Identifier: GPL-2.0-only
/** Two threads fault on fresh pages while a third one maps and unmaps beside them. */
/** @typedef {import("../guest.ts").Program<number>} Program an area's address is given to all */

const PAGES = 256;

/** @type {Program["setup"]} */
export const setup = ({ mmap, PAGE_SIZE }) => mmap(null, 2 * PAGES * PAGE_SIZE);

/** @type {Program["cpus"][number]} */
const mapper = ({ mmap, munmap, store, PAGE_SIZE }) => {
	let turns = 0;
	for (; turns < 200; turns++) {
		const page = mmap(null, PAGE_SIZE);
		store(page, turns);
		munmap(page, PAGE_SIZE);
	}
	return `${turns} pages came and went`;
};

/** @type {(half: number) => Program["cpus"][number]} */
function faulter(half) {
	return ({ store, PAGE_SIZE }, area) => {
		const begin = area + half * PAGES * PAGE_SIZE;
		for (let i = 0; i < PAGES; i++) store(begin + i * PAGE_SIZE, i);
	};
}

/** @type {Program["cpus"]} */
export const cpus = [mapper, faulter(0), faulter(1)];

/** @type {Program["check"]} */
export const check = ({ load, PAGE_SIZE }, area, _results) => {
	for (let i = 0; i < 2 * PAGES; i++)
		if (load(area + i * PAGE_SIZE) !== i % PAGES) throw new Error(`page ${i}: what was written is lost`);
	return "every write is there";
};
