import type { StyleSpecification } from "maplibre-gl";
import type { Browser, Page, Request } from "playwright-core";
import { INITIAL_STATE } from "../../client/page/address.ts";
import { printTable } from "../../test/kit/output.ts";
import { tileAt, tileBounds, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { median, percentile } from "../kit/measure.ts";
import { startBarePage } from "./client-bare.ts";

declare global {
  /** When a page that is measured drew its first clusters. */
  var firstMs: number | undefined;
}

/** A page from a cold cache until its first clusters are on the canvas. */
export interface FirstClusters {
  readonly page: string;
  readonly requests: number;
  /** As they came over the wire, headers included. */
  readonly bytes: number;
  readonly ms: number;
  /** Median over rounds of its time against the bare page's in the same round. */
  readonly ratio: number;
}

const ROUNDS = 5;
const WAIT_MS = 60_000;
const SOURCE = "reports-safety";

/** Looks at every frame whether clusters are drawn, and notes when they first are. */
const LOOK = `
  const look = () => {
    const map = globalThis.stratum?.map;
    const isThere = map?.getLayer("safety-cluster") && map.queryRenderedFeatures({ layers: ["safety-cluster"] }).length > 0;
    if (isThere) return (globalThis.firstMs = performance.now());
    requestAnimationFrame(look);
  };
  look();`;

/** Our page and our frame beside a bare MapLibre page with the same style and one tile from a file. They take turns. */
export async function measureFirstClusters(browser: Browser, url: string): Promise<FirstClusters[]> {
  const bare = await startBarePage(await bareMapOf(browser, url));
  try {
    const addresses = { "/": `${url}/`, "/embed": `${url}/embed`, "bare MapLibre": bare.url };
    const names = Object.keys(addresses) as (keyof typeof addresses)[];
    const rounds: Record<keyof typeof addresses, Visit>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const visits: [string, Visit][] = [];
      for (const name of names) visits.push([name, await visitCold(browser, addresses[name])]);
      rounds.push(Object.fromEntries(visits) as Record<keyof typeof addresses, Visit>);
    }
    const found = names.map((page) => ({
      page,
      requests: median(rounds.map((round) => round[page].requests)),
      bytes: median(rounds.map((round) => round[page].bytes)),
      ms: median(rounds.map((round) => round[page].ms)),
      ratio: median(rounds.map((round) => round[page].ms / round["bare MapLibre"].ms)),
      quartiles: [0.25, 0.75].map((part) =>
        percentile(
          rounds.map((round) => round[page].ms),
          part,
        ),
      ),
    }));
    printTable(
      `to the first clusters, cold cache, seeded San Francisco, medians of ${ROUNDS}`,
      ["page", "requests", "bytes", "ms", "against bare"],
      found.map(({ page, requests, bytes, ms, ratio }) => [page, requests, bytes, ms, ratio]),
    );
    return found;
  } finally {
    await bare.close();
  }
}

interface Visit {
  readonly requests: number;
  readonly bytes: number;
  readonly ms: number;
}

async function visitCold(browser: Browser, address: string): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
  try {
    const page = await context.newPage();
    await page.addInitScript(LOOK);
    const started: { readonly atMs: number; readonly bytes: Promise<number> }[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith("http")) return;
      started.push({ atMs: Date.now(), bytes: bytesOf(request) });
    });
    await page.goto(address);
    const { ms, originMs } = await firstClusters(page);
    const before = started.filter(({ atMs }) => atMs <= originMs + ms);
    const bytes = await Promise.all(before.map((each) => each.bytes));
    return { requests: before.length, bytes: bytes.reduce((sum, each) => sum + each, 0), ms };
  } finally {
    await context.close();
  }
}

async function firstClusters(page: Page): Promise<{ ms: number; originMs: number }> {
  await page.waitForFunction(() => globalThis.firstMs, undefined, { timeout: WAIT_MS });
  return page.evaluate("({ ms: globalThis.firstMs, originMs: performance.timeOrigin })");
}

async function bytesOf(request: Request): Promise<number> {
  // A stream has no end.
  if (request.url().includes("/api/live")) return 0;
  try {
    await request.response();
    const { responseHeadersSize, responseBodySize } = await request.sizes();
    return responseHeadersSize + responseBodySize;
  } catch {
    return 0;
  }
}

/** What our own page draws, for the bare one to draw too. */
async function bareMapOf(browser: Browser, url: string) {
  const { view } = INITIAL_STATE;
  const tile = tileAt(worldX(view.lonDeg), worldY(view.latDeg), Math.floor(view.zoom));
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  try {
    await page.addInitScript(LOOK);
    await page.goto(url);
    await firstClusters(page);
    const style = await page.evaluate(() => globalThis.stratum?.map.getStyle() as unknown as string);
    const { west, south, east, north } = tileBounds(tile, -0.01);
    const response = await fetch(`${url}/tiles/safety/${tile.z}/${tile.x}/${tile.y}.pbf`);
    return {
      style: style as unknown as StyleSpecification,
      source: SOURCE,
      tile: new Uint8Array(await response.arrayBuffer()),
      tileZoom: tile.z,
      bounds: [west, south, east, north] as const,
      center: [view.lonDeg, view.latDeg] as const,
      zoom: view.zoom,
    };
  } finally {
    await page.close();
  }
}
