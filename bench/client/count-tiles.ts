import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer to a request of a tile, as it went over the wire. */
export interface TileAnswer {
  readonly atMs: number;
  readonly path: string;
  readonly status: number;
  /** Whether it brought another body than the answer before; a 304 brings none, and no first one changes anything. */
  readonly isChanged: boolean;
}

/**
 * Stands between a browser and a server, and counts what the browser really asks for: inside the browser a 304 looks like the
 * 200 that its cache made of it.
 */
export async function countTiles(upstream: string) {
  const answers: TileAnswer[] = [];
  const bodies = new Map<string, string>();
  const agent = new Agent({ keepAlive: true });

  function note(path: string, status: number, body: string): void {
    const before = bodies.get(path);
    const isBody = status === 200 || status === 204;
    answers.push({ atMs: Date.now(), path, status, isChanged: isBody && before !== undefined && before !== body });
    if (isBody) bodies.set(path, body);
  }

  const server = createServer((incoming, outgoing) => {
    const { method, url = "/", headers } = incoming;
    const forwarded = request(`${upstream}${url}`, { method, headers, agent }, (answer) => {
      const status = answer.statusCode ?? 502;
      outgoing.writeHead(status, answer.rawHeaders);
      answer.pipe(outgoing);
      if (!url.startsWith("/tiles/")) return;
      const hash = createHash("sha256");
      answer.on("data", (chunk: Buffer) => hash.update(chunk));
      answer.on("end", () => note(url, status, hash.digest("hex")));
    });
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    answers: answers as readonly TileAnswer[],
    async close(): Promise<void> {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}
