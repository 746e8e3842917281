import type { Log } from "../../console/log.ts";
import type { Clock } from "../../ports/clock.ts";
import type { MetricSample } from "../../ports/metrics.ts";
import { type AnswerStore, createStoredTiles, type StoredTiles } from "./stored-tiles.ts";
import { createTilePurge, type TilePurge } from "./tile-purge.ts";

/** What an isolate does about the cache in front of its tiles. */
export interface EdgeCache {
  /** For where there is no Workers Cache; undefined where there is no Cache API either. */
  readonly stored: StoredTiles | undefined;
  readonly purge: TilePurge;
  /** Counts an answer by what Cf-Cache-Status says. */
  note(answer: Response): void;
  samples(): MetricSample[];
}

export function createEdgeCache(clock: Clock, log: Log): EdgeCache {
  const { caches } = globalThis as { caches?: { default?: AnswerStore } };
  const purge = createTilePurge({ clock, log });
  const answers = new Map<string, number>();
  return {
    stored: caches?.default === undefined ? undefined : createStoredTiles(caches.default, clock),
    purge,
    note(answer) {
      const status = answer.headers.get("Cf-Cache-Status")?.toLowerCase() ?? "none";
      answers.set(status, (answers.get(status) ?? 0) + 1);
    },
    samples: () => [
      ...purge.samples(),
      ...[...answers].map(
        ([cache, value]): MetricSample => ({
          name: "stratum_edge_tiles_total",
          help: "Tiles by what the cache in front of this isolate did.",
          type: "counter",
          value,
          labels: { cache },
        }),
      ),
    ],
  };
}
