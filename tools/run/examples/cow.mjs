// SPDX-License-Identifier: GPL-2.0-only
/** After a fork two threads write to the same page: one copy is made, and the child keeps the original. */
/** @typedef {import("../guest.ts").Program<number>} Program a page's address is given to all */

/** @type {Program["setup"]} */
export const setup = ({ mmap, store, PAGE_SIZE }) => {
	const page = mmap(null, PAGE_SIZE);
	store(page, 1);
	return page;
};

/** @type {Program["cpus"]} */
export const cpus = [
	({ fork, load, store }, page) => {
		let seen;
		fork(() => {
			seen = load(page);
		});
		store(page + 4, 2);
		return `the child saw ${seen}`;
	},
	({ store }, page) => store(page + 8, 3),
];

/** @type {Program["check"]} */
export const check = ({ load }, page) => [0, 4, 8].map((offset) => load(page + offset));
