import type { Log } from "../../console/log.ts";
import { sleep, within } from "../../kit/wait.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TileSource } from "../../serving/tile-source.ts";
import type { OpenTiles, ServedTiles } from "../app-wiring.ts";

/** The tiles of an isolate, which has no background work: whoever asks for them first takes in what changed. */
export interface WorkerTiles extends ServedTiles {
  /** To be awaited once a request, before its reads. Never rejects: while the store is away, tiles are served as they were. */
  keepUp(): Promise<void>;
}

/** No request polls sooner after the last poll. */
const POLL_AFTER_MS = 1000;
/** Every process shows a report within this time; until then a request does not wait when another one already polls. */
const FRESH_MS = 2000;
/** A store that does not answer is not waited for longer, when there are tiles to serve as they were. */
const PATIENCE_MS = 1500;
/** After a poll that failed. */
const PAUSE_MS = 5000;
/** A cold isolate's requests leave the first poll to one of them for so long: that one may have ended, and its poll with it. */
const TURN_MS = 500;
const LOOK_EVERY_MS = 10;
/** After so long a sleep the changes since are more to read than the cell aggregates that they were compacted into. */
const START_ANEW_AFTER_MS = 10 * 60_000;

export interface WorkerTilesOptions {
  open(): Pick<OpenTiles, "pyramid"> & { readonly source: TileSource };
  readonly clock: Clock;
  readonly log: Log;
}

export function createWorkerTiles({ open, clock, log }: WorkerTilesOptions): WorkerTiles {
  let current = open();
  /** When the newest poll that succeeded began, and when the newest of all. */
  let freshAtMs: number | undefined;
  let begunAtMs = Number.NEGATIVE_INFINITY;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  /** Polls begun, and whether one is under way for all that is known: promises are not shared between requests. */
  let polls = 0;
  let isPolling = false;

  /** Waits, by timers of the request's own, while another one polls for the first time. */
  async function leaveToAnother(): Promise<void> {
    let seen = polls;
    for (let waitedMs = 0; freshAtMs === undefined && isPolling && waitedMs < TURN_MS; waitedMs += LOOK_EVERY_MS) {
      await sleep(LOOK_EVERY_MS);
      if (polls === seen) continue;
      seen = polls;
      waitedMs = 0;
    }
  }

  function startAnewAfterSleep(): void {
    if (freshAtMs === undefined || clock.now() - freshAtMs <= START_ANEW_AFTER_MS) return;
    current = open();
    freshAtMs = undefined;
  }

  async function poll(nowMs: number): Promise<void> {
    begunAtMs = nowMs;
    polls++;
    isPolling = true;
    try {
      const polling = current.pyramid.poll();
      // A cold isolate has nothing to serve instead.
      await (freshAtMs === undefined ? polling : within(PATIENCE_MS, polling));
      freshAtMs = Math.max(freshAtMs ?? nowMs, nowMs);
    } finally {
      isPolling = false;
    }
  }

  async function keepUp(): Promise<void> {
    startAnewAfterSleep();
    if (freshAtMs === undefined && isPolling) await leaveToAnother();
    const now = clock.now();
    const ageMs = now - (freshAtMs ?? Number.NEGATIVE_INFINITY);
    const isPolled = now - begunAtMs <= POLL_AFTER_MS;
    if (ageMs <= POLL_AFTER_MS || (ageMs <= FRESH_MS && isPolled) || now - failedAtMs <= PAUSE_MS) return;
    try {
      await poll(now);
    } catch (error) {
      failedAtMs = clock.now();
      log.warn("changes not read", { error });
    }
  }

  return {
    keepUp,
    source: { read: (request) => current.source.read(request) },
    pyramid: {
      clusterCells: (layer, tile, window) => current.pyramid.clusterCells(layer, tile, window),
      cells: (layer, geohash) => current.pyramid.cells(layer, geohash),
      reports: (cell) => current.pyramid.reports(cell),
      outlines: (layer, geohash, cells) => current.pyramid.outlines(layer, geohash, cells),
      areaReports: (of, areas, atMs) => current.pyramid.areaReports(of, areas, atMs),
      noteReport(report) {
        startAnewAfterSleep();
        current.pyramid.noteReport(report);
      },
      noteEdited(edited, before) {
        startAnewAfterSleep();
        current.pyramid.noteEdited(edited, before);
      },
    },
  };
}
