// SPDX-License-Identifier: GPL-2.0-only
/** The pages on an address of this machine, for who asks for it by its own name only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../../lib/errors.ts";
import { POLICY } from "./shell.ts";
import type { Site } from "./site.ts";

const TYPES: Record<string, string> = {
	html: "text/html; charset=utf-8",
	css: "text/css; charset=utf-8",
	js: "text/javascript; charset=utf-8",
};
const HEADERS = {
	"Content-Security-Policy": POLICY,
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy": "no-referrer",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
};
const LOCAL = /^(127\.0\.0\.1|localhost|\[::1\])$/;

/** Another site's name that leads here is not ours: DNS can say anything. */
export function is_ours(host: string | undefined, port: number, own?: string): boolean {
	const m = /^(.*?)(?::(\d+))?$/.exec(host ?? "");
	if (!m || Number(m[2] ?? 80) !== port) return false;
	return LOCAL.test(m[1]) || (own !== undefined && m[1] === own);
}

interface Served {
	site: Site;
	own?: string;
}

async function answer(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const { site, own } = served;
	const send = (status: number, text: string, type = "text/plain; charset=utf-8", more = {}) => {
		response.writeHead(status, { ...HEADERS, "Content-Type": type, ...more });
		response.end(request.method === "HEAD" ? undefined : text);
	};
	const port = request.socket.localPort as number;
	if (!is_ours(request.headers.host, port, own)) return send(403, "this page is not of that host\n");
	if (request.method !== "GET" && request.method !== "HEAD") return send(405, "only GET\n");
	let path: string;
	try {
		path = decodeURIComponent((request.url ?? "/").replace(/[?#].*$/, "")).slice(1);
	} catch {
		return send(400, "not an address\n");
	}
	const text = await site.get(path);
	if (text !== undefined) return send(200, text, TYPES[path.replace(/.*\./, "")]);
	const to = site.canonical(path);
	if (to === undefined) return send(404, "there is no such page\n");
	const location = `/${to.split("/").map(encodeURIComponent).join("/")}`;
	send(302, `${location}\n`, undefined, { Location: location });
}

export function serve(site: Site, host: string, port: number): Promise<Server> {
	const served = { site, own: LOCAL.test(host) ? undefined : host };
	const server = createServer((request, response) => {
		answer(served, request, response).catch((error: Error) => {
			if (!response.headersSent) response.writeHead(500, HEADERS);
			response.end(`${error.message}\n`);
		});
	});
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			const why = error.code === "EADDRINUSE" ? "somebody else listens there" : error.code;
			reject(new UserError(`--port ${port}: ${why}; choose another one, or none`));
		});
		server.listen(port, host, () => resolve(server));
	});
}

export const address_of = (server: Server, host: string): string =>
	`http://${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/`;
