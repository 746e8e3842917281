import type { Frame, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ForeignSite, openForeignSite } from "./foreign-site.ts";
import { mapSettled, type NewReport, postReports, type Site, STEP_MS, visit } from "./site.ts";

/** A town that no other test reports from. */
const TOWN = { lat: 44.08, lon: -103.23 };
const REPORTS: NewReport[] = Array.from({ length: 12 }, (_, i) => ({
  layer: "vibe",
  category: "live-music",
  severity: 1 + (i % 5),
  lat: TOWN.lat + (i % 3) * 1e-4,
  lon: TOWN.lon + (i % 4) * 1e-4,
}));

/** What a host's page keeps for the test: the helper's map, and all that its frame told. */
interface Told {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** The frame on a page of another origin, which steers it and hears of it. */
export function embedTests(site: Site): void {
  let foreign: ForeignSite;
  beforeAll(async () => {
    [foreign] = await Promise.all([openForeignSite(), postReports(site.url, REPORTS)]);
  });
  afterAll(() => foreign?.close());

  /** Opens a host's page that embeds a map with the helper; its promise is `embedded`, the map then `theirs`. */
  async function openHost(options: object, prepare?: (page: Page) => Promise<unknown>): Promise<Page> {
    const page = await site.browser.newPage({ viewport: { width: 900, height: 600 }, reducedMotion: "reduce" });
    page.setDefaultTimeout(STEP_MS);
    await prepare?.(page);
    await page.goto(
      foreign.publish(`<!doctype html><meta charset="utf-8"><div id="here" style="height: 500px"></div>
        <script type="module">
          import { embed } from "${site.url}/embed.js";
          globalThis.told = [];
          globalThis.embedded = embed("#here", ${JSON.stringify(options)});
          globalThis.theirs = await embedded;
          for (const type of ["moved", "clicked", "changed", "error"]) theirs.on(type, (event) => told.push(event));
        </script>`),
    );
    return page;
  }
  const view = { center: [TOWN.lon, TOWN.lat], zoom: 12, layers: "vibe" };
  const told = (page: Page, type: string) =>
    page.evaluate<Told[]>(`globalThis.told.filter((event) => event.type === "${type}")`);
  const frameOf = (page: Page): Frame => {
    const frame = page.frames().find((each) => each.url().includes("/embed?"));
    if (frame === undefined) throw new Error("there is no frame");
    return frame;
  };

  test("does what its host asks, answers with its state, and tells of moves, clicks and changes", async () => {
    const page = await openHost(view);
    await page.waitForFunction("globalThis.theirs");
    expect(await page.evaluate("theirs.getState()")).toMatchObject({ zoom: 12, layers: ["vibe"], window: "90d" });

    expect(await page.evaluate(`theirs.flyTo({ center: [${TOWN.lon}, ${TOWN.lat}], zoom: 13 })`)).toMatchObject({
      zoom: 13,
    });
    await expect.poll(async () => (await told(page, "moved")).length).toBe(1);
    expect(await page.evaluate('theirs.setLayers(["safety", "vibe"])')).toMatchObject({ layers: ["safety", "vibe"] });
    expect(await page.evaluate('theirs.setScores("overall")')).toMatchObject({ scores: "overall" });
    expect(await page.evaluate("theirs.setScores(null)")).toMatchObject({ scores: null });
    expect(await page.evaluate('theirs.setWindow("7d")')).toMatchObject({ window: "7d" });
    await mapSettled(frameOf(page) as unknown as Page);

    const [cluster] = await frameOf(page).evaluate(() => {
      const map = globalThis.stratum?.map;
      return (map?.queryRenderedFeatures({ layers: ["vibe-cluster"] }) ?? []).map(({ geometry }) => {
        const { coordinates } = geometry as unknown as { coordinates: [number, number] };
        return map?.project(coordinates) ?? { x: 0, y: 0 };
      });
    });
    // Two layers stand a little to the sides of the true place.
    const box = await page.locator("iframe").boundingBox();
    await page.mouse.click((box?.x ?? 0) + (cluster?.x ?? 0) + 13, (box?.y ?? 0) + (cluster?.y ?? 0));
    await expect
      .poll(async () => (await told(page, "clicked"))[0])
      .toMatchObject({
        kind: "cluster",
        layer: "vibe",
        properties: { point_count: REPORTS.length },
      });

    await page.mouse.click((box?.x ?? 0) + 20, (box?.y ?? 0) + 150);
    await expect
      .poll(async () => (await told(page, "clicked"))[1])
      .toMatchObject({ kind: "neighbourhood", properties: { geohash: expect.stringMatching(/^9x[a-z0-9]{4}$/) } });

    await postReports(site.url, REPORTS.slice(0, 1));
    await expect
      .poll(async () => (await told(page, "changed")).flatMap(({ changes }) => changes))
      .toContainEqual({ layer: "vibe", geohash: expect.stringMatching(/^9x/) });
    expect(await told(page, "error")).toEqual([]);
    await page.close();
  });

  test("answers what it cannot do with an error, and listens to nobody but its host", { tags: "slow" }, async () => {
    const page = await openHost(view);
    await page.waitForFunction("globalThis.theirs");
    const refused = await page.evaluate('theirs.setLayers(["crime"]).catch((error) => error.message)');
    expect(refused).toBe("layers must be a list of some of safety, vibe, infrastructure, opportunity");

    const empty = await page.evaluate("theirs.setLayers([]).catch((error) => error.message)");
    expect(empty).toBe("layers may be empty only while scores show");

    const answer = await page.evaluate(`new Promise((resolve) => {
      addEventListener("message", ({ data }) => data.id === "mine" && resolve(data));
      theirs.frame.contentWindow.postMessage({ stratum: 1, type: "explode", id: "mine" }, "*");
    })`);
    expect(answer).toMatchObject({ stratum: 1, type: "error", code: "unknown-type", field: "type", id: "mine" });

    // A neighbour on the same page, such as an advertisement, reaches the frame's window but not the map.
    await page.evaluate(`new Promise((resolve) => {
      const neighbour = document.createElement("iframe");
      neighbour.onload = resolve;
      neighbour.srcdoc = "<script>parent.frames[0].postMessage({ stratum: 1, type: 'setWindow', window: '24h' }, '*')</script>";
      document.body.append(neighbour);
    })`);
    expect(await page.evaluate("theirs.getState()")).toMatchObject({ window: "90d" });
    await page.close();
  });

  test("takes the theme that its host asks for, whatever the system's is", { tags: "slow" }, async () => {
    const page = await openHost({ ...view, theme: "dark" });
    await page.waitForFunction("globalThis.theirs");
    const colors = async () => [
      await frameOf(page).evaluate("getComputedStyle(document.body).backgroundColor"),
      await frameOf(page).evaluate(() =>
        String(globalThis.stratum?.map.getPaintProperty("vibe-cluster", "circle-color")),
      ),
    ];
    expect(await colors()).toEqual(["rgb(24, 29, 35)", "#e58fd0"]);
    expect(await page.evaluate('theirs.setTheme("light")')).toMatchObject({ theme: "light" });
    await expect.poll(colors).toEqual(["rgb(247, 245, 240)", "#9d3a8f"]);
    await page.close();
  });

  test("says what is wrong with its parameters, and shows a map all the same", { tags: "slow" }, async () => {
    const page = await openHost({ center: "Rapid City", zoom: 99, layers: "vibe" });
    await page.waitForFunction("globalThis.theirs");
    await expect
      .poll(async () => (await told(page, "error")).map(({ code, field }) => [code, field]))
      .toEqual([
        ["parameter", "center"],
        ["parameter", "zoom"],
      ]);
    const frame = frameOf(page);
    expect(await frame.getByRole("status").textContent()).toContain("zoom=99: should be a number from 0 to 22");
    await mapSettled(frame as unknown as Page);
    // In front of the map, and out of the way when they were read.
    for (let left = 2; left > 0; left--) await frame.getByRole("button", { name: "Dismiss" }).first().click();
    expect(await frame.locator("#notices").textContent()).toBe("");
    await page.close();
  });

  test("says that it needs WebGL where there is none, to its reader and to its host", { tags: "slow" }, async () => {
    const page = await openHost(view, (page) =>
      page.addInitScript("HTMLCanvasElement.prototype.getContext = () => null"),
    );
    const failure = await page.evaluate("embedded.catch((error) => error.message)");
    expect(failure).toBe("The map could not be started. It needs a browser with WebGL 2.");
    await frameOf(page).getByText("It needs a browser with WebGL 2").waitFor();
    await page.close();
  });

  test("loads less than the whole page: neither its form nor its panel", { tags: "slow" }, async () => {
    const ownScripts = async (path: string) => {
      const page = await site.browser.newPage();
      const scripts: { url: string; bytes: number }[] = [];
      page.on("requestfinished", async (request) => {
        if (request.resourceType() !== "script" || /maplibre/.test(request.url())) return;
        scripts.push({ url: request.url(), bytes: (await request.sizes()).responseBodySize });
      });
      await page.goto(`${site.url}${path}`);
      await mapSettled(page);
      const bodies = await Promise.all(scripts.map(async ({ url }) => (await fetch(url)).text()));
      await page.close();
      return { bytes: scripts.reduce((sum, { bytes }) => sum + bytes, 0), text: bodies.join() };
    };
    const whole = await ownScripts("/");
    const embedded = await ownScripts("/embed");
    for (const part of ["#latest", "#city", "#report-form"]) {
      expect([part, whole.text.includes(part), embedded.text.includes(part)]).toEqual([part, true, false]);
    }
    expect(embedded.bytes).toBeLessThan(whole.bytes);
  });

  test("links to the whole map at the view that it shows", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/embed?center=${TOWN.lon},${TOWN.lat}&zoom=13&layers=vibe`);
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 15 }));
    const link = page.getByRole("link", { name: /^Stratum/ });
    await expect.poll(() => link.getAttribute("href")).toMatch(/^\/#15\.00\/44\.08\d*\/-103\.23\d*\/vibe\/90d$/);
    await page.context().close();
  });
}
