import { describe, expect, it } from "vitest";
import { behindProxies, clientAddress } from "../../../server/runtime/node/forwarded.ts";
import { openListener } from "../../../server/runtime/node/listener.ts";
import { createTestApp } from "../../kit/app-fixture.ts";

describe("clientAddress", () => {
  it.each([
    ["ignores the header without a proxy", "192.0.2.1", "198.51.100.9", 0, "192.0.2.1"],
    ["takes the last entry behind one proxy", "10.0.0.1", "6.6.6.6, 198.51.100.9", 1, "198.51.100.9"],
    ["takes the one before behind two", "10.0.0.1", "6.6.6.6, 198.51.100.9, 10.0.0.2", 2, "198.51.100.9"],
    ["falls back to the peer when the header is missing", "10.0.0.1", undefined, 1, "10.0.0.1"],
    ["falls back to the peer when the header is too short", "10.0.0.1", "198.51.100.9", 2, "10.0.0.1"],
    ["unwraps IPv4 in IPv6", "::ffff:192.0.2.1", undefined, 0, "192.0.2.1"],
    ["cuts IPv6 to its network", "2001:db8:1:2:3:4:5:6", undefined, 0, "2001:db8:1:2"],
    ["expands :: before cutting", "2001:db8::1", undefined, 0, "2001:db8:0:0"],
    ["drops an IPv6 zone", "fe80::1%eth0", undefined, 0, "fe80:0:0:0"],
    ["knows nothing without a peer", undefined, undefined, 0, undefined],
  ])("%s", (_name, peer, forwardedFor, proxies, expected) => {
    expect(clientAddress(peer, forwardedFor, proxies)).toBe(expected);
  });
});

describe("behindProxies", () => {
  const urlSeen = async (headers: Record<string, string>, proxies = 1) => {
    const fetch = behindProxies((request: Request) => new Response(request.url), proxies);
    return (await fetch(new Request("http://10.0.0.1:8787/tiles.json?a=b", { headers }), undefined)).text();
  };

  it.each([
    [{ "X-Forwarded-Proto": "https", "X-Forwarded-Host": "maps.example" }, "https://maps.example/tiles.json?a=b"],
    [{ "X-Forwarded-Host": "maps.example:8443" }, "http://maps.example:8443/tiles.json?a=b"],
    [{ "X-Forwarded-Proto": "http, https" }, "https://10.0.0.1:8787/tiles.json?a=b"],
    [{ "X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "a/b@c" }, "http://10.0.0.1:8787/tiles.json?a=b"],
    [{}, "http://10.0.0.1:8787/tiles.json?a=b"],
  ])("gives %j the address that the client asked for", async (headers, expected) => {
    expect(await urlSeen(headers)).toBe(expected);
  });

  it("believes nothing without a trusted proxy", async () => {
    expect(await urlSeen({ "X-Forwarded-Host": "evil.example" }, 0)).toBe("http://10.0.0.1:8787/tiles.json?a=b");
  });

  it("keeps method, headers and body", async () => {
    const fetch = behindProxies(
      async (request: Request) => new Response(`${request.method} ${await request.text()}`),
      1,
    );
    const request = new Request("http://a/", { method: "POST", body: "x", headers: { "X-Forwarded-Proto": "https" } });
    expect(await (await fetch(request, undefined)).text()).toBe("POST x");
  });
});

describe("a TileJSON over HTTP", () => {
  async function tilesOf(trustedProxies: number, path = "/tiles/safety.json?window=7d") {
    const { app } = createTestApp();
    const listener = await openListener("127.0.0.1", 0, behindProxies(app.fetch, trustedProxies));
    const headers = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example, maps.example" };
    const document = (await (await fetch(`${listener.url}${path}`, { headers })).json()) as { tiles: string[] };
    await listener.close(1000);
    return document.tiles.map((url) => url.replace(listener.url, "LISTENER"));
  }

  it("names its tiles by the address that the last trusted proxy was asked for", async () => {
    expect(await tilesOf(1)).toEqual(["https://maps.example/tiles/safety/{z}/{x}/{y}.pbf?window=7d"]);
    expect((await tilesOf(1, "/tiles.json"))[0]).toMatch(/^https:\/\/maps\.example\/tiles\/safety,/);
  });

  it("names them by its own address when there is no proxy to trust", async () => {
    expect(await tilesOf(0)).toEqual(["LISTENER/tiles/safety/{z}/{x}/{y}.pbf?window=7d"]);
  });
});
