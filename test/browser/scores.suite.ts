import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import type { Page } from "playwright-core";
import { beforeAll, expect, test, vi } from "vitest";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { runAreas } from "./run-areas.ts";
import { drawn, mapSettled, type NewReport, postReports, type Site, total, visit } from "./site.ts";

const PLACE = { lat: 30.265, lon: -97.742 };
/** The neighbourhood that it lies in. */
const CELL = "9v6kpv";
const REPORTS: NewReport[] = Array.from({ length: 9 }, (_, i) => ({
  layer: i < 6 ? "safety" : "vibe",
  category: i < 6 ? "theft" : "live-music",
  severity: 1 + (i % 3),
  lat: PLACE.lat + i * 1e-5,
  lon: PLACE.lon,
  text: `No. ${i}`,
}));
/** Reports of ten days ago. */
const OLD: NewReport[] = Array.from({ length: 4 }, (_, i) => ({
  ...PLACE,
  layer: "safety",
  category: "theft",
  severity: 1 + i,
}));
const DAY_MS = 86_400_000;
const AT = `#14/${PLACE.lat}/${PLACE.lon}/safety/90d`;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

interface Card {
  readonly place: string;
  readonly scores: Readonly<Record<string, number | null>>;
  readonly worth: Readonly<Record<string, number>>;
  readonly report_count_30d: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Scores of cells on the map, and the card of one. */
export function scoreTests(site: Site): void {
  const readCard = async () => (await (await fetch(`${site.url}/api/neighborhood/${CELL}`)).json()) as Card;

  let scored: number | null | undefined;

  beforeAll(async () => {
    await site.restart({ now: () => Date.now() - 10 * DAY_MS });
    await postReports(site.url, OLD);
    // Reports are in the tiles' scores once they are compacted, which a server does when it starts: the old ones are.
    await site.restart();
    const { z, x, y } = tileAt(worldX(PLACE.lon), worldY(PLACE.lat), 14);
    const scoreInTile = async () => {
      const bytes = await (await fetch(`${site.url}/tiles/scores/${z}/${x}/${y}.pbf`)).arrayBuffer();
      const { scores } = new VectorTile(new PbfReader(new Uint8Array(bytes))).layers;
      const cells = Array.from({ length: scores?.length ?? 0 }, (_, i) => scores?.feature(i).properties);
      return cells.find((cell) => cell?.geohash === CELL)?.overall;
    };
    scored = (await readCard()).scores.overall;
    await vi.waitFor(async () => expect(await scoreInTile()).toBe(scored), { timeout: 60_000, interval: 250 });
    await postReports(site.url, REPORTS);
  });

  test("colours the cells by the score that is chosen, with its numbers beside, and keeps it in the address", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${AT}`);
    await page.getByLabel("Scores", { exact: true }).check();
    await mapSettled(page);
    // Cells wait until it is known that there are no areas.
    const overall = () =>
      page.evaluate(
        (geohash) =>
          globalThis.stratum?.map
            .queryRenderedFeatures({ layers: ["score-fill"] })
            .find(({ properties }) => properties.geohash === geohash)?.properties.overall,
        CELL,
      );
    await expect.poll(overall).toBe(scored);
    expect(await page.locator("#score-ramp").locator(".ramp-tick").allTextContents()).toEqual([
      "30",
      "50",
      "70",
      "85",
      "100",
    ]);
    // Scores are of 30 days, whatever the time of the reports.
    await page.locator("#scores").getByText("30 days", { exact: true }).waitFor();
    expect(await page.locator("#windows").getAttribute("class")).toContain("dimmed");
    const fill = () => page.evaluate(() => globalThis.stratum?.map.getPaintProperty("score-fill", "fill-color"));
    expect(JSON.stringify(await fill())).toContain('["get","overall"]');
    await page.locator("#scores").getByLabel("Vibe score").check();
    expect(JSON.stringify(await fill())).toContain('["get","vibe"]');
    expect(page.url()).toMatch(/\/safety\/90d\/scores=vibe$/);
    // With the scores on, the reports may be off.
    await page.locator("#layers").getByLabel("Safety").uncheck();
    expect(page.url()).toMatch(/\/none\/90d\/scores=vibe$/);
    await page.getByLabel("Scores", { exact: true }).uncheck();
    expect(page.url()).toMatch(/\/safety\/90d$/);
    expect(await page.locator("#windows").getAttribute("class")).not.toContain("dimmed");
    // The map takes back what it asked for when nobody wants to see it any more.
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("shows and counts only what is in the window", async () => {
    const { page } = await visit(site.browser, `${site.url}/${AT}`);
    const shown = async () => total(await drawn(page, "safety"));
    const fresh = REPORTS.filter(({ layer }) => layer === "safety").length;
    expect(await shown()).toBe(fresh + OLD.length);
    for (const [window, count] of [
      ["24 h", fresh],
      ["30 days", fresh + OLD.length],
      ["7 days", fresh],
    ] as const) {
      await page.getByLabel(window).check();
      await expect.poll(shown).toBe(count);
      await page.locator("#in-view").getByText(`${count} safety reports in view`).waitFor();
    }
    await page.context().close();
  });

  test("opens a neighbourhood's card where the map is clicked, with the API's numbers, and by keyboard", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${AT}`);
    await clickBareMap(page);
    const card = page.getByRole("dialog", { name: (await readCard()).place });
    await card.getByText("of 100, overall").waitFor();
    const { scores, counts } = await readCard();
    // All of one client: whole numbers, and no change that means anything.
    expect(await card.locator(".overall-score strong").textContent()).toBe(scores.overall?.toFixed(0));
    expect(await card.locator(".confidence").textContent()).toBe("low confidence");
    expect(await card.locator(".score-row strong").allTextContents()).toEqual(
      ["safety", "vibe"].map((layer) => scores[layer]?.toFixed(0)),
    );
    expect(await card.locator(".score-row .no-score").allTextContents()).toEqual(Array(2).fill("Not enough reports"));
    expect(await card.locator(".score-row .score-facts").allTextContents()).toEqual([
      // Of two days, on each of which the first three count, 1, 1/2 and 1/4.
      "10 reports in 30 days, many of them from the same people: together they count as 3.5, medium confidence",
      "3 reports in 30 days, low confidence",
    ]);
    expect(await card.getByRole("link", { name: "How scores are made" }).getAttribute("href")).toBe(
      `${site.url}/docs/scores#${CELL}`,
    );
    expect(await card.locator("tbody tr").first().locator("td").allTextContents()).toEqual(
      ["24h", "7d", "30d", "90d"].map((window) => String(counts.safety?.[window])),
    );
    // That of the vibe began today.
    expect(await card.locator(".spark-line").count()).toBe(2);
    await card.getByText("Not enough reports to compare with a week ago").waitFor();
    expect(await page.locator(":focus").getAttribute("id")).toBe("score-title");
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "hidden" });
    expect(page.url()).not.toContain("card=");
    expect(await page.locator("canvas:focus").count()).toBe(1);

    await page.getByRole("button", { name: "Score card" }).press("Enter");
    await page.locator("#score-card .overall").waitFor();
    await page.keyboard.press("Escape");
    expect(await page.locator(":focus").getAttribute("id")).toBe("open-card");
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("works one score out from what the API tells, on the page of the method", async () => {
    const address = `${site.url}/docs/scores#${CELL}`;
    const { page, faults } = await visit(site.browser, address, {}, (page) => page.locator("#worked b").waitFor());
    const { scores, worth, report_count_30d } = await readCard();
    const count = report_count_30d.safety ?? 0;
    await page.getByText(`The ${count} reports weigh ${worth.safety} together`).waitFor();
    expect(await page.locator("#worked b").textContent()).toBe(scores.safety?.toFixed(1));
    const counts = await page.locator("#worked tbody td:nth-child(2)").allTextContents();
    expect(counts.map(Number)).toEqual([REPORTS.filter(({ layer }) => layer === "safety").length, 0, OLD.length, 0]);
    await page.setViewportSize(PHONE.viewport);
    expect(await page.locator("html").evaluate((html) => html.scrollWidth)).toBe(PHONE.viewport.width);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("brings a card back by its link, and leads to reports and back", async () => {
    const permissions = { permissions: ["clipboard-read", "clipboard-write"] };
    const { page } = await visit(site.browser, `${site.url}/${AT}/card=${CELL}`, permissions);
    const card = page.locator("#score-card");
    const share = async () => {
      await card.getByRole("button", { name: "Share" }).click();
      await page.getByText("Link copied.").first().waitFor();
      return page.evaluate<string>("navigator.clipboard.readText()");
    };
    // Other tests copy at the same time.
    await expect.poll(share).toBe(page.url());
    expect(page.url()).toMatch(new RegExp(`/card=${CELL}$`));
    await card.getByRole("button", { name: "Theft" }).first().click();
    const popup = page.locator(".maplibregl-popup");
    await popup.getByText(/^No\. \d$/).waitFor();
    await card.getByRole("button", { name: "Close" }).click();
    await popup.getByRole("button", { name: "Neighbourhood score" }).click();
    await card.getByText("of 100, overall").waitFor();
    await page.context().close();
  });

  test("shows how the scores have changed, and says what is missing: history without PostgreSQL, all without the server", async () => {
    const { page } = await visit(site.browser, `${site.url}/${AT}`);
    let answer: "none" | "no history" | "history" = "none";
    await page.route("**/api/neighborhood/*", async (route) => {
      if (answer === "none") return route.fulfill({ status: 503, json: { title: "away" } });
      const card = await readCard();
      if (answer === "no history") {
        return route.fulfill({ json: { ...card, history: "unavailable", change_7d: null, series: [] } });
      }
      const change_7d = { safety: 2.4, vibe: -1, infrastructure: 0.4, opportunity: null, overall: -0.3 };
      const scores = { safety: 80, vibe: 60, infrastructure: 70, opportunity: null, overall: 70 };
      const confidence = { safety: "high", vibe: "high", infrastructure: "medium", opportunity: null, overall: "high" };
      const series = ["2026-01-01", "2026-01-02", "2026-01-09"].map((day, i) => ({
        ...scores,
        day,
        overall: 70 + i,
      }));
      return route.fulfill({ json: { ...card, scores, confidence, change_7d, series } });
    });
    await clickBareMap(page);
    const card = page.locator("#score-card");
    await card.getByText("The scores of this place could not be loaded.").waitFor();
    answer = "no history";
    await card.getByRole("button", { name: "Try again" }).click();
    await card.getByText("The history is not available right now.").waitFor();
    expect(await card.locator(".spark, .change").count()).toBe(0);
    await page.keyboard.press("Escape");
    answer = "history";
    await clickBareMap(page);
    const line = "Overall score from 70.0 to 72.0 in 8 days, lowest 70.0, highest 72.0";
    await card.getByRole("img", { name: line }).waitFor();
    expect(await card.locator(".spark-line").count()).toBe(4);
    const changes = ["−0.3 worse than a week ago", "+2.4 better", "−1.0 worse", "no change"];
    expect(await card.locator(".change").allTextContents()).toEqual(changes);
    await page.context().close();
  });

  test("is a sheet on a phone that follows its handle up, down and away", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${AT}`, PHONE);
    await page.getByText("Report", { exact: true }).waitFor();
    await clickBareMap(page);
    const card = page.locator("#score-card");
    await card.getByText("of 100, overall").waitFor();
    const top = async () => Math.round((await card.boundingBox())?.y ?? -1);
    expect(await top()).toBe(422);
    await drag(page, 435, 120);
    await expect.poll(top).toBeLessThan(100);
    expect(await page.locator("html").evaluate((html) => html.scrollWidth)).toBe(390);
    await drag(page, await top().then((y) => y + 12), 430);
    await expect.poll(top).toBe(422);
    await drag(page, 435, 800);
    await card.waitFor({ state: "hidden" });
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("draws areas in place of cells where there are any, and opens the card of the one that is clicked", async () => {
    const id = "austin-n-warehouse-district";
    const areas = (...args: string[]) => runAreas(site.dataDir, ...args);
    const square = { type: "Polygon", coordinates: [SQUARE.map(([x, y]) => [PLACE.lon + x, PLACE.lat + y])] };
    const file = join(site.dataDir, "areas.geojson");
    const feature = { type: "Feature", properties: { name: "Warehouse District" }, geometry: square };
    await writeFile(file, JSON.stringify({ type: "FeatureCollection", features: [feature] }));
    await areas("import", file, "--city", "austin", "--name", "name");
    const known = async () => (await fetch(`${site.url}/api/areas/${id}`)).status;
    await expect.poll(known, { timeout: 30_000 }).toBe(200);
    const { scores } = (await (await fetch(`${site.url}/api/areas/${id}`)).json()) as Card;

    const { page, faults } = await visit(
      site.browser,
      `${site.url}/#14/${PLACE.lat}/${PLACE.lon}/none/90d/scores=overall`,
    );
    const layers = () =>
      page.evaluate(() => {
        const { map } = globalThis.stratum ?? {};
        const count = (layer: string) => map?.getLayer(layer) && map.queryRenderedFeatures({ layers: [layer] }).length;
        return [count("score-fill"), (count("area-fill") ?? 0) > 0, count("area-name")];
      });
    await expect.poll(layers, { timeout: 30_000 }).toEqual([0, true, 1]);
    await page.locator("#in-view").getByText("1 place scored in view").waitFor();
    await clickBareMap(page);
    const card = page.getByRole("dialog", { name: "Warehouse District" });
    await card.getByText("of 100, overall").waitFor();
    expect(page.url()).toMatch(new RegExp(`/card=${id}$`));
    expect(await card.locator(".where").textContent()).toBe("Austin · Neighbourhood");
    expect(await card.locator(".overall-score strong").textContent()).toBe(scores.overall?.toFixed(0));
    // Before the reloads, which cut off what is under way.
    expect(faults).toEqual([]);
    // A link to it draws its borders, scores or not.
    await page.goto(`${site.url}/#13/${PLACE.lat}/${PLACE.lon}/safety/90d/card=${id}`);
    await page.reload();
    await page.getByRole("dialog", { name: "Warehouse District" }).waitFor();
    const chosen = () => page.evaluate(() => globalThis.stratum?.map.getLayer("area-chosen")?.visibility);
    await expect.poll(chosen, { timeout: 30_000 }).toBe("visible");

    // Without areas there are cells again.
    await areas("remove", "--city", "austin");
    await expect.poll(known, { timeout: 30_000 }).toBe(404);
    await page.goto(`${site.url}/#14/${PLACE.lat}/${PLACE.lon}/none/90d/scores=overall`);
    await page.reload();
    await expect.poll(async () => (await layers())[0], { timeout: 30_000 }).toBeGreaterThan(0);
    await page.context().close();
  });
}

const SQUARE = [
  [-0.01, -0.008],
  [0.01, -0.008],
  [0.01, 0.008],
  [-0.01, 0.008],
  [-0.01, -0.008],
] as const satisfies readonly (readonly [number, number])[];

/** Clicks the neighbourhood beside its reports. */
async function clickBareMap(page: Page): Promise<void> {
  const at = await page.evaluate(
    ([lon = 0, lat = 0]) => globalThis.stratum?.map.project([lon, lat]),
    [PLACE.lon - 0.0015, PLACE.lat + 0.001],
  );
  await page.mouse.click(at?.x ?? 0, at?.y ?? 0);
}

async function drag(page: Page, fromY: number, toY: number): Promise<void> {
  await page.mouse.move(195, fromY);
  await page.mouse.down();
  for (let step = 1; step <= 5; step++) await page.mouse.move(195, fromY + ((toY - fromY) * step) / 5);
  await page.mouse.up();
}
