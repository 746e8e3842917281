import type { Map as MapLibreMap } from "maplibre-gl";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { Clock } from "../../server/ports/clock.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../server/runtime/node/serve.ts";
import type { ReportLayer } from "../../tiles/layers.ts";

declare global {
  /** The page's own handle, see `client/main.ts`. */
  var stratum: { readonly map: MapLibreMap } | undefined;
}

export interface NewReport {
  readonly layer: ReportLayer;
  readonly category: string;
  readonly severity: number;
  readonly lat: number;
  readonly lon: number;
  readonly text?: string;
}

/** What the tests share: WebGL in software leaves no processor for two browsers at once. */
export interface Site {
  readonly browser: Browser;
  readonly url: string;
  /** Where its server keeps what it has. */
  readonly dataDir: string;
  /** Stops the server and starts it again on what it has stored, by another clock if need be. */
  restart(clock?: Clock): Promise<void>;
}

/** Starts the whole server, client and all, on a free port, with the basemap's data loaded: that is slow below Vitest. */
export async function startSite(dataDir: string, clock?: Clock): Promise<RunningServer> {
  const env = {
    HOST: "127.0.0.1",
    PORT: "0",
    DATA_DIR: dataDir,
    SEED: "off",
    REPORTS_PER_MINUTE: "100000",
    READ_UNITS_PER_MINUTE: "100000000",
  };
  const server = await startServer(readConfig(env), clock && { clock });
  // Its PostgreSQL is open then.
  await server.refusal;
  await fetch(`${server.url}/basemap/0/0/0.pbf`);
  return server;
}

/** Stores reports through the API, a few at a time. */
export async function postReports(url: string, reports: readonly NewReport[]): Promise<void> {
  const left = [...reports];
  const worker = async () => {
    for (let report = left.pop(); report; report = left.pop()) {
      const body = JSON.stringify(report);
      const headers = { "Content-Type": "application/json" };
      const response = await fetch(`${url}/api/reports`, { method: "POST", headers, body });
      if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** How many pages listen for changes. */
export async function openStreams(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^stratum_live_subscribers (\d+)$/m.exec(text)?.[1]);
}

/** What a page did that it should not have. */
export interface Visit {
  readonly page: Page;
  /** Console errors and warnings, exceptions, failed requests, error answers. */
  readonly faults: string[];
  /** Origins that were asked for anything. */
  readonly origins: Set<string>;
}

/** As small as a desktop gets: each pixel is drawn without a graphics processor. */
export const DESKTOP = { width: 1024, height: 640 };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Shorter than a test's own limit, so that what hangs is named; long for a machine that does other things beside. */
export const STEP_MS = 30_000;

export interface VisitOptions extends BrowserContextOptions {
  /** Is called before the page is opened. */
  prepare?(page: Page): Promise<void>;
}

/** Opens the page in a context of its own and waits for the map, or for what else a page has. */
export async function visit(
  browser: Browser,
  address: string,
  { prepare, ...options }: VisitOptions = {},
  settled: (page: Page) => Promise<void> = mapSettled,
): Promise<Visit> {
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  await prepare?.(page);
  page.setDefaultTimeout(STEP_MS);
  const faults: string[] = [];
  const origins = new Set<string>();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    // The page itself gave it up: a map that moved ends its stream, and who goes to another page ends what is under way.
    if (reason === "net::ERR_ABORTED") return;
    faults.push(`failed: ${request.url()} ${reason}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (/^(https?|wss?):/.test(request.url())) origins.add(new URL(request.url()).origin);
  });
  // Not until all is loaded: a test may hold a part back.
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await settled(page);
  return { page, faults, origins };
}

/** Waits until the map moves no more and every tile in view is drawn. */
export async function mapSettled(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const map = globalThis.stratum?.map;
    return map?.loaded() && map.areTilesLoaded() && !map.isMoving();
  });
}

export interface Drawn {
  readonly properties: Readonly<Record<string, unknown>>;
  /** Pixels from the map's top left. */
  readonly x: number;
  readonly y: number;
}

/** What the canvas shows of a layer: clusters and single reports. */
export function drawn(page: Page, layer: ReportLayer): Promise<Drawn[]> {
  return page.evaluate((name) => {
    const map = globalThis.stratum?.map;
    if (!map) return [];
    return map.queryRenderedFeatures({ layers: [`${name}-cluster`, `${name}-report`] }).map((feature) => {
      const { coordinates } = feature.geometry as unknown as { coordinates: [number, number] };
      const { x, y } = map.project(coordinates);
      return { properties: feature.properties, x, y };
    });
  }, layer);
}

/** Reports that the drawn marks stand for. */
export const total = (marks: readonly Drawn[]): number =>
  marks.reduce((sum, { properties }) => sum + Number(properties.point_count ?? 1), 0);
