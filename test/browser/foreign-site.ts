import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** Someone else's web server: bare pages, and the packages that their authors load from a CDN. */
export interface ForeignSite {
  readonly url: string;
  /** Puts a page there and returns its address. Packages come from yet another origin, as from a CDN. */
  publish(html: string): string;
  close(): Promise<void>;
}

const PACKAGES = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const CDN = "https://unpkg.com/";
const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
};

export async function openForeignSite(): Promise<ForeignSite> {
  const pages: string[] = [];
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://any").pathname;
    const page = pages[Number(path.slice(1))];
    if (page !== undefined) return response.writeHead(200, { "Content-Type": "text/html" }).end(page);
    // `/npm/ol@10/dist/ol.js`, whatever the version.
    const [, name, file] = /^\/npm\/([\w.-]+)@[\w.]+\/(dist\/[\w./-]+|[\w-]+\.css)$/.exec(path) ?? [];
    const bytes =
      name && file && !file.includes("..") ? await readFile(`${PACKAGES}${name}/${file}`).catch(() => null) : null;
    if (bytes === null) return response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
      "Access-Control-Allow-Origin": "*",
    });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    publish: (html) => `${url}/${pages.push(html.replaceAll(CDN, `http://localhost:${port}/npm/`)) - 1}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
