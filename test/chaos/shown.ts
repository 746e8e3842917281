import { mapLimited } from "../../server/kit/map-limited.ts";
import { isTile, type TileAddress, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { requestRaw } from "../kit/request.ts";
import { createTileReader, type ShownFeature } from "../kit/tile-reader.ts";
import { ALONE_FROM_ZOOM, type Area, type PlannedReport } from "./plan.ts";

/** A report that was acknowledged, with where it lies. */
export interface AcknowledgedReport extends PlannedReport {
  readonly id: string;
}

/** One way in which a process shows reports: at a zoom, or in lists. */
export interface View {
  readonly name: string;
  /** What is wrong with it now; undefined when every report is shown once. */
  check(): Promise<Wrong | undefined>;
}

export interface Wrong {
  /** Reports that it shows too few, or too many. */
  readonly missing: number;
  readonly doubled: number;
  /** Those of them that are known by name. */
  readonly ids: readonly string[];
}

/** What one view asks of its process at a time; all views do so at once. */
const WIDTH = 2;
const ZOOMS = Array.from({ length: ALONE_FROM_ZOOM }, (_, z) => z);
/** A cluster lies among its reports, less than this many tile widths from one of them: 50 pixels' radius, and what is stitched. */
const REACH = 0.3;
const REACHES = [-REACH, REACH];

/** All views of a process: tiles of zooms 0 to 16 by their sums, those of the next, where nothing is clustered, by ids, and lists. */
export function viewsOf(url: string, reports: readonly AcknowledgedReport[], areas: readonly Area[]): View[] {
  const tiles = createTileReader(url);
  const sums = ZOOMS.map((z) => ({ name: `z${z}`, check: () => checkSum(tilesAround(reports, z)) }));
  const closest = tilesAround(reports, ALONE_FROM_ZOOM).own;
  const ids = async () => wrongOfIds((await readTiles(closest)).flatMap(idsOf), reports);
  const listed = async () => wrongOfIds((await mapLimited(areas, WIDTH, (area) => list(url, area))).flat(), reports);
  return [...sums, { name: `z${ALONE_FROM_ZOOM} by id`, check: ids }, { name: "lists", check: listed }];

  async function readTiles(of: readonly TileAddress[]): Promise<ShownTile[]> {
    return mapLimited(of, WIDTH, async (tile) => ({ name: nameOf(tile), features: await tiles.read(tile) }));
  }

  /** Clusters lie near their reports, mostly in the same tiles: the ones beside are read when something lacks in these. */
  async function checkSum({ own, beside, of }: TilesAround): Promise<Wrong | undefined> {
    const shown = await readTiles(own);
    if (sumOf(shown) === reports.length) return undefined;
    return wrongOfSums([...(await readTiles(own)), ...(await readTiles(beside))], of, reports);
  }
}

interface ShownTile {
  readonly name: string;
  readonly features: readonly ShownFeature[];
}

interface TilesAround {
  /** Tiles in which reports lie. */
  readonly own: readonly TileAddress[];
  /** Others in which their clusters can be shown. */
  readonly beside: readonly TileAddress[];
  /** Names of the tiles in which a report can be shown, by its id. */
  readonly of: ReadonlyMap<string, readonly string[]>;
}

const nameOf = ({ x, y }: TileAddress): string => `${x}/${y}`;

function tilesAround(reports: readonly AcknowledgedReport[], z: number): TilesAround {
  const own = new Map<string, TileAddress>();
  const near = new Map<string, TileAddress>();
  const of = new Map<string, string[]>();
  const tile = (x: number, y: number): TileAddress => ({ z, x: Math.floor(x), y: Math.floor(y) });
  for (const { id, lon, lat } of reports) {
    const [x, y] = [worldX(lon) * 2 ** z, worldY(lat) * 2 ** z];
    own.set(nameOf(tile(x, y)), tile(x, y));
    const around = REACHES.flatMap((dx) => REACHES.map((dy) => tile(x + dx, y + dy))).filter(isTile);
    for (const each of around) near.set(nameOf(each), each);
    of.set(id, around.map(nameOf));
  }
  const beside = [...near].flatMap(([name, each]) => (own.has(name) ? [] : [each]));
  return { own: [...own.values()], beside, of };
}

const countOf = (features: readonly ShownFeature[]): number => features.reduce((sum, { count }) => sum + count, 0);
const sumOf = (tiles: readonly ShownTile[]): number => tiles.reduce((sum, { features }) => sum + countOf(features), 0);
/** A cluster, of which there should be none, counts as a strange report, and as often as it has reports. */
const idsOf = ({ features }: ShownTile): string[] =>
  features.flatMap(({ id, count }) => new Array<string>(count).fill(id));

function wrongOfSums(
  shown: readonly ShownTile[],
  of: TilesAround["of"],
  reports: readonly AcknowledgedReport[],
): Wrong | undefined {
  const difference = reports.length - sumOf(shown);
  if (difference === 0) return undefined;
  const filled = new Set(shown.flatMap(({ name, features }) => features.map(({ layer }) => `${layer}/${name}`)));
  const isShown = ({ id, layer }: AcknowledgedReport) =>
    of.get(id)?.some((name) => filled.has(`${layer}/${name}`)) ?? false;
  const ids = reports.filter((report) => !isShown(report)).map(({ id }) => id);
  return { missing: Math.max(0, difference), doubled: Math.max(0, -difference), ids };
}

function wrongOfIds(shown: readonly string[], reports: readonly AcknowledgedReport[]): Wrong | undefined {
  const distinct = new Set(shown);
  const stored = new Set(reports.map(({ id }) => id));
  const missing = [...stored].filter((id) => !distinct.has(id));
  const strange = [...distinct].filter((id) => !stored.has(id));
  const doubled = shown.length - distinct.size + strange.length;
  if (missing.length === 0 && doubled === 0) return undefined;
  return { missing: missing.length, doubled, ids: [...missing, ...strange] };
}

interface ReportPage {
  readonly features: readonly { readonly id: string }[];
  readonly next_cursor: string | null;
}

const PAGE = 500;

async function list(url: string, { lon, lat, halfLon, halfLat }: Area): Promise<string[]> {
  const bbox = [lon - halfLon, lat - halfLat, lon + halfLon, lat + halfLat].join();
  const ids: string[] = [];
  for (let cursor = ""; ; ) {
    const { status, body } = await requestRaw(`${url}/api/reports?bbox=${bbox}&limit=${PAGE}&cursor=${cursor}`);
    if (status !== 200) throw new Error(`${status} for the list of ${bbox}`);
    const page = JSON.parse(Buffer.from(body).toString()) as ReportPage;
    for (const { id } of page.features) ids.push(id);
    if (page.next_cursor === null) return ids;
    cursor = page.next_cursor;
  }
}
