import { describe, expect, it } from "vitest";
import { clientAddress } from "../../../server/runtime/node/forwarded.ts";

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
