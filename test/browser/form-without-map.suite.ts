import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../kit/chromium.ts";
import { coveredAroundCross, doubleTap } from "./form-sizes.suite.ts";
import { mapSettled, PHONE, postReports, type Site, visit } from "./site.ts";

const HOME = { lat: 37.7618, lon: -122.421 };
const MAP = `#16/${HOME.lat}/${HOME.lon}/vibe/90d`;
const TABLET = { width: 768, height: 1024 };

const open = (page: Page, label: string) => page.getByRole("button", { name: label, exact: true }).click();

/** Holds the map's code back until it is let go. */
async function holdMap(page: Page): Promise<() => void> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route(/live-map/, async (route) => {
    await held;
    await route.continue();
  });
  return letGo;
}

/** Opens the page while its map's code is held back. */
async function visitBeforeMap(site: Site, options = {}) {
  let letGo = () => {};
  const prepare = async (page: Page) => {
    letGo = await holdMap(page);
  };
  const { page, faults } = await visit(site.browser, `${site.url}/${MAP}`, { ...options, prepare }, (page) =>
    page.locator("#layers .layer").first().waitFor(),
  );
  return { page, faults, letGo: () => letGo() };
}

/** Where reports were taken, in the order of their posts. */
function notePosts(page: Page): { lat: number; lon: number; category: string }[] {
  const posts: { lat: number; lon: number; category: string }[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST") posts.push(request.postDataJSON());
  });
  return posts;
}

/** Sends what is held without waiting for the end of the hold. */
const hide = (page: Page) =>
  page.evaluate(`
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  `);

/** The form before the map, and without any. */
export function formWithoutMapTests(site: Site): void {
  test("the form opens before the map's code, the map follows, and a double tap on Drop leaves the way back", async () => {
    const { page, faults, letGo } = await visitBeforeMap(site, PHONE);
    await open(page, "Report");
    await page.getByText("The map is on its way.").waitFor();
    await open(page, "Noise");
    await open(page, "Drop report");
    await page.getByText("Wait for it, use your location, or name a place.").waitFor();
    letGo();
    await mapSettled(page);
    expect(await coveredAroundCross(page)).toEqual([]);
    await page.getByText("Drag the map or tap the place.").waitFor();
    expect(await page.locator("#place-error").isHidden()).toBe(true);
    expect(await page.locator(".names").count()).toBe(0);
    await doubleTap(page, "Drop report");
    await open(page, "Undo");
    await page.getByRole("heading", { name: "Noise" }).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("the map goes where one was before it came", { tags: "slow" }, async () => {
    const brooklyn = { latitude: 40.6943, longitude: -73.9249, accuracy: 9 };
    const { page, letGo } = await visitBeforeMap(site, { geolocation: brooklyn, permissions: ["geolocation"] });
    await open(page, "Report");
    await open(page, "Use my location");
    await page.getByText("Your location, to about 9 m.").waitFor();
    letGo();
    await mapSettled(page);
    const [lon, lat] = await page.evaluate(() => globalThis.stratum?.map.getCenter().toArray() ?? []);
    expect([lon, lat]).toEqual([expect.closeTo(brooklyn.longitude, 4), expect.closeTo(brooklyn.latitude, 4)]);
    await page.getByText("Your location, to about 9 m.").waitFor();
    await page.context().close();
  });

  test("a report is dropped before the map comes, and waits on it then", { tags: "slow" }, async () => {
    const { page, letGo } = await visitBeforeMap(site, PHONE);
    await open(page, "Report");
    await page.getByLabel("Name of a place").fill("castro");
    await page.keyboard.press("Enter");
    await page.getByText("Castro, San Francisco").waitFor();
    await open(page, "Festival");
    await open(page, "Drop report");
    await page.getByRole("heading", { name: "Thank you" }).waitFor();
    expect(await page.getByRole("button", { name: "See it on the map" }).count()).toBe(0);
    await open(page, "Undo");
    await page.getByText("Castro, San Francisco").waitFor();
    await open(page, "Drop report");
    await page.getByRole("heading", { name: "Thank you" }).waitFor();
    letGo();
    await mapSettled(page);
    expect(await page.locator("#crosshair").isHidden()).toBe(true);
    await page.getByText("It is on the map for everyone").waitFor();
    await page.context().close();
  });

  test("the time-lapse, too, is asked for once before the map comes", { tags: "slow" }, async () => {
    const { page, letGo } = await visitBeforeMap(site);
    const opener = page.locator("#open-lapse");
    await opener.click();
    await opener.click();
    letGo();
    await page.locator("#time-lapse").getByRole("button", { name: "Close" }).waitFor();
    await page.context().close();
  });

  test("what never comes is said, with a way to ask again, and reports are taken without it", {
    tags: "slow",
  }, async () => {
    const prepare = async (page: Page) => {
      await page.route(/live-map/, (route) => route.abort());
    };
    const { page } = await visit(site.browser, `${site.url}/${MAP}`, { prepare }, (page) =>
      page.getByText("The map could not be loaded.").waitFor(),
    );
    await page.getByRole("button", { name: "Reload" }).waitFor();
    await open(page, "Report");
    await page.getByText("Use your location, or name a place.").waitFor();
    await page.context().close();
  });

  describe("without WebGL 2", { tags: "slow" }, () => {
    let blind: Browser;
    beforeAll(async () => {
      blind = await launchChromium({ webgl: false });
      await postReports(site.url, [{ ...HOME, layer: "vibe", category: "festival", severity: 4, text: "Lanterns." }]);
    });
    afterAll(() => blind?.close());
    const list = (page: Page) => page.locator("#latest").getByText("Lanterns.").waitFor();

    for (const viewport of [{ width: 320, height: 640 }, PHONE.viewport, TABLET, { width: 1440, height: 900 }]) {
      const size = `${viewport.width} x ${viewport.height}`;
      test(`the list is there, and a named place will do for a report, at ${size}`, async () => {
        const { page, faults } = await visit(blind, `${site.url}/${MAP}`, { viewport }, list);
        await page.getByText("This browser cannot draw the map").waitFor();
        expect(await page.getByRole("button", { name: "Reload" }).count()).toBe(0);
        const posts = notePosts(page);
        await open(page, "Report");
        await open(page, "Noise");
        await open(page, "Drop report");
        await page.getByText("Where is it? Use your location, or name a place.").waitFor();
        const field = page.getByLabel("Name of a place");
        await field.fill("Nowhere at all");
        await field.press("Enter");
        await page.getByText("No place here has that name.").waitFor();
        await field.fill("mission district");
        await field.press("Enter");
        await page.getByText("Mission District, San Francisco").waitFor();
        await open(page, "Drop report");
        await page.getByRole("heading", { name: "Thank you" }).waitFor();
        expect(await page.getByRole("button", { name: "See it on the map" }).count()).toBe(0);
        await hide(page);
        await expect.poll(() => posts).toMatchObject([{ category: "noise", lat: 37.7595, lon: -122.419 }]);
        await page.getByText("It is on the map for everyone").waitFor();
        expect(faults).toEqual([]);
        await page.context().close();
      });
    }

    test("the device's position will do, too, and another city has its own list", async () => {
      const here = { latitude: 30.2672, longitude: -97.7431, accuracy: 2_300 };
      const options = { geolocation: here, permissions: ["geolocation"], viewport: PHONE.viewport };
      const { page } = await visit(blind, `${site.url}/${MAP}`, options, list);
      const posts = notePosts(page);
      await open(page, "Report");
      await open(page, "Use my location");
      await page.getByText("Known only to about 2.3 km: say in your words where.").waitFor();
      await page.context().clearPermissions();
      await open(page, "Use my location");
      await page.getByText("Name a place instead.").waitFor();
      await open(page, "Noise");
      await open(page, "Drop report");
      await hide(page);
      await expect.poll(() => posts).toMatchObject([{ lat: here.latitude, lon: here.longitude }]);
      await open(page, "Close");
      await page.getByLabel("Go to city").selectOption({ label: "Austin" });
      await expect.poll(() => page.locator("#latest").getByText("Lanterns.").count()).toBe(0);
      await page.locator("#latest").getByText("Noise").first().waitFor();
      expect(page.url()).toContain("/-97.743");
      await page.context().close();
    });
  });
}
