import { REPORT_LAYERS } from "../../tiles/layers.ts";
import type { RunSql } from "../ports/sql.ts";
import { areasAllowed, ENTITLED_COLUMNS, type Entitled } from "./allowance.ts";
import { type OwnArea, readPolygons, type StoredPolygons } from "./own-area.ts";

/** An area that is to be scored. */
export interface DueArea extends OwnArea {
  /** Whether the account's plan gives it now. */
  readonly isAllowed: boolean;
  readonly isPaused: boolean;
}

export interface ScoredArea {
  readonly id: string;
  /** When it is to be scored again, Unix milliseconds. */
  readonly dueMs: number;
  readonly isPaused: boolean;
}

/** Which own areas are to be scored, in PostgreSQL. */
export interface DueAreaTable {
  /** Areas that are to be scored, from west to east; nobody else is given them for a while. */
  take(limit: number, nowMs: number): Promise<DueArea[]>;
  /** What was missed of an area that goes on being counted is counted again. */
  settle(scored: readonly ScoredArea[], nowMs: number): Promise<void>;
  /** Areas that are counted, and whose days before are not scored. */
  unfilled(limit: number): Promise<string[]>;
  noteFilled(ids: readonly string[]): Promise<void>;
}

/** Whoever took areas and died has them taken away after so long. */
const TAKEN_FOR_MS = 5 * 60_000;

export function createDueAreaTable(sql: RunSql): DueAreaTable {
  return {
    async take(limit, nowMs) {
      const rows = await sql<DueRow>(TAKE_DUE, [new Date(nowMs), new Date(nowMs + TAKEN_FOR_MS), limit]);
      return rows.map(({ id, name, polygons, isPaused, rank, ...entitled }) => {
        return {
          id,
          name,
          polygons: readPolygons(polygons),
          isPaused,
          isAllowed: rank < areasAllowed(entitled, nowMs),
        };
      });
    },

    async settle(scored, nowMs) {
      await sql(SETTLE, [
        scored.map(({ id }) => id),
        scored.map(({ dueMs }) => new Date(dueMs)),
        scored.map(({ isPaused }) => isPaused),
        REPORT_LAYERS,
        nowMs,
        new Date(nowMs),
      ]);
    },

    async unfilled(limit) {
      return (await sql<{ id: string }>(UNFILLED, [limit])).map(({ id }) => id);
    },

    async noteFilled(ids) {
      await sql("UPDATE own_areas SET is_filled = true WHERE id = ANY ($1::text[])", [ids]);
    },
  };
}

interface DueRow extends Entitled, Pick<DueArea, "id" | "name" | "isPaused"> {
  readonly polygons: StoredPolygons;
  readonly rank: number;
}

/** West to east, so that those that share cells are scored one after the other. */
const TAKE_DUE = `
  WITH due AS (
    SELECT id FROM own_areas WHERE due_at <= $1 ORDER BY due_at, west, id LIMIT $3 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE own_areas a SET due_at = $2 FROM due WHERE a.id = due.id
    RETURNING a.id, a.owner, a.number, a.name, a.polygons, a.west, a.is_paused
  )
  SELECT a.id, a.name, a.polygons, a.is_paused AS "isPaused", ${ENTITLED_COLUMNS},
    (SELECT count(*)::int FROM own_areas o WHERE o.owner = a.owner AND o.number < a.number) AS rank
  FROM taken a JOIN users ON users.id = a.owner LEFT JOIN api_subscriptions AS s ON s.user_id = a.owner
  ORDER BY a.west, a.id`;

/** What was counted since an area was taken made it due at once: that stays. */
const SETTLE = `
  WITH scored AS (
    SELECT t.* FROM unnest($1::text[], $2::timestamptz[], $3::boolean[]) AS t (id, due_at, is_paused)
  ), resumed AS (
    SELECT a.id FROM own_areas a JOIN scored ON scored.id = a.id WHERE a.is_paused AND NOT scored.is_paused
  ), settled AS (
    UPDATE own_areas a SET
      due_at = CASE WHEN a.due_at <= $6 THEN a.due_at ELSE scored.due_at END, is_paused = scored.is_paused
    FROM scored WHERE a.id = scored.id
  )
  INSERT INTO own_cells (geohash5, layer, from_ms)
  SELECT DISTINCT c.geohash5, layer, $5::bigint
  FROM resumed JOIN own_area_cells c ON c.area = resumed.id CROSS JOIN unnest($4::text[]) AS layer
  WHERE c.counted <> 15
  ORDER BY 1, 2
  ON CONFLICT (geohash5, layer) DO UPDATE SET
    from_ms = least(own_cells.from_ms, excluded.from_ms), told = DEFAULT, counted_at = '-infinity'`;

const UNFILLED = `
  SELECT id FROM own_areas a
  WHERE NOT is_filled AND NOT is_paused AND NOT EXISTS (SELECT FROM own_area_cells c WHERE c.area = a.id AND c.counted <> 15)
  ORDER BY number LIMIT $1`;
