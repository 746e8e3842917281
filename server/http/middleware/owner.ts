import type { Context } from "hono";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import type { ApiKeys } from "./api-key.ts";

/** Who may own something that is asked for: by a key that was sent, or else by the session. */
export interface OwnerParts {
  readonly keys: Pick<ApiKeys, "callerOf"> | undefined;
  readonly sessions: AppParts["sessions"];
}

/** The account that asks; undefined when nobody says who asks. @throws ProblemError 401 when there is no such key */
export async function ownerOf(c: Context<AppEnv>, { keys, sessions }: OwnerParts): Promise<string | undefined> {
  const known = c.get("caller")?.account.userId ?? c.get("signedIn")?.userId;
  if (known !== undefined) return known;
  const caller = await keys?.callerOf(c);
  if (caller !== undefined) return caller.account.userId;
  return (await sessions?.of(c.req.raw.headers))?.userId;
}
