import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { drawn, mapSettled, type Site, total, visit } from "./site.ts";

const STREET = "#16/30.2672/-97.7431/infrastructure/90d";
/** What a resident waits for at most, from the click to the mark on the map. */
const ON_MAP_MS = 3_000;

const onMap = (page: Page, layer: string, count: number) =>
  page.waitForFunction(
    ([name, wanted]) => {
      const map = globalThis.stratum?.map;
      const marks = map?.queryRenderedFeatures({ layers: [`${name}-cluster`, `${name}-report`] }) ?? [];
      return marks.reduce((sum, { properties }) => sum + Number(properties.point_count ?? 1), 0) === wanted;
    },
    [layer, count] as const,
    { timeout: ON_MAP_MS, polling: 50 },
  );

/** Dropping a report, from the button to the map. */
export function reportFormTests(site: Site): void {
  test("drops a report that is on the map within 3 s without a reload, and still there after a restart", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${STREET}`);
    let loads = 0;
    page.on("load", () => loads++);
    await page.getByRole("button", { name: "Report" }).click();
    await mapSettled(page);
    await page.getByLabel("Pothole").check();
    await page.getByLabel("5, Severe").check();
    await page.locator("textarea").fill("Deep enough to lose a bike in.");
    await page.getByRole("button", { name: "Drop report" }).click();
    await onMap(page, "infrastructure", 1);
    expect(loads).toBe(0);
    expect(faults).toEqual([]);
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.locator("#open-report:focus").count()).toBe(1);
    await page.context().close();

    await site.restart();
    const later = await visit(site.browser, `${site.url}/${STREET}`);
    const [mark] = await drawn(later.page, "infrastructure");
    expect(mark?.properties).toMatchObject({ category: "pothole", severity: 5 });
    await later.page.context().close();
  });

  test("shows a report in the tiles of other zooms that it had already loaded", async () => {
    const { page } = await visit(site.browser, `${site.url}/#14/30.35/-97.70/safety/90d`);
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 16 }));
    await mapSettled(page);
    await page.getByRole("button", { name: "Report" }).click();
    await mapSettled(page);
    await page.getByLabel("Theft").check();
    await page.getByRole("button", { name: "Drop report" }).click();
    await onMap(page, "safety", 1);
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 14 }));
    await onMap(page, "safety", 1);
    await page.context().close();
  });

  test("says next to the field what is wrong, and stores nothing", async () => {
    const { page } = await visit(site.browser, `${site.url}/#8/30.4/-97.7/vibe/90d`);
    await page.getByRole("button", { name: "Report" }).click();
    await mapSettled(page);
    const long = "x".repeat(281);
    await page.locator("textarea").fill(long);
    await page.getByRole("button", { name: "Drop report" }).click();
    await page.getByText("Choose what it is.").waitFor();
    await page.getByText("Zoom in to the street first").waitFor();
    await page.getByText("That is 1 character too long.").waitFor();
    expect(await page.locator("textarea").getAttribute("aria-invalid")).not.toBeNull();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(total(await drawn(page, "vibe"))).toBe(0);
    await page.context().close();
  });

  test("keeps what was written through a lost connection, and stores it once", async () => {
    const { page } = await visit(site.browser, `${site.url}/#16/40.6782/-73.9442/opportunity/90d`);
    await page.getByRole("button", { name: "Report" }).click();
    await mapSettled(page);
    await page.getByLabel("Market").check();
    await page.context().setOffline(true);
    await page.getByText("You are offline.").waitFor();
    await page.getByRole("button", { name: "Drop report" }).click();
    await page.getByText("The server cannot be reached.").waitFor();
    await page.context().setOffline(false);
    await page.getByRole("button", { name: "Drop report" }).click();
    await onMap(page, "opportunity", 1);
    await page.context().close();
  });

  test("takes the device's own position", async () => {
    const here = { latitude: 37.7955, longitude: -122.3937 };
    const options = { geolocation: here, permissions: ["geolocation"] };
    const { page } = await visit(site.browser, `${site.url}/${STREET}`, options);
    await page.getByRole("button", { name: "Report" }).click();
    await page.getByRole("button", { name: "Use my location" }).click();
    await page.waitForFunction(() => Math.abs((globalThis.stratum?.map.getCenter().lng ?? 0) + 122.3937) < 1e-4);
    await mapSettled(page);
    await page.getByText("37.79550, -122.39370").waitFor();
    await page.context().close();
  });
}
