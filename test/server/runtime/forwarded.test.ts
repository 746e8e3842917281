import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineOf } from "../../../server/kit/network-address.ts";
import { clientAddress, type ForwardedKind, readForwarded } from "../../../server/runtime/forwarded.ts";
import { runs } from "../../kit/runs.ts";

const PEER = "10.0.0.1";

/** As a server reads headers: by any case, several of one name joined. */
const reader = (headers: Readonly<Record<string, string>>) => {
  const fields = new Headers(headers);
  return (name: string) => fields.get(name) ?? undefined;
};

function told(headers: Readonly<Record<string, string>>, trustedProxies = 1, forwardedHeaders?: ForwardedKind) {
  return readForwarded(reader(headers), { trustedProxies, ...(forwardedHeaders && { forwardedHeaders }) });
}

const addressBy = (headers: Readonly<Record<string, string>>, trustedProxies = 1, peer: string | undefined = PEER) =>
  clientAddress(peer, reader(headers), { trustedProxies });

describe("clientAddress", () => {
  it.each<[string, Record<string, string>, number, string]>([
    ["ignores the header without a proxy", { "X-Forwarded-For": "198.51.100.9" }, 0, PEER],
    ["takes the last entry behind one proxy", { "X-Forwarded-For": "6.6.6.6, 198.51.100.9" }, 1, "198.51.100.9"],
    ["takes the one before behind two", { "X-Forwarded-For": "6.6.6.6, 198.51.100.9, 10.0.0.2" }, 2, "198.51.100.9"],
    ["falls back to the peer without a header", {}, 1, PEER],
    ["falls back to the peer with too few entries", { "X-Forwarded-For": "198.51.100.9" }, 2, PEER],
    ["drops a port", { "X-Forwarded-For": "198.51.100.9:4711" }, 1, "198.51.100.9"],
    ["drops brackets and a port", { "X-Forwarded-For": "[2001:db8::1]:4711" }, 1, "2001:db8:0:0:0:0:0:1"],
    ["unwraps IPv4 in IPv6", { "X-Forwarded-For": "::ffff:198.51.100.9" }, 1, "198.51.100.9"],
    ["unwraps NAT64", { "X-Forwarded-For": "64:ff9b::c633:6409" }, 1, "198.51.100.9"],
    ["takes no word for an address", { "X-Forwarded-For": "unknown" }, 1, PEER],
    ["takes no empty entry", { "X-Forwarded-For": "198.51.100.9," }, 1, PEER],
    ["reads Forwarded", { Forwarded: "for=198.51.100.9;proto=https" }, 1, "198.51.100.9"],
    ["reads it in any case", { forwarded: "FOR=198.51.100.9" }, 1, "198.51.100.9"],
    ["reads quoted ones", { Forwarded: 'for="198.51.100.9:4711"' }, 1, "198.51.100.9"],
    ["reads quoted IPv6", { Forwarded: 'for="[2001:db8::1]:4711"' }, 1, "2001:db8:0:0:0:0:0:1"],
    ["reads one with a hidden port", { Forwarded: 'for="198.51.100.9:_p1"' }, 1, "198.51.100.9"],
    ["takes the last of Forwarded", { Forwarded: 'for=6.6.6.6, for="198.51.100.9"' }, 1, "198.51.100.9"],
    [
      "takes the one before of Forwarded",
      { Forwarded: "for=6.6.6.6, for=198.51.100.9, for=10.0.0.2" },
      2,
      "198.51.100.9",
    ],
    ["takes no hidden name", { Forwarded: "for=_hidden" }, 1, PEER],
    ["takes no unknown", { Forwarded: "for=unknown" }, 1, PEER],
    ["takes nothing of an open quote", { Forwarded: 'for="198.51.100.1, for=198.51.100.9' }, 1, PEER],
    ["takes nothing of too few", { Forwarded: "for=198.51.100.9" }, 2, PEER],
    // A proxy that writes the one lets the other through as its client sent it.
    [
      "prefers what most proxies write",
      { "X-Forwarded-For": "198.51.100.9", Forwarded: "for=6.6.6.6" },
      1,
      "198.51.100.9",
    ],
  ])("%s", (_name, headers, proxies, expected) => {
    expect(addressBy(headers, proxies)).toBe(expected);
  });

  it.each([
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["fe80::1%eth0", "fe80:0:0:0:0:0:0:1"],
    [undefined, undefined],
  ])("of the peer %s is %s", (peer, expected) => {
    expect(clientAddress(peer, () => undefined, { trustedProxies: 0 })).toBe(expected);
  });

  it("believes one kind alone where that is set", () => {
    const both = {
      "X-Forwarded-For": "192.0.2.1",
      "X-Forwarded-Host": "x.example",
      Forwarded: "for=192.0.2.2;host=f.example",
    };
    expect(told(both, 1, "forwarded")).toEqual({ address: "192.0.2.2", host: "f.example", prefix: "" });
    expect(told(both, 1, "x-forwarded")).toEqual({ address: "192.0.2.1", host: "x.example", prefix: "" });
    expect(told({ Forwarded: both.Forwarded }, 1, "x-forwarded")).toEqual({ prefix: "" });
  });
});

describe("readForwarded", () => {
  it.each<[Record<string, string>, number, object]>([
    [
      { "X-Forwarded-Proto": "HTTPS", "x-forwarded-host": "Maps.Example" },
      1,
      { scheme: "https", host: "Maps.Example" },
    ],
    [{ "X-Forwarded-Proto": "http, https", "X-Forwarded-Host": "evil, a, b" }, 2, { scheme: "http", host: "a" }],
    // Set by the outermost for all.
    [{ "X-Forwarded-Proto": "https", "X-Forwarded-Host": "a" }, 2, { scheme: "https", host: "a" }],
    [{ "X-Forwarded-Port": "8443", "X-Forwarded-Proto": "https" }, 1, { scheme: "https", port: "8443" }],
    [{ "X-Forwarded-Port": "80", "X-Forwarded-Proto": "https" }, 1, { scheme: "https" }],
    [{ "X-Forwarded-Port": "99999" }, 1, {}],
    [{ "X-Forwarded-Port": "0" }, 1, {}],
    [{ "X-Forwarded-Host": "[2001:db8::1]:8443" }, 1, { host: "[2001:db8::1]:8443" }],
    [{ "X-Forwarded-Host": "[2001:db8::1" }, 1, {}],
    [{ "X-Forwarded-Host": "a:99999" }, 1, {}],
    [{ "X-Forwarded-Host": "1.2.3.999" }, 1, {}],
    [{ "X-Forwarded-Host": "x".repeat(5_000) }, 1, {}],
    [{ "X-Forwarded-Host": "a@b", "X-Forwarded-Proto": "javascript" }, 1, {}],
    [{ Forwarded: 'Host="maps.example:8443";PROTO=HTTPS' }, 1, { scheme: "https", host: "maps.example:8443" }],
    [{ Forwarded: 'host="[2001:db8::1]:8443"' }, 1, { host: "[2001:db8::1]:8443" }],
    [
      { Forwarded: "host=evil;for=1.1.1.1, host=maps.example;for=2.2.2.2" },
      1,
      { host: "maps.example", address: "2.2.2.2" },
    ],
    [{ Forwarded: "host=a;for=1.1.1.1, host=b;for=2.2.2.2" }, 2, { host: "a", address: "1.1.1.1" }],
    [{ Forwarded: "host=a" }, 0, {}],
  ])("reads of %j behind %i proxies %j", (headers, proxies, expected) => {
    expect(told(headers, proxies)).toEqual({ prefix: "", ...expected });
  });

  it("takes anything, and makes no client of what is no address", () => {
    const junk = fc.oneof(fc.string({ maxLength: 200 }), fc.stringMatching(/^[\w.:;,="[\]% \\-]{0,120}$/));
    const value = junk.map((text) => text.replaceAll(/[^\t\x20-\x7e]/g, "").trim());
    const headers = fc.record(
      { "X-Forwarded-For": value, "X-Forwarded-Host": value, "X-Forwarded-Port": value, Forwarded: value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        headers,
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom(undefined, "forwarded" as const),
        (sent, n, kind) => {
          const { address, host } = told(sent, n, kind);
          expect(address === undefined || lineOf(address) !== "unknown").toBe(true);
          if (host !== undefined) expect(URL.canParse(`https://${host}`)).toBe(true);
        },
      ),
      runs(20_000),
    );
  });
});
