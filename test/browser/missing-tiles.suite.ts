import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { mapSettled, type NewReport, postReports, type Site, visit } from "./site.ts";
import { SIZES } from "./sizes.ts";

/** Far from any sea, and from other tests' reports. */
const PLACE = { lat: 35.084, lon: -106.65 };
const REPORTS: NewReport[] = Array.from({ length: 7 }, (_, i) => ({
  layer: "safety",
  category: "poor-lighting",
  severity: 3,
  lat: PLACE.lat + i * 1e-3,
  lon: PLACE.lon,
}));
const AT = `#11/${PLACE.lat}/${PLACE.lon}/safety/90d`;
const ALL = /\/(tiles|basemap)\/.*\.pbf/;
const BASEMAP_TILES = /\/basemap\/.*\.pbf/;
const REPORT_TILES = /\/tiles\/.*\.pbf/;

/** Where tiles cannot be had, the page says so, and shows neither sea nor a number. */
export function missingTilesTests(site: Site): void {
  beforeAll(() => postReports(site.url, REPORTS));

  const failing = (tiles: RegExp) => async (page: Page) => {
    await page.route(tiles, (route) => route.fulfill({ status: 503 }));
  };
  const unknownGround = (page: Page) =>
    page.evaluate(() => {
      const map = globalThis.stratum?.map;
      return map?.queryRenderedFeatures(map.project(map.getCenter()), { layers: ["unknown"] }).length ?? 0;
    });
  const missing = (page: Page) => page.getByText("Part of the map could not be loaded.");
  const sayMissing = (page: Page) => missing(page).waitFor();

  for (const { name, ...size } of SIZES) {
    test(`at ${name} nothing is drawn as sea, the count is unknown, and "Try again" brings all of it`, async () => {
      const schemes = name === "390x844" ? (["light", "dark"] as const) : (["light"] as const);
      for (const colorScheme of schemes) {
        const options = { ...size, colorScheme, prepare: failing(ALL) };
        const { page } = await visit(site.browser, `${site.url}/${AT}`, options, sayMissing);
        await expect.poll(() => page.locator("#in-view").textContent()).toBe("Number of reports unknown");
        expect(await page.locator("#in-view").isVisible()).toBe(true);
        await expect.poll(() => unknownGround(page)).toBe(1);
        await page.unroute(ALL);
        await page.getByRole("button", { name: "Try again" }).click();
        await expect.poll(() => page.locator("#in-view").textContent()).toBe("7 safety reports in view");
        await expect.poll(() => unknownGround(page)).toBe(0);
        expect(await missing(page).count()).toBe(0);
        await page.context().close();
      }
    });
  }

  test("counts nothing where the reports alone are missing, and again where they are not", async () => {
    const options = { prepare: failing(REPORT_TILES) };
    const { page } = await visit(site.browser, `${site.url}/${AT}`, options, sayMissing);
    await expect.poll(() => page.locator("#in-view").textContent()).toBe("Number of reports unknown");
    expect(await unknownGround(page)).toBe(0);
    await page.unroute(REPORT_TILES);
    // Other tiles, which nothing keeps from coming: the notice goes by itself.
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 12.5 }));
    await mapSettled(page);
    await expect.poll(() => page.locator("#in-view").textContent()).toBe("7 safety reports in view");
    await missing(page).waitFor({ state: "detached" });
    await page.context().close();
  });

  test.each([ALL, BASEMAP_TILES])("does not say that there are no streets where nobody knows: %s", async (tiles) => {
    const { page } = await visit(site.browser, `${site.url}/${AT}`, { prepare: failing(tiles) }, sayMissing);
    const noStreets = page.getByText("No streets here yet");
    // The badge looks when the map rests.
    const rests = () =>
      page.evaluate("new Promise((done) => { stratum.map.once('idle', done); stratum.map.triggerRepaint(); })");
    await rests();
    expect(await noStreets.isVisible()).toBe(false);
    await page.evaluate("stratum.map.panBy([40, 0], { animate: false })");
    await rests();
    expect(await noStreets.isVisible()).toBe(false);
    await page.unroute(tiles);
    await page.getByRole("button", { name: "Try again" }).click();
    await noStreets.waitFor();
    await page.context().close();
  });

  test("says it in a frame, too", async () => {
    const address = `${site.url}/embed?zoom=11&center=${PLACE.lon},${PLACE.lat}`;
    const { page } = await visit(site.browser, address, { prepare: failing(ALL) }, sayMissing);
    await expect.poll(() => unknownGround(page)).toBe(1);
    await page.unroute(ALL);
    await page.getByRole("button", { name: "Try again" }).click();
    await expect.poll(() => unknownGround(page)).toBe(0);
    await page.context().close();
  });
}
