import { expect, test } from "vitest";
import { type Site, visit } from "./site.ts";

/** `/docs/embedding`: what it puts together is tried out where third parties are. */
export function builderTests(site: Site): void {
  test("writes down what its map shows and what is chosen, and copies it", async () => {
    const { page, faults } = await visit(
      site.browser,
      `${site.url}/docs/embedding#leaflet`,
      { permissions: ["clipboard-read", "clipboard-write"] },
      (page) => page.frameLocator("#preview iframe").locator("canvas.maplibregl-canvas").waitFor(),
    );
    const code = page.locator("#snippet code");
    expect(await code.textContent()).toContain("L.map(");

    // The address named a tab; the keyboard goes on from it.
    await page.getByRole("tab", { name: "Leaflet" }).focus();
    await page.keyboard.press("Home");
    expect(await page.getByRole("tab", { selected: true }).textContent()).toBe("Frame");
    expect(page.url()).toMatch(/#frame$/);

    await page.getByLabel("Place").selectOption({ label: "Austin" });
    await code.getByText("center=-97.74").waitFor();
    // Layers are never none.
    await page.getByLabel("Safety").click();
    expect(await code.textContent()).toContain("layers=safety&");
    await page.getByLabel("Opportunity").check();
    await page.getByLabel("Safety").uncheck();
    await page.getByLabel("Tall").check();
    await page.getByLabel("Legend").uncheck();
    expect(await code.textContent()).toMatch(/layers=opportunity&.*height="600"/s);
    expect(await code.textContent()).not.toContain("legend");
    await expect.poll(() => page.frameLocator("#preview iframe").locator("#legend").isVisible()).toBe(false);

    const copy = async () => {
      await page
        .getByRole("tabpanel")
        .getByRole("button", { name: /^Cop(y|ied)$/ })
        .click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      return page.evaluate("navigator.clipboard.readText()");
    };
    // Other tests copy at the same time.
    await expect.poll(copy).toBe(await code.textContent());
    // Tiles and the stream of the place before are let go when the map goes elsewhere.
    expect(faults.filter((fault) => !fault.includes("/api/live"))).toEqual([]);
    await page.context().close();
  });

  test("begins with the map that somebody comes from", async () => {
    const address = `${site.url}/docs/embedding?center=-97.74,30.27&zoom=13&layers=vibe&window=7d&scores=overall#maplibre`;
    const { page, faults } = await visit(site.browser, address, {}, (page) =>
      page.frameLocator("#preview iframe").locator("canvas.maplibregl-canvas").waitFor(),
    );
    const code = (await page.locator("#snippet code").textContent()) ?? "";
    expect(code).toContain("center: [-97.74, 30.27], zoom: 13");
    expect(code).toContain("/tiles/vibe.json?window=7d");
    expect(code).toContain('["get", "overall"]');
    expect(await page.getByLabel("Scores").inputValue()).toBe("overall");
    expect(faults).toEqual([]);
  });
}
