import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { printTable } from "../../test/kit/output.ts";
import { seededRandom } from "../../test/kit/random.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { fitSlope } from "../kit/slope.ts";
import { startSeededSite } from "./client-site.ts";
import { countTiles, type TileAnswer } from "./count-tiles.ts";

const MAP = "#13/37.7649/-122.4194/safety/90d";
const ZOOM = 13;
const REPORTS_PER_SECOND = 10;
const SAMPLE_EVERY_MS = 15_000;
/** What the first moments fill (caches, compiled code) is no leak. */
const WARM_UP_SHARE = 0.2;

interface HeapSample {
  readonly minute: number;
  /** JavaScript's heap of the main thread after a collection. */
  readonly heapMb: number;
  /** The whole renderer process, workers and canvas included; undefined where the system does not tell. */
  readonly processMb: number | undefined;
  readonly nodes: number;
  readonly listeners: number;
}

export interface Endurance {
  readonly minutes: number;
  readonly reports: number;
  readonly samples: readonly HeapSample[];
  /** Megabytes a minute, by least squares after the warm-up. */
  readonly heapSlope: number;
  readonly heapGrowth: number;
  readonly tileRequests: number;
  /** Answers with another body than the one before. */
  readonly changed: number;
  /** Answers that the map had already: whole, and as 304. */
  readonly unchanged: number;
  readonly notModified: number;
  /** How many tiles the map shows. */
  readonly tiles: number;
  /** Tiles that reports fell into, once a report: what a map without any gathering would have had to load. */
  readonly touched: number;
}

/** An open map that nobody touches, under ten reports a second from the middle of what it shows: half of its tiles rest. */
export async function endure(browser: Browser, minutes: number): Promise<Endurance> {
  const site = await startSeededSite();
  const counter = await countTiles(site.url);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.goto(`${counter.url}/${MAP}`);
    await page.waitForFunction(() => globalThis.stratum?.map.loaded(), undefined, { timeout: 60_000 });
    await sleep(3_000);
    const startMs = Date.now();
    const posted = { reports: [] as Posted[], until: startMs + minutes * 60_000 };
    const [samples] = await Promise.all([
      sampleHeap({ browser, context, page, startMs, until: posted.until }),
      postReports(site.url, posted),
    ]);
    await sleep(5_000);
    const result = summarize({ minutes, startMs, samples, answers: counter.answers, posted: posted.reports });
    print(result);
    return result;
  } finally {
    await context.close();
    await counter.close();
    await site.close();
  }
}

interface Posted {
  readonly lonDeg: number;
  readonly latDeg: number;
}

async function postReports(url: string, posted: { reports: Posted[]; readonly until: number }): Promise<void> {
  const random = seededRandom(6);
  const sent = new Set<Promise<unknown>>();
  for (let nextMs = Date.now(); nextMs < posted.until; nextMs += 1000 / REPORTS_PER_SECOND) {
    await sleep(Math.max(0, nextMs - Date.now()));
    const lon = -122.4194 + (random() - 0.5) * 0.06;
    const lat = 37.7649 + (random() - 0.5) * 0.03;
    const body = JSON.stringify({
      layer: "safety",
      category: "theft",
      severity: 1 + Math.floor(random() * 5),
      lat,
      lon,
    });
    const request = fetch(`${url}/api/reports`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    })
      .then(async (response) => {
        if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
        posted.reports.push({ lonDeg: lon, latDeg: lat });
      })
      .finally(() => sent.delete(request));
    sent.add(request);
    request.catch(() => {});
  }
  await Promise.all(sent);
}

interface Watched {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly startMs: number;
  readonly until: number;
}

async function sampleHeap({ browser, context, page, startMs, until }: Watched): Promise<HeapSample[]> {
  const session = await context.newCDPSession(page);
  await session.send("HeapProfiler.enable");
  const pid = await rendererOf(browser);
  const samples: HeapSample[] = [];
  while (Date.now() < until) {
    await sleep(Math.min(SAMPLE_EVERY_MS, Math.max(0, until - Date.now())));
    samples.push(await sample(session, (Date.now() - startMs) / 60_000, pid));
  }
  return samples;
}

async function sample(session: CDPSession, minute: number, pid: number | undefined): Promise<HeapSample> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
  return { minute, heapMb: usedSize / 1e6, processMb: residentMb(pid), nodes, listeners: jsEventListeners };
}

/** The renderer with the most processor time is the page's. */
async function rendererOf(browser: Browser): Promise<number | undefined> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  return renderers.sort((a, b) => b.cpuTime - a.cpuTime)[0]?.id;
}

function residentMb(pid: number | undefined): number | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
    return (pages * 4096) / 1e6;
  } catch {
    return undefined;
  }
}

interface Raw {
  readonly minutes: number;
  readonly startMs: number;
  readonly samples: readonly HeapSample[];
  readonly answers: readonly TileAnswer[];
  readonly posted: readonly Posted[];
}

function summarize({ minutes, startMs, samples, answers, posted }: Raw): Endurance {
  const settled = samples.filter(({ minute }) => minute >= minutes * WARM_UP_SHARE);
  const { slope: heapSlope } = fitSlope(settled.map(({ minute, heapMb }) => [minute, heapMb]));
  const during = answers.filter(({ atMs }) => atMs >= startMs);
  const tiles = new Set(answers.map(({ path }) => path));
  return {
    minutes,
    reports: posted.length,
    samples,
    heapSlope,
    heapGrowth: heapSlope * minutes * (1 - WARM_UP_SHARE),
    tileRequests: during.length,
    changed: during.filter(({ isChanged }) => isChanged).length,
    unchanged: during.filter(({ isChanged, status }) => !isChanged && status !== 304).length,
    notModified: during.filter(({ status }) => status === 304).length,
    tiles: tiles.size,
    touched: posted.filter(({ lonDeg, latDeg }) => tiles.has(pathOf(lonDeg, latDeg))).length,
  };
}

function pathOf(lonDeg: number, latDeg: number): string {
  const { z, x, y } = tileAt(worldX(lonDeg), worldY(latDeg), ZOOM);
  return `/tiles/safety/${z}/${x}/${y}.pbf`;
}

function print(result: Endurance): void {
  const { samples, minutes, reports } = result;
  const step = Math.max(1, Math.floor(samples.length / 8));
  printTable(
    `an open map for ${minutes} minutes under ${REPORTS_PER_SECOND} reports a second (${reports})`,
    ["minute", "JS heap MB", "process MB", "DOM nodes", "listeners"],
    samples
      .filter((_, i) => i % step === 0 || i === samples.length - 1)
      .map(({ minute, heapMb, processMb, nodes, listeners }) => [
        minute.toFixed(1),
        heapMb,
        processMb,
        nodes,
        listeners,
      ]),
  );
  printTable(
    "tiles asked for meanwhile",
    ["", "requests"],
    [
      ["all", result.tileRequests],
      ["another body than before", result.changed],
      ["the same body again", result.unchanged],
      ["304", result.notModified],
      ["tiles in view", result.tiles],
      ["reports in tiles in view", result.touched],
    ],
  );
}
