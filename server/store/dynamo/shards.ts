import type { Clock } from "../../ports/clock.ts";
import type { LogCell } from "../../ports/report-store.ts";
import { newestVersions } from "../edits.ts";
import { type Key, logPartition, MARKER_SPAN, shardKey, shardOfSortKey } from "../keys.ts";
import { type EditedRow, ttlSeconds } from "../rows.ts";
import { collect } from "./batches.ts";
import { createRecentCells } from "./recent.ts";
import type { Requests } from "./requests.ts";

/**
 * What markers tell of a cell: which shards its rows lie in, beside shard 0 where all rows of a cell lie that never was hot,
 * and what became of reports that were edited.
 *
 * Before the first row goes into another shard, a marker of that shard is stored in shard 0, and it outlives the row. Markers
 * sort right after the rows, so the Query for the tail of shard 0, which every reader makes anyway, brings them along. They
 * are items of their own, so that writers have nothing to agree upon: each is only ever made to live longer. A cell that was
 * hot for an hour is one partition again when the rows of that hour have expired.
 *
 * A reader that is not strongly consistent may miss a marker for a moment, as it may miss a row. What it missed it sees when
 * the feed tells it to read again, and the feed does so for seconds after each write, see `publisher.ts`. A marker is stored
 * before the row that the feed tells of, so the telling covers it as it covers the row.
 */
export interface Shards {
  /** Resolves once readers find the shard, at least until a row in it expires. To be called before the row is stored. */
  open(cell: LogCell, shard: number, expiresAtMs: number): Promise<void>;
  /** Shards beside 0 that this process knows to be open. */
  known(cell: LogCell): number[];
  /** Takes in markers that were read. `isAll`: these were all that there are. Returns the shards beside 0. */
  note(cell: LogCell, markers: readonly Marker[], isAll: boolean): number[];
  /** What this process knows of the cell's edited reports: everything, right after all markers were read. */
  edited(cell: LogCell): EditedRows;
  /** All shards beside 0, read from the store; unless `always`, what was read just now will do. */
  find(cell: LogCell, options: { consistent: boolean; always?: boolean }): Promise<number[]>;
}

/** An item beside the rows: of a shard, or of an edited report. */
export type Marker = EditedRow;

interface CellShards {
  /** When all markers were last read. */
  readAtMs: number;
  /** Expiry of each marker, Unix seconds. */
  readonly expiries: Map<number, number>;
  /** By id, each in the highest version that was seen: a read that is not strongly consistent may bring an older one. */
  readonly edited: Map<string, EditedRow>;
}

export type EditedRows = ReadonlyMap<string, EditedRow>;

/** A marker lives this much longer than its row needs, so that it is written once in a week, not with each row. */
const SPARE_MS = 7 * 86_400_000;

/** Time within which every process shows a report: what another process opens is not looked for more often. */
const FRESH_MS = 2000;

export function isMarker({ sk }: Key): boolean {
  return sk >= MARKER_SPAN.from;
}

const NONE: EditedRows = new Map();

export function createShards({ clock, requests }: { clock: Clock; requests: Requests }): Shards {
  const cells = createRecentCells<CellShards>(() => ({
    readAtMs: Number.NEGATIVE_INFINITY,
    expiries: new Map(),
    edited: new Map(),
  }));

  function note(cell: LogCell, markers: readonly Marker[], isAll: boolean): number[] {
    const shards = cells.of(cell);
    if (isAll) shards.readAtMs = clock.now();
    newestVersions(markers, shards.edited);
    for (const { sk, expires_at } of markers) {
      const shard = shardOfSortKey(sk);
      if (shard !== undefined) shards.expiries.set(shard, Math.max(expires_at, shards.expiries.get(shard) ?? 0));
    }
    return known(cell);
  }

  function known(cell: LogCell): number[] {
    const now = clock.now();
    const expiries = [...(cells.peek(cell)?.expiries ?? [])];
    return expiries.filter(([, expiresAt]) => expiresAt * 1000 > now).map(([shard]) => shard);
  }

  return {
    async open(cell, shard, expiresAtMs) {
      if (shard === 0 || (cells.of(cell).expiries.get(shard) ?? 0) >= ttlSeconds(expiresAtMs)) return;
      const marker = { ...shardKey(cell, shard), expires_at: ttlSeconds(expiresAtMs + SPARE_MS) };
      // Whether it is written or somebody's lives longer still, it is there for as long as is needed here.
      await requests.putIf({
        Item: marker,
        ConditionExpression: "attribute_not_exists(pk) OR expires_at < :until",
        ExpressionAttributeValues: { ":until": marker.expires_at },
      });
      cells.of(cell).expiries.set(shard, marker.expires_at);
    },

    known,
    note,
    edited: (cell) => cells.peek(cell)?.edited ?? NONE,

    async find(cell, { consistent, always = false }) {
      if (!always && Math.abs(clock.now() - cells.of(cell).readAtMs) <= FRESH_MS) return known(cell);
      const pages = requests.queryPages<Marker>({
        KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
        ExpressionAttributeValues: { ":pk": logPartition(cell), ":from": MARKER_SPAN.from, ":to": MARKER_SPAN.to },
        ConsistentRead: consistent,
      });
      return note(cell, await collect(pages), true);
    },
  };
}
