import type { Clock } from "../../../server/ports/clock.ts";
import type { EdgeOrigin } from "./edge-origin.ts";

/** When each version of a tile was last known to be right, by what the origin itself said: caches are not believed. */
export interface EdgeTruth {
  /** The origin, listened to. */
  readonly fetch: EdgeOrigin["fetch"];
  /** Asks the origin for the tiles that are looked at all the time, so that what is still right is known to be. */
  look(): Promise<void>;
  /** How long ago a version was last known to be right, milliseconds; infinite for one that the origin never had. */
  ageMs(path: string, etag: string | null): number;
}

export function createEdgeTruth(origin: EdgeOrigin, clock: Clock, watched: readonly string[]): EdgeTruth {
  const seen = new Map<string, Map<string, number>>();

  async function fetch(path: string, init: { headers: Record<string, string> }): Promise<Response> {
    const response = await origin.fetch(path, init);
    const versions = seen.get(path) ?? new Map<string, number>();
    seen.set(path, versions.set(versionOf(response.headers.get("ETag")), clock.now()));
    return response;
  }

  return {
    fetch,
    async look() {
      for (const path of watched) await fetch(path, { headers: { "Accept-Encoding": "br" } });
    },
    ageMs: (path, etag) => clock.now() - (seen.get(path)?.get(versionOf(etag)) ?? Number.NEGATIVE_INFINITY),
  };
}

/** An empty tile has no tag. */
const versionOf = (etag: string | null): string => etag ?? "empty";
