import { beforeAll, expect, test } from "vitest";
import { drawn, type NewReport, postReports, type Site, total, visit } from "./site.ts";

/** A town that no other test reports from. */
const TOWN = { lat: 39.742, lon: -104.987 };
const REPORTS: NewReport[] = Array.from({ length: 7 }, (_, i) => ({
  layer: i < 5 ? "safety" : "vibe",
  category: i < 5 ? "theft" : "noise",
  severity: 3,
  lat: TOWN.lat + i * 0.002,
  lon: TOWN.lon,
}));
const AT = `#13/${TOWN.lat}/${TOWN.lon}/safety/24h`;

/** The days go by on the map. */
export function timeLapseTests(site: Site): void {
  beforeAll(() => postReports(site.url, REPORTS));

  test("steps through the window by button and by keyboard instead of the map's clusters, and gives them back", async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${AT}`);
    await page.getByRole("button", { name: "Time-lapse" }).click();
    const player = page.getByRole("region", { name: "Time-lapse" });
    await player.getByText("5 reports in view, the last 24 hours").waitFor();
    expect(await drawn(page, "safety")).toEqual([]);
    const time = player.getByRole("slider", { name: "Time" });
    const said = () => time.getAttribute("aria-valuetext");
    expect(await said()).toMatch(/^\w{3} \d\d:00, 0 reports$/);
    await player.getByRole("button", { name: "Next hour" }).press("Enter");
    expect(await time.inputValue()).toBe("1");
    await time.press("End");
    expect(await time.inputValue()).toBe("24");
    const last = Number(/(\d+) report/.exec((await said()) ?? "")?.[1]);
    await time.press("ArrowLeft");
    const before = Number(/(\d+) report/.exec((await said()) ?? "")?.[1]);
    // All of them are new, but an hour may have begun between the first and the last.
    expect(last + before).toBe(5);

    await page.locator("#layers").getByLabel("Vibe").check();
    await player.getByText("2 reports in view").waitFor();
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 7 }));
    await player.getByText("Zoom in to a city").waitFor();
    await time.press("Escape");
    await player.waitFor({ state: "hidden" });
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 13 }));
    await expect.poll(async () => total(await drawn(page, "vibe"))).toBe(2);
    // Other layers and other places have other live streams.
    expect(faults.filter((fault) => !fault.includes("/api/live"))).toEqual([]);
    await page.context().close();
  });

  test("runs by itself on a phone, and pauses", async () => {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
    const { page } = await visit(site.browser, `${site.url}/${AT}`, { ...phone, reducedMotion: "no-preference" });
    await page.getByRole("button", { name: "Time-lapse" }).tap();
    const player = page.getByRole("region", { name: "Time-lapse" });
    const pause = player.getByRole("button", { name: "Pause" });
    await pause.waitFor();
    const time = player.getByRole("slider", { name: "Time" });
    await expect.poll(async () => Number(await time.inputValue())).toBeGreaterThan(1);
    await pause.tap();
    const at = await time.inputValue();
    await page.evaluate(`new Promise((resolve) => {
      let frames = 0;
      const count = () => (++frames === 10 ? resolve() : requestAnimationFrame(count));
      count();
    })`);
    expect(await time.inputValue()).toBe(at);
    expect(await page.locator("html").evaluate((html) => html.scrollWidth)).toBe(390);
    await page.context().close();
  });
}
