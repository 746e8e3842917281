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

type Fetch<E> = (request: Request, env: E) => Response | Promise<Response>;

/**
 * Gives requests the address that the client asked for, as the last trusted proxy tells it (X-Forwarded-Proto and -Host):
 * the URLs in a TileJSON are made from it, and a page on https loads no tiles from http.
 */
export function behindProxies<E>(fetch: Fetch<E>, trustedProxies: number): Fetch<E> {
  if (trustedProxies === 0) return fetch;
  return function behindProxies(request, env) {
    const last = (name: string) => request.headers.get(name)?.split(",").at(-1)?.trim();
    const url = new URL(request.url);
    const protocol = last("X-Forwarded-Proto");
    if (protocol === "http" || protocol === "https") url.protocol = protocol;
    const host = last("X-Forwarded-Host");
    if (host !== undefined && /^[\w.-]+(:\d{1,5})?$/.test(host)) {
      // A host without a port would leave the proxy's own in place.
      url.port = "";
      url.host = host;
    }
    return fetch(url.href === request.url ? request : new Request(url, request), env);
  };
}
