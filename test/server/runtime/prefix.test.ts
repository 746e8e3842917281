import { afterAll, beforeAll, describe } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { testPrefix } from "../../http/prefix-suite.ts";
import { type PrefixProxy, type PrefixProxyOptions, startPrefixProxy } from "../../kit/prefix-proxy.ts";

const PREFIX = "/stratum";
/** Nothing here asks PostgreSQL: nobody listens there. */
const ENV = { PORT: "0", DATA_DIR: "memory", SEED: "off", DATABASE_URL: "postgres://nobody@127.0.0.1:9/none" };

describe.each<[string, Omit<PrefixProxyOptions, "prefix">, (proxy: string) => Record<string, string>]>([
  ["by X-Forwarded-Prefix of a trusted proxy", {}, () => ({ TRUSTED_PROXIES: "1" })],
  ["by PUBLIC_URL, behind a proxy that says nothing", { tells: false }, (url) => ({ PUBLIC_URL: `${url}/` })],
  [
    "by PUBLIC_URL, behind a proxy that leaves the path",
    { tells: false, strips: false },
    (url) => ({ PUBLIC_URL: url }),
  ],
])("a server below a path, told %s", (_, options, envOf) => {
  let proxy: PrefixProxy;
  let server: RunningServer;
  beforeAll(async () => {
    proxy = await startPrefixProxy(() => server.url, { prefix: PREFIX, ...options });
    server = await startServer(readConfig({ ...ENV, ...envOf(proxy.url) }));
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.close();
  });
  testPrefix(() => proxy.url);
});
