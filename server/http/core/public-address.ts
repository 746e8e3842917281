import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv, AppParts } from "./app-parts.ts";
import { strictTransport } from "./safe-headers.ts";

/** Scheme, host and path under which the client of a request finds us, without a slash at the end, for an address in its answer. */
export function publicUrl(c: Context<AppEnv>): string {
  c.set("tellsAddress", true);
  return c.get("publicUrl");
}

/**
 * A path of ours as clients ask for it: below the path under which a proxy puts us, if it does. Every address that an answer
 * carries goes through here, or begins with `publicUrl`.
 */
export function publicPath(c: Context<AppEnv>, path: string): string {
  return new URL(publicUrl(c)).pathname.replace(/\/$/, "") + path;
}

/** The address of a request as its client asked for it, without scheme and host. */
export function askedPath(c: Context<AppEnv>): string {
  const { pathname, search } = new URL(c.req.url);
  return publicPath(c, pathname + search);
}

/**
 * Keeps answers that tell where we are from whoever finds us elsewhere: unless the address is configured, no shared cache may keep them,
 * and `Vary` names what they depend on. Tells browsers to stay with https, where that is how they find us; of what shared caches may keep, only
 * where it is configured.
 */
export function keepAddressesApart({
  publicUrl: urlOf,
  publicUrlFrom: from = ["Host"],
}: AppParts): MiddlewareHandler<AppEnv> {
  const told = from.filter((name) => name !== "Host");
  return async function keepAddressesApart(c, next) {
    const url = urlOf?.(c) ?? new URL(c.req.url).origin;
    c.set("publicUrl", url);
    await next();
    if (c.get("tellsAddress") && from.length > 0) {
      addVary(c, from);
      const control = c.res.headers.get("Cache-Control") ?? "no-cache";
      if (!/\b(?:private|no-store)\b/.test(control)) c.header("Cache-Control", privately(control));
    }
    const mayBeShared = /\bpublic\b/.test(c.res.headers.get("Cache-Control") ?? "");
    if (mayBeShared && from.length > 0) return;
    for (const [name, value] of Object.entries(strictTransport(url))) c.header(name, value);
    addVary(c, told);
  };
}

const privately = (control: string): string => `private, ${control.replace(/\bpublic,?\s*/, "")}`.replace(/,\s*$/, "");

/** Adds to what an answer says to depend on already. */
function addVary(c: Context<AppEnv>, names: readonly string[]): void {
  const known = (c.res.headers.get("Vary") ?? "").split(",").flatMap((name) => name.trim() || []);
  const lower = new Set(known.map((name) => name.toLowerCase()));
  const added = names.filter((name) => !lower.has(name.toLowerCase()));
  if (added.length > 0) c.header("Vary", [...known, ...added].join(", "));
}
