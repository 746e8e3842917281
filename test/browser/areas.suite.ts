import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { findings } from "./accessibility.suite.ts";
import { runAreas } from "./run-areas.ts";
import { DESKTOP, mapSettled, type NewReport, openStreams, PHONE, postReports, type Site, visit } from "./site.ts";

/** Three areas of Brooklyn side by side, which nobody has but this test, and land to their east that has none. */
const NAMES = ["West End", "Middle", "East End"] as const;
const [WEST, MIDDLE, EAST] = ["brooklyn-n-west-end", "brooklyn-n-middle", "brooklyn-n-east-end"] as const;
const ORIGIN = { lat: 40.66, lon: -73.98 };
const SIDE = 0.014;
const lonOf = (i: number): number => ORIGIN.lon + (i + 0.5) * SIDE;
const LAT = ORIGIN.lat + SIDE / 2;
const AT = `#13/${LAT}/${lonOf(2)}/none/90d/scores=overall`;
/** So far east that its cell touches no area. */
const OUTSIDE = { lat: LAT, lon: lonOf(4) };

const report = (layer: NewReport["layer"], lon: number, i = 0): NewReport => ({
  layer,
  category: layer === "safety" ? "theft" : "festival",
  severity: 3,
  lat: LAT + i * 1e-4,
  lon,
});

const squares = NAMES.map((name, i) => {
  const [west, south, east, north] = [lonOf(i) - SIDE / 2, ORIGIN.lat, lonOf(i) + SIDE / 2, ORIGIN.lat + SIDE];
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return { type: "Feature", properties: { name }, geometry: { type: "Polygon", coordinates: [ring] } };
});

/** What is drawn of areas, by id, and of cells, by geohash. */
const places = (page: Page) =>
  page.evaluate(() => {
    const { map } = globalThis.stratum ?? {};
    const drawn = (layer: string, name: string) => {
      const found = map?.getLayer(layer) ? map.queryRenderedFeatures({ layers: [layer] }) : [];
      return [...new Set(found.map(({ properties }) => String(properties[name])))].sort();
    };
    return { areas: drawn("area-fill", "id"), cells: drawn("score-fill", "geohash") };
  });

const clickAt = async (page: Page, lon: number) => {
  const at = await page.evaluate(([x = 0, y = 0]) => globalThis.stratum?.map.project([x, y]), [lon, LAT]);
  await page.mouse.click(at?.x ?? 0, at?.y ?? 0);
};

const isWithoutScrolling = (page: Page) => page.evaluate("document.documentElement.scrollWidth <= screen.width");

/** Areas with cells around, and what leads from one to others. */
export function areaTests(site: Site): void {
  const cardOf = async (id: string) =>
    (await (await fetch(`${site.url}/api/areas/${id}`)).json()) as { scores: Record<string, number | null> };

  beforeAll(async () => {
    await postReports(site.url, [
      ...[0, 1, 2, 3].map((i) => report("safety", lonOf(0), i)),
      report("vibe", lonOf(0)),
      report("safety", lonOf(1)),
      report("safety", OUTSIDE.lon),
    ]);
    const file = join(site.dataDir, "brooklyn.geojson");
    await writeFile(file, JSON.stringify({ type: "FeatureCollection", features: squares }));
    await runAreas(site.dataDir, "import", file, "--city", "brooklyn", "--name", "name");
    // Cells have the scores of what was compacted, which a server does when it starts.
    await site.restart();
    const status = async () => (await fetch(`${site.url}/api/areas/${WEST}`)).status;
    await vi.waitFor(async () => expect(await status()).toBe(200), { timeout: 30_000, interval: 250 });
  });
  afterAll(() => runAreas(site.dataDir, "remove", "--city", "brooklyn"));

  test("shows cells where no area is, beside the areas", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${AT}`);
    const cell = encodeGeohash(OUTSIDE.lon, OUTSIDE.lat, 6);
    const both = { areas: [WEST, MIDDLE, EAST].toSorted(), cells: [cell] };
    await expect.poll(() => places(page), { timeout: 60_000 }).toEqual(both);
    await page.locator("#in-view").getByText("3 places scored in view").waitFor();
    // One is an area without a report: of neutral colour, and not counted.
    expect((await cardOf(EAST)).scores.overall).toBeNull();
    await clickAt(page, OUTSIDE.lon);
    await page.locator("#score-card").getByText(`Cell ${cell}.`).waitFor();
    await page.keyboard.press("Escape");
    // Where no area is in view all cells show; below the areas' zoom too.
    await page.evaluate(
      ([lng = 0, lat = 0]) => globalThis.stratum?.map.jumpTo({ center: [lng, lat], zoom: 9 }),
      [lonOf(2), LAT],
    );
    await mapSettled(page);
    const larger = [0, 1, 4].map((i) => encodeGeohash(lonOf(i), LAT, 5));
    await expect.poll(() => places(page)).toEqual({ areas: [], cells: [...new Set(larger)].sort() });
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("hears of reports in areas as they come, and asks for no tile of areas without one", async () => {
    const asked: string[] = [];
    const { page } = await visit(site.browser, `${site.url}/${AT}`, {
      async prepare(page) {
        page.on("request", (request) => {
          if (request.url().includes("/tiles/areas/")) asked.push(new URL(request.url()).pathname);
        });
      },
    });
    await expect.poll(() => openStreams(site.url)).toBeGreaterThan(0);
    const counted = () =>
      page.evaluate((id) => {
        const { map } = globalThis.stratum ?? {};
        const found = map?.getLayer("area-fill") ? map.queryRenderedFeatures({ layers: ["area-fill"] }) : [];
        return found.find(({ properties }) => properties.id === id)?.properties.report_count_30d;
      }, EAST);
    await expect.poll(counted).toBe(0);
    await mapSettled(page);
    asked.length = 0;
    await page.waitForTimeout(2_000);
    expect(asked).toEqual([]);
    await postReports(site.url, [report("vibe", lonOf(2))]);
    await expect.poll(counted).toBe(1);
    // The tiles that show the area, once each.
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.toSorted()).toEqual([...new Set(asked)].sort());
    await page.context().close();
  });

  test("compares areas that are chosen on the map or from a list, and brings the comparison back by its link", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${AT}`);
    await expect.poll(async () => (await places(page)).areas.length).toBe(3);
    await clickAt(page, lonOf(0));
    const dialog = page.locator("#score-card");
    await dialog.getByRole("button", { name: "Compare" }).press("Enter");
    await dialog.getByRole("heading", { name: "Comparison" }).waitFor();
    await dialog.getByText("Choose another neighbourhood on the map, or here.").waitFor();
    expect(page.url()).toMatch(/\/card=brooklyn-n-west-end,$/);
    await clickAt(page, lonOf(1));
    await expect.poll(() => page.url()).toMatch(/\/card=brooklyn-n-west-end,brooklyn-n-middle$/);
    await expect.poll(() => dialog.locator(".compared-areas li").count()).toBe(2);
    const [west, middle] = await Promise.all([cardOf(WEST), cardOf(MIDDLE)]);
    const safety = dialog.locator(".compared.on-safety");
    expect(await safety.locator("strong").allTextContents()).toEqual(
      [west, middle].map(({ scores }) => scores.safety?.toFixed(0)),
    );
    expect(await safety.locator("li").first().textContent()).toContain("4 reports in 30 days");
    expect(await dialog.locator(".compared.on-vibe li").nth(1).textContent()).toBe("MiddleNot enough reports");
    const outlined = () => page.evaluate(() => JSON.stringify(globalThis.stratum?.map.getFilter("area-chosen")));
    expect(await outlined()).toContain(`["${WEST}","${MIDDLE}"]`);
    expect(await findings(page)).toEqual([]);

    await page.setViewportSize(PHONE.viewport);
    expect(await isWithoutScrolling(page)).toBe(true);
    await dialog.getByRole("combobox").selectOption({ label: "East End" });
    await expect.poll(() => dialog.locator(".compared-areas li").count()).toBe(3);
    expect(await isWithoutScrolling(page)).toBe(true);
    const address = page.url();
    await dialog.getByRole("button", { name: "Leave out West End" }).click();
    await expect
      .poll(() => dialog.locator(".compared-areas button.link").allTextContents())
      .toEqual(["Middle", "East End"]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(faults).toEqual([]);
    await page.context().close();

    // A visit of its own: what a page that is left was still loading counts as its faults.
    const shared = await visit(site.browser, address);
    const compared = shared.page.locator("#score-card .compared-areas button.link");
    await expect.poll(() => compared.allTextContents()).toEqual([...NAMES]);
    expect(shared.faults).toEqual([]);
    await shared.page.context().close();
  });

  test("lists a city's areas by a score that colours the map too, and goes to the one that is chosen", async () => {
    const { page } = await visit(site.browser, `${site.url}/${AT}`);
    const ranked = async (query: string) => {
      const answer = await fetch(`${site.url}/api/trends/areas?city=brooklyn&${query}`);
      return ((await answer.json()) as { areas: { name: string }[] }).areas.map(({ name }) => name);
    };
    await expect.poll(() => ranked("layer=overall"), { timeout: 60_000 }).toHaveLength(3);
    await page.getByRole("button", { name: "Neighbourhoods", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Neighbourhoods of Brooklyn" });
    const listed = () => dialog.locator(".ranked-name").allTextContents();
    await expect.poll(listed).toEqual(await ranked("layer=overall"));
    expect(page.url()).toMatch(/\/card=all-of:brooklyn$/);
    expect(await findings(page)).toEqual([]);
    await page.setViewportSize(DESKTOP);
    await dialog.getByLabel("Safety").check();
    await expect.poll(listed).toEqual(await ranked("layer=safety"));
    expect(page.url()).toContain("/scores=safety/");
    await dialog.getByLabel("Order").selectOption("name");
    await expect.poll(listed).toEqual([...NAMES].sort());
    await dialog.getByRole("button", { name: "West End" }).press("Enter");
    const card = page.getByRole("dialog", { name: "West End" });
    await card.getByText("of 100, overall").waitFor();
    const isInView = () =>
      page.evaluate(([lng = 0, lat = 0]) => globalThis.stratum?.map.getBounds().contains([lng, lat]), [lonOf(0), LAT]);
    await expect.poll(isInView).toBe(true);
    await expect.poll(() => page.evaluate(() => globalThis.stratum?.map.getZoom())).toBeGreaterThan(13);
    await card.getByRole("button", { name: "All neighbourhoods" }).click();
    await expect.poll(listed).toEqual([...NAMES].sort());
    await page.context().close();
  });
}
