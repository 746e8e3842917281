import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { testBarePrefix, testPrefix } from "../../http/prefix-suite.ts";
import { type PrefixProxy, type PrefixProxyOptions, startPrefixProxy } from "../../kit/prefix-proxy.ts";
import { requestBytes } from "../../kit/request-bytes.ts";

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

describe("a server below a path that nothing takes away", () => {
  const publicUrl = `https://maps.example${PREFIX}`;
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(readConfig({ ...ENV, PUBLIC_URL: publicUrl }));
  });
  afterAll(() => server?.close());
  testBarePrefix(() => server.url + PREFIX);

  const ask = (target: string, host = "Host: a") => requestBytes(server.url, [`GET ${target} HTTP/1.1`, host]);
  const located = async (target: string) => {
    const { status, headers } = await ask(target);
    return [status, headers.get("Location")];
  };

  it.each(["http://maps.example", "HTTP://Maps.Example:80", "https://maps.example", "http://[::1]:9"])(
    "takes targets that begin with %s as it takes paths",
    async (origin) => {
      for (const path of ["/healthz", "/tiles/safety.json", "/tiles/safety/12/655/1583.pbf", "/nothing"]) {
        const [absolute, plain] = [await ask(`${origin}${PREFIX}${path}?a=1`), await ask(`${PREFIX}${path}?a=1`)];
        expect([path, absolute.status, absolute.body]).toEqual([path, plain.status, plain.body]);
        expect((await ask(origin + path)).status).toBe((await ask(path)).status);
      }
      expect(await located(`${origin}${PREFIX}?a=1`)).toEqual([308, `${PREFIX}/?a=1`]);
      expect(await located(`${origin}${PREFIX}/docs/`)).toEqual([308, "../docs"]);
    },
  );

  it("never leads to another host, whatever it is asked", async () => {
    for (const target of [
      "http://evil.example/stratum",
      "http://evil.example//evil.example/stratum/",
      "http://a/stratum//evil.example/",
      "http://a/stratum/%2F/evil.example/",
      "http://a/stratum?//evil.example",
      "/stratum//evil.example/",
      "//evil.example/stratum/",
      "//evil.example/..//stratum",
    ]) {
      const { status, headers } = await ask(target);
      const location = headers.get("Location");
      if (location === null) expect([400, 404]).toContain(status);
      else expect(new URL(location, "http://a/stratum/x/y").host, target).toBe("a");
    }
  });

  it.each([
    "http://",
    "http:///stratum/",
    "http://a:99999/stratum/",
    "http://u:p@a/stratum/healthz",
    "ftp://a/stratum/",
  ])("answers %s with a problem", async (target) => {
    const { status, headers, body } = await ask(target);
    expect([status, headers.get("Access-Control-Allow-Origin")]).toEqual([400, "*"]);
    expect(JSON.parse(body)).toMatchObject({ status: 400 });
  });

  it("still wants one good Host beside an absolute target", async () => {
    expect((await ask("http://a/stratum/healthz", "X: y")).status).toBe(400);
    expect((await requestBytes(server.url, ["GET http://a/stratum/healthz HTTP/1.0"])).status).toBe(200);
  });
});
