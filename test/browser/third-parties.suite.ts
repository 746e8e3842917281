import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ForeignSite, openForeignSite } from "./foreign-site.ts";
import { type NewReport, openStreams, postReports, type Site, visit } from "./site.ts";

/** Where the snippets look, and what they show. */
const CENTER = { lon: -122.42, lat: 37.77 };
const REPORTS: NewReport[] = Array.from({ length: 40 }, (_, i) => ({
  ...(i % 4 === 0
    ? ({ layer: "vibe", category: "noise" } as const)
    : ({ layer: "safety", category: "theft" } as const)),
  severity: 1 + (i % 5),
  lat: CENTER.lat + ((i % 5) - 2) * 0.004,
  lon: CENTER.lon + ((i % 8) - 4) * 0.006,
}));

/** Maps of other people, made of the snippets that our own documentation puts together, word for word. */
export function thirdPartyTests(site: Site): void {
  let foreign: ForeignSite;
  let snippets: Readonly<Record<string, string>>;

  beforeAll(async () => {
    [foreign] = await Promise.all([openForeignSite(), postReports(site.url, REPORTS)]);
    snippets = await buildSnippets(site);
  });
  afterAll(() => foreign?.close());

  /** Opens a page of another origin with a snippet, whose `map` the test may look at. */
  async function open(
    name: string,
    more = "globalThis.theirs = map;",
  ): Promise<{ page: Page; faults: string[]; origins: Set<string> }> {
    const page = await site.browser.newPage({ viewport: { width: 1000, height: 700 } });
    const faults: string[] = [];
    const origins = new Set<string>();
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) faults.push(message.text());
    });
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("request", (request) => {
      if (request.url().startsWith("http")) origins.add(new URL(request.url()).origin);
    });
    const html = snippets[name]?.replace(/<\/script>\s*$/, `;${more}</script>`) ?? "";
    await page.goto(foreign.publish(html));
    return { page, faults, origins };
  }

  /** Reports that the marks which a map draws stand for; code for the page, whose types are another library's. */
  const shown = (page: Page, marks: string, wanted: (sum: number) => boolean) =>
    expect
      .poll(() =>
        page.evaluate<number>(`(${marks}).reduce((sum, { point_count = 1 }) => sum + point_count, 0)`).catch(String),
      )
      .toSatisfy(wanted);

  /** Marks near the edges may or may not be in view, but all that the test reported are. */
  const all = (sum: number) => sum >= REPORTS.length && sum < 1000;

  /** Clicks a place of the page's map, in its pixels, and reads the popup. */
  async function popupAt(page: Page, place: string, popup: string): Promise<string> {
    const [x = 0, y = 0] = await page.evaluate<[number, number]>(place);
    await page.mouse.click(x, y);
    await page.locator(popup).waitFor();
    return (await page.locator(popup).textContent()) ?? "";
  }

  test("MapLibre draws them, and a new report as it comes", async () => {
    const { page, faults, origins } = await open("maplibre");
    const marks = 'theirs.queryRenderedFeatures({ layers: ["safety", "vibe"] }).map((feature) => feature.properties)';
    await shown(page, `theirs.getLayer("vibe") ? ${marks} : []`, all);
    const before = await page.evaluate<number>(`${marks}.reduce((sum, { point_count = 1 }) => sum + point_count, 0)`);
    expect(await page.evaluate("theirs.getPaintProperty('scores', 'fill-color')[1]")).toEqual(["has", "overall"]);
    await expect.poll(() => openStreams(site.url)).toBe(1);
    const drawn = (...layers: string[]) => `theirs.queryRenderedFeatures({ layers: ${JSON.stringify(layers)} })`;
    await page.waitForFunction(`${drawn("safety-count")}.length > 0 && ${drawn("land", "shore")}.length > 0`);
    const cluster = `(({ x, y }) => [x, y])(theirs.project(${drawn("safety-count")}[0].geometry.coordinates))`;
    expect(await popupAt(page, cluster, ".maplibregl-popup-content")).toMatch(/^\d+ reports: (safety|vibe)/);
    await postReports(site.url, REPORTS.slice(0, 1));
    await shown(page, marks, (sum) => sum === before + 1);
    expect(faults).toEqual([]);
    expect(origins).toContain(site.url);
    await page.close();
  });

  test("OpenLayers draws them", async () => {
    const { page, faults } = await open("openlayers");
    const layer = "theirs.getLayers().item(0)";
    const marks = `${layer}.getFeaturesInExtent(theirs.getView().calculateExtent()).map((feature) => feature.getProperties())`;
    await shown(page, marks, all);
    // Their colour is on the canvas.
    await page.waitForFunction(`(() => {
      const canvas = document.querySelector("#map canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4) if (data[i] > 180 && data[i + 2] < 90 && data[i + 3] > 100) return true;
      return false;
    })()`);
    // Below them, land and water.
    const ground = "theirs.getLayers().item(1).getFeaturesInExtent(theirs.getView().calculateExtent())";
    await page.waitForFunction(`${ground}.some((feature) => feature.get("layer") === "land")`);
    // One that nothing else lies upon, whichever tile came first.
    const cluster = `(() => {
      const features = ${layer}.getFeaturesInExtent(theirs.getView().calculateExtent());
      const at = (feature) => theirs.getPixelFromCoordinate(feature.getFlatCoordinates());
      const isAlone = (one) => features.every((other) => {
        const [a, b] = [at(one), at(other)];
        return other === one || Math.hypot(a[0] - b[0], a[1] - b[1]) > 40;
      });
      const isInside = ([x, y]) => x > 60 && y > 60 && x < innerWidth - 60 && y < innerHeight - 60;
      const found = features.filter((one) => one.get("point_count") > 1 && isInside(at(one))).find(isAlone);
      return found && at(found);
    })()`;
    await page.waitForFunction(cluster);
    expect(await popupAt(page, cluster, "#popup:not(:empty)")).toMatch(/^\d+ reports: (safety|vibe)$/);
    // This test itself reads the canvas, as often as it takes.
    expect(faults.filter((fault) => !fault.includes("willReadFrequently"))).toEqual([]);
    await page.close();
  });

  test("Leaflet draws them with a vector-tile layer", async () => {
    const { page, faults } = await open("leaflet");
    // The snippet's radius tells the count.
    const marks = `[...document.querySelectorAll("#map svg circle")]
      .map((circle) => ({ point_count: Math.round(Math.exp((circle.getAttribute("r") - 5) / 2.5)) }))`;
    await shown(page, marks, all);
    const fills = await page
      .locator("#map svg circle")
      .evaluateAll((all) => all.map((each) => each.getAttribute("fill")));
    expect(new Set(fills)).toEqual(new Set(["#ff8a4c", "#e58fd0"]));
    await page.locator('#map svg path[fill="#181d23"]').first().waitFor({ state: "attached" });
    const texts = page.locator("#map svg text:not(:empty)");
    const counts = await texts.evaluateAll((all) => all.map((each) => Number(each.textContent)));
    expect(counts.length).toBeGreaterThan(0);
    expect(Math.min(...counts)).toBeGreaterThan(1);
    const cluster = `(({ x, y, width, height }) => [x + width / 2, y + height / 2])(
      [...document.querySelectorAll("#map svg text:not(:empty)")].map((text) => text.getBoundingClientRect())
        .find(({ x, y }) => x > 100 && x < 900 && y > 100 && y < 600))`;
    expect(await popupAt(page, cluster, ".leaflet-popup-content")).toMatch(/^\d+ reports: (safety|vibe)$/);
    expect(faults).toEqual([]);
    await page.close();
  });

  test("Leaflet draws circles whole that lie across the edge of a tile", async () => {
    // A third of a pixel west of where two tiles of zoom 12 meet.
    const across = { ...REPORTS[0], layer: "vibe", lat: 37.8, lon: -1393 * (360 / 4096) - 6e-5 } as NewReport;
    await postReports(
      site.url,
      Array.from({ length: 30 }, () => across),
    );
    const { page } = await open("leaflet");
    await page.waitForFunction(`(() => {
      const theirs = [...document.querySelectorAll("#map svg circle")];
      const at = globalThis.theirs?.latLngToContainerPoint([${across.lat}, ${across.lon}]);
      const centre = (box) => [box.x + box.width / 2, box.y + box.height / 2];
      globalThis.circle = theirs.find((each) => {
        const [x, y] = centre(each.getBoundingClientRect());
        return Math.hypot(x - at.x, y - at.y) < 4;
      });
      return globalThis.circle;
    })()`);
    const whole = await page.evaluate<{ x: number; y: number; width: number; height: number }>(
      "circle.getBoundingClientRect().toJSON()",
    );
    expect(whole.width).toBeGreaterThan(20);
    const { x, y, width, height } = whole;
    const picture = await page.screenshot({ clip: { x: x - 10, y: y - 10, width: width + 20, height: height + 20 } });
    expect(await spreadOf(page, picture.toString("base64"))).toEqual([
      expect.closeTo(width, -0.5),
      expect.closeTo(height, -0.5),
    ]);
    await page.close();
  });

  test("a frame shows the map without its controls, and with its legend", async () => {
    const { page, faults } = await open("frame");
    const frame = page.frameLocator("iframe");
    await frame.locator("canvas.maplibregl-canvas").waitFor();
    const inside = page.frames().find((each) => each.url().includes("/embed?"));
    await inside?.waitForFunction(
      () =>
        (globalThis.stratum?.map.queryRenderedFeatures({ layers: ["safety-cluster", "safety-report"] }).length ?? 0) >
        0,
    );
    expect(await frame.locator("#legend").textContent()).toBe("SafetyVibethe last 7 daysOverall score30100");
    expect(await frame.getByRole("link", { name: /^Stratum/ }).getAttribute("href")).toMatch(
      /^\/#12\.00\/37\.770*\/-122\.420*\/safety,vibe\/7d\/scores=overall$/,
    );
    expect(await frame.locator("#panel, #open-report").count()).toBe(0);
    expect(await frame.locator(".maplibregl-ctrl-attrib").count()).toBe(1);
    expect(faults).toEqual([]);
    await page.close();
  });

  test("the script puts the same frame there, and the page hears of it", async () => {
    const { page, faults } = await open("script", "map.getState().then((state) => { globalThis.state = state; });");
    await page.waitForFunction("globalThis.state");
    expect(await page.evaluate("state")).toMatchObject({
      layers: ["safety", "vibe"],
      window: "7d",
      theme: "dark",
      scores: "overall",
      legend: true,
      zoom: 12,
    });
    expect(faults).toEqual([]);
    await page.close();
  });

  test("GDAL reads a tile over HTTP, where it is installed", async ({ skip }) => {
    const run = promisify(execFile);
    const installed = await run("ogr2ogr", ["--version"]).then(
      () => true,
      () => false,
    );
    skip(!installed, "there is no ogr2ogr on this machine (Debian: gdal-bin)");
    const tile = /"(MVT:.*)"/.exec(snippets.gdal ?? "")?.[1] ?? "";
    const layer = ["-f", "GeoJSON", "-t_srs", "EPSG:4326", "/vsistdout/", tile, "safety"];
    const { stdout } = await run("ogr2ogr", layer);
    const { features } = JSON.parse(stdout) as {
      features: { properties: { point_count?: number | null }; geometry: { coordinates: [number, number] } }[];
    };
    const sum = features.reduce((total, { properties }) => total + (properties.point_count ?? 1), 0);
    expect(sum).toBeGreaterThan(REPORTS.length / 4);
    for (const { geometry } of features) {
      expect(geometry.coordinates[0]).toBeCloseTo(-122.42, 0);
      expect(geometry.coordinates[1]).toBeCloseTo(37.77, 0);
    }
  });
}

/** Chooses in the documentation's builder, as somebody does who wants a map of that place, and takes each snippet. */
async function buildSnippets(site: Site): Promise<Record<string, string>> {
  const { page } = await visit(site.browser, `${site.url}/docs/embedding`, {}, async (page) => {
    await page.frameLocator("#preview iframe").locator("canvas.maplibregl-canvas").waitFor();
  });
  await page.getByLabel("Vibe").check();
  await page.getByLabel("7 days").check();
  await page.getByLabel("Dark").check();
  await page.getByLabel("Scores").selectOption("overall");
  const preview = page.frames().find((frame) => frame.url().includes("/embed?"));
  await preview?.waitForFunction(() => globalThis.stratum !== undefined);
  await preview?.evaluate(({ lon, lat }) => globalThis.stratum?.map.jumpTo({ center: [lon, lat] }), CENTER);
  const code = page.locator("#snippet code");
  await page.getByText("center=-122.42,37.77&").waitFor();
  const snippets: Record<string, string> = {};
  for (const tab of await page.getByRole("tab").all()) {
    await tab.click();
    const id = (await tab.getAttribute("id"))?.replace("tab-", "") ?? "";
    snippets[id] = (await code.textContent()) ?? "";
  }
  await page.context().close();
  return snippets;
}

/** Width and height of what is not the ground, the colour of its corner, in a picture. */
function spreadOf(page: Page, png: string): Promise<[number, number]> {
  return page.evaluate(`(async () => {
    const image = new Image();
    image.src = "data:image/png;base64,${png}";
    await image.decode();
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const [xs, ys] = [new Set(), new Set()];
    for (let i = 0; i < data.length; i += 4) {
      const away = [0, 1, 2].reduce((sum, channel) => sum + Math.abs(data[i + channel] - data[channel]), 0);
      if (away < 60) continue;
      xs.add((i / 4) % width);
      ys.add(Math.floor(i / 4 / width));
    }
    return [xs.size, ys.size];
  })()`);
}
