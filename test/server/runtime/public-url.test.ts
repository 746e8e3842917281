import { describe, expect, it } from "vitest";
import { leftPrefix, ownPath } from "../../../server/runtime/own-path.ts";
import { publicUrlOf } from "../../../server/runtime/public-url.ts";

function urlOf(headers: Record<string, string>, trustedProxies = 1, publicUrl?: string): string {
  const asked = { url: "http://10.0.0.1:8787/tiles.json?a=b", header: (name: string) => headers[name] };
  return publicUrlOf(asked, { trustedProxies, ...(publicUrl !== undefined && { publicUrl }) });
}

describe("publicUrlOf", () => {
  it.each<[Record<string, string>, number, string]>([
    [{ "X-Forwarded-Proto": "https", "X-Forwarded-Host": "maps.example" }, 1, "https://maps.example"],
    [{ "X-Forwarded-Host": "evil.example, maps.example:8443" }, 1, "http://maps.example:8443"],
    [{ "X-Forwarded-Host": "maps.example:443", "X-Forwarded-Proto": "https" }, 1, "https://maps.example"],
    [{ "X-Forwarded-Proto": "http, https" }, 1, "https://10.0.0.1:8787"],
    [{ "X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "a/b@c" }, 1, "http://10.0.0.1:8787"],
    [{ "X-Forwarded-Prefix": "/stratum" }, 1, "http://10.0.0.1:8787/stratum"],
    [{ "X-Forwarded-Prefix": "/city/maps/" }, 1, "http://10.0.0.1:8787/city/maps"],
    [{ "X-Forwarded-Prefix": "/evil, /stratum" }, 1, "http://10.0.0.1:8787/stratum"],
    [{ "X-Forwarded-Prefix": "/city, /stratum" }, 2, "http://10.0.0.1:8787/city/stratum"],
    [{ "X-Forwarded-Host": "maps.example", "X-Forwarded-Port": "8443" }, 1, "http://maps.example:8443"],
    [{ "X-Forwarded-Host": "[2001:DB8::1]", "X-Forwarded-Port": "8443" }, 1, "http://[2001:db8::1]:8443"],
    [{ "X-Forwarded-Host": "maps.example:81", "X-Forwarded-Port": "8443" }, 1, "http://maps.example:81"],
    [
      { "X-Forwarded-Host": "maps.example", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "HTTPS" },
      1,
      "https://maps.example",
    ],
    [{ "X-Forwarded-Host": "a:99999" }, 1, "http://10.0.0.1:8787"],
    [{ "X-Forwarded-Host": "1.2.3.999" }, 1, "http://10.0.0.1:8787"],
    [{ "X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "maps.example, inner" }, 2, "https://maps.example"],
    [{ Forwarded: 'host="maps.example:8443";proto=https' }, 1, "https://maps.example:8443"],
    [{ "X-Forwarded-Prefix": "/" }, 1, "http://10.0.0.1:8787"],
    [{}, 1, "http://10.0.0.1:8787"],
    [{ "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil" }, 0, "http://10.0.0.1:8787"],
  ])("believes of %j what %i proxies tell", (headers, proxies, expected) => {
    expect(urlOf(headers, proxies)).toBe(expected);
  });

  it.each([
    "stratum",
    "//evil.example",
    "/a//b",
    "/..",
    "/a/../b",
    "/a b",
    '/a"><script>',
    "/%2e%2e",
    "https://evil.example",
  ])("takes %s for no path", (prefix) => {
    expect(urlOf({ "X-Forwarded-Prefix": prefix })).toBe("http://10.0.0.1:8787");
  });

  it("is not held up by a long row of slashes", () => {
    const startMs = performance.now();
    expect(urlOf({ "X-Forwarded-Prefix": `${"/".repeat(100_000)}x` })).toBe("http://10.0.0.1:8787");
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  it("prefers what is configured to what anybody tells", () => {
    expect(urlOf({ "X-Forwarded-Host": "evil.example" }, 1, "https://maps.example/stratum")).toBe(
      "https://maps.example/stratum",
    );
  });
});

describe("ownPath", () => {
  it.each([
    ["/stratum/tiles.json?a=b", "/tiles.json?a=b"],
    ["/tiles.json", "/tiles.json"],
    ["/stratum/", "/"],
    ["/stratum", undefined],
    ["/stratum?a=b", undefined],
    ["/stratumxyz", "/stratumxyz"],
  ])("takes the path off %s", (path, expected) => {
    expect(ownPath(path, "/stratum")).toBe(expected);
  });
});

describe("leftPrefix", () => {
  it.each([
    [undefined, undefined],
    ["https://maps.example", undefined],
    ["https://maps.example/stratum", "/stratum"],
    // `/tiles/safety.json` would be either.
    ["https://maps.example/tiles", undefined],
  ])("of %s is %s", (publicUrl, expected) => {
    expect(leftPrefix(publicUrl)).toBe(expected);
  });
});
