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
