import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { type Failure, type FetchLimits, fetchFeed, networkFailure, TOO_SLOW, type Validators } from "./fetch-feed.ts";

export const DEFAULT_LIMITS: FetchLimits = { waitMs: 60_000, sizeBytes: 4 * 2 ** 30 };

export interface Downloaded {
  readonly path: string;
  readonly validators: Validators;
  /** SHA-256 of the content, for servers that tell no validators. */
  readonly contentHash: string;
}

export interface DownloadOptions {
  readonly url: URL;
  readonly known: Validators;
  /** Where the file is to be; it gets the name that the address ends with. */
  readonly folder: string;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** Fetches a feed into a file, whatever its size, in bounded memory. */
export async function download(options: DownloadOptions): Promise<Downloaded | Failure | "unchanged"> {
  const { url, known, folder, limits, signal, nowMs } = options;
  const patience = createPatience(limits.waitMs, signal);
  try {
    const answer = await fetchFeed(url, known, patience.signal, nowMs);
    if (answer === "unchanged" || "reason" in answer) return answer;
    const path = `${folder}/${nameOf(url, answer.response)}`;
    const file = await open(path, "w");
    try {
      const hash = createHash("sha256");
      let size = 0;
      for await (const chunk of answer.response.body ?? []) {
        patience.renew();
        size += chunk.length;
        if (size > limits.sizeBytes) return tooLarge(limits.sizeBytes);
        hash.update(chunk);
        await file.appendFile(chunk);
      }
      return { path, validators: answer.validators, contentHash: hash.digest("hex") };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (signal.aborted) throw error;
    if (isFileError(error)) throw error;
    return networkFailure(error, patience.signal);
  } finally {
    patience.end();
  }
}

const isFileError = (error: unknown): boolean => typeof (error as { path?: unknown } | null)?.path === "string";

function tooLarge(sizeBytes: number): Failure {
  const shown = sizeBytes >= 2 ** 30 ? `${sizeBytes / 2 ** 30} GB` : `${sizeBytes} bytes`;
  return { reason: `is larger than ${shown}: download it, and import the file`, isTemporary: false };
}

const ENDING_OF_TYPE: readonly (readonly [RegExp, string])[] = [
  [/^text\/csv/, "csv"],
  [/^text\/tab-separated-values/, "tsv"],
  [/^application\/(?:x-ndjson|ndjson|jsonl|geo\+json-seq)/, "ndjson"],
  [/^application\/(?:geo\+)?json/, "json"],
];

/** Formats are known by names, and an address may end in none, as `.../requests?format=csv` does. */
function nameOf(url: URL, { headers }: Response): string {
  const name =
    basename(decodeName(url.pathname))
      .replace(/[^\w.-]+/g, "_")
      .slice(-80) || "feed";
  if (/\.[a-z]{3,9}(?:\.gz|\.zip)?$/i.test(name) && !/\.(?:aspx?|php|cgi)$/i.test(name)) return name;
  const type = headers.get("content-type")?.toLowerCase() ?? "";
  const ending = ENDING_OF_TYPE.find(([pattern]) => pattern.test(type))?.[1];
  return ending === undefined ? name : `${name}.${ending}`;
}

function decodeName(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

/** Ends a request that gets nothing for so long, or when it is told to. */
function createPatience(waitMs: number, outer: AbortSignal) {
  const abort = new AbortController();
  const stop = (): void => abort.abort(outer.reason);
  if (outer.aborted) stop();
  outer.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => abort.abort(TOO_SLOW), waitMs);
  return {
    signal: abort.signal,
    renew: () => void timer.refresh(),
    end() {
      clearTimeout(timer);
      outer.removeEventListener("abort", stop);
    },
  };
}
