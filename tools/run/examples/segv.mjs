// SPDX-License-Identifier: GPL-2.0-only
/** A thread writes to a page that another one takes away: it is first, or gets SIGSEGV. */
/** @typedef {import("../guest.ts").Program<number>} Program a page's address is given to all */

/** @type {Program["setup"]} */
export const setup = ({ mmap, PAGE_SIZE }) => mmap(null, PAGE_SIZE);

/** @type {Program["cpus"]} */
export const cpus = [
	({ munmap, PAGE_SIZE }, page) => munmap(page, PAGE_SIZE),
	({ store }, page) => {
		try {
			store(page, 1);
			return "came first";
		} catch (signal) {
			return String(signal);
		}
	},
];

/** @type {Program["check"]} */
export const check = ({ maps }, page) => (maps().includes(page.toString(16)) ? "still mapped" : "not mapped");
