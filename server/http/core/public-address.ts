import type { Context } from "hono";
import type { AppEnv } from "./app-parts.ts";

/**
 * A path of ours as clients ask for it: below the path under which a proxy puts us, if it does. Every address that an answer
 * carries goes through here, or begins with the `publicUrl` of its request.
 */
export function publicPath(c: Context<AppEnv>, path: string): string {
  return prefixOf(c) + path;
}

/** The address of a request as its client asked for it, without scheme and host. */
export function askedPath(c: Context<AppEnv>): string {
  const { pathname, search } = new URL(c.req.url);
  return publicPath(c, pathname + search);
}

/** `/stratum`; empty where we have a host to ourselves. */
function prefixOf(c: Context<AppEnv>): string {
  return new URL(c.get("publicUrl")).pathname.replace(/\/$/, "");
}
