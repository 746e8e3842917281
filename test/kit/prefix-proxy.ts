import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface PrefixProxy {
  /** Where clients find what is behind it, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

export interface PrefixProxyOptions {
  /** `/stratum` */
  readonly prefix: string;
  /** Whether it takes the prefix away, as most do. */
  readonly strips?: boolean;
  /** Whether it tells what was asked for, by X-Forwarded-Host, -Proto and -Prefix. */
  readonly tells?: boolean;
}

/** Another site, below one path of which is a server of ours; everywhere else it answers 404. */
export async function startPrefixProxy(
  target: () => string,
  { prefix, strips = true, tells = true }: PrefixProxyOptions,
): Promise<PrefixProxy> {
  const server = createServer((incoming, outgoing) => {
    const { url: asked = "/", method, headers } = incoming;
    const [path = "", query] = asked.split(/(?=\?)/, 2);
    if (path === prefix && strips) return outgoing.writeHead(301, { Location: `${prefix}/${query ?? ""}` }).end();
    if (path !== prefix && !path.startsWith(`${prefix}/`)) return outgoing.writeHead(404).end();
    const told = { "X-Forwarded-Proto": "http", "X-Forwarded-Host": headers.host, "X-Forwarded-Prefix": prefix };
    const upstream = new URL(target());
    const passed = request(
      {
        host: upstream.hostname,
        port: upstream.port,
        path: strips ? asked.slice(prefix.length) : asked,
        method,
        headers: { ...headers, host: upstream.host, ...(tells ? told : {}) },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
      },
    );
    passed.on("error", () => outgoing.destroy());
    outgoing.on("close", () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
