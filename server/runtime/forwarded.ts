import parseForwarded from "forwarded-parse";
import { addressOf } from "../kit/network-address.ts";

/** Which headers proxies tell by: `x-forwarded` are X-Forwarded-*, `forwarded` is RFC 7239's. */
export const FORWARDED_KINDS = ["x-forwarded", "forwarded"] as const;
export type ForwardedKind = (typeof FORWARDED_KINDS)[number];

export interface ForwardedOptions {
  /** Proxies in front of us, each of which appends to what it was sent, or sets it. */
  readonly trustedProxies: number;
  /** Unset: X-Forwarded-* where there are any, else Forwarded. */
  readonly forwardedHeaders?: ForwardedKind;
}

/** What the outermost trusted proxy tells of the request that it took. What makes no sense is left out. */
export interface Told {
  /** As `addressOf` spells it. */
  readonly address?: string;
  readonly scheme?: "http" | "https";
  /** Perhaps with a port; an IPv6 address in brackets. */
  readonly host?: string;
  /** Where X-Forwarded-Port names one: digits. */
  readonly port?: string;
  /** The path below which all trusted proxies together put us: begins with a slash and does not end with one; or empty. */
  readonly prefix: string;
}

type ReadHeader = (name: string) => string | undefined;

const X_FOR = "X-Forwarded-For";
const X_HOST = "X-Forwarded-Host";
const X_PORT = "X-Forwarded-Port";
const X_PROTO = "X-Forwarded-Proto";
const X_PREFIX = "X-Forwarded-Prefix";
const FORWARDED = "Forwarded";

/** Headers that the address depends on at which clients find us, where proxies are trusted; which of the two kinds counts, X-Forwarded-For tells, too. */
export const ADDRESS_HEADERS: readonly string[] = [FORWARDED, X_FOR, X_HOST, X_PORT, X_PREFIX, X_PROTO];

/** Headers by which a proxy shows that it stands between, whether it is trusted or not. */
const PROXY_HEADERS = [...ADDRESS_HEADERS, "Via", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"];

/** Whether a request says of itself that it came through somebody else. */
export const isForwarded = (header: ReadHeader): boolean => PROXY_HEADERS.some((name) => header(name) !== undefined);

/** Nobody writes longer ones, and a URL's host is no longer. */
const MAX_HOST = 260;
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
/** Segments that are neither empty nor dots: `//host` and `/..` would lead elsewhere. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;
/** Looked for at the first of a row of slashes alone: 16,000 of them before a letter would else take 0.1 s. */
const SLASHES_AT_END = /(?<!\/)\/+$/;

const isHost = (text: string): boolean => text.length <= MAX_HOST && HOST.test(text) && URL.canParse(`http://${text}/`);

const entries = (value: string | undefined): string[] =>
  value === undefined ? [] : value.split(",").map((entry) => entry.trim());

/**
 * Reads what the trusted proxies tell: with n of them, each of which appended its own entry, the n-th from the end is the outermost one's,
 * and what stands before it anyone may have written. An address is believed from there alone. Of host, scheme and port many proxies set one
 * for all, so of fewer entries the first is taken. Not by `proxy-addr`, which believes the first of too few addresses.
 */
export function readForwarded(header: ReadHeader, { trustedProxies: n, forwardedHeaders }: ForwardedOptions): Told {
  if (n === 0) return { prefix: "" };
  const kind = forwardedHeaders ?? kindOf(header);
  const raw = kind === "x-forwarded" ? readX(header, n) : readStandard(header(FORWARDED), n);
  const scheme = raw.proto?.toLowerCase();
  const address = raw.for === undefined ? undefined : addressOf(raw.for);
  return {
    ...(address !== undefined && { address }),
    ...((scheme === "http" || scheme === "https") && { scheme }),
    ...(raw.host !== undefined && isHost(raw.host) && { host: raw.host }),
    ...(raw.port !== undefined && isPort(raw.port, scheme) && { port: raw.port }),
    prefix: forwardedHeaders === "forwarded" ? "" : prefixOf(header, n),
  };
}

/** Raw entries of the outermost trusted proxy. */
interface Entry {
  readonly for?: string | undefined;
  readonly host?: string | undefined;
  readonly proto?: string | undefined;
  readonly port?: string | undefined;
}

function kindOf(header: ReadHeader): ForwardedKind {
  if (header(FORWARDED) === undefined) return "x-forwarded";
  return [X_FOR, X_HOST, X_PORT, X_PROTO].some((name) => header(name) !== undefined) ? "x-forwarded" : "forwarded";
}

function readX(header: ReadHeader, n: number): Entry {
  const outermost = (name: string) => {
    const all = entries(header(name));
    return all.at(-Math.min(n, all.length));
  };
  return {
    for: entries(header(X_FOR)).at(-n),
    host: outermost(X_HOST),
    proto: outermost(X_PROTO),
    port: outermost(X_PORT),
  };
}

/** RFC 7239. A header that is not well-formed anywhere tells nothing: where one entry ends and the next begins would be a guess. */
function readStandard(value: string | undefined, n: number): Entry {
  if (value === undefined) return {};
  let all: readonly Readonly<Record<string, string | undefined>>[];
  try {
    all = parseForwarded(value);
  } catch {
    return {};
  }
  const { for: client, ...rest } = all.at(-Math.min(n, all.length)) ?? {};
  return all.length < n ? rest : { for: client, ...rest };
}

/** A proxy inside of another may name the port of its own. */
function isPort(port: string, scheme: string | undefined): boolean {
  if (!/^\d{1,5}$/.test(port) || Number(port) === 0 || Number(port) > 65_535) return false;
  return !(scheme === "https" && port === "80") && !(scheme === "http" && port === "443");
}

function prefixOf(header: ReadHeader, n: number): string {
  const prefixes = entries(header(X_PREFIX)).slice(-n);
  const prefix = prefixes.map((entry) => entry.replace(SLASHES_AT_END, "")).join("");
  return PREFIX.test(prefix) ? prefix : "";
}

/**
 * The address that a request came from, as far as it can be believed; undefined when there is none.
 * @param peer address at the other end of the connection
 */
export function clientAddress(
  peer: string | undefined,
  header: ReadHeader,
  options: ForwardedOptions,
): string | undefined {
  return readForwarded(header, options).address ?? (peer === undefined ? undefined : addressOf(peer));
}
