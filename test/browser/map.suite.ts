import { beforeAll, expect, test } from "vitest";
import { categoryLabel } from "../../client/words/words.ts";
import { DESKTOP, drawn, mapSettled, type NewReport, postReports, type Site, total, visit } from "./site.ts";

/** Two knots of safety reports 1.5 km apart, each 300 m wide, and one lone vibe report. */
const SAFETY: NewReport[] = Array.from({ length: 60 }, (_, i) => ({
  layer: "safety",
  category: "poor-lighting",
  severity: 1 + (i % 5),
  lat: 37.7599 + (i % 7) * 4e-4,
  lon: (i % 2 === 0 ? -122.4148 : -122.4318) + (i % 11) * 3e-4,
}));
const VIBE: NewReport = {
  layer: "vibe",
  category: "live-music",
  severity: 4,
  lat: 37.7634,
  lon: -122.4219,
  text: "A brass band on the corner.",
};
/** So many reports at one and the same place, far from the others. */
const HEAP_SIZE = 23;
const HEAP: NewReport = { layer: "opportunity", category: "hiring", severity: 3, lat: 43.61, lon: -116.2 };
/** A report of each layer at one and the same corner. */
const CORNER: NewReport[] = [
  { layer: "safety", category: "theft", severity: 3, lat: 41.6, lon: -93.6 },
  { layer: "vibe", category: "street-art", severity: 2, lat: 41.6, lon: -93.6 },
  { layer: "infrastructure", category: "pothole", severity: 4, lat: 41.6, lon: -93.6 },
  { layer: "opportunity", category: "pop-up", severity: 5, lat: 41.6, lon: -93.6 },
];
const CITY = "#11/37.761/-122.42/safety/90d";

interface Cluster {
  readonly expansion_zoom: number;
}

/** What the page shows and how one moves in it. */
export function mapTests(site: Site): void {
  beforeAll(() => postReports(site.url, [...SAFETY, VIBE, ...CORNER, ...Array<NewReport>(HEAP_SIZE).fill(HEAP)]));

  test("loads without a fault and asks nothing of any other origin", async () => {
    const { page, faults, origins } = await visit(site.browser, site.url);
    expect(await page.title()).toContain("Stratum");
    expect(faults).toEqual([]);
    expect([...origins]).toEqual([site.url]);
    await page.context().close();
  });

  test("draws every report of the city in clusters, and splits them where a click zooms in", async () => {
    const { page } = await visit(site.browser, `${site.url}/${CITY}`);
    const far = await drawn(page, "safety");
    expect(total(far)).toBe(SAFETY.length);
    expect(far.length).toBeLessThan(5);

    const [largest] = far.sort((a, b) => Number(b.properties.point_count) - Number(a.properties.point_count));
    const cluster = (await (await fetch(`${site.url}/api/clusters/${largest?.properties.id}`)).json()) as Cluster;
    await page.mouse.click(largest?.x ?? 0, largest?.y ?? 0);
    await page.waitForFunction(
      (zoom) => globalThis.stratum?.map.getZoom() === zoom,
      Math.max(12, cluster.expansion_zoom),
    );
    // It says what the cluster was, and pans to make room for itself: after the jump, were its code to come late.
    await page.locator(".maplibregl-popup").waitFor();
    await mapSettled(page);
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 17, center: [-122.4133, 37.7611] }));
    await mapSettled(page);
    // What is drawn comes a frame or two behind its tiles.
    await expect.poll(async () => (await drawn(page, "safety")).length).toBeGreaterThan(far.length);
    const near = await drawn(page, "safety");
    expect(near.some(({ properties }) => properties.point_count === undefined)).toBe(true);
    await page.context().close();
  });

  test("lists the reports of a cluster that no zoom splits, page by page", { tags: "slow" }, async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/#14/${HEAP.lat}/${HEAP.lon}/opportunity/90d`);
    const [heap] = await drawn(page, "opportunity");
    await page.mouse.click(heap?.x ?? 0, heap?.y ?? 0);
    const popup = page.locator(".maplibregl-popup");
    await popup.getByText(`${HEAP_SIZE} reports at this place`).waitFor();
    await expect.poll(() => popup.locator(".report-card").count()).toBe(20);
    await popup.getByRole("button", { name: "Show more" }).click();
    await expect.poll(() => popup.locator(".report-card").count()).toBe(HEAP_SIZE);
    expect(await popup.getByRole("button", { name: "Show more" }).count()).toBe(0);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("says what a report is when it is clicked", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/#17/37.7634/-122.4219/vibe/90d`);
    const [report] = await drawn(page, "vibe");
    await page.mouse.click(report?.x ?? 0, report?.y ?? 0);
    const popup = page.locator(".maplibregl-popup");
    await popup.getByText("A brass band on the corner.").waitFor();
    expect(await popup.locator("h3").textContent()).toBe("Live music");
    expect(await popup.getByRole("img", { name: "Severity 4 of 5" }).count()).toBe(1);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("takes a flag by keyboard after it has asked why, and thanks for it", { tags: "slow" }, async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/#17/37.7634/-122.4219/vibe/90d`);
    const [report] = await drawn(page, "vibe");
    await page.mouse.click(report?.x ?? 0, report?.y ?? 0);
    const popup = page.locator(".maplibregl-popup");
    const flag = popup.getByRole("button", { name: "Flag" });
    await flag.focus();
    await page.keyboard.press("Enter");
    await popup.getByRole("group", { name: "What is wrong with it?" }).waitFor();
    await page.keyboard.press("Escape");
    expect([await flag.getAttribute("aria-expanded"), await popup.count()]).toEqual(["false", 1]);
    await page.keyboard.press("Enter");
    const sent = page.waitForRequest(/\/api\/reports\/\w+\/flag$/);
    await popup.getByRole("button", { name: "Not true" }).focus();
    await page.keyboard.press("Enter");
    expect((await sent).postDataJSON()).toEqual({ reason: "untrue" });
    const thanks = popup.getByText("Thank you. It goes when others flag it too.");
    await thanks.waitFor();
    expect(await page.locator(":focus").textContent()).toBe(await thanks.textContent());
    expect(await flag.count()).toBe(0);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("lists the newest reports in view for those who use no pointer", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/#15/37.7634/-122.4219/vibe/90d`);
    const entry = page.locator("#latest").getByRole("button", { name: "Live music" });
    await entry.focus();
    await page.keyboard.press("Enter");
    await page.locator(".maplibregl-popup").getByText("A brass band on the corner.").waitFor();
    await page.context().close();
  });

  test("switches and combines layers and sets the time window, all kept in the address", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${CITY}`);
    await page.getByLabel("Vibe").check();
    await mapSettled(page);
    expect(await drawn(page, "safety")).toEqual([]);
    expect(total(await drawn(page, "vibe"))).toBe(1);

    await page.getByLabel("Combine layers").check();
    await page.getByLabel("Safety").check();
    const windowed = page.waitForRequest(/\/tiles\/safety\/.*\?window=7d$/);
    await page.getByLabel("7 days").check();
    await windowed;
    await mapSettled(page);
    expect(total(await drawn(page, "safety"))).toBe(SAFETY.length);
    expect(page.url()).toMatch(/#11\.00\/37\.76\d+\/-122\.4\d+\/safety,vibe\/7d$/);

    const shared = await visit(site.browser, page.url());
    expect(await shared.page.getByLabel("Safety").isChecked()).toBe(true);
    expect(await shared.page.getByLabel("Vibe").isChecked()).toBe(true);
    expect(await shared.page.getByLabel("7 days").isChecked()).toBe(true);
    await shared.page.context().close();
    await page.context().close();
  });

  test("draws layers that are shown together beside each other, each to be clicked", { tags: "slow" }, async () => {
    const { page, faults } = await visit(
      site.browser,
      `${site.url}/#14/41.6/-93.6/safety,vibe,infrastructure,opportunity/90d`,
    );
    await page.getByText("4 reports in view").waitFor();
    const marks = (await Promise.all(CORNER.map(({ layer }) => drawn(page, layer)))).flat();
    expect(marks).toHaveLength(CORNER.length);
    const apart = marks.flatMap((a, i) => marks.slice(i + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)));
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(16);

    const popup = page.locator(".maplibregl-popup");
    for (const { x, y, properties } of marks) {
      await page.mouse.click(x, y);
      await popup.getByRole("heading", { name: categoryLabel(String(properties.category)) }).waitFor();
      await popup.locator(".maplibregl-popup-close-button").click();
    }
    // One layer alone stands where its reports lie, and is drawn from its own tiles again.
    for (const name of ["Vibe", "Infrastructure", "Opportunity"]) await page.getByLabel(name).uncheck();
    await page.getByText("1 safety report in view").waitFor();
    const [alone] = await drawn(page, "safety");
    expect(alone?.properties.lon).toBeUndefined();
    expect(Math.hypot((alone?.x ?? 0) - DESKTOP.width / 2, (alone?.y ?? 0) - DESKTOP.height / 2)).toBeLessThan(200);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("goes to a city, and shows in which one the map is", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, site.url);
    const shown = () => page.locator("#city option:checked").textContent();
    await expect.poll(shown).toBe("San Francisco");
    await page.getByLabel("Go to city").selectOption({ label: "Austin" });
    await page.waitForFunction(() => Math.abs((globalThis.stratum?.map.getCenter().lng ?? 0) + 97.7431) < 0.01);
    expect(page.url()).toContain("/-97.743");
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 5 }));
    expect(await shown()).toBe("Go to…");
    await page.context().close();
  });

  test("fits a phone: nothing sticks out, and a tap opens a cluster", { tags: "slow" }, async () => {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
    const { page, faults } = await visit(site.browser, `${site.url}/${CITY}`, phone);
    expect(await page.locator("html").evaluate((html) => html.scrollWidth)).toBe(390);
    for (const name of ["Safety", "Vibe", "Infrastructure", "Opportunity"]) {
      const box = await page.locator(".layer", { hasText: name }).boundingBox();
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(44);
    }
    const [cluster] = await drawn(page, "safety");
    await page.touchscreen.tap(cluster?.x ?? 0, cluster?.y ?? 0);
    await page.waitForFunction(() => (globalThis.stratum?.map.getZoom() ?? 0) >= 12);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("draws the operator's own basemap below the reports, and ours when that one cannot be had", {
    tags: "slow",
  }, async () => {
    const style = {
      version: 8,
      sources: {},
      layers: [{ id: "theirs", type: "background", paint: { "background-color": "#abc" } }],
    };
    const layersWith = async (styleStatus: number) => {
      const context = await site.browser.newContext({ reducedMotion: "reduce" });
      const page = await context.newPage();
      await page.route("**/basemap.json", (route) =>
        route.fulfill({ json: { style_url: `${site.url}/their-style.json` } }),
      );
      await page.route("**/their-style.json", (route) => route.fulfill({ status: styleStatus, json: style }));
      await page.goto(`${site.url}/${CITY}`);
      await mapSettled(page);
      const ids = await page.evaluate(() => globalThis.stratum?.map.getStyle().layers.map(({ id }) => id) ?? []);
      const marks = total(await drawn(page, "safety"));
      const notice = await page.getByText("The detailed basemap cannot be reached").count();
      await context.close();
      return { first: ids[0], ours: ids.includes("land"), marks, notice };
    };
    expect(await layersWith(200)).toEqual({ first: "theirs", ours: false, marks: SAFETY.length, notice: 0 });
    expect(await layersWith(503)).toEqual({ first: "water", ours: true, marks: SAFETY.length, notice: 1 });
  });
}
