import { expect, test } from "vitest";
import { mapSettled, PHONE, type Site, visit } from "./site.ts";
import { overlapOf } from "./sizes.ts";

const SF = "#13/37.7655/-122.418/safety/90d";
const NOWHERE = "#13/41.6/-93.6/safety/90d";

/** Whether nothing sticks out of the window. */
const FITS = "document.documentElement.scrollWidth <= screen.width";

/** What the page tells of itself: what it is, what its map is, and where to read more. */
export function firstLookTests(site: Site): void {
  test("says once what this is", async () => {
    const { page } = await visit(site.browser, site.url);
    const sentence = page.getByText("A live map of what residents notice");
    expect(await sentence.isVisible()).toBe(true);
    await page.reload();
    await mapSettled(page);
    expect(await sentence.isVisible()).toBe(false);
    await page.context().close();
  });

  test("leads to pages about itself, which lead back", async () => {
    for (const options of [{}, PHONE]) {
      const { page, faults } = await visit(site.browser, site.url, options);
      const more = page.getByRole("button", { name: "More" });
      if (await more.isVisible()) await more.click();
      const links = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
      const paths = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));
      expect(paths).toEqual(["./about", "./privacy", "./docs/embedding", "./docs", "./dashboard"]);
      for (const path of paths.slice(0, 2)) {
        await page.goto(new URL(path, `${site.url}/`).href);
        expect(await page.locator("h1").count()).toBe(1);
        expect(await page.evaluate(FITS)).toBe(true);
        // Its looks have come.
        expect(await page.evaluate("getComputedStyle(document.querySelector('.site')).position")).toBe("sticky");
        expect(await page.locator(".brand").getAttribute("href")).toBe("./");
      }
      expect(faults).toEqual([]);
      await page.context().close();
    }
  });

  test("says that its map is a sketch, where it has no streets, and how one gets some", async () => {
    const { page } = await visit(site.browser, `${site.url}/${SF}`);
    const badge = page.locator(".sketch-badge");
    await badge.getByText("Sketch map").click();
    expect(await badge.getByText("BASEMAP_STYLE_URL").isVisible()).toBe(true);
    await page.keyboard.press("Escape");
    expect(await badge.getByText("BASEMAP_STYLE_URL").isVisible()).toBe(false);
    const goTo = (hash: string) => page.goto(`${site.url}/${hash}`);
    await goTo(NOWHERE);
    await badge.getByText("No streets here yet").waitFor();
    // Real data, drawn as they are.
    await goTo("#6/38/-98/safety/90d");
    await expect.poll(() => badge.isVisible()).toBe(false);
    await page.context().close();
  });

  test("shows the sketch's badge beside the attribution, or over it", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${SF}`, { viewport: { width: 720, height: 450 } });
    const overlap = async () => {
      const [badge, attribution] = [page.locator(".sketch-badge summary"), page.locator(".maplibregl-ctrl-attrib")];
      await badge.waitFor();
      return overlapOf(await badge.boundingBox(), await attribution.boundingBox());
    };
    for (const width of [641, 720, 799, 800, 844]) {
      await page.setViewportSize({ width, height: 450 });
      expect(await overlap(), `${width}`).toBe(0);
    }
    await page.context().close();
  });

  test("names San Francisco beside its reports, and draws no city's box over the coast, at zoom 9", async () => {
    const report = { layer: "safety", category: "theft", severity: 3, lat: 37.775, lon: -122.42 };
    await fetch(`${site.url}/api/reports`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(report),
    });
    const { page } = await visit(site.browser, `${site.url}/#9/37.77/-122.43/safety/90d`);
    const found = await page.evaluate(() => {
      const map = globalThis.stratum?.map;
      const names = map?.queryRenderedFeatures({ layers: ["city-name"] }).map(({ properties }) => properties.name);
      const sketched = map?.queryRenderedFeatures({ layers: ["city-sea", "city-shore", "park"] }).length;
      return { names, sketched };
    });
    expect(found.names).toContain("San Francisco");
    expect(found.sketched).toBe(0);
    await page.context().close();
  });

  test("keeps its logo whole in a wide font", async () => {
    for (const viewport of [
      { width: 320, height: 640 },
      { width: 1024, height: 640 },
    ]) {
      const { page } = await visit(site.browser, site.url, { viewport });
      for (const path of ["/", "/about"]) {
        if (path !== "/") await page.goto(new URL(path, `${site.url}/`).href);
        await page.evaluate("document.body.style.letterSpacing = '0.25em'");
        const logo = await page.locator("h1 svg, .brand svg").first().boundingBox();
        expect([logo?.width, logo?.height]).toEqual([25, 25]);
        expect(await page.evaluate(FITS)).toBe(true);
      }
      await page.context().close();
    }
  });

  test("says in words that location is off", async () => {
    const { page } = await visit(site.browser, site.url, { permissions: [] });
    const button = page.locator(".maplibregl-ctrl-geolocate");
    // Switched off, it takes no click of its own.
    await button.click({ force: true });
    await page.getByRole("status").getByText("Location is off for this page.").waitFor();
    await page.context().close();
  });
}
