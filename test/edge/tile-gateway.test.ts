import { describe, expect, it } from "vitest";
import { answerForClient, cachedTileRequest } from "../../server/runtime/worker/tile-gateway.ts";

const ORIGIN = "https://tiles.example";
const CODINGS = ["br", "gzip"] as const;

function asked(path: string, headers: Record<string, string> = {}, method = "GET") {
  const request = cachedTileRequest(new Request(ORIGIN + path, { headers, method }), CODINGS);
  return request && { path: request.url.slice(ORIGIN.length), headers: Object.fromEntries(request.headers) };
}

describe("the request that a cache is asked", () => {
  it.each([
    ["/tiles/safety/14/5/6.pbf", "/tiles/safety/14/5/6.pbf"],
    ["/tiles/safety/14/5/6.mvt?utm_source=a&key=b", "/tiles/safety/14/5/6.pbf"],
    ["/tiles/vibe,safety,vibe/14/5/6.pbf?window=90d", "/tiles/safety,vibe/14/5/6.pbf"],
    ["/tiles/safety/14/5/6.pbf?buffer=64&utm=a&window=7d", "/tiles/safety/14/5/6.pbf?window=7d&buffer=64"],
    ["/tiles/safety/14/5/6.pbf?buffer=0", "/tiles/safety/14/5/6.pbf"],
    ["/tiles/vibe%2Csafety/14/5/6.pbf", "/tiles/safety,vibe/14/5/6.pbf"],
    ["/tiles/safety/14/5/6.pbf?b=1&window=7d&window=24h", "/tiles/safety/14/5/6.pbf?window=7d"],
  ])("for %s is %s", (path, canonical) => {
    expect(asked(path)?.path).toBe(canonical);
  });

  it.each([
    "/tiles/safety/14/5/06.pbf",
    "/tiles/safety/14/5/6.pbf?window=1y",
    "/tiles/safety/14/5/6.pbf?buffer=129",
    "/tiles/safety/14/5/6.pbf?buffer=",
    "/tiles/nonsense/14/5/6.pbf",
    "/tiles/safety/3/8/0.pbf",
    "/tiles/%E0%A4/14/5/6.pbf",
    "/tiles/safety.json",
    "/api/reports",
  ])("is none for %s, which the app answers", (path) => {
    expect(asked(path)).toBeUndefined();
  });

  it("is none for what is no reading", () => {
    expect(asked("/tiles/safety/14/5/6.pbf", {}, "POST")).toBeUndefined();
    expect(asked("/tiles/safety/14/5/6.pbf", {}, "HEAD")?.path).toBe("/tiles/safety/14/5/6.pbf");
  });

  it.each([
    ["gzip, deflate, br, zstd", "br"],
    ["br;q=0, gzip", "gzip"],
    ["zstd", "identity"],
    ["", "identity"],
  ])("names one coding for Accept-Encoding %j: %s, and no header of the client's", (accepted, coding) => {
    const headers = {
      "Accept-Encoding": accepted,
      Cookie: "a=b",
      "X-Forwarded-Host": "evil.example",
      Range: "bytes=0-1",
    };
    expect(asked("/tiles/safety/14/5/6.pbf", headers)?.headers).toEqual({ "accept-encoding": coding });
  });
});

it("believes what Cloudflare says that the client takes, not what it puts in its place", () => {
  const request = new Request(`${ORIGIN}/tiles/safety/14/5/6.pbf`, { headers: { "Accept-Encoding": "br, gzip" } });
  for (const [clientAcceptEncoding, coding] of [
    ["gzip", "gzip"],
    ["", "identity"],
  ]) {
    const asked = cachedTileRequest(Object.assign(request, { cf: { clientAcceptEncoding } }), CODINGS);
    expect(asked?.headers.get("Accept-Encoding")).toBe(coding);
  }
});

describe("the answer for one client", () => {
  const shared = () =>
    new Response("tile", { headers: { ETag: '"abc-br"', "Content-Encoding": "br", "X-Request-Id": "of-the-first" } });
  const answer = (headers: Record<string, string>, method = "GET") =>
    answerForClient(shared(), new Request(ORIGIN, { headers, method }));

  it.each(['"abc-br"', 'W/"abc-br"', '"other", "abc-br"', "*"])("is 304 for If-None-Match %s", (tag) => {
    const { status, body, headers } = answer({ "If-None-Match": tag });
    expect([status, body, headers.get("ETag"), headers.get("Content-Encoding")]).toEqual([304, null, '"abc-br"', null]);
  });

  it("is whole for another tag, that of another coding too, and has no body on HEAD", async () => {
    for (const tag of ['"abcd"', '"abc"', '"abc-gzip"', 'W/"abc"']) {
      expect(await answer({ "If-None-Match": tag }).text(), tag).toBe("tile");
    }
    const head = answer({}, "HEAD");
    expect([head.status, head.body, head.headers.get("ETag")]).toEqual([200, null, '"abc-br"']);
  });

  it("has a request id of its own: the client's, when that is one", () => {
    const idFor = (headers: Record<string, string>) => answer(headers).headers.get("X-Request-Id");
    expect(idFor({ "X-Request-Id": "mine-1" })).toBe("mine-1");
    expect(idFor({ "X-Request-Id": "<script>" })).toMatch(/^[\da-f-]{36}$/);
    expect(idFor({})).not.toBe(idFor({}));
  });
});
