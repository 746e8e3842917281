import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { type NewReport, postReports, type Site, visit } from "./site.ts";
import { type Box, overlapOf, SIZES } from "./sizes.ts";

const PLACE = { lat: 32.776, lon: -96.797 };
const REPORTS: NewReport[] = Array.from({ length: 6 }, (_, i) => ({
  layer: "infrastructure",
  category: "pothole",
  severity: 2,
  lat: PLACE.lat + i * 1e-3,
  lon: PLACE.lon,
  text: `Pothole no. ${i}`,
}));
const AT = `#13/${PLACE.lat}/${PLACE.lon}/infrastructure/90d`;

/** The panel at every size: all of it can be reached, and the map is still there. */
export function panelTests(site: Site): void {
  beforeAll(() => postReports(site.url, REPORTS));

  const boxOf = async (page: Page, selector: string): Promise<Box> => {
    const box = await page.locator(selector).first().boundingBox();
    if (box === null) throw new Error(`${selector} is not in sight`);
    return box;
  };
  /** Unfolds the panel where it is folded. */
  const unfold = async (page: Page) => {
    const button = page.getByRole("button", { name: "More" });
    if (await button.isVisible()) await button.click();
  };

  for (const { name, ...size } of SIZES) {
    const { width, height } = size.viewport;
    const isPhone = Math.min(width, height) < 500;

    test(`at ${name} count, score card and latest reports can be reached`, async () => {
      const { page } = await visit(site.browser, `${site.url}/${AT}`, size);
      // The sentence of a first visit takes room of its own.
      await page.reload();
      await page.getByText("6 infrastructure reports in view").waitFor();
      const panel = await boxOf(page, "#panel");
      if (isPhone) {
        expect(panel.width * panel.height).toBeLessThan((width * height) / 3);
        expect(await page.locator("#latest").isVisible()).toBe(false);
      }
      expect(await page.locator("html").evaluate((html) => html.scrollWidth)).toBe(width);
      await unfold(page);
      const entry = page.locator("#latest").getByRole("button").first();
      await entry.waitFor();
      await entry.click();
      await page
        .locator(".maplibregl-popup")
        .getByText(/^Pothole no. \d$/)
        .waitFor();
      // What it leads to has the room again.
      if (isPhone) await page.locator("#latest").waitFor({ state: "hidden" });
      await page.getByRole("button", { name: "Close popup" }).click();
      if (isPhone) {
        await unfold(page);
        await page.goBack();
        await page.locator("#latest").waitFor({ state: "hidden" });
      }
      await page.getByRole("button", { name: "Score card" }).click();
      await page.locator("#score-card .overall").waitFor();
      await page.context().close();
    });

    test(`at ${name} both switches are aligned, and the legend leaves half of the screen`, async () => {
      for (const colorScheme of ["light", "dark"] as const) {
        const { page } = await visit(site.browser, `${site.url}/${AT}`, { ...size, colorScheme });
        await unfold(page);
        const [scores, combine] = [await boxOf(page, "#with-scores"), await boxOf(page, "#combine")];
        expect([scores.x, scores.width]).toEqual([combine.x, combine.width]);
        const [scoreLabel, combineLabel] = [
          await boxOf(page, ".with-scores"),
          await boxOf(page, ".switch:has(#combine)"),
        ];
        expect(scoreLabel.x).toBe(combineLabel.x);
        await page.getByText("Legend").click();
        const last = page.getByText("Reported in the last 24 hours");
        await last.scrollIntoViewIfNeeded();
        expect(await last.isVisible()).toBe(true);
        const panel = await boxOf(page, "#panel");
        expect(panel.width * panel.height).toBeLessThanOrEqual((width * height) / 2);
        await page.context().close();
      }
    });

    test(`at ${name} the time-lapse and the button to report do not overlap, however long its words are`, async () => {
      const { page } = await visit(site.browser, `${site.url}/${AT}`, size);
      await page.getByRole("button", { name: "Time-lapse" }).click();
      await page.getByText("reports in view, the last").waitFor();
      const note = "Only the newest 4,000 in view: zoom in, or choose fewer days, to see all";
      for (const words of [undefined, note]) {
        const hint = page.locator("#time-lapse .hint");
        if (words) await hint.evaluate((part, text) => (part.textContent = text), words);
        const apart = async () => {
          const player = await boxOf(page, "#time-lapse");
          const others = ["#open-report", "#panel", ".maplibregl-ctrl-bottom-right .maplibregl-ctrl-group"];
          const shared = [];
          for (const other of others) shared.push(overlapOf(player, await boxOf(page, other)));
          return shared;
        };
        await expect.poll(apart).toEqual([0, 0, 0]);
      }
      expect(overlapOf(await boxOf(page, "#panel"), await boxOf(page, "#open-report"))).toBe(0);
      await page.context().close();
    });
  }
}
