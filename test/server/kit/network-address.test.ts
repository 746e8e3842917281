import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { networkOf } from "../../../server/kit/network-address.ts";

describe("networkOf", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["192.0.2.1:4711", "192.0.2.1"],
    ["2001:db8:0:12::1", "2001:db8:0:12"],
    ["2001:DB8::12:0:0:0:9", "2001:db8:0:12"],
    ["2001:0db8:0000:0012:ffff:ffff:ffff:ffff", "2001:db8:0:12"],
    ["2001:db8:0:12::%eth0", "2001:db8:0:12"],
    ["[2001:db8:0:12::1]:4711", "2001:db8:0:12"],
    ["[2001:db8:0:12::1]", "2001:db8:0:12"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["::1", "0:0:0:0"],
    ["2001:db8:0:13::1", "2001:db8:0:13"],
  ])("takes %s for %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it.each([
    "",
    "unknown",
    "127.1",
    "0x7f.0.0.1",
    "1",
    "2001:db8::1::2",
    "::ffff:300.0.0.1",
    "a, b",
    "[[::1]]",
    "192.0.2:1",
  ])("leaves %j alone, which is no address", (text) => {
    expect(networkOf(text)).toBe(text);
  });

  it("takes anything, and takes what it made for the same again", () => {
    const address = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.%[\]]{0,40}$/));
    fc.assert(fc.property(address, (text) => networkOf(networkOf(text)) === networkOf(text)));
  });

  it("tells no two IPv4 addresses and no two IPv6 networks for the same", () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, groups, (a, b) => {
        const [one, other] = [a, b].map((of) => networkOf(of.map((group) => group.toString(16)).join(":")));
        return (one === other) === (`${a.slice(0, 4)}` === `${b.slice(0, 4)}`);
      }),
    );
    fc.assert(fc.property(fc.ipV4(), (address) => networkOf(address) === address));
  });
});
