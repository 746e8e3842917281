import type { Context } from "hono";
import type { AppEnv } from "../core/app-parts.ts";

/**
 * The account that asks, where a question may be about its own areas; undefined when nobody says who asks, and for a key that is not for trends, or
 * for pages of some origins and does not name trends: that one may lie in a page, for everybody to read.
 */
export function ownerOf(c: Context<AppEnv>): string | undefined {
  const { account, key } = c.get("caller") ?? {};
  const isForOwner = key?.kinds?.includes("trends") ?? (key?.origins ?? null) === null;
  return isForOwner ? account?.userId : undefined;
}
