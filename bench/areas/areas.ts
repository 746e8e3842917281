import { type Check, printChecks, printTable, writeResults } from "../../test/kit/output.ts";
import type { Area } from "../../tiles/areas/area.ts";
import { areasOfFile, gridOfAreas, openAreaCity, reportsOf } from "./area-city.ts";
import { measurePosts, type PostCost } from "./area-posts.ts";
import { measureZooms, type ZoomCost } from "./area-tiles.ts";
import { measureOwnAreas, type OwnAreaCost } from "./own-areas.ts";

const NOW_MS = Date.UTC(2026, 5, 1, 12, 3);
const REPORTS = 200_000;
const FEW_REPORTS = 20_000;
/** A city's neighbourhoods, and the most areas that are promised. */
const [FEW_SIDE, MANY_SIDE] = [6, 70];
const MOST_RATIO = 3;
const MOST_MORE = 10;
/** So many accounts have the same areas. */
const OWN_TIMES = [1, 10];
/** An hour, so that what ages is in it; with `--small` twenty minutes. */
const [ROUNDS, FEW_ROUNDS] = [12, 4];

/**
 * `--file FILE [--name PROPERTY]`: real borders of San Francisco in place of 36 made-up areas. `--only tiles`, `posts` or `own`: that part.
 * `--small`: of reports only the two dearest cases, and for a shorter time.
 */
export async function run(args: readonly string[]): Promise<void> {
  const option = (name: string): string | undefined =>
    args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : undefined;
  const [file, only] = [option("file"), option("only")];
  const few = file === undefined ? gridOfAreas(FEW_SIDE) : await areasOfFile(file, option("name") ?? "name");
  const many = gridOfAreas(MANY_SIDE);
  const isAsked = (part: string) => only === undefined || only === part;
  const tiles = isAsked("tiles") ? [await measureTiles(few), await measureTiles(many)] : [];
  const posts = isAsked("posts") ? await measureAllPosts(few, many, args.includes("--small")) : [];
  const own = isAsked("own") ? await measureOwn(few) : [];
  const checks = [...tiles.flatMap(tileChecks), ...posts.map(postCheck), ...own.map(ownCheck)];
  printChecks("budgets of areas", checks);
  writeResults("areas", { checks, tiles, posts, own });
}

async function measureOwn(areas: readonly Area[]): Promise<OwnAreaCost[]> {
  const reports = reportsOf(REPORTS, NOW_MS);
  const costs: OwnAreaCost[] = [];
  for (const times of OWN_TIMES) costs.push(await measureOwnAreas(reports, areas, { times, nowMs: NOW_MS }));
  printTable(
    `own areas among ${REPORTS} reports, and 1200 more in an hour: of each area`,
    ["areas", "first units", "units an hour", "CPU ms", "statements", "write units a report", "card units", "CPU ms"],
    costs.map((cost) => [
      cost.areas,
      cost.firstUnits,
      cost.hourUnits,
      cost.hourCpuMs,
      cost.hourStatements,
      cost.moreWriteUnits,
      cost.cardUnits,
      cost.cardCpuMs,
    ]),
  );
  return costs;
}

const ownCheck = ({ areas, moreWriteUnits }: OwnAreaCost): Check => ({
  what: `write units of a report that ${areas} own areas are the cause of`,
  limit: "0",
  found: String(moreWriteUnits),
  met: moreWriteUnits === 0,
});

interface Tiles {
  readonly areas: number;
  readonly zooms: readonly ZoomCost[];
}

async function measureTiles(areas: readonly Area[]): Promise<Tiles> {
  const reports = reportsOf(REPORTS, NOW_MS);
  const city = await openAreaCity(reports, areas, NOW_MS);
  const zooms = await measureZooms(city, reports, 0);
  printTable(
    `cold tiles of ${areas.length} areas among ${REPORTS} reports, beside the layer safety: the costliest of each zoom`,
    ["zoom", "units", "safety", "ratio", "requests", "safety", "trips", "CPU ms", "safety", "ratio", "KB"],
    zooms.map(({ z, areas: a, report: r, readRatio, cpuRatio }) => [
      `z${z}`,
      a.read,
      r.read,
      readRatio,
      a.requests,
      r.requests,
      a.roundTrips,
      a.cpuMs,
      r.cpuMs,
      cpuRatio,
      a.bytes / 1024,
    ]),
  );
  return { areas: areas.length, zooms };
}

async function measureAllPosts(few: readonly Area[], many: readonly Area[], isSmall: boolean) {
  const large = reportsOf(REPORTS, NOW_MS);
  const small = reportsOf(FEW_REPORTS, NOW_MS);
  const dearest = [[large, few, 100] as const, [large, many, 100] as const];
  const cases = isSmall ? dearest : [...dearest, [small, few, 100] as const, [large, few, 1000] as const];
  const rounds = isSmall ? FEW_ROUNDS : ROUNDS;
  const posts: (PostCost & { areas: number })[] = [];
  for (const [reports, areas, traffic] of cases) {
    const cost = await measurePosts(reports, areas, { traffic, rounds, nowMs: NOW_MS });
    posts.push({ ...cost, areas: areas.length });
    console.log(`${areas.length} areas, ${traffic} of ${reports.length}: ${cost.without} and ${cost.withAreas} units`);
  }
  printTable(
    "write units of a report, compacted every five minutes",
    ["areas", "reports", "in five minutes", "without", "with areas", "% more"],
    posts.map(({ areas, reports, traffic, without, withAreas, more }) => [
      String(areas),
      reports,
      traffic,
      without,
      withAreas,
      more,
    ]),
  );
  return posts;
}

function tileChecks({ areas, zooms }: Tiles): Check[] {
  const check = (what: string, of: (zoom: ZoomCost) => number): Check => {
    const over = zooms.filter((zoom) => of(zoom) > MOST_RATIO).map(({ z }) => z);
    const found = Math.max(...zooms.map(of)).toFixed(1);
    return {
      what: `cold tile of ${areas} areas: ${what}, times a report tile's`,
      limit: String(MOST_RATIO),
      found: over.length === 0 ? found : `${found} (over at z${over.join(" ")})`,
      met: over.length === 0,
    };
  };
  return [check("read units", ({ readRatio }) => readRatio), check("CPU", ({ cpuRatio }) => cpuRatio)];
}

const postCheck = ({ areas, reports, traffic, more }: PostCost & { areas: number }): Check => ({
  what: `a report's write units with ${areas} areas, ${reports} reports, ${traffic} in five minutes`,
  limit: `${MOST_MORE}% more`,
  found: `${more.toFixed(1)}%`,
  met: more <= MOST_MORE,
});
