import { type BoxE6, boxesMeet } from "../../tiles/areas/area.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { EXACT_LEVEL } from "../areas/area-pieces.ts";
import { type AreaSetVersion, keyOfSet } from "../areas/area-sets.ts";
import type { AreaSource, FoundArea } from "../areas/find-area.ts";
import type { Clock } from "../ports/clock.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { type AreaScores, scoreArea } from "./area-scores.ts";

/** Which areas are asked for; everything given must hold. */
export interface AreaListQuery {
  readonly city?: string;
  readonly kind?: string;
  /** Areas whose boxes meet it. */
  readonly box?: BoxE6;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** Whether their corners are wanted. */
  readonly withCorners: boolean;
}

export interface ListedArea extends FoundArea {
  readonly scores: AreaScores;
}

export interface AreaPage {
  /** By set, and then by id. */
  readonly areas: readonly ListedArea[];
  /** When counts and scores hold exactly, Unix milliseconds. */
  readonly asOfMs: number;
  readonly nextCursor?: string;
}

export interface AreaListOptions {
  readonly areas: AreaSource;
  readonly pyramid: Pick<Pyramid, "areaReports">;
  readonly clock: Clock;
}

/** Between the set and the id of a cursor; neither has one. */
const SEPARATOR = "~";

/** Lists areas with their scores, a page at a time. */
export async function listAreas(options: AreaListOptions, query: AreaListQuery): Promise<AreaPage> {
  const { areas: source, clock } = options;
  const [afterSet = "", afterId = ""] = query.cursor?.split(SEPARATOR) ?? [];
  const found: FoundArea[] = [];
  for (const of of await source.catalogue.live()) {
    const key = keyOfSet(of.set);
    if (!isWanted(of, query) || key < afterSet || found.length > query.limit) continue;
    const after = key === afterSet ? afterId : "";
    // One more than a page takes tells whether there is a next one.
    found.push(...(await areasOf(source, of, { ...query, after, limit: query.limit + 1 - found.length })));
  }
  const page = found.slice(0, query.limit);
  const asOfMs = clock.now();
  const scored = await withScores(options, page, asOfMs);
  const last = page.at(-1);
  const isMore = found.length > page.length && last !== undefined;
  return {
    areas: scored,
    asOfMs,
    ...(isMore && { nextCursor: `${keyOfSet(last.of.set)}${SEPARATOR}${last.area.id}` }),
  };
}

const isWanted = ({ set, version }: AreaSetVersion, { city, kind, box }: AreaListQuery): boolean =>
  (city === undefined || set.city.id === city) &&
  (kind === undefined || set.kind === kind) &&
  (box === undefined || boxesMeet(version.box, box));

async function areasOf(
  { shapes }: AreaSource,
  of: AreaSetVersion,
  { box, after, limit, withCorners }: AreaListQuery & { readonly after: string },
): Promise<FoundArea[]> {
  let areas: NumberedArea[];
  if (box !== undefined)
    areas = (await shapes.meeting(of, box, EXACT_LEVEL)).filter(({ id }) => id > after).slice(0, limit);
  else {
    areas = await shapes.list(of, after, limit);
    if (withCorners) areas = await withCornersOf(shapes, of, areas);
  }
  return areas.map((area) => ({ of, area }));
}

/** What the list of all areas leaves out. */
async function withCornersOf(
  shapes: AreaSource["shapes"],
  of: AreaSetVersion,
  areas: readonly NumberedArea[],
): Promise<NumberedArea[]> {
  const [first] = areas;
  if (first === undefined) return [];
  const box = areas.reduce(
    (all, { box: { west, south, east, north } }) => ({
      west: Math.min(all.west, west),
      south: Math.min(all.south, south),
      east: Math.max(all.east, east),
      north: Math.max(all.north, north),
    }),
    first.box,
  );
  const wanted = new Set(areas.map(({ number }) => number));
  return (await shapes.meeting(of, box, EXACT_LEVEL)).filter(({ number }) => wanted.has(number));
}

async function withScores(
  { pyramid }: AreaListOptions,
  page: readonly FoundArea[],
  atMs: number,
): Promise<ListedArea[]> {
  const bySet = Map.groupBy(page, ({ of }) => of);
  const scored = await Promise.all(
    [...bySet].map(async ([of, found]) => {
      const reports = await pyramid.areaReports(
        of,
        found.map(({ area }) => area),
        atMs,
      );
      return found.map((each) => ({ ...each, scores: scoreArea(each.area.id, reports.get(each.area.number) ?? {}) }));
    }),
  );
  return scored.flat();
}
