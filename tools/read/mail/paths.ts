// SPDX-License-Identifier: GPL-2.0-only
/** Names of files in diffs, as they are below the top of a kernel tree. */

const TOPS = new Set(
	(
		"Documentation LICENSES arch block certs crypto drivers fs include init io_uring ipc kernel lib mm " +
		"net rust samples scripts security sound tools usr virt"
	).split(" "),
);
const FILES = new Set(["COPYING", "CREDITS", "Kbuild", "Kconfig", "MAINTAINERS", "Makefile", "README"]);

/** What `---`, `+++` and `Index:` name: without a date, quotes, the tree in front and the marks of editors behind. */
export function kernel_path(name: string): string {
	let path = name.replace(/\t.*$/, "").replace(/\s+\d{4}-\d\d-\d\d[ T]\d.*$/, "");
	path = path.replace(/\s+\w{3} \w{3}\s+\d+ \d\d:\d\d:\d\d.*$/, "").trim();
	const quoted = /^"(.*)"$/.exec(path);
	if (quoted) path = unquote(quoted[1]);
	if (path === "/dev/null") return path;
	path = path.replace(/(~[\w.+-]*|\.orig|\.old)$/, "");
	const parts = path.split("/").filter((p) => p !== "" && p !== ".");
	/* The first that is a directory of a kernel tree; but `a/` and `b/` are in front of one of any name. */
	const top = parts.findIndex((p, i) => (i < parts.length - 1 ? TOPS.has(p) : FILES.has(p)));
	if (top >= 0 && top <= 2) return parts.slice(top).join("/");
	return (/^[abciow]$/.test(parts[0] ?? "") ? parts.slice(1) : parts).join("/");
}

/** As git writes names that have more than letters. */
function unquote(text: string): string {
	const bytes: number[] = [];
	for (const [, octal, escaped, plain] of text.matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/g)) {
		if (octal) bytes.push(Number.parseInt(octal, 8));
		else if (escaped) bytes.push(...Buffer.from({ n: "\n", t: "\t", r: "\r" }[escaped] ?? escaped));
		else bytes.push(...Buffer.from(plain));
	}
	return Buffer.from(bytes).toString("utf8");
}
