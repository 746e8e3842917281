import { isIPv6 } from "node:net";

/**
 * The address that a request came from, as far as it can be believed: with n trusted proxies in front, each of which
 * appended to X-Forwarded-For whom it had the request from, the n-th entry from the end. What stands before it anyone may
 * have written. An IPv6 address is cut to its /64, because one customer has at least that many.
 * @param peer address at the other end of the connection.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string | undefined {
  const hops = (forwardedFor ?? "").split(",").map((hop) => hop.trim());
  const claimed = trustedProxies > 0 ? hops.at(-trustedProxies) : undefined;
  const address = (claimed || peer)?.replace(/^::ffff:(?=\d+\.)/i, "");
  return address !== undefined && isIPv6(address) ? networkOf(address) : address;
}

/** The first 64 bits: `::` stands for as many zero groups as are missing. */
function networkOf(address: string): string {
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  const groups = tail === undefined ? before : [...before, ...zeros, ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
