import { type Check, formatCell, printTable } from "../../test/kit/output.ts";
import { barChart, lineChart } from "../kit/chart.ts";
import type { Slope } from "../kit/slope.ts";
import type { Installation } from "./local-contestant.ts";
import { endure } from "./local-endurance.ts";
import { type ImportFigures, importCity } from "./local-import.ts";
import { type LoadFigures, measureWarmTiles } from "./local-load.ts";
import type { Plan } from "./local-plan.ts";
import type { PostGis } from "./local-postgis.ts";
import { measurePosts, type PostFigures } from "./local-posts.ts";
import {
  type ColdSeries,
  measureColdTiles,
  measureFirstStart,
  measurePostGisTiles,
  ratiosOf,
  type ZoomFigures,
} from "./local-tiles.ts";

/** Figures of a part, the targets that they are held against, and charts by name. */
export interface Findings {
  readonly figures: object;
  readonly checks?: readonly Check[];
  readonly charts?: Readonly<Record<string, string>>;
}

/** Who is measured, the embedded store first; no PostGIS where there is none. */
export interface Contestants {
  readonly here: Installation;
  readonly emulator: Installation;
  readonly postgis: PostGis | undefined;
}

const STORED_PER_SECOND = 20_000;
const RIGHT_PER_SECOND = 10_000;
/** Up to this zoom tiles are made of aggregates, which PostGIS does not keep. */
const WIDE_ZOOM = 13;
const WIDE_RATIO = 10;
const POST_MS = 1.5;
const MB_PER_MINUTE = 1;
const DESCRIPTORS_A_MINUTE = 0.1;

const named = (installation: Installation) =>
  installation.name === "embedded" ? "here" : `emulator, ${formatCell(installation.city.rows)}`;

/** Fills all stores. */
export async function importStage({ here, emulator, postgis }: Contestants, plan: Plan): Promise<Findings> {
  const imports: Record<string, ImportFigures> = { here: await importCity(here.city, here.settings) };
  if (postgis !== undefined) imports.PostGIS = await postgis.import(here.city);
  imports[named(emulator)] = await importCity(emulator.city, emulator.settings);
  printTable(
    "import of a file: until stored, until every zoom is right; the importing process",
    ["", "rows", "s", "rows/s", "s", "rows/s", "peak MB", "CPU s"],
    Object.entries(imports).map(([name, i]) => {
      const rates = [i.storedSeconds, i.storedPerSecond, i.rightSeconds, i.rightPerSecond];
      return [name, i.rows, ...rates, i.peakMb, i.cpuSeconds];
    }),
  );
  const firstStart = await measureFirstStart(here, plan);
  printTable(
    "the first start after it",
    ["", ""],
    [
      ["s until it listens", firstStart.startSeconds],
      ["first tiles, one a zoom, refused", firstStart.refused],
      ["slowest of them, ms", firstStart.slowestMs],
      ["zooms with a wrong sum of reports", firstStart.wrongZooms.join(", ") || "none"],
      ["s until it has nothing more to do", firstStart.busySeconds],
    ],
  );
  const bars = Object.entries(imports).map(([name, { rightPerSecond, storedPerSecond }]) => ({
    name,
    value: rightPerSecond,
    note: `${Math.round(storedPerSecond)} until stored`,
  }));
  const { storedPerSecond = 0, rightPerSecond = 0 } = imports.here ?? {};
  return {
    figures: { imports, firstStart },
    checks: [
      atLeast("rows a second until stored", STORED_PER_SECOND, storedPerSecond),
      atLeast("rows a second until every zoom is right", RIGHT_PER_SECOND, rightPerSecond),
      none("first tiles after the import refused", firstStart.refused),
      none("zooms with a wrong sum of reports", firstStart.wrongZooms.length),
    ],
    charts: { import: barChart({ title: "Import: rows a second until every zoom is right", bars }) },
  };
}

/** Cold tiles of every zoom, side by side. */
export async function tilesStage({ here, emulator, postgis }: Contestants, plan: Plan): Promise<Findings> {
  const series: Record<string, ColdSeries> = { here: await measureColdTiles(here, plan) };
  if (postgis !== undefined) series.PostGIS = await measurePostGisTiles(postgis, here.city, plan);
  series[named(emulator)] = await measureColdTiles(emulator, plan);
  const ours = series.here as ColdSeries;
  const ratios = series.PostGIS === undefined ? [] : ratiosOf(ours, series.PostGIS);
  const all = Object.entries(series);
  printTable(
    "cold tiles, ms: median, p99, first after a start, CPU of the process a tile",
    [
      "zoom",
      "tiles",
      ...all.flatMap(([name]) => [name, "p99", "first", "CPU"]),
      "PostGIS against here",
      "its query alone",
    ],
    ours.zooms.map(({ z, tiles }, i) => {
      const cells = all.flatMap(([, series]) => {
        const found = series.zooms.find((each) => each.z === z);
        return [found?.medianMs, found?.p99Ms, found?.firstMs, found?.cpuMs];
      });
      return [`z${z}`, tiles, ...cells, ratios[i]?.ratio, series.PostGIS?.zooms[i]?.queryMs];
    }),
  );
  const cold = Object.fromEntries(all.map(([name, { zooms }]) => [name, zooms]));
  const chart = tilesChart(plan.zooms, here.city.rows, cold);
  return { figures: { cold, ratios }, checks: ratioChecks(ratios), charts: { tiles: chart } };
}

/** Medians of cold tiles, a line for each contestant. */
export const tilesChart = (
  shown: readonly number[],
  rows: number,
  cold: Readonly<Record<string, readonly ZoomFigures[]>>,
): string =>
  lineChart({
    title: `A cold tile by zoom, ms (median), ${formatCell(rows)} reports`,
    xLabels: shown.map((z) => `z${z}`),
    series: Object.entries(cold).map(([name, zooms]) => ({
      name,
      values: shown.map((z) => zooms.find((each) => each.z === z)?.medianMs),
    })),
  });

function ratioChecks(ratios: readonly { z: number; ratio: number }[]): Check[] {
  const worst = (what: string, limit: number, some: typeof ratios): Check[] => {
    const [least] = some.toSorted((a, b) => a.ratio - b.ratio);
    if (least === undefined) return [];
    const found = `${least.ratio.toFixed(1)} at z${least.z}`;
    return [{ what, limit: `>= ${limit}`, found, met: least.ratio >= limit }];
  };
  return [
    ...worst(
      `PostGIS against here, least up to z${WIDE_ZOOM}`,
      WIDE_RATIO,
      ratios.filter(({ z }) => z <= WIDE_ZOOM),
    ),
    ...worst(
      `PostGIS against here, least from z${WIDE_ZOOM + 1}`,
      1,
      ratios.filter(({ z }) => z > WIDE_ZOOM),
    ),
  ];
}

/** Warm tiles of both installations. */
export async function loadStage({ here, emulator }: Contestants, plan: Plan): Promise<Findings> {
  const warm: Record<string, LoadFigures[]> = {};
  for (const each of [here, emulator]) warm[named(each)] = await measureWarmTiles(each, plan);
  return { figures: { warm } };
}

/** A report's processor time in both. */
export async function postsStage({ here, emulator }: Contestants, plan: Plan): Promise<Findings> {
  const posts: Record<string, PostFigures[]> = {};
  for (const each of [here, emulator]) posts[named(each)] = await measurePosts(each, plan);
  const elsewhere = (posts[named(here)] ?? []).filter(({ viewers }) => viewers === "elsewhere");
  return {
    figures: { posts },
    checks: elsewhere.map(({ perSecond, netCpuMs }) =>
      atMost(`CPU ms a report, ${perSecond} a second, maps open elsewhere`, POST_MS, netCpuMs),
    ),
  };
}

/** The installation here under mixed load. */
export async function enduranceStage({ here }: Contestants, plan: Plan): Promise<Findings> {
  const endurance = await endure(here, plan);
  const { samples, memory, fileDescriptors, failed } = endurance;
  const chart = lineChart({
    title: `${Math.round(plan.enduranceSeconds / 60)} minutes of lists, tiles, cards and posts`,
    xLabels: samples.map(({ minute }, i) => (i % 24 === 0 ? minute.toFixed(0) : "")),
    series: [
      { name: "resident MB", values: samples.map(({ rssMb }) => rssMb) },
      { name: "descriptors", values: samples.map((sample) => sample.fileDescriptors) },
    ],
  });
  return {
    figures: { endurance },
    checks: [
      flat("memory in the second half, MB a minute", memory, MB_PER_MINUTE),
      flat("file descriptors in the second half, a minute", fileDescriptors, DESCRIPTORS_A_MINUTE),
      none("requests failed", failed),
    ],
    charts: { memory: chart },
  };
}

const flat = (what: string, { slope, standardError }: Slope, limit: number): Check => ({
  what,
  limit: `< ${limit}, or < 2 s.e.`,
  found: `${slope.toFixed(2)} +- ${standardError.toFixed(2)}`,
  met: slope < limit || Math.abs(slope) < 2 * standardError,
});

const atLeast = (what: string, limit: number, found: number): Check => ({
  what,
  limit: `>= ${limit}`,
  found,
  met: found >= limit,
});

const atMost = (what: string, limit: number, found: number): Check => ({
  what,
  limit: `<= ${limit}`,
  found,
  met: found <= limit,
});

const none = (what: string, found: number): Check => ({ what, limit: "0", found, met: found === 0 });
