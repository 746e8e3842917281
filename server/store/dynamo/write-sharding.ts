import type { Clock } from "../../ports/clock.ts";
import type { LogCell } from "../../ports/report-store.ts";
import { MAX_SHARDS } from "../keys.ts";
import { createRecentCells } from "./recent.ts";

/**
 * Decides over how many partitions this process spreads a cell's new rows. DynamoDB takes 1 000 write units a second of a
 * partition key, and does not split one whose sort keys only ever increase.
 */
export interface WriteSharding {
  /** Counts a row that is about to be written to a cell, and returns the number of shards, 1 unless the cell is hot. */
  add(cell: LogCell): number;
  /** DynamoDB refused a row because its partition is too hot, whoever else writes there. */
  throttled(cell: LogCell): void;
}

/** A cell counts as hot by its rows of about this long: a burst of a second is not worth what shards cost its readers. */
const MEMORY_MS = 5000;
/** Rows that DynamoDB refused tell of other processes' writes, which this one cannot count; so it remembers them longer. */
const THROTTLED_MS = 60_000;

interface CellLoad {
  /** Rows, each fading by 1/e in MEMORY_MS: a steady rate of r rows a second comes to r * MEMORY_MS / 1000. */
  rows: number;
  atMs: number;
  shards: number;
  leastShards: number;
  leastUntilMs: number;
}

export function createWriteSharding({ clock, rowsPerSecond }: { clock: Clock; rowsPerSecond: number }): WriteSharding {
  const cells = createRecentCells<CellLoad>(() => ({
    rows: 0,
    atMs: clock.now(),
    shards: 1,
    leastShards: 1,
    leastUntilMs: 0,
  }));
  const rowsPerShard = (rowsPerSecond * MEMORY_MS) / 1000;

  return {
    add(cell) {
      const sharding = cells.of(cell);
      const now = clock.now();
      sharding.rows = sharding.rows * Math.exp(-Math.max(0, now - sharding.atMs) / MEMORY_MS) + 1;
      sharding.atMs = now;
      if (now >= sharding.leastUntilMs) sharding.leastShards = 1;
      sharding.shards = Math.max(sharding.leastShards, shardsFor(sharding.rows / rowsPerShard));
      return sharding.shards;
    },

    throttled(cell) {
      const sharding = cells.of(cell);
      sharding.leastShards = Math.min(MAX_SHARDS, 2 * sharding.shards);
      sharding.leastUntilMs = clock.now() + THROTTLED_MS;
    },
  };
}

/** The power of two that brings a load under 1 a shard. */
function shardsFor(load: number): number {
  let shards = 1;
  while (shards < load && shards < MAX_SHARDS) shards *= 2;
  return shards;
}
