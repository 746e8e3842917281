import { authorizationOf } from "./address.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What a server told of its answer, by which it can be asked whether there is another one now. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** No answer to use. */
export interface Failure {
  /** Ends a sentence that begins with the address. */
  readonly reason: string;
  /** Whether the same request may succeed later. */
  readonly isTemporary: boolean;
  /** How long the server wants to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

export type Answer = Failure | "unchanged" | { readonly response: Response; readonly validators: Validators };

export interface FetchLimits {
  /** Until the head of the answer is there, and between any two of its pieces. */
  readonly waitMs: number;
  /** Of the content, unpacked from the transport's compression. */
  readonly sizeBytes: number;
}

const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const TEMPORARY = new Set([408, 425, 429, 500, 502, 503, 504]);
const ACCEPTED = "text/csv, application/geo+json, application/json;q=0.9, */*;q=0.5";

/** Asks for a feed, or whether it is still as it was. @param signal ends the request */
export async function fetchFeed(url: URL, known: Validators, signal: AbortSignal, nowMs: number): Promise<Answer> {
  let at = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const answered = await get(at, url, known, signal);
    // Not by `instanceof`: the HTTP server puts a class of its own in the place of `Response`.
    if ("reason" in answered) return answered;
    if (answered.status === 304) return "unchanged";
    if (answered.status === 200) return { response: answered, validators: validatorsOf(answered) };
    await answered.body?.cancel();
    const location = answered.headers.get("location");
    if (!REDIRECTS.has(answered.status) || location === null) return failureOf(answered, nowMs);
    const next = URL.parse(location, at.href);
    if (next === null || !/^https?:$/.test(next.protocol)) return final("leads to what is neither http nor https");
    if (at.protocol === "https:" && next.protocol === "http:") return final("leads from https to http");
    at = next;
  }
  return final(`leads elsewhere more than ${MOST_REDIRECTS} times`);
}

async function get(at: URL, first: URL, known: Validators, signal: AbortSignal): Promise<Response | Failure> {
  // `fetch` refuses addresses with names and passwords; those of one server are not for another.
  const bare = new URL(at);
  bare.username = "";
  bare.password = "";
  const headers = {
    accept: ACCEPTED,
    "user-agent": "stratum-import",
    ...authorizationOf(at.origin === first.origin ? first : at),
    ...(known.etag !== undefined && { "if-none-match": known.etag }),
    ...(known.lastModified !== undefined && { "if-modified-since": known.lastModified }),
  };
  try {
    return await fetch(bare.href, { redirect: "manual", headers, signal });
  } catch (error) {
    return networkFailure(error, signal);
  }
}

const validatorsOf = ({ headers }: Response): Validators => ({
  etag: headers.get("etag") ?? undefined,
  lastModified: headers.get("last-modified") ?? undefined,
});

const final = (reason: string): Failure => ({ reason, isTemporary: false });

function failureOf({ status, statusText, headers }: Response, nowMs: number): Failure {
  return {
    reason: `answered ${`${status} ${statusText}`.trim()}`,
    isTemporary: TEMPORARY.has(status),
    retryAfterMs: retryAfterMs(headers.get("retry-after"), nowMs),
  };
}

/** What a broken or impossible connection is called. */
export function networkFailure(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted && signal.reason === TOO_SLOW) return { reason: "did not answer in time", isTemporary: true };
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  const reason = String(cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : error));
  return { reason: `cannot be reached (${reason})`, isTemporary: true };
}

/** Why a request was ended that took too long. */
export const TOO_SLOW = "too slow";
