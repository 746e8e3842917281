import { OPEN_HEADERS, SAFE_HEADERS } from "./safe-headers.ts";

/** Of a redirect to the same address with a slash more or fewer, which says nothing that could change. */
export const SLASH_CACHE_CONTROL = "public, max-age=3600";

/** A permanent redirect, which keeps method and body, with all that middleware gives an answer: no app is asked. */
export function bareSlashRedirect(location: string) {
  const headers: Readonly<Record<string, string>> = {
    ...OPEN_HEADERS,
    ...SAFE_HEADERS,
    "Cache-Control": SLASH_CACHE_CONTROL,
    Location: location,
    "X-Request-Id": crypto.randomUUID(),
  };
  return { status: 308, headers };
}
