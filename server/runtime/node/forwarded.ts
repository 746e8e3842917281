import { networkOf } from "../../kit/network-address.ts";

/**
 * The network (`networkOf`) that a request came from, as far as it can be believed: with n trusted proxies in front, each of
 * which appended to X-Forwarded-For whom it had the request from, the n-th entry from the end. What stands before it anyone
 * may have written. Not by `proxy-addr`, which believes the first of too few entries.
 * @param peer address at the other end of the connection.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string | undefined {
  const hops = (forwardedFor ?? "").split(",").map((hop) => hop.trim());
  const claimed = trustedProxies > 0 ? hops.at(-trustedProxies) : undefined;
  const address = claimed || peer;
  return address && networkOf(address);
}
