import type { CDPSession } from "playwright-core";
import { expect, test } from "vitest";
import { type NewReport, openStreams, postReports, type Site, visit } from "./site.ts";

/** A town that no other test reports from: the middle of a tile of zoom 14. */
const TILE = "/tiles/safety/14/3600/6200.pbf";
const TOWN = { lat: 40.036, lon: (3600.5 / 2 ** 14) * 360 - 180 };
const REPORTS: NewReport[] = Array.from({ length: 60 }, (_, i) => ({
  layer: "safety",
  category: "theft",
  severity: 1 + (i % 5),
  lat: TOWN.lat + (i % 7) * 1e-4,
  lon: TOWN.lon + (i % 11) * 1e-4,
}));
const IN_A_ROW = 2;

/** An open map where much happens at once; for ten minutes of it there is `npm run bench -- client`. */
export function burstTests(site: Site): void {
  test("asks for the one tile that changes about once a second, however much happens, and keeps nothing", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/#14/${TOWN.lat}/${TOWN.lon}/safety/90d`);
    await expect.poll(() => openStreams(site.url)).toBe(1);
    const session = await page.context().newCDPSession(page);
    const before = await domNodes(session);
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/tiles/")) asked.push(new URL(request.url()).pathname);
    });

    const startMs = Date.now();
    for (let i = 0; i < REPORTS.length; i += IN_A_ROW) {
      await postReports(site.url, REPORTS.slice(i, i + IN_A_ROW));
      await page.waitForTimeout(100);
    }
    await page.waitForFunction((wanted) => {
      const marks = globalThis.stratum?.map.queryRenderedFeatures({ layers: ["safety-cluster", "safety-report"] });
      return marks?.reduce((sum, { properties }) => sum + Number(properties.point_count ?? 1), 0) === wanted;
    }, REPORTS.length);
    const seconds = (Date.now() - startMs) / 1000;
    const others = asked.filter((path) => path !== TILE);
    expect(asked.length - others.length).toBeLessThanOrEqual(2 * (seconds + 1));
    // Every 15 s the map looks after tiles that may have changed farther off, and before it heard of changes.
    expect(others.length).toBeLessThanOrEqual(new Set(others).size * (1 + Math.floor(seconds / 15)));
    expect(await domNodes(session)).toBeLessThan(before + 40);
    expect(faults).toEqual([]);
    await page.context().close();
  });
}

/** Nodes that the page holds, drawn or not, after a collection. */
async function domNodes(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Memory.getDOMCounters")).nodes;
}
