import type { AxeResults } from "axe-core";
import axe from "axe-core";
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { DESKTOP, drawn, mapSettled, type NewReport, postReports, type Site, visit } from "./site.ts";

/** A place that no other test reports from. */
const PLACE = { lat: 46.87, lon: -113.99 };
const MAP = `#15/${PLACE.lat}/${PLACE.lon}/safety/90d`;
const REPORT: NewReport = {
  layer: "safety",
  category: "unsafe-corner",
  severity: 4,
  ...PLACE,
  text: "No light at all.",
};

const SIZES = { desktop: DESKTOP, phone: { width: 390, height: 844 } };
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * Whether what has the focus is ringed: by an outline of its own, of the label around an unseen input, or of what is drawn over
 * the whole card for it.
 */
const HAS_VISIBLE_FOCUS = `(() => {
  const focused = document.activeElement;
  const ringed = (element, part) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element, part);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const around = focused.closest("label, fieldset");
  return ringed(focused) || ringed(focused, "::after") || (around !== null && ringed(around));
})()`;

/** Findings of axe-core that would keep somebody out, in both themes and on both sizes of screen. */
export async function findings(page: Page): Promise<string[]> {
  // Not as a script of the page: its policy would not let it in.
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const run = `axe.run(document, { iframes: false, runOnly: ${JSON.stringify(RULES)}, resultTypes: ["violations"] })`;
      const { violations } = await page.evaluate<AxeResults>(run);
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      for (const { id, nodes } of grave) {
        for (const { html, any } of nodes) found.push(`${size} ${colorScheme} ${id}: ${html} ${any[0]?.message ?? ""}`);
      }
    }
  }
  return found;
}

/** Everything for everybody. */
export function accessibilityTests(site: Site): void {
  beforeAll(() => postReports(site.url, [REPORT]));

  test("axe-core finds nothing serious on the map, and with a report open", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${MAP}`);
    await page.locator("#latest button").first().waitFor();
    expect(await findings(page)).toEqual([]);
    await page.setViewportSize(SIZES.desktop);
    await page.waitForFunction(
      (width) => globalThis.stratum?.map.getCanvas().clientWidth === width,
      SIZES.desktop.width,
    );
    await mapSettled(page);
    const [mark] = await drawn(page, "safety");
    await page.mouse.click(mark?.x ?? 0, mark?.y ?? 0);
    await page.locator(".maplibregl-popup").getByText("No light at all.").waitFor();
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });

  test("nor with a score card or the form open", { tags: "slow" }, async () => {
    const card = encodeGeohash(PLACE.lon, PLACE.lat, 6);
    const { page } = await visit(site.browser, `${site.url}/${MAP}/scores=overall/card=${card}`);
    await page.locator("#score-card").getByText("Overall").first().waitFor();
    expect(await findings(page)).toEqual([]);
    await page.setViewportSize(SIZES.desktop);
    await page.getByRole("button", { name: "Report", exact: true }).click();
    await page.locator("#report-form[open]").waitFor();
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });

  test("nor on a report's way: its severity, the thanks, the list of what waits", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${MAP}`);
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Report", exact: true }).click();
    await page.getByRole("button", { name: "Vandalism" }).click();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Drop report" }).click();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Show", exact: true }).click();
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });

  test("nor in the frame", { tags: "slow" }, async () => {
    const address = `${site.url}/embed?legend=1&layers=safety,vibe&zoom=nonsense&center=${PLACE.lon},${PLACE.lat}`;
    const { page } = await visit(site.browser, address);
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });

  test("nor where the documentation is", { tags: "slow" }, async () => {
    for (const [path, ready] of [
      ["/docs/embedding", "#snippet code"],
      ["/docs/scores", "#worked table"],
      ["/docs#get-api-reports", "details[open] form"],
    ] as const) {
      const { page } = await visit(site.browser, `${site.url}${path}`, {}, (page) => page.locator(ready).waitFor());
      expect(await findings(page)).toEqual([]);
      await page.context().close();
    }
  });

  test("all of a visit can be done with the keyboard, and one sees where one is", { tags: "slow" }, async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${MAP}`);
    const tabTo = async (target: Locator) => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press("Tab");
        if ((await target.and(page.locator(":focus")).count()) === 0) continue;
        expect(await page.evaluate(HAS_VISIBLE_FOCUS), String(target)).toBe(true);
        return;
      }
      throw new Error(`the Tab key does not lead to ${target}`);
    };
    const press = (key: string) => page.keyboard.press(key);

    await tabTo(page.locator("#layers").getByLabel("Vibe"));
    await press("Space");
    await tabTo(page.locator("#windows").getByLabel("90 days"));
    await press("ArrowLeft");
    await expect.poll(() => page.url()).toMatch(/\/vibe\/30d$/);
    await page.keyboard.press("Shift+Tab");
    await page.locator("#layers").getByLabel("Safety").focus();
    await press("Space");

    const latest = page.locator("#latest").getByRole("button", { name: "Unsafe corner" }).first();
    await latest.waitFor();
    await tabTo(latest);
    await press("Enter");
    const popup = page.locator(".maplibregl-popup");
    await popup.getByText("No light at all.").waitFor();
    await expect.poll(() => popup.locator(":focus").count()).toBe(1);
    await press("Escape");
    await popup.waitFor({ state: "detached" });
    await expect.poll(() => latest.and(page.locator(":focus")).count()).toBe(1);

    await press("Enter");
    await popup.getByText("No light at all.").waitFor();
    await tabTo(popup.getByRole("button", { name: "Neighbourhood score" }));
    await press("Enter");
    const card = page.locator("#score-card");
    await card.getByText("Overall").first().waitFor();
    await press("Escape");
    await card.waitFor({ state: "hidden" });

    await tabTo(page.getByRole("button", { name: "Report", exact: true }));
    await press("Enter");
    const form = page.locator("#report-form");
    await tabTo(form.getByRole("button", { name: "Poor lighting" }));
    await press("Enter");
    await press("ArrowRight");
    await tabTo(form.getByRole("button", { name: "Drop report" }));
    // Tiles that are still asked for when a layer is switched off are not waited for.
    expect(faults.filter((fault) => !fault.includes("/api/live"))).toEqual([]);
    // The report waits for a network, so that it can be taken back however slow this machine is.
    await page.context().setOffline(true);
    await press("Enter");
    await page.getByRole("heading", { name: "Thank you" }).waitFor();
    await tabTo(form.getByRole("button", { name: "Undo" }));
    await press("Enter");
    await form.getByRole("button", { name: "Drop report" }).waitFor();
    await press("Escape");
    await form.waitFor({ state: "hidden" });
    await page.context().close();
  });
}
