import { OperatorError } from "../../server/console/operator-error.ts";
import { launchChromium } from "../../test/kit/chromium.ts";
import { type Check, printChecks, writeResults } from "../../test/kit/output.ts";
import { lineChart } from "../kit/chart.ts";
import { measureBytes, type PageBytes } from "./client-bytes.ts";
import { type Endurance, endure } from "./client-endurance.ts";
import { measureFirstClusters } from "./client-first.ts";
import { measurePan, type PanResult } from "./client-pan.ts";
import { startSeededSite } from "./client-site.ts";

/** Of our JavaScript that a page's first view loads. */
const FIRST_LIMIT_BYTES = 40_000;
/** Of all that a map may ever load: cards, time-lapse, shares. */
const ALL_LIMIT_BYTES = 60_000;
const OUR_TASK_LIMIT_MS = 100;
/** Of the heap's mean over the time measured. */
const HEAP_GROWTH_LIMIT = 0.05;
const PARTS = ["bytes", "first", "pan", "endurance"] as const;
type Part = (typeof PARTS)[number];

/**
 * The map's bytes, its time to first clusters, long tasks while panning over Houston, and an open map for ten minutes.
 * `--minutes N` endures longer or shorter, `--only bytes,pan` measures some parts.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { minutes, parts } = readArgs(args);
  const browser = await launchChromium();
  try {
    const bytes = parts.includes("bytes") ? await onSeededSite((url) => measureBytes(browser, url)) : [];
    const first = parts.includes("first") ? await onSeededSite((url) => measureFirstClusters(browser, url)) : [];
    const pan = parts.includes("pan") ? await measurePan(browser) : undefined;
    const endurance = parts.includes("endurance") ? await endure(browser, minutes) : undefined;
    const checks = [...bytesChecks(bytes), ...panChecks(pan), ...enduranceChecks(endurance)];
    printChecks("targets", checks);
    if (checks.some(({ met }) => !met)) process.exitCode = 1;
    writeResults("client", { checks, bytes, first, pan, endurance }, charts(pan, endurance));
  } finally {
    await browser.close();
  }
}

function readArgs(args: readonly string[]): { minutes: number; parts: readonly Part[] } {
  const after = (name: string) => args[args.indexOf(name) + 1] ?? "";
  const minutes = args.includes("--minutes") ? Number(after("--minutes")) : 10;
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new OperatorError("--minutes takes a number above 0, at most 1440");
  const only = args.includes("--only") ? after("--only").split(",") : PARTS;
  const parts = PARTS.filter((part) => only.includes(part));
  if (parts.length !== only.length) throw new OperatorError(`--only takes some of ${PARTS.join(",")}`);
  return { minutes, parts };
}

async function onSeededSite<T>(measure: (url: string) => Promise<T>): Promise<T> {
  const site = await startSeededSite();
  try {
    return await measure(site.url);
  } finally {
    await site.close();
  }
}

/** Of a page that loads nothing later, all is the first view. */
const bytesChecks = (pages: readonly PageBytes[]): Check[] =>
  pages.flatMap(({ page, firstGzip, ownGzip }) => [
    bytesCheck(`own JavaScript of the first view of ${page}, gzip`, FIRST_LIMIT_BYTES, firstGzip ?? ownGzip),
    ...(firstGzip === undefined
      ? []
      : [bytesCheck(`all own JavaScript that ${page} may ever load, gzip`, ALL_LIMIT_BYTES, ownGzip)]),
  ]);

const bytesCheck = (what: string, limit: number, found: number): Check => ({
  what,
  limit: `${limit} bytes`,
  found,
  met: found <= limit,
});

function panChecks(pan: PanResult | undefined): Check[] {
  if (pan === undefined) return [];
  const worst = Math.max(0, ...pan.tasks.map(({ oursMs }) => oursMs));
  const what = "our code in one task while panning";
  return [{ what, limit: `${OUR_TASK_LIMIT_MS} ms`, found: `${worst.toFixed(1)} ms`, met: worst <= OUR_TASK_LIMIT_MS }];
}

function enduranceChecks(endurance: Endurance | undefined): Check[] {
  if (endurance === undefined) return [];
  const { minutes, samples, heapGrowth, unchanged, notModified } = endurance;
  const mean = samples.reduce((sum, { heapMb }) => sum + heapMb, 0) / samples.length;
  return [
    {
      what: `heap's growth in ${minutes} minutes`,
      limit: `${HEAP_GROWTH_LIMIT * 100} % of ${mean.toFixed(1)} MB`,
      found: `${((heapGrowth / mean) * 100).toFixed(1)} %`,
      met: heapGrowth <= HEAP_GROWTH_LIMIT * mean,
    },
    {
      what: "tiles asked for that had not changed",
      limit: "0",
      found: unchanged + notModified,
      met: unchanged + notModified === 0,
    },
  ];
}

/** Where a picture shows more than a figure: what a task is made of, and how memory goes. */
function charts(pan: PanResult | undefined, endurance: Endurance | undefined): Record<string, string> {
  const drawn: Record<string, string> = {};
  if (pan !== undefined && pan.tasks.length > 1) {
    const tasks = pan.tasks.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, 40);
    drawn.tasks = lineChart({
      title: "Longest tasks while panning over Houston, ms",
      xLabels: tasks.map((_, i) => (i % 5 === 0 ? String(i + 1) : "")),
      series: [
        { name: "all", values: tasks.map(({ durationMs }) => durationMs) },
        { name: "MapLibre", values: tasks.map(({ maplibreMs }) => maplibreMs) },
        { name: "ours", values: tasks.map(({ oursMs }) => oursMs) },
      ],
      limits: [{ name: "100 ms", value: OUR_TASK_LIMIT_MS }],
    });
  }
  if (endurance !== undefined && endurance.samples.length > 1) {
    drawn.memory = lineChart({
      title: `An open map for ${endurance.minutes} minutes, MB`,
      xLabels: endurance.samples.map(({ minute }, i) => (i % 8 === 0 ? minute.toFixed(0) : "")),
      series: [
        { name: "JS heap", values: endurance.samples.map(({ heapMb }) => heapMb) },
        { name: "whole process", values: endurance.samples.map(({ processMb }) => processMb) },
      ],
    });
  }
  return drawn;
}
