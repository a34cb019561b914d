// SPDX-License-Identifier: GPL-2.0-only
/** Opens an address in the browser that this machine has, if any. */
import { spawn } from "node:child_process";

export function open_browser(address: string): void {
	const command = process.platform === "darwin" ? "open" : "xdg-open";
	const child = spawn(command, [address], { stdio: "ignore", detached: true });
	/* Without one the address is there to be read. */
	child.on("error", () => {});
	child.unref();
}
