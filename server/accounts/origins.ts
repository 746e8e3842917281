/** Where pages may come from that send a key: `https://example.com`, or `https://*.example.com` for all hosts below. */
const RULE = /^(https?:\/\/)(\*\.)?((?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63})(:\d{1,5})?$/;
const MAX_LENGTH = 255;

/** Whether a text is such a rule, as `Origin` would spell it: in lower case, without a slash at the end and without a port that goes without saying. */
export function isOriginRule(text: string): boolean {
  const [, scheme = "", wildcard = "", host = "", port = ""] = RULE.exec(text) ?? [];
  if (host === "" || text.length > MAX_LENGTH) return false;
  // A star for everybody below `com` is a mistake.
  if (wildcard !== "" && !host.includes(".")) return false;
  return URL.parse(scheme + host + port)?.origin === scheme + host + port;
}

/** Headers that tell of the page that asks. */
export interface AskingPage {
  readonly origin: string | undefined;
  readonly referer: string | undefined;
}

/**
 * The origin of the page that sent a request, by what browsers send: `Origin` of what another origin asks for by a script, else the origin of
 * `Referer`. Undefined when neither tells; programs may write what they like into both.
 */
export function originOf({ origin, referer }: AskingPage): string | undefined {
  if (origin !== undefined && origin !== "null") return origin.toLowerCase();
  return referer === undefined ? undefined : URL.parse(referer)?.origin;
}

/** Whether a page of an origin may send a key with these rules. */
export function isAllowedOrigin(rules: readonly string[] | null, origin: string | undefined): boolean {
  if (rules === null) return true;
  return origin !== undefined && rules.some((rule) => matches(rule, origin));
}

function matches(rule: string, origin: string): boolean {
  const star = rule.indexOf("*.");
  if (star === -1) return rule === origin;
  const [scheme, below] = [rule.slice(0, star), rule.slice(star + 1)];
  return origin.startsWith(scheme) && origin.endsWith(below) && origin.length > scheme.length + below.length;
}
