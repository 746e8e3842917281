import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressOf, isLoopback, lineOf, siteOf } from "../../../server/kit/network-address.ts";

describe("lineOf and siteOf", () => {
  it.each([
    "192.0.2.1",
    "::ffff:192.0.2.1",
    "::FFFF:c000:201",
    "0:0:0:0:0:ffff:192.0.2.1",
    "64:ff9b::192.0.2.1",
    "64:FF9B:0:0:0:0:c000:201",
    "192.0.2.1:4711",
    "192.0.2.1:_p1",
    "[::ffff:192.0.2.1]:4711",
    "[64:ff9b::c000:201]",
  ])("take %s for one IPv4 address", (address) => {
    expect([addressOf(address), lineOf(address), siteOf(address)]).toEqual(["192.0.2.1", "192.0.2.1", "192.0.2.0/24"]);
  });

  it.each([
    "2001:db8:0:1200::1",
    "2001:DB8:0:12ff:1:2:3:9",
    "2001:0db8:0000:1234:ffff:ffff:ffff:ffff",
    "2001:db8:0:1212::%eth0",
    "[2001:db8:0:12ab::1]:4711",
    "[2001:db8:0:12ab::1]",
  ])("take %s for one line of a site", (address) => {
    expect([lineOf(address), siteOf(address)]).toEqual(["2001:db8:0:1200::/56", "2001:db8:0::/48"]);
  });

  it("tell a line's neighbour by the line alone, and no translated IPv4 from 64:ff9b:1::/48, which is anybody's own", () => {
    expect([lineOf("2001:db8:0:1300::1"), siteOf("2001:db8:0:1300::1")]).toEqual([
      "2001:db8:0:1300::/56",
      "2001:db8:0::/48",
    ]);
    expect(lineOf("64:ff9b:1::c000:201")).toBe("64:ff9b:1:0::/56");
  });

  it.each([
    ["2002:c801:101::1", "200.1.1.0/24"],
    ["2002:c801:1ff:7::9", "200.1.1.0/24"],
    ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0::/32"],
    ["2001:0:53aa:64c::1", "2001:0::/32"],
    ["2001:1::1", "2001:1:0::/48"],
    ["64:ff9b:1::c000:201", "64:ff9b:1::/48"],
    ["64:ff9b:1:ffff::1", "64:ff9b:1::/48"],
  ])("take %s, which one has many of, for a voice of %s", (address, site) => {
    expect(siteOf(address)).toBe(site);
  });

  it.each([
    "",
    "unknown",
    "127.1",
    "0x7f.0.0.1",
    "010.0.0.1",
    "1",
    "2001:db8::1::2",
    "::ffff:300.0.0.1",
    "a, b",
    "[[::1]]",
    "192.0.2:1",
    `::1%${"x".repeat(1000)}`,
  ])("put %j, which is no address, into the one bucket of all these", (text) => {
    expect([addressOf(text), lineOf(text), siteOf(text)]).toEqual([undefined, "unknown", "unknown"]);
  });

  it("take anything; an address's own spelling is in the same line", () => {
    const address = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.%[\]]{0,40}$/));
    fc.assert(
      fc.property(address, (text) => {
        const spelt = addressOf(text);
        return spelt === undefined
          ? lineOf(text) === "unknown"
          : lineOf(spelt) === lineOf(text) && addressOf(spelt) === spelt;
      }),
    );
  });

  it("take no two IPv4 addresses and no two IPv6 networks for the same line, nor two networks for one site", () => {
    // Above 2002::/16, whose sites are those of IPv4.
    const groups = fc.array(fc.integer({ min: 0x2003, max: 0x3fff }), { minLength: 8, maxLength: 8 });
    const text = (of: readonly number[]) => of.map((group) => group.toString(16)).join(":");
    fc.assert(
      fc.property(groups, groups, fc.integer({ min: 0, max: 5 }), (a, other, same) => {
        const b = [...a.slice(0, same), ...other.slice(same)];
        const line = (of: readonly number[]) => `${of.slice(0, 3)},${(of[3] ?? 0) >> 8}`;
        expect(lineOf(text(a)) === lineOf(text(b))).toBe(line(a) === line(b));
        expect(siteOf(text(a)) === siteOf(text(b))).toBe(`${a.slice(0, 3)}` === `${b.slice(0, 3)}`);
      }),
    );
    const network = (address: string) => `${address.split(".").slice(0, 3).join(".")}.0/24`;
    fc.assert(fc.property(fc.ipV4(), (address) => lineOf(address) === address && siteOf(address) === network(address)));
  });
});

describe("isLoopback", () => {
  it.each(["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])("is true of %s", (address) => {
    expect(isLoopback(address)).toBe(true);
  });
  it.each(["192.0.2.1", "::2", "", "localhost", "0.0.0.0"])("is not of %j", (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});
