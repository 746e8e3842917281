import type { IncomingMessage } from "node:http";
import type { Fault } from "./refusals.ts";

const ABSOLUTE = /^https?:/i;
/** A URL takes more slashes, and the path's first segment for a host. */
const WITH_HOST = /^https?:\/\/[^/\\?#]/i;

/**
 * Makes an absolute target (`GET http://host/path HTTP/1.1`, as it is sent to proxies; every server must take it) what it would be
 * without: a path, and the Host, which it outdoes (RFC 9112, sections 3.2.2 and 3.3).
 * @returns what is wrong with it, if anything
 */
export function targetFault(incoming: IncomingMessage): Fault | undefined {
  const { url = "/" } = incoming;
  if (url.startsWith("/") || !ABSOLUTE.test(url)) return undefined;
  const target = WITH_HOST.test(url) ? URL.parse(url) : null;
  if (target === null) return { status: 400, detail: "The address is not valid." };
  if (target.username !== "" || target.password !== "")
    return { status: 400, detail: "The address holds a name or a password." };
  incoming.url = target.pathname + target.search;
  incoming.headers.host = target.host;
  return undefined;
}
