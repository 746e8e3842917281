import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../server/runtime/node/serve.ts";
import { type PrefixProxy, startPrefixProxy } from "../kit/prefix-proxy.ts";
import { type ForeignSite, openForeignSite } from "./foreign-site.ts";
import { drawn, mapSettled, postReports, type Site, total, visit } from "./site.ts";

const TOWN = { lat: 46.87, lon: -96.79 };
const REPORTS = Array.from({ length: 9 }, (_, i) => ({
  layer: "safety" as const,
  category: "theft",
  severity: 1 + (i % 5),
  lat: TOWN.lat + (i % 3) * 1e-3,
  lon: TOWN.lon + (i % 4) * 1e-3,
}));

/** Below a path of another site, all of which but that path answers 404. */
export function prefixTests(site: Site): void {
  let proxy: PrefixProxy;
  let server: RunningServer;
  let foreign: ForeignSite;
  beforeAll(async () => {
    proxy = await startPrefixProxy(() => server.url, { prefix: "/city/stratum" });
    const env = { PORT: "0", DATA_DIR: "memory", SEED: "off", DATABASE_URL: "postgres://nobody@127.0.0.1:9/none" };
    server = await startServer(readConfig({ ...env, TRUSTED_PROXIES: "1" }));
    foreign = await openForeignSite();
    await postReports(proxy.url, REPORTS);
  });
  afterAll(async () => {
    await foreign?.close();
    await proxy?.close();
    await server?.close();
  });

  test("draws the map, hears of changes and opens without a network", async () => {
    const { page, faults } = await visit(site.browser, `${proxy.url}/#13/${TOWN.lat}/${TOWN.lon}/safety/90d`);
    expect(total(await drawn(page, "safety"))).toBe(REPORTS.length);
    await postReports(proxy.url, REPORTS.slice(0, 1));
    await expect.poll(async () => total(await drawn(page, "safety"))).toBe(REPORTS.length + 1);
    expect(faults).toEqual([]);
    const aboutMap = page.locator(".sketch-badge a");
    expect(await aboutMap.getAttribute("href")).toBe(`${proxy.url}/about#map`);
    const [mark] = await drawn(page, "safety");
    await page.mouse.click(mark?.x ?? 0, mark?.y ?? 0);
    const link = page.locator(".maplibregl-popup").getByRole("link", { name: "Link" });
    expect(await link.getAttribute("href")).toContain(`${proxy.url}/#`);

    const scope = await page.evaluate("navigator.serviceWorker.ready.then(({ scope }) => scope)");
    expect(scope).toBe(`${proxy.url}/`);
    await page.context().setOffline(true);
    await page.reload();
    await page.locator("#layers input").first().waitFor();
    await page.context().close();
  });

  test("shows the API and the snippets' builder", async () => {
    const reference = await visit(site.browser, `${proxy.url}/docs`, {}, async (page) =>
      page.locator("details.operation").first().waitFor(),
    );
    await reference.page.locator("#get-tiles-json summary").click();
    expect(await reference.page.locator("#get-tiles-json .address").textContent()).toBe(`${proxy.url}/tiles.json`);
    const builder = await visit(site.browser, `${proxy.url}/docs/embedding#maplibre`, {}, async (page) =>
      page.frameLocator("#preview iframe").locator("canvas.maplibregl-canvas").waitFor(),
    );
    expect(await builder.page.locator("#snippet code").textContent()).toContain(`${proxy.url}/tiles/safety.json`);
    const { origin } = new URL(proxy.url);
    expect(await builder.page.locator("#messages pre").last().textContent()).toContain(`origin === "${origin}"`);
    expect([...reference.faults, ...builder.faults]).toEqual([]);
  });

  test("is embedded by its script in a page of a third party", async () => {
    const address = foreign.publish(`<!doctype html><div id="here" style="height: 500px"></div><script type="module">
      import { embed } from "${proxy.url}/embed.js";
      globalThis.theirs = await embed("#here", { center: [${TOWN.lon}, ${TOWN.lat}], zoom: 13, layers: "safety" });
    </script>`);
    const { page, faults } = await visit(site.browser, address, {}, async (page) => {
      await page.waitForFunction("globalThis.theirs");
    });
    const frame = page.frames().find((each) => each.url().startsWith(`${proxy.url}/embed?`));
    await mapSettled(frame as unknown as typeof page);
    expect(await frame?.evaluate("document.querySelector('#open').href")).toContain(`${proxy.url}/#13`);
    expect(faults.filter((fault) => !fault.includes("favicon"))).toEqual([]);
  });
}
