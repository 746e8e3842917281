import type { Clock } from "../../../server/ports/clock.ts";
import { secondsOf } from "../../../server/serving/cache-policy.ts";

/**
 * A shared cache as RFC 9111 wants it, small: what stands between our tiles and their readers, for tests. It obeys
 * CDN-Cache-Control alone (RFC 9213), serves stale while it revalidates and when the origin fails (RFC 5861), keys by Vary with
 * Accept-Encoding normalised as content networks do, and knows Cloudflare's Cache-Tag: what is purged is gone.
 */
export interface EdgeCache {
  fetch(url: string, headers?: Readonly<Record<string, string>>): Promise<EdgeAnswer>;
  purge(tags: Iterable<string>): void;
  /** Resolves when what is revalidated behind answers is done. */
  settle(): Promise<void>;
  readonly counts: EdgeCounts;
}

export interface EdgeAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** When the origin last said that the answer is right, Unix milliseconds. */
  readonly validatedAtMs: number;
}

export interface EdgeCounts {
  requests: number;
  /** Answered without a wait for the origin, fresh or stale. */
  hits: number;
  stale: number;
  /** What the origin was asked: answers anew, and answers that were right still. */
  fetched: number;
  revalidated: number;
}

interface Stored {
  status: number;
  headers: Headers;
  body: Uint8Array;
  validatedAtMs: number;
  freshMs: number;
  staleMs: number;
  staleIfErrorMs: number;
  readonly key: string;
  tags: readonly string[];
  refreshing: Promise<void> | undefined;
}

export interface EdgeCacheOptions {
  /** As an app's `request`. */
  readonly origin: (url: string, init: { headers: Record<string, string> }) => Response | Promise<Response>;
  readonly clock: Clock;
}

export function createEdgeCache({ origin, clock }: EdgeCacheOptions): EdgeCache {
  const stored = new Map<string, Stored>();
  /** By address, the request header that answers vary by. */
  const varies = new Set<string>();
  const tagged = new Map<string, Set<Stored>>();
  const counts: EdgeCounts = { requests: 0, hits: 0, stale: 0, fetched: 0, revalidated: 0 };
  const background = new Set<Promise<void>>();

  const keyOf = (url: string, coding: string): string => (varies.has(url) ? `${coding} ${url}` : url);

  async function ask(url: string, coding: string, known: Stored | undefined): Promise<Stored> {
    const askedAtMs = clock.now();
    const etag = known?.headers.get("ETag");
    const headers = {
      ...(coding === "identity" ? {} : { "Accept-Encoding": coding }),
      ...(etag ? { "If-None-Match": etag } : {}),
    };
    const response = await origin(url, { headers });
    const mayServeStale =
      known !== undefined && askedAtMs - known.validatedAtMs <= known.freshMs + known.staleIfErrorMs;
    if (response.status >= 500 && mayServeStale) {
      counts.stale++;
      return known;
    }
    if (response.status === 304 && known !== undefined) {
      counts.revalidated++;
      for (const [name, value] of response.headers) known.headers.set(name, value);
      return Object.assign(known, { validatedAtMs: askedAtMs, ...lifetimeOf(response.headers) });
    }
    counts.fetched++;
    const entry: Stored = {
      status: response.status,
      headers: response.headers,
      body: new Uint8Array(await response.arrayBuffer()),
      validatedAtMs: askedAtMs,
      key: response.headers.has("Vary") ? `${coding} ${url}` : url,
      tags: (response.headers.get("Cache-Tag") ?? "").split(",").filter(Boolean),
      refreshing: undefined,
      ...lifetimeOf(response.headers),
    };
    if (known !== undefined) drop(known);
    if (entry.freshMs + entry.staleMs > 0) keep(url, entry);
    return entry;
  }

  function keep(url: string, entry: Stored): void {
    const vary = entry.headers.get("Vary") ?? "";
    if (vary !== "" && !/^accept-encoding$/i.test(vary)) return;
    if (vary !== "") varies.add(url);
    stored.set(entry.key, entry);
    for (const tag of entry.tags) {
      const entries = tagged.get(tag) ?? new Set();
      tagged.set(tag, entries.add(entry));
    }
  }

  function drop(entry: Stored): void {
    if (stored.get(entry.key) === entry) stored.delete(entry.key);
    for (const tag of entry.tags) tagged.get(tag)?.delete(entry);
  }

  function refresh(url: string, coding: string, entry: Stored): void {
    if (entry.refreshing !== undefined) return;
    const refreshing = ask(url, coding, entry).then(() => {
      entry.refreshing = undefined;
      background.delete(refreshing);
    });
    entry.refreshing = refreshing;
    background.add(refreshing);
  }

  return {
    counts,
    async fetch(url, headers = {}) {
      counts.requests++;
      const coding = codingOf(headers["Accept-Encoding"]);
      const known = stored.get(keyOf(url, coding));
      const ageMs = known === undefined ? Infinity : clock.now() - known.validatedAtMs;
      if (known === undefined || ageMs > known.freshMs + known.staleMs) {
        return answerOf(await ask(url, coding, known), headers);
      }
      counts.hits++;
      const answer = answerOf(known, headers);
      if (ageMs > known.freshMs) {
        counts.stale++;
        refresh(url, coding, known);
      }
      return answer;
    },
    purge(tags) {
      for (const tag of tags) for (const entry of [...(tagged.get(tag) ?? [])]) drop(entry);
    },
    async settle() {
      await Promise.all(background);
    },
  };
}

/** What a content network asks its origin for. */
function codingOf(acceptEncoding = ""): "br" | "gzip" | "identity" {
  return /\bbr\b/.test(acceptEncoding) ? "br" : /\bgzip\b/.test(acceptEncoding) ? "gzip" : "identity";
}

function lifetimeOf(headers: Headers): Pick<Stored, "freshMs" | "staleMs" | "staleIfErrorMs"> {
  const control = headers.get("CDN-Cache-Control");
  const ms = (directive: string) => secondsOf(control, directive) * 1000;
  if (/\bno-store\b|\bprivate\b/.test(control ?? "")) return { freshMs: 0, staleMs: 0, staleIfErrorMs: 0 };
  return { freshMs: ms("max-age"), staleMs: ms("stale-while-revalidate"), staleIfErrorMs: ms("stale-if-error") };
}

function answerOf(entry: Stored, request: Readonly<Record<string, string>>): EdgeAnswer {
  const { status, headers, body, validatedAtMs } = entry;
  const isUnchanged = status === 200 && request["If-None-Match"] === headers.get("ETag");
  return isUnchanged
    ? { status: 304, headers, body: new Uint8Array(), validatedAtMs }
    : { status, headers, body, validatedAtMs };
}
