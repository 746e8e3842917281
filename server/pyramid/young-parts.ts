import { LRUCache } from "lru-cache";
import { checksum } from "../../tiles/codec/bytes.ts";
import { readReports, writeReports } from "../../tiles/codec/report-codec.ts";
import { readItem, StoredItemError, writeItem } from "../../tiles/codec/stored-item.ts";
import { keptFrom } from "../../tiles/kept.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import {
  allocateColumns,
  mergeAllColumns,
  type ReportColumns,
  rowsBetween,
  rowsMissing,
  rowsUnlike,
  takeRows,
} from "../../tiles/report-columns.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { CompactionPoint } from "./compaction-state.ts";
import { rowsByCell, type UnmergedRows, unmergedBetween } from "./unmerged-rows.ts";

/**
 * Young rows beside the compaction's state. Times are cut to a quarter of an hour, so rows are too young for cell aggregates for as long, and
 * a state that held all of them would be written anew with them every few seconds. Instead each is written once: what has come since the last
 * parts stays in the state, and becomes another part when it is much. A part never changes. Its rows that the cell aggregates
 * have in the meantime are left out by their times; single ones that were edited are named in the state. It goes when the aggregates have all
 * of its rows.
 */
export interface YoungParts {
  /** A point as it is stored, with the rows of its parts; undefined when one is missing or damaged. */
  join(point: CompactionPoint): Promise<CompactionPoint | undefined>;
  /** The same point, when the parts are stored that it needs. To be called before it is stored. */
  extend(point: CompactionPoint): Promise<CompactionPoint>;
  /** A point as it is stored: without the rows of its parts, which `extend` or `join` has seen. */
  stored(point: CompactionPoint): CompactionPoint;
  /** Removes what a point does not need that was there before it. */
  sweep(point: CompactionPoint): Promise<void>;
}

/** Where the rows of a point lie that are not in the state itself. */
export interface PartsOfPoint {
  readonly names: readonly string[];
  /** Rows of parts that do not count any more, or weigh otherwise. */
  readonly gone: UnmergedRows;
}

type RowsOfLayers = ReadonlyMap<ReportLayer, ReportColumns>;
export type PartCache = LRUCache<string, RowsOfLayers>;

const GROUP = "compaction-young";
const VERSION = 1;
/** So many new rows make a part: five write units, where they would take as many with every state. */
const LEAST_ROWS = 256;
/** Rows of an item, 160 KB. */
const MOST_ROWS = 8000;
/** Beyond these, all is written anew. */
const MOST_PARTS = 128;
const MOST_GONE = 2000;
const MOST_CACHED = 400;
const NUMBER_DIGITS = 12;

const NO_ROWS = allocateColumns(0);

export const createPartCache = (): PartCache => new LRUCache({ max: MOST_CACHED });

export interface YoungPartsOptions {
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly cache?: PartCache;
}

export function createYoungParts({ derived, clock, cache = createPartCache() }: YoungPartsOptions): YoungParts {
  async function readMissing(names: readonly string[]): Promise<void> {
    const missing = names.filter((name) => !cache.has(name)).sort();
    if (missing.length === 0) return;
    const range = { from: missing[0] as string, to: missing.at(-1) as string };
    for (const { name, body } of await derived.list(GROUP, { ...range, consistent: true })) {
      if (missing.includes(name)) cache.set(name, decodePart(body, name));
    }
  }

  /** The rows of some parts that a point's cell aggregates lack, by layer; those that are gone as well. */
  function rowsOf(names: readonly string[], point: CompactionPoint): RowsOfLayers {
    const parts = names.map((name) => cache.get(name));
    return byLayer((layer) => {
      const fromMs = keptFrom(layer, point.beforeMs);
      return mergeAllColumns(parts.map((part) => rowsBetween(part?.get(layer) ?? NO_ROWS, fromMs, Infinity)));
    });
  }

  const isNeeded = (name: string, point: CompactionPoint): boolean =>
    [...rowsOf([name], point).values()].some(({ length }) => length > 0);

  async function write(number: number, rows: RowsOfLayers): Promise<string> {
    const body = encodePart(rows);
    const name = `${String(number).padStart(NUMBER_DIGITS, "0")}.${checksum(body).toString(16)}`;
    // One of that name is the same one, of a run that was cut off.
    await derived.put(GROUP, name, body, { expected: undefined, expiresAtMs: clock.now() + REPORT_LIFETIME_MS });
    cache.set(name, rows);
    return name;
  }

  return {
    async join(point) {
      const { names, gone } = point.parts ?? NO_PARTS;
      if (names.length === 0) return point;
      try {
        await readMissing(names);
      } catch (error) {
        if (!(error instanceof StoredItemError)) throw error;
        return undefined;
      }
      if (!names.every((name) => cache.has(name))) return undefined;
      const inParts = rowsOf(names, point);
      const all = byLayer((layer) =>
        mergeAllColumns([
          rowsMissing(inParts.get(layer) ?? NO_ROWS, gone === undefined ? NO_ROWS : rowsIn(gone, layer)),
          rowsIn(point.rows, layer),
        ]),
      );
      return { ...point, rows: rowsByCell(all) };
    },

    async extend(point) {
      const known = (point.parts?.names ?? []).filter((name) => cache.has(name) && isNeeded(name, point));
      const isMuch = known.length > MOST_PARTS || countOf(goneOf(rowsOf(known, point), point)) > MOST_GONE;
      const names = isMuch ? [] : known;
      const inParts = rowsOf(names, point);
      const young = byLayer((layer) => {
        const all = rowsBetween(rowsIn(point.rows, layer), keptFrom(layer, point.beforeMs), Infinity);
        return rowsUnlike(all, inParts.get(layer) ?? NO_ROWS);
      });
      const written: string[] = [];
      if (countOf(young) >= LEAST_ROWS)
        for (const piece of piecesOf(young)) written.push(await write(point.number, piece));
      const all = [...new Set([...names, ...written])];
      const { parts: _, ...rest } = point;
      if (all.length === 0) return rest;
      return { ...rest, parts: { names: all, gone: rowsByCell(goneOf(rowsOf(all, point), point)) } };
    },

    stored(point) {
      const inParts = rowsOf(point.parts?.names ?? [], point);
      if (countOf(inParts) === 0) return point;
      return {
        ...point,
        rows: rowsByCell(byLayer((layer) => rowsUnlike(rowsIn(point.rows, layer), inParts.get(layer) ?? NO_ROWS))),
      };
    },

    async sweep({ number, parts }) {
      const names = new Set(parts?.names);
      const left = (await derived.list(GROUP, { consistent: true })).filter(
        ({ name }) => !names.has(name) && Number(name.slice(0, NUMBER_DIGITS)) < number,
      );
      if (left.length > 0) await derived.remove(GROUP, left);
    },
  };
}

const NO_PARTS = { names: [], gone: undefined };

const byLayer = (rowsOf: (layer: ReportLayer) => ReportColumns): RowsOfLayers =>
  new Map(REPORT_LAYERS.map((layer) => [layer, rowsOf(layer)]));

const rowsIn = (rows: UnmergedRows, layer: ReportLayer): ReportColumns => unmergedBetween(rows.under(layer, ""), "", 0);

const countOf = (rows: RowsOfLayers): number => [...rows.values()].reduce((sum, { length }) => sum + length, 0);

/** Rows of parts that a point does not have, or has with another weight. */
const goneOf = (inParts: RowsOfLayers, { rows }: CompactionPoint): RowsOfLayers =>
  byLayer((layer) => rowsUnlike(inParts.get(layer) ?? NO_ROWS, rowsIn(rows, layer)));

/** As many as an item takes, each. */
function piecesOf(rows: RowsOfLayers): RowsOfLayers[] {
  if (countOf(rows) <= MOST_ROWS) return [rows];
  return [...rows].flatMap(([layer, all]) => {
    const pieces: RowsOfLayers[] = [];
    for (let from = 0; from < all.length; from += MOST_ROWS)
      pieces.push(new Map([[layer, takeRows(all, from, Math.min(all.length, from + MOST_ROWS))]]));
    return pieces;
  });
}

export function encodePart(rows: RowsOfLayers): Uint8Array<ArrayBuffer> {
  return writeItem("young-rows", VERSION, (out) => {
    for (const layer of REPORT_LAYERS) writeReports(out, rows.get(layer) ?? NO_ROWS, "");
  });
}

/** @throws StoredItemError when the bytes are not a whole item of this kind */
export function decodePart(body: Uint8Array, name: string): RowsOfLayers {
  return readItem("young-rows", VERSION, `${GROUP} ${name}`, body, (from) => byLayer(() => readReports(from, "")));
}
