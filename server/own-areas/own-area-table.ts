import { boundsOfBox } from "../../tiles/areas/area.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { makeOwnAreaId } from "../areas/own-area-id.ts";
import { DatabaseUnavailableError, type Sql } from "../ports/sql.ts";
import { areasAllowed, ENTITLED_COLUMNS, type Entitled } from "./allowance.ts";
import { type OwnArea, type OwnAreaDraft, readPolygons, type StoredPolygons, storedPolygons } from "./own-area.ts";

/** `paused`: it is beyond what the account's plan gives, and not counted. */
export type OwnAreaState = "counting" | "ready" | "paused";

export interface ListedOwnArea {
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Degrees. */
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  readonly state: OwnAreaState;
}

export interface OwnAreaList {
  /** In the order in which they came. */
  readonly areas: readonly ListedOwnArea[];
  /** So many the account may have. */
  readonly limit: number;
}

/** What an account does with its own areas. Every statement names the owner: nobody else's area is found, changed or told of. */
export interface OwnAreaTable {
  list(owner: string, nowMs: number): Promise<OwnAreaList>;
  /** Adds all of them, or none: `full` where the plan does not give so many more. @returns their ids, in their order */
  add(owner: string, drafts: readonly OwnAreaDraft[], nowMs: number): Promise<readonly string[] | "full">;
  /** False when the owner has no such area. */
  rename(owner: string, id: string, name: string): Promise<boolean>;
  /** Removes an area with all that was counted of it. False when the owner has no such area. */
  remove(owner: string, id: string): Promise<boolean>;
  /** Undefined when the owner has no such area. */
  find(owner: string, id: string, nowMs: number): Promise<FoundOwnArea | undefined>;
  /** All that is held of the owner's areas but counts, for who asks for all that is held of an account. */
  all(owner: string): Promise<readonly (OwnArea & Pick<ListedOwnArea, "createdAt">)[]>;
}

export interface FoundOwnArea extends OwnArea {
  readonly isPaused: boolean;
}

/** Uploads at once may choose the same place. */
const MOST_TRIES = 4;
const UNIQUE_VIOLATION = "23505";
const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === UNIQUE_VIOLATION;

export function createOwnAreaTable(sql: Sql): OwnAreaTable {
  async function limitOf(owner: string, nowMs: number): Promise<number> {
    const [row] = await sql.query(READ_ENTITLED, [owner]);
    return row === undefined ? 0 : areasAllowed(row as unknown as Entitled, nowMs);
  }

  return {
    async list(owner, nowMs) {
      const limit = await limitOf(owner, nowMs);
      const rows = (await sql.query(LIST, [owner])) as unknown as readonly ListRow[];
      return { limit, areas: rows.map((row, rank) => listedOf(row, rank < limit)) };
    },

    async add(owner, drafts, nowMs) {
      const limit = await limitOf(owner, nowMs);
      const ids = drafts.map(makeOwnAreaId);
      const values = [owner, limit, new Date(nowMs), nowMs, REPORT_LAYERS, ids, ...columnsOf(drafts, ids)];
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        try {
          const [row] = await sql.query(ADD, values);
          return row?.added === drafts.length ? ids : "full";
        } catch (error) {
          if (!isUniqueViolation(error)) throw error;
        }
      }
      throw new DatabaseUnavailableError("This account's areas are being changed by others");
    },

    async rename(owner, id, name) {
      return (await sql.query(RENAME, [owner, id, name])).length > 0;
    },

    async remove(owner, id) {
      return (
        (await sql.query("DELETE FROM own_areas WHERE owner = $1 AND id = $2 RETURNING id", [owner, id])).length > 0
      );
    },

    async find(owner, id, nowMs) {
      const [row] = (await sql.query(FIND, [owner, id])) as unknown as readonly FindRow[];
      if (row === undefined) return undefined;
      const { name, polygons, rank, ...entitled } = row;
      return { id, name, polygons: readPolygons(polygons), isPaused: rank >= areasAllowed(entitled, nowMs) };
    },

    async all(owner) {
      const rows = (await sql.query(ALL, [owner])) as unknown as readonly AllRow[];
      return rows.map(({ polygons, createdAt, ...area }) => {
        return { ...area, polygons: readPolygons(polygons), createdAt: createdAt.toISOString() };
      });
    },
  };
}

interface ListRow extends Omit<ListedOwnArea, "createdAt" | "state"> {
  readonly createdAt: Date;
  readonly isWhole: boolean;
}

const listedOf = ({ createdAt, isWhole, ...area }: ListRow, isAllowed: boolean): ListedOwnArea => ({
  ...area,
  createdAt: createdAt.toISOString(),
  state: isAllowed ? (isWhole ? "ready" : "counting") : "paused",
});

interface FindRow extends Entitled {
  readonly name: string;
  readonly polygons: StoredPolygons;
  /** How many of the owner's came before. */
  readonly rank: number;
}

interface AllRow extends Pick<OwnArea, "id" | "name">, Pick<FindRow, "polygons">, Pick<ListRow, "createdAt"> {}

function columnsOf(drafts: readonly OwnAreaDraft[], ids: readonly string[]): unknown[] {
  const boxes = drafts.map(({ box }) => boundsOfBox(box));
  return [
    drafts.map(({ name }) => name),
    drafts.map(({ polygons }) => storedPolygons(polygons)),
    boxes.map(({ west }) => west),
    boxes.map(({ south }) => south),
    boxes.map(({ east }) => east),
    boxes.map(({ north }) => north),
    drafts.flatMap(({ cells }, i) => cells.map(() => ids[i])),
    drafts.flatMap(({ cells }) => cells),
  ];
}

const ALL = `
  SELECT id, name, polygons, created_at AS "createdAt" FROM own_areas WHERE owner = $1 ORDER BY number LIMIT 1000`;

const READ_ENTITLED = `
  SELECT ${ENTITLED_COLUMNS} FROM users LEFT JOIN api_subscriptions AS s ON s.user_id = users.id WHERE users.id = $1`;

const LIST = `
  SELECT id, name, west, south, east, north, created_at AS "createdAt",
    is_filled AND NOT is_paused AND NOT EXISTS (SELECT FROM own_area_cells c WHERE c.area = own_areas.id AND c.counted <> 15)
      AS "isWhole"
  FROM own_areas WHERE owner = $1 ORDER BY number LIMIT 1000`;

/**
 * All areas, on the lowest places that are free, or none. Where another upload took one of these a moment ago it fails as a whole. The cells
 * that they meet are told from then on, and are counted first.
 */
const ADD = `
  WITH free AS (
    SELECT slot, row_number() OVER (ORDER BY slot) AS at FROM generate_series(1, $2::int) AS slot
    WHERE NOT EXISTS (SELECT FROM own_areas o WHERE o.owner = $1 AND o.slot = slot.slot)
  ), wanted AS (
    SELECT * FROM unnest($6::text[], $7::text[], $8::text[], $9::float8[], $10::float8[], $11::float8[], $12::float8[])
      WITH ORDINALITY AS t (id, name, polygons, west, south, east, north, at)
  ), added AS (
    INSERT INTO own_areas (id, owner, slot, name, polygons, west, south, east, north, created_at)
    SELECT id, $1, free.slot, name, polygons::jsonb, west, south, east, north, $3
    FROM wanted JOIN free USING (at)
    WHERE (SELECT count(*) FROM free) >= (SELECT count(*) FROM wanted)
    ORDER BY at
    RETURNING id
  ), met AS (
    SELECT t.area, t.geohash5 FROM unnest($13::text[], $14::text[]) AS t (area, geohash5) JOIN added ON id = t.area
  ), cells AS (
    INSERT INTO own_area_cells (area, geohash5) SELECT area, geohash5 FROM met
  ), told AS (
    INSERT INTO own_cells (geohash5, layer, from_ms)
    SELECT geohash5, layer, $4::bigint FROM (SELECT DISTINCT geohash5 FROM met) AS each CROSS JOIN unnest($5::text[]) AS layer
    ORDER BY geohash5, layer
    ON CONFLICT (geohash5, layer) DO UPDATE SET
      from_ms = least(own_cells.from_ms, excluded.from_ms), told = DEFAULT, counted_at = '-infinity'
  )
  SELECT count(*)::int AS added FROM added`;

const RENAME = "UPDATE own_areas SET name = $3 WHERE owner = $1 AND id = $2 RETURNING id";

const FIND = `
  SELECT a.name, a.polygons, ${ENTITLED_COLUMNS},
    (SELECT count(*)::int FROM own_areas o WHERE o.owner = a.owner AND o.number < a.number) AS rank
  FROM own_areas a JOIN users ON users.id = a.owner LEFT JOIN api_subscriptions AS s ON s.user_id = a.owner
  WHERE a.owner = $1 AND a.id = $2`;
