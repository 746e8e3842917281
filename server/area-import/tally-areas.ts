import { setTimeout as sleep } from "node:timers/promises";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { logCellsOfBox } from "../areas/area-pieces.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { LogCell } from "../ports/report-store.ts";
import type { CellAggregates } from "../pyramid/cell-aggregates.ts";
import type { Compactor, RunOptions } from "../pyramid/compactor.ts";

export interface TallyOptions {
  readonly cellAggregates: CellAggregates;
  readonly compactor: Compactor;
  /** Told how many of the cells are done. */
  onProgress?(cells: number, of: number): void;
}

/** Another compactor, such as that of a running server, is left alone for so long. */
const WAIT_FOR_OTHERS_MS = 500;
const WIDTH = 16;

/**
 * Counts the reports in areas that compactions know of already: compacts all log cells that the areas meet. Whoever compacts keeps the
 * areas up from then on, so it need not be this process that does the work.
 */
export async function tallyAreas(areas: readonly NumberedArea[], options: TallyOptions): Promise<void> {
  const { compactor, onProgress } = options;
  // Whoever is at work may not know of the areas yet, and may be about to write cells that nobody would look for.
  await runUntilDone(compactor, {});
  const also = await cellsMeeting(areas, options);
  await runUntilDone(compactor, { also, ...(onProgress && { onProgress }) });
}

async function runUntilDone(compactor: Compactor, options: RunOptions): Promise<void> {
  while (!(await compactor.run(options)).done) await sleep(WAIT_FOR_OTHERS_MS);
}

/** Log cells that have been compacted, and that areas meet. */
async function cellsMeeting(areas: readonly NumberedArea[], { cellAggregates }: TallyOptions): Promise<LogCell[]> {
  const meeting = new Set(areas.flatMap(({ box }) => logCellsOfBox(box)));
  const geohash4s = new Set([...meeting].map((geohash) => geohash.slice(0, 4)));
  const asked = [...geohash4s].flatMap((geohash4) => REPORT_LAYERS.map((layer) => ({ layer, geohash4 })));
  const found = await mapLimited(asked, WIDTH, async ({ layer, geohash4 }) => {
    const names = (await cellAggregates.read(layer, geohash4, { consistent: true })).keys();
    return [...names].filter((name) => meeting.has(name)).map((geohash5) => ({ layer, geohash5 }));
  });
  return found.flat();
}
