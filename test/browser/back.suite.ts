import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { drawn, mapSettled, type NewReport, postReports, type Site, visit } from "./site.ts";
import { SIZES } from "./sizes.ts";

const PLACE = { lat: 33.448, lon: -112.074 };
const REPORT: NewReport = {
  layer: "opportunity",
  category: "market",
  severity: 4,
  ...PLACE,
  text: "Peaches, in November.",
};
const AT = `#15/${PLACE.lat}/${PLACE.lon}/opportunity/90d`;

/** What the browser's Back does. */
export function backTests(site: Site): void {
  beforeAll(() => postReports(site.url, [REPORT]));

  const popupOf = (page: Page) => page.locator(".maplibregl-popup");
  const cardOf = (page: Page) => page.locator("#score-card");
  const openPopup = async (page: Page) => {
    const [mark] = await drawn(page, "opportunity");
    await page.mouse.click(mark?.x ?? 0, mark?.y ?? 0);
    await popupOf(page).getByText("Peaches, in November.").waitFor();
  };
  const openCard = async (page: Page) => {
    await page.getByRole("button", { name: "Score card" }).click();
    // What lies in the middle of a narrow map may have no score.
    await cardOf(page).locator(".overall").waitFor();
  };
  const centerOf = (page: Page) => page.evaluate(() => globalThis.stratum?.map.getCenter().lng ?? 0);
  const isHere = async (page: Page) => Math.abs((await centerOf(page)) - PLACE.lon) < 0.1;

  for (const { name, ...size } of SIZES) {
    test(`at ${name} it closes a popup, a card and the form, undoes a city jump, and then leaves`, {
      tags: "slow",
    }, async () => {
      const { page } = await visit(site.browser, `${site.url}/${AT}`, size);
      await openPopup(page);
      await page.goBack();
      await popupOf(page).waitFor({ state: "detached" });

      await openCard(page);
      expect(page.url()).toContain("/card=");
      await page.goBack();
      await cardOf(page).waitFor({ state: "hidden" });
      await expect.poll(() => page.url()).not.toContain("/card=");

      await page.getByRole("button", { name: "Report", exact: true }).click();
      await page.locator("#report-form[open]").waitFor();
      await page.goBack();
      await page.locator("#report-form").waitFor({ state: "hidden" });
      expect(await isHere(page)).toBe(true);

      await page.getByLabel("Go to city").selectOption({ label: "Austin" });
      await expect.poll(() => centerOf(page)).toBeCloseTo(-97.743, 2);
      await page.goBack();
      await expect.poll(() => isHere(page)).toBe(true);
      await page.goBack();
      expect(page.url()).toBe("about:blank");
      await page.context().close();
    });
  }

  test("what opens while the entry of a closed popup goes away stays open", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${AT}`);
    await openPopup(page);
    await page.evaluate(`
      document.querySelector(".maplibregl-popup-close-button").click();
      // By now it is on its way, and it takes a few milliseconds.
      setTimeout(() => document.querySelector("#open-card").click());
    `);
    await cardOf(page).getByText("of 100, overall").waitFor();
    await expect.poll(() => page.evaluate("history.state.depth")).toBe(1);
    expect(await cardOf(page).isVisible()).toBe(true);
    await page.goBack();
    await cardOf(page).waitFor({ state: "hidden" });
    await page.context().close();
  });

  test("what is closed by its own button leaves nothing to go back to", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${AT}`);
    await openPopup(page);
    await popupOf(page).getByRole("button", { name: "Close popup" }).click();
    await openCard(page);
    await page.keyboard.press("Escape");
    await openPopup(page);
    // From one to the next is one step, and not three.
    await popupOf(page).getByRole("button", { name: "Neighbourhood score" }).click();
    await cardOf(page).getByText("of 100, overall").waitFor();
    await cardOf(page).getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Time-lapse" }).click();
    await page.locator("#time-lapse").waitFor();
    await page.goBack();
    await page.locator("#time-lapse").waitFor({ state: "hidden" });
    await expect.poll(() => page.evaluate("history.state.depth")).toBe(0);
    await page.goBack();
    expect(page.url()).toBe("about:blank");
    await page.context().close();
  });

  test("closes the latest first where several are open, and keeps the map where it is", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${AT}`, { viewport: { width: 1440, height: 900 } });
    await openCard(page);
    await mapSettled(page);
    await openPopup(page);
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 15.5 }));
    await page.goBack();
    await popupOf(page).waitFor({ state: "detached" });
    expect(await cardOf(page).isVisible()).toBe(true);
    await page.goBack();
    await cardOf(page).waitFor({ state: "hidden" });
    expect(await page.evaluate(() => globalThis.stratum?.map.getZoom())).toBe(15.5);
    await expect.poll(() => page.url()).toContain("#15.50/");
    // And Forward opens it again.
    await page.goForward();
    await cardOf(page).waitFor();
    await page.context().close();
  });

  test("reload and bookmarks are as they were", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${AT}`);
    await openCard(page);
    const address = page.url();
    await page.reload();
    await cardOf(page).getByText("of 100, overall").waitFor();
    expect(page.url()).toBe(address);
    await page.goBack();
    await cardOf(page).waitFor({ state: "hidden" });

    const bookmark = await visit(site.browser, address);
    await cardOf(bookmark.page).getByText("of 100, overall").waitFor();
    await bookmark.page.evaluate("location.hash = '#13.00/30.2700/-97.7400/safety/7d'");
    await mapSettled(bookmark.page);
    expect(await cardOf(bookmark.page).isVisible()).toBe(false);
    expect(await centerOf(bookmark.page)).toBeCloseTo(-97.74, 3);
    await bookmark.page.goBack();
    await cardOf(bookmark.page).getByText("of 100, overall").waitFor();
    await bookmark.page.goBack();
    expect(bookmark.page.url()).toBe("about:blank");
    await bookmark.page.context().close();
    await page.context().close();
  });
}
