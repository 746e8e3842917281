import { REPORT_LAYERS } from "../../tiles/layers.ts";
import type { AreaSource, FoundArea } from "../areas/find-area.ts";
import { DAY_MS, formatDay, startOfDay } from "../kit/utc-time.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { listArea } from "../reports/area-reports.ts";
import { regionOfArea } from "../reports/region-of-area.ts";
import { scoreArea } from "./area-scores.ts";
import { type CardHistory, changeSince, type ScoreCard, type ScoreCardOptions } from "./score-card.ts";
import type { ScoreHistory } from "./score-history.ts";

/** Everything about one area. */
export interface AreaCard extends Omit<ScoreCard, "city"> {
  readonly found: FoundArea;
  /** When counts and scores hold exactly, Unix milliseconds. */
  readonly asOfMs: number;
}

export interface AreaCardOptions extends Omit<ScoreCardOptions, "pyramid" | "history"> {
  readonly pyramid: Pick<Pyramid, "outlines" | "reports" | "areaReports">;
  readonly areas: { readonly shapes: Pick<AreaSource["shapes"], "meeting"> };
  /** By the areas' ids. Without it there is no history. */
  readonly history?: ScoreHistory;
}

const LATEST = 5;
const SERIES_DAYS = 30;

/** Reads the card of an area: both databases at once. @throws StoreUnavailableError */
export async function readAreaCard(options: AreaCardOptions, found: FoundArea): Promise<AreaCard> {
  const { clock } = options;
  const asOfMs = clock.now();
  const [{ scored, counts }, latest, days] = await Promise.all([
    readScores(options, found, asOfMs),
    readLatest(options, found),
    readDays(options, found.area.id),
  ]);
  const history: CardHistory | undefined = days && {
    days: days.slice(-SERIES_DAYS),
    change7d: changeSince(days, scored, asOfMs - 7 * DAY_MS),
  };
  return { found, asOfMs, cell: scored, counts, latest, history };
}

async function readScores({ pyramid }: AreaCardOptions, { of, area }: FoundArea, atMs: number) {
  const reports = await pyramid.areaReports(of, [area], atMs);
  return scoreArea(area.id, reports.get(area.number) ?? {});
}

async function readLatest(options: AreaCardOptions, found: FoundArea) {
  const area = await regionOfArea(options.areas.shapes, found);
  const query = { area, layers: REPORT_LAYERS, limit: LATEST, endAfter: Infinity };
  return (await listArea(options, query)).reports;
}

/** Days before today. */
async function readDays({ history, clock, log }: AreaCardOptions, id: string) {
  const today = formatDay(clock.now());
  try {
    const days = await history?.read(id, startOfDay(clock.now()) - SERIES_DAYS * DAY_MS);
    return days?.filter(({ day }) => day < today);
  } catch (error) {
    log.debug("area card without history", { error });
    return undefined;
  }
}
