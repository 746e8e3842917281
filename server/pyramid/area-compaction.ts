import { boxesMeet, boxOfBounds } from "../../tiles/areas/area.ts";
import { type AreaTally, encodeAreaTally } from "../../tiles/codec/area-tally-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
import { type AreaSets, type AreaSetVersion, keptUpVersions, keyOfVersion } from "../areas/area-sets.ts";
import { type AreaShapes, type AreasNear, isLost } from "../areas/area-shapes.ts";
import type { Log } from "../console/log.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../ports/derived-store.ts";
import type { LogCell } from "../ports/report-store.ts";
import { decodeTally, tallyGroup, tallyName } from "./area-tallies.ts";
import { areasOfRows, makeTally } from "./area-tally.ts";
import { OvertakenError } from "./cell-aggregates.ts";

/**
 * Keeps up the tallies of areas: of each version of a set that is read, or will be, and each log cell that its areas meet. They are made
 * from the cell's rows, which a compaction has in its hands, before the cell aggregate is written; so whoever reads a cell
 * aggregate of some time finds tallies of that time, or a later one.
 */
export interface AreaCompaction {
  /** Learns which versions there are. To be called when a plan is in force: a version that was there before it is kept up by it. */
  refresh(): Promise<void>;
  /** To be called before a cell's rows are read: what is written for the last of two compactors must have been seen by it. */
  open(cell: LogCell): Promise<OpenTallies>;
}

export interface OpenTallies {
  /**
   * Writes what the rows come to. Returns when that is due again, Unix milliseconds; undefined when another compactor was faster: open
   * again.
   * @throws OvertakenError when what is there is of a later time
   */
  write(rows: ReportColumns, options: WriteOptions): Promise<number | undefined>;
}

export interface WriteOptions {
  /** The rows are all that were created before. */
  readonly beforeMs: number;
  readonly atMs: number;
  /** Whether another version must be written though its bytes be the same, even an empty one; see `RewriteOptions` of cell aggregates. */
  readonly isAnew: boolean;
}

export interface AreaCompactionOptions {
  readonly derived: DerivedStore;
  readonly sets: AreaSets;
  readonly shapes: AreaShapes;
  readonly clock: Clock;
  readonly log: Log;
}

/** Before its ages can no more be told: by then the cell's turn comes, as if ages in its cell aggregate were wrong. */
const REMAKE_BEFORE_MS = 75 * 60_000;

const WIDTH = 4;

export function createAreaCompaction({ derived, sets, shapes, clock, log }: AreaCompactionOptions): AreaCompaction {
  let versions: readonly AreaSetVersion[] = [];

  /** Undefined when the areas are lost: reports must be compacted all the same. */
  async function readNear(of: AreaSetVersion, cell: LogCell): Promise<AreasNear | undefined> {
    try {
      return await shapes.near(of, cell.geohash5);
    } catch (error) {
      if (!isLost(error)) throw error;
      log.warn("areas damaged or missing: import them again", { areas: keyOfVersion(of), error });
      return undefined;
    }
  }

  /** Undefined where no area of the version meets the cell. */
  async function openOne(of: AreaSetVersion, cell: LogCell): Promise<Opened | undefined> {
    const near = await readNear(of, cell);
    if (near === undefined || near.areas.length === 0) return undefined;
    const group = tallyGroup(of, cell.geohash5);
    return { group, near, item: await derived.get(group, tallyName(cell), { consistent: true }) };
  }

  async function writeOne({ group, near, item }: Opened, cell: LogCell, rows: ReportColumns, options: WriteOptions) {
    const { beforeMs, isAnew } = options;
    const known = item && knownTally(item, cell, group);
    // A time to come was told by a clock that is wrong.
    if (known !== undefined && known.beforeMs > beforeMs && known.beforeMs <= clock.now())
      throw new OvertakenError(`${group} ${tallyName(cell)}`);
    const areaOfRow = areasOfRows(rows, near);
    const isRight = (tally: AreaTally): boolean =>
      sameBytes(item?.body, encodeAreaTally(makeTally(rows, areaOfRow, tally)));
    // Time alone is no reason to write it: it tells ages until it is due.
    if (!isAnew && known !== undefined && clock.now() < dueOf(known) && isRight(known)) return dueOf(known);
    const tally = makeTally(rows, areaOfRow, options);
    if (tally.parts.length === 0 && !isAnew) {
      if (item !== undefined) await derived.remove(group, [item]);
      return dueOf(tally);
    }
    const newestMs = rows.length === 0 ? clock.now() : (rows.createdAtMs[rows.length - 1] as number);
    const condition = { expected: item?.version, expiresAtMs: newestMs + REPORT_LIFETIME_MS };
    const body = encodeAreaTally(tally);
    return (await derived.put(group, tallyName(cell), body, condition)) ? dueOf(tally) : undefined;
  }

  return {
    async refresh() {
      versions = keptUpVersions(await sets.read({ consistent: true }), clock.now());
    },

    async open(cell) {
      const box = boxOfBounds(cellBounds(cell.geohash5));
      const meeting = versions.filter(({ version }) => boxesMeet(version.box, box));
      const opened = await mapLimited(meeting, WIDTH, (of) => openOne(of, cell));
      return {
        async write(rows, options) {
          const dueMs = await mapLimited(
            opened.filter((one) => one !== undefined),
            WIDTH,
            (one) => writeOne(one, cell, rows, options),
          );
          return dueMs.every((due) => due !== undefined) ? Math.min(Infinity, ...dueMs) : undefined;
        },
      };
    },
  };
}

interface Opened {
  readonly group: string;
  readonly near: AreasNear;
  readonly item: DerivedItem | undefined;
}

const dueOf = ({ untilMs }: AreaTally): number => untilMs - REMAKE_BEFORE_MS;

/** Undefined when it is damaged. */
function knownTally(item: DerivedItem, cell: LogCell, group: string) {
  try {
    return decodeTally(item, cell, group);
  } catch (error) {
    if (!(error instanceof StoredItemError)) throw error;
    return undefined;
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && a.every((byte, i) => byte === b[i]);
}
