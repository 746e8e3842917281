import { isSignedBy } from "../../kit/hmac.ts";
import { sha256Hex } from "../../kit/sha256.ts";

/** The cookie of a session is `token.signature`: who has the database has neither the token nor the secret that signs it. */

const NAME = "session_token";
const PLAIN_PREFIX = "stratum";
/** Browsers take such a cookie from https and this very host alone, for all of it: no neighbour can plant one (RFC 6265bis, 4.1.3.2). */
const HOST_PREFIX = `__Host-${PLAIN_PREFIX}`;

/** As better-auth's `cookiePrefix` takes it. */
export const cookiePrefix = (isSecure: boolean): string => (isSecure ? HOST_PREFIX : PLAIN_PREFIX);

/** What `sessions.token` has of a token. */
export const storedToken = (token: string): string => sha256Hex(token);

const TOLD = "sha256:";

/** What a list of sessions tells in place of tokens that nobody here has. It names a session, and opens none. */
export const toldToken = (stored: string): string => TOLD + stored;

/** What is stored of a session that is named by its token, or as a list tells it. */
export const storedOfNamed = (named: string): string =>
  named.startsWith(TOLD) ? named.slice(TOLD.length) : storedToken(named);

/**
 * The token of a request's session, if we signed it.
 * @param isSecure whether the client finds us by https; unset: the cookie of https is believed first, then the other
 */
export function signedTokenOf(headers: Headers, secret: string, isSecure?: boolean): string | undefined {
  const cookies = headers.get("Cookie");
  if (cookies === null) return undefined;
  const secure = isSecure === false ? undefined : tokenIn(cookies, HOST_PREFIX, secret);
  return secure ?? (isSecure === true ? undefined : tokenIn(cookies, PLAIN_PREFIX, secret));
}

/** Of several cookies of one name the first that we signed: another path's or domain's may come before it. */
function tokenIn(cookies: string, prefix: string, secret: string): string | undefined {
  const start = `${prefix}.${NAME}=`;
  for (const cookie of cookies.split(";")) {
    const text = cookie.trim();
    if (!text.startsWith(start)) continue;
    const value = decode(text.slice(start.length));
    const dot = value.lastIndexOf(".");
    const token = value.slice(0, dot);
    if (dot > 0 && isSignedBy(secret, token, value.slice(dot + 1))) return token;
  }
  return undefined;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}
