import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** Passes requests on to an emulator until so many are used up, and then hangs up on every one. */
export interface CutOffProxy {
  readonly endpoint: string;
  /** From now on so many requests to this endpoint; of the last one perhaps nobody hears that it was done. */
  allow(endpoint: string, requests: number, isLastHeard?: boolean): void;
  /** Requests that were passed on since. */
  passed(): number;
  close(): Promise<void>;
}

export async function startCutOffProxy(): Promise<CutOffProxy> {
  const agent = new Agent({ keepAlive: true });
  let target = "";
  let left = 0;
  let passed = 0;
  let isLastHeard = true;
  const server = createServer(async (asked, answer) => {
    if (left <= 0) return asked.socket.destroy();
    const isHeard = --left > 0 || isLastHeard;
    passed++;
    const upstream = send(target, { agent, method: asked.method, path: asked.url, headers: asked.headers });
    upstream.end(await buffer(asked));
    const [response] = (await once(upstream, "response")) as [IncomingMessage];
    const body = await buffer(response);
    if (!isHeard) return asked.socket.destroy();
    answer.writeHead(response.statusCode ?? 500, response.headers);
    answer.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    allow(endpoint, requests, isHeard = true) {
      target = endpoint;
      left = requests;
      passed = 0;
      isLastHeard = isHeard;
    },
    passed: () => passed,
    async close() {
      agent.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}
