import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { drop, requestRaw, tilePath } from "../../kit/request.ts";
import { requestBytes } from "../../kit/request-bytes.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(readConfig({ PORT: "0", SEED: "off", DATA_DIR: "memory" }));
});
afterAll(() => server?.close());

const get = (path: string, ...headers: string[]) => requestBytes(server.url, [`GET ${path} HTTP/1.1`, ...headers]);

const PLACE = { lat: 37.77, lon: -122.42 };

describe("a request of HTTP/1.0 without a Host", () => {
  const ask = (path: string) => requestBytes(server.url, [`GET ${path} HTTP/1.0`]);

  it.each(["/healthz", "/", "/embed.js", "/tiles/safety/14/5/6.pbf", "/api/cities", "/openapi.json", "/metrics"])(
    "is answered on %s as another is",
    async (path) => {
      const [bare, full] = await Promise.all([ask(path), requestRaw(`${server.url}${path}`)]);
      expect([bare.status, bare.headers.get("Content-Type")]).toEqual([
        full.status,
        full.headers["content-type"] ?? null,
      ]);
      expect(bare.status).toBeLessThan(300);
    },
  );

  it("is told addresses at which it reached the server", async () => {
    const { status, body } = await ask("/tiles/safety.json");
    expect([status, JSON.parse(body).tiles]).toEqual([200, [`${server.url}/tiles/safety/{z}/{x}/{y}.pbf`]]);
  });

  it("gets a warm tile", async () => {
    await drop(server.url, PLACE);
    const path = `${tilePath("safety", 14, PLACE)}.pbf`;
    for (let round = 0; round < 2; round++) expect((await ask(path)).status).toBe(200);
  });
});

describe("a request that names no good host", () => {
  const MALFORMED = ["a b", "a/b", "a@b", "a?b", "a\\b", "x:99999", "1.2.3.999", "[::1", "\x01", "a\x80"];

  it.each([
    ...MALFORMED.map((host) => [JSON.stringify(host), [`Host: ${host}`]]),
    ["none in HTTP/1.1", []],
    ["two", ["Host: a", "Host: a"]],
  ] as [string, string[]][])("is answered by a problem that every page may read: %s", async (_, headers) => {
    await drop(server.url, PLACE);
    const tile = `${tilePath("safety", 14, PLACE)}.pbf`;
    // So that the tile is warm.
    await requestRaw(server.url + tile);
    await requestRaw(server.url + tile);
    for (const path of ["/healthz", "/tiles/safety.json", tile]) {
      const answer = await get(path, ...headers);
      expect(answer.status, path).toBe(400);
      expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(JSON.parse(answer.body)).toMatchObject({ status: 400, detail: expect.stringMatching(/.{10}/) });
    }
  });

  it.each(["a", "A.example:8080", "127.0.0.1", "[::1]:80", "xn--bcher-kva.example", "", "my_host."])(
    "is not one whose host is %j",
    async (host) => {
      expect((await get("/healthz", `Host: ${host}`)).status).toBe(200);
      expect((await get("/tiles/safety.json", `Host: ${host}`)).status).toBe(200);
    },
  );
});

describe("what cannot be read as a request", () => {
  it.each([
    ["no HTTP", ["NONSENSE"], 400],
    ["a backslash in the path", ["GET /a\\b HTTP/1.1", "Host: a"], 400],
    ["a target without a slash", ["GET healthz HTTP/1.1", "Host: a"], 400],
    ["very long headers", ["GET /healthz HTTP/1.1", "Host: a", `X-Long: ${"x".repeat(40_000)}`], 431],
  ])("is answered by a problem: %s", async (_, lines, status) => {
    const answer = await requestBytes(server.url, lines);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(JSON.parse(answer.body)).toMatchObject({ status, title: expect.stringMatching(/.{3}/) });
  });
});
