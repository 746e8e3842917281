import { stat } from "node:fs/promises";
import { errorCode } from "../../console/operator-error.ts";
import { isAddress, parseAddress, shownAddress } from "./address.ts";
import { DEFAULT_LIMITS, download } from "./download.ts";
import type { FeedState } from "./feed-state.ts";
import type { Failure, FetchLimits } from "./fetch-feed.ts";

/** What a feed has that was not imported yet. */
export interface Fresh {
  readonly path: string;
  /** To keep once it is imported. */
  readonly state: FeedState;
}

export interface Feed {
  /** For people: without names and passwords. */
  readonly shown: string;
  look(known: FeedState, request: LookRequest): Promise<Fresh | Failure | "unchanged">;
}

export interface LookRequest {
  /** For what has to be fetched. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** A file, or an address on the Web. @throws OperatorError on an address that is neither http nor https */
export function createFeed(name: string, limits: FetchLimits = DEFAULT_LIMITS): Feed {
  return isAddress(name) ? webFeed(parseAddress(name), limits) : fileFeed(name);
}

function webFeed(url: URL, limits: FetchLimits): Feed {
  return {
    shown: shownAddress(url),
    async look(known, request) {
      const downloaded = await download({ url, known, limits, ...request });
      if (downloaded === "unchanged" || "reason" in downloaded) return downloaded;
      const { path, validators, contentHash } = downloaded;
      // Many servers tell no validators, or new ones with every answer.
      return contentHash === known.contentHash ? "unchanged" : { path, state: { ...validators, contentHash } };
    },
  };
}

function fileFeed(path: string): Feed {
  return {
    shown: path,
    async look({ sizeBytes, mtimeMs }) {
      const found = await stat(path).catch((error: unknown) => errorCode(error) ?? "no answer");
      if (typeof found === "string") return { reason: `cannot be read (${found})`, isTemporary: true };
      if (found.size === sizeBytes && found.mtimeMs === mtimeMs) return "unchanged";
      return { path, state: { sizeBytes: found.size, mtimeMs: found.mtimeMs } };
    },
  };
}
