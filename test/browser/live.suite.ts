import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { drawn, mapSettled, type NewReport, openStreams, postReports, type Site, total, visit } from "./site.ts";

/** A town that no other test reports from. */
const TOWN = { lat: 41.12, lon: -100.77 };
const MAP = `#14/${TOWN.lat}/${TOWN.lon}/safety/90d`;
/** For what never comes: a map shows a report within three seconds on a machine that has nothing else to do. */
const GIVE_UP_MS = 20_000;

const reportAt = (lon: number, lat = TOWN.lat): NewReport => ({
  layer: "safety",
  category: "theft",
  severity: 3,
  lat,
  lon,
});

const counted = (page: Page, wanted: number) =>
  page.waitForFunction(
    (count) => {
      const marks = globalThis.stratum?.map.queryRenderedFeatures({ layers: ["safety-cluster", "safety-report"] });
      return marks?.reduce((sum, { properties }) => sum + Number(properties.point_count ?? 1), 0) === count;
    },
    wanted,
    { timeout: GIVE_UP_MS, polling: 50 },
  );

/** Notes the tiles of which the page's stream tells, by their addresses. */
async function noteTiles(page: Page, told: Set<string>): Promise<void> {
  const session = await page.context().newCDPSession(page);
  session.on("Network.eventSourceMessageReceived", ({ eventName, data }) => {
    if (eventName !== "tiles") return;
    const { layer, z, tiles } = JSON.parse(data) as { layer: string; z: number; tiles: [number, number, string][] };
    for (const [x, y] of tiles) told.add(`/tiles/${layer}/${z}/${x}/${y}.pbf`);
  });
  await session.send("Network.enable");
}

const isSameOfBoth = ({ asked, changed }: { asked: string[]; changed: string[] | undefined }) =>
  asked.length > 0 && String(asked) === String(changed);

/** An open map that nobody touches. */
export function liveTests(site: Site): void {
  let reported = 0;
  const report = async (...reports: NewReport[]) => {
    await postReports(site.url, reports);
    reported += reports.length;
  };

  test("shows a report from elsewhere without a reload, asking only for the tiles near it", async () => {
    await report(reportAt(TOWN.lon), reportAt(TOWN.lon + 0.012));
    const { page, faults } = await visit(site.browser, `${site.url}/${MAP}`);
    await expect.poll(() => openStreams(site.url)).toBe(1);
    const inView = await page.evaluate(() => globalThis.stratum?.map.coveringTiles({ tileSize: 512 }).length ?? 0);
    const asked: string[] = [];
    let loads = 0;
    page.on("load", () => loads++);
    page.on("request", (request) => {
      if (request.url().includes("/tiles/")) asked.push(new URL(request.url()).pathname);
    });
    // The middle of its tile.
    await report(reportAt((3606.5 / 2 ** 14) * 360 - 180, 41.12));
    await counted(page, reported);
    await mapSettled(page);
    expect(inView).toBeGreaterThanOrEqual(6);
    expect(asked.length, asked.join(" ")).toBeLessThanOrEqual(2);
    expect(new Set(asked)).toContain("/tiles/safety/14/3606/6135.pbf");
    expect(loads).toBe(0);
    expect(faults).toEqual([]);
    await page.context().close();
    await expect.poll(() => openStreams(site.url)).toBe(0);
  });

  test("asks for exactly the tiles that changed, once each, wherever reports fall", { tags: "slow" }, async () => {
    const told = new Set<string>();
    const { page, faults } = await visit(site.browser, `${site.url}/${MAP}`, {
      prepare: (page) => noteTiles(page, told),
    });
    const inView = await page.evaluate(() =>
      globalThis.stratum?.map
        .coveringTiles({ tileSize: 512 })
        .map(({ canonical: { z, x, y } }) => `/tiles/safety/${z}/${x}/${y}.pbf`),
    );
    const tagsInView = async () => {
      const found = inView?.map(async (path) => (await fetch(`${site.url}${path}`)).headers.get("ETag")) ?? [];
      return Promise.all(found);
    };
    await expect.poll(() => inView?.filter((path) => !told.has(path))).toEqual([]);
    await mapSettled(page);
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/tiles/safety/")) asked.push(new URL(request.url()).pathname);
    });
    let before = await tagsInView();
    for (const [lon, lat] of [
      [0.013, 0.004],
      [0, 0],
      [-0.011, -0.003],
      // On the border of two tiles.
      [(3606 / 2 ** 14) * 360 - 180 - TOWN.lon, 0],
    ]) {
      await report(reportAt(TOWN.lon + (lon ?? 0), TOWN.lat + (lat ?? 0)));
      await counted(page, reported);
      let after = before;
      const changed = async () => {
        after = await tagsInView();
        return inView?.filter((_, i) => before[i] !== after[i]).sort();
      };
      // What is asked once too often stays in the list, until it fails the next round or what follows the last.
      await expect.poll(async () => ({ asked: asked.toSorted(), changed: await changed() })).toSatisfy(isSameOfBoth);
      asked.length = 0;
      before = after;
    }
    await mapSettled(page);
    expect(asked).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("goes by cells where the server tells no tiles", { tags: "slow" }, async () => {
    const context = await site.browser.newContext({ reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.route("**/api/live?*", (route) =>
      route.continue({
        url: route
          .request()
          .url()
          .replace(/&zoom=\d+/, ""),
      }),
    );
    await page.goto(`${site.url}/${MAP}`);
    await mapSettled(page);
    await expect.poll(() => openStreams(site.url)).toBe(1);
    await report(reportAt(TOWN.lon + 0.004));
    await counted(page, reported);
    await context.close();
  });

  test("points out what others report, a few at once, and not to those who want no motion", {
    tags: "slow",
  }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${MAP}`, { reducedMotion: "no-preference" });
    await expect.poll(() => openStreams(site.url)).toBe(1);
    await page.evaluate(`{
      globalThis.most = 0;
      const look = () => (globalThis.most = Math.max(globalThis.most, document.querySelectorAll(".pulse").length));
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
    }`);
    const mostAtOnce = () => page.evaluate<number>("globalThis.most");
    const reportSix = async (lat: number) => {
      await report(...Array.from({ length: 6 }, (_, i) => reportAt(TOWN.lon + i * 0.003, lat)));
      await counted(page, reported);
    };
    await reportSix(TOWN.lat + 0.002);
    await expect.poll(mostAtOnce).toBe(3);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await expect.poll(() => page.locator(".pulse").count()).toBe(0);
    expect(await mostAtOnce()).toBe(3);
    await page.evaluate("globalThis.most = 0");
    await reportSix(TOWN.lat + 0.004);
    expect(await mostAtOnce()).toBe(0);
    await page.context().close();
  });

  test("shows it in tiles that the map has put aside, when they come back", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${MAP}`);
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 16 }));
    await mapSettled(page);
    const near = total(await drawn(page, "safety"));
    await report(reportAt(TOWN.lon + 0.001));
    // The page has heard of it then.
    await counted(page, near + 1);
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 14 }));
    await counted(page, reported);
    await page.context().close();
  });

  test("lets go of the stream while the page is hidden, and then shows what it missed", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${MAP}`);
    // Tabs of a headless browser are never hidden.
    const hide = (hidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      `);
    await expect.poll(() => openStreams(site.url)).toBe(1);
    await hide(true);
    await expect.poll(() => openStreams(site.url)).toBe(0);
    await report(reportAt(TOWN.lon + 0.002));
    await hide(false);
    await counted(page, reported);
    await page.context().close();
  });

  test("asks by itself where there are no live streams", { tags: "slow" }, async () => {
    const context = await site.browser.newContext({ reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.route("**/api/live?*", (route) => route.fulfill({ status: 404 }));
    await page.goto(`${site.url}/${MAP}`);
    await mapSettled(page);
    await report(reportAt(TOWN.lon + 0.003));
    await counted(page, reported);
    await context.close();
  });
}
