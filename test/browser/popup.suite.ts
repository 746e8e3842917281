import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { drawn, mapSettled, type NewReport, postReports, type Site, visit } from "./site.ts";
import { type Box, overlapOf, SIZES } from "./sizes.ts";

/** On a named street of a city that the basemap knows. */
const PLACE = { lat: 30.2672, lon: -97.7431 };
const TEXT = "A long story of a crossing where nobody stops. ".repeat(4).trim();
const REPORT: NewReport = { layer: "opportunity", category: "pop-up", severity: 4, ...PLACE, text: TEXT };
/** Around another place, near enough to be one cluster from far. */
const MANY: NewReport[] = Array.from({ length: 12 }, (_, i) => ({
  layer: "opportunity",
  category: "hiring",
  severity: 3,
  lat: 30.3 + (i % 4) * 1e-3,
  lon: -97.7 + i * 4e-4,
}));
/** At one and the same place. */
const HEAP: NewReport[] = Array(15).fill({
  layer: "opportunity",
  category: "hiring",
  severity: 3,
  lat: 30.2,
  lon: -97.8,
});

/** What a popup tells, where it leads, and the room it takes. */
export function popupTests(site: Site): void {
  beforeAll(() => postReports(site.url, [REPORT, ...MANY, ...HEAP]));

  const at = (zoom: number, { lat, lon }: { lat: number; lon: number }) =>
    `${site.url}/#${zoom}/${lat}/${lon}/opportunity/90d`;
  const popupOf = (page: Page) => page.locator(".maplibregl-popup-content");
  /** Clicks the mark nearest to the middle of what is free of the map. */
  const open = async (page: Page) => {
    const middle = await page.evaluate(() => {
      const map = globalThis.stratum?.map;
      return map?.project(map.getCenter()) ?? { x: 0, y: 0 };
    });
    const away = ({ x, y }: { x: number; y: number }) => Math.hypot(x - middle.x, y - middle.y);
    const [mark] = (await drawn(page, "opportunity")).sort((a, b) => away(a) - away(b));
    await page.mouse.click(mark?.x ?? 0, mark?.y ?? 0);
    await popupOf(page).waitFor();
    return mark?.properties;
  };
  const expectRoom = async (page: Page, { width, height }: { width: number; height: number }) => {
    await mapSettled(page);
    const box = (await popupOf(page).boundingBox()) as Box;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.y).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(width);
    expect(box.y + box.height).toBeLessThanOrEqual(height);
    for (const over of ["#panel", "#open-report"]) {
      expect(overlapOf(box, await page.locator(over).boundingBox()), over).toBe(0);
    }
    return box;
  };

  for (const { name, ...size } of SIZES) {
    test(`at ${name} a report's popup tells place, time and a link, and has room for what is wrong with it`, async () => {
      const { page } = await visit(site.browser, at(16, PLACE), size);
      await open(page);
      const popup = popupOf(page);
      await popup.getByText(TEXT).waitFor();
      expect(await popup.locator(".where-when p").first().textContent()).toMatch(/\w/);
      const time = popup.locator(".exact-time time");
      expect(await time.textContent()).toMatch(/^[A-Z][a-z]{2} \d+, 20\d\d, \d+:\d\d\s[AP]M$/);
      const link = await popup.getByRole("link", { name: "Link" }).getAttribute("href");
      await expectRoom(page, size.viewport);

      await popup.getByRole("button", { name: "Flag" }).click();
      const box = await expectRoom(page, size.viewport);
      const body = popup.locator(".popup-body");
      const [shown, whole] = await body.evaluate((part) => [part.clientHeight, part.scrollHeight]);
      // What is cut has no room on this screen.
      if (size.viewport.height >= 844) expect(shown).toBe(whole);
      else expect(shown === whole || box.height > size.viewport.height * 0.4).toBe(true);
      expect(await popup.getByRole("button", { name: "Neighbourhood score" }).isVisible()).toBe(true);

      await page.goto("about:blank");
      await page.goto(String(link));
      await popup.getByText(TEXT).waitFor();
      await page.context().close();
    });

    test(`at ${name} a cluster's popup leads to its neighbourhood's card`, async () => {
      const { page } = await visit(site.browser, at(10, { lat: 30.3015, lon: -97.698 }), size);
      const cluster = await open(page);
      const popup = popupOf(page);
      await popup.getByText(`${cluster?.point_count} opportunity reports`).waitFor();
      await popup.getByText("Newest").waitFor();
      await expectRoom(page, size.viewport);
      await popup.getByRole("button", { name: "Neighbourhood score" }).click();
      await page.locator("#score-card").getByText("of 100, overall").waitFor();
      expect(page.url()).toContain(`/card=${cluster?.geohash}`);
      await page.context().close();
    });
  }

  test("a list of many at one place takes the height that there is, and keeps its links in sight", async () => {
    const viewport = { width: 1440, height: 900 };
    const { page } = await visit(site.browser, at(19, { lat: 30.2, lon: -97.8 }), { viewport });
    await open(page);
    const popup = popupOf(page);
    await popup.getByText("15 reports at this place").waitFor();
    await expect.poll(() => popup.locator(".exact-time").count()).toBe(15);
    const box = await expectRoom(page, viewport);
    expect(box.height).toBeGreaterThan(700);
    await popup.getByRole("button", { name: "Neighbourhood score" }).click();
    const cell = encodeGeohash(-97.8, 30.2, 6);
    await expect.poll(() => page.url()).toContain(`/card=${cell}`);
    await page.context().close();
  });

  test("a link is copied, and one to a report that is gone says so", async () => {
    const permissions = { permissions: ["clipboard-read", "clipboard-write"] };
    const { page } = await visit(site.browser, at(16, PLACE), permissions);
    await open(page);
    const link = popupOf(page).getByRole("link", { name: "Link" });
    const href = String(await link.getAttribute("href"));
    const copy = async () => {
      await link.click();
      await page.getByText("Link copied.").first().waitFor();
      return page.evaluate<string>("navigator.clipboard.readText()");
    };
    // Other tests copy at the same time.
    await expect.poll(copy).toBe(href);
    await page.goto("about:blank");
    await page.goto(href.replace(/report=\w+/, "report=0000000000000000000000000"));
    await popupOf(page).getByText("This report is no longer there.").waitFor();
    await page.context().close();
  });

  test("says so when its code cannot be had, and shows the report when the page is loaded again", async () => {
    const code = /\/report-popup-[^/]*\.js$/;
    const { page } = await visit(site.browser, at(16, PLACE), {
      serviceWorkers: "block",
      prepare: async (page) => void (await page.route(code, (route) => route.abort())),
    });
    const [mark] = await drawn(page, "opportunity");
    await page.mouse.click(mark?.x ?? 0, mark?.y ?? 0);
    const notice = page.locator(".notice", { hasText: "Part of this page could not be loaded." });
    await notice.waitFor();
    await page.unroute(code);
    await notice.getByRole("button", { name: "Reload" }).click();
    await popupOf(page).getByText(TEXT).waitFor();
    await page.context().close();
  });
}
