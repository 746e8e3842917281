import type { Frame, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ForeignSite, openForeignSite } from "./foreign-site.ts";
import { mapSettled, openStreams, postReports, type Site, STEP_MS } from "./site.ts";

/** A town that no other test reports from. */
const TOWN = { lat: 35.19, lon: -101.83 };
/** One more than the connections that a browser makes to an HTTP/1 server. */
const FRAMES = 7;

/** A page of a third party that shows many maps, as a newspaper's page of districts. */
export function manyFrameTests(site: Site): void {
  let foreign: ForeignSite;
  let reported = 0;
  beforeAll(async () => {
    foreign = await openForeignSite();
  });
  afterAll(() => foreign?.close());

  async function report(): Promise<void> {
    await postReports(site.url, [{ layer: "vibe", category: "live-music", severity: 2, ...TOWN }]);
    reported++;
  }

  async function openFrames(prepare = ""): Promise<{ page: Page; frames: Frame[] }> {
    const context = await site.browser.newContext({ reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MS);
    await page.addInitScript(prepare);
    const frame = (i: number) =>
      `<iframe width="150" height="150" src="${site.url}/embed?layers=vibe&center=${TOWN.lon},${TOWN.lat}&zoom=1${i % 5}"></iframe>`;
    await page.goto(foreign.publish(`<!doctype html>${Array.from({ length: FRAMES }, (_, i) => frame(i)).join("")}`));
    const frames = page.frames().slice(1);
    for (const each of frames) await mapSettled(each as unknown as Page);
    return { page, frames };
  }

  const shown = (frames: readonly Frame[]) =>
    Promise.all(
      frames.map((frame) =>
        frame.evaluate(() => {
          const marks = globalThis.stratum?.map.queryRenderedFeatures({ layers: ["vibe-cluster", "vibe-report"] });
          return marks?.reduce((sum, { properties }) => sum + Number(properties.point_count ?? 1), 0);
        }),
      ),
    );

  test("holds one stream for all of them, and each shows what changes", async () => {
    await report();
    const { page, frames } = await openFrames();
    await expect.poll(() => openStreams(site.url)).toBe(1);
    await report();
    await expect.poll(() => shown(frames)).toEqual(frames.map(() => reported));
    const other = await page.context().newPage();
    expect((await other.goto(`${site.url}/docs`))?.status()).toBe(200);

    // The others go on without the first, whose stream it was.
    await page
      .locator("iframe")
      .first()
      .evaluate((frame) => frame.remove());
    await expect.poll(() => openStreams(site.url)).toBe(1);
    await report();
    await expect.poll(() => shown(frames.slice(1))).toEqual(frames.slice(1).map(() => reported));
    await page.context().close();
    await expect.poll(() => openStreams(site.url)).toBe(0);
  });

  test("has no stream in frames that cannot know of each other, which ask by themselves", async () => {
    const { page, frames } = await openFrames("delete globalThis.BroadcastChannel");
    expect(await openStreams(site.url)).toBe(0);
    await report();
    await expect.poll(() => shown(frames)).toEqual(frames.map(() => reported));
    const other = await page.context().newPage();
    expect((await other.goto(`${site.url}/docs`))?.status()).toBe(200);
    expect(await openStreams(site.url)).toBe(0);
    await page.context().close();
  });
}
