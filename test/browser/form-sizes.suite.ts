import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { mapSettled, PHONE, type Site, visit } from "./site.ts";

/** A city that no other test reports from. */
const PLACE = { lat: 32.7157, lon: -117.1611 };
const MAP = `#16/${PLACE.lat}/${PLACE.lon}/vibe/90d`;

/** Phones upright and on their side, tablets, windows at 200%, and where one layout gives way to the next. */
const SIZES = [
  [320, 480],
  [320, 640],
  [390, 844],
  [479, 520],
  [480, 520],
  [568, 320],
  [640, 521],
  [640, 360],
  [641, 900],
  [720, 450],
  [720, 900],
  [768, 1024],
  [844, 390],
  [999, 600],
  [1000, 600],
  [1199, 640],
  [1440, 900],
  [2560, 1300],
] as const;

/** What must be free around the cross, and how large what is tapped must be, in pixels. */
const AIM_PX = 240;
const TARGET_PX = 44;

/** That of `client/ui/second-tap.ts`. */
const SECOND_TAP_MS = 400;

/** Points around the cross, a square of `AIM_PX`, at which something else than the map would be hit. */
export const coveredAroundCross = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const { x, y, width } = document.querySelector("#crosshair").getBoundingClientRect();
    const found = [];
    if (width === 0) found.push("no cross");
    for (let dx = -${AIM_PX / 2}; dx <= ${AIM_PX / 2}; dx += 8) {
      for (let dy = -${AIM_PX / 2}; dy <= ${AIM_PX / 2}; dy += 8) {
        const hit = document.elementFromPoint(x + width / 2 + dx, y + width / 2 + dy);
        if (!hit?.closest(".maplibregl-canvas-container")) found.push([dx, dy, hit?.className ?? "outside"].join(" "));
      }
    }
    return found;
  })()`);

/** What of the form a finger would miss. */
const tooSmall = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const targets = document.querySelectorAll("#report-form :is(button, .step, textarea, input:not([type=radio]))");
    const shown = [...targets].filter((target) => target.offsetParent !== null);
    const boxes = shown.map((target) => [target.textContent, target.getBoundingClientRect()]);
    return boxes
      .filter(([, { width, height }]) => Math.min(width, height) < ${TARGET_PX} - 0.01)
      .map(([text, { width, height }]) => text + ": " + width + " x " + height);
  })()`);

/** The page is as wide as the window, and the map has followed a change of it. */
const resized = async (page: Page, width: number, height: number) => {
  await page.setViewportSize({ width, height });
  await page.waitForFunction(
    ([wide, high]) => {
      const canvas = globalThis.stratum?.map.getCanvas();
      return canvas?.clientWidth === wide && canvas.clientHeight === high;
    },
    [width, height] as const,
  );
  await mapSettled(page);
};

const expectAimable = async (page: Page, what: string) => {
  await expect.poll(() => coveredAroundCross(page), { message: `around the cross, ${what}` }).toEqual([]);
  expect(await tooSmall(page), what).toEqual([]);
  const overhang = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  expect(overhang, what).toBe(0);
};

/** Taps twice where a button is, however the page changes in between: what the first brings waits for the second however slow this machine is. */
export async function doubleTap(page: Page, label: string): Promise<void> {
  const button = page.getByRole("button", { name: label, exact: true });
  await button.scrollIntoViewIfNeeded();
  const { x = 0, y = 0, width = 0, height = 0 } = (await button.boundingBox()) ?? {};
  const at = [x + width / 2, y + height / 2] as const;
  const goOn = await holdTimers(page, SECOND_TAP_MS);
  await Promise.all([page.touchscreen.tap(...at), page.touchscreen.tap(...at)]);
  // The second was caught, and is followed by such a moment itself.
  await expect.poll(() => page.locator(".second-tap").count()).toBe(2);
  await goOn();
  // It is over when something can be hit there again.
  await expect.poll(() => page.locator(".second-tap").count()).toBe(0);
}

/** Timers of so many milliseconds run when what is returned is called, and no sooner. */
async function holdTimers(page: Page, heldMs: number): Promise<() => Promise<void>> {
  const held = await page.evaluateHandle((heldMs) => {
    const { setTimeout } = globalThis;
    const runs: (() => void)[] = [];
    const hold = (run: () => void, ms?: number) => (ms === heldMs ? runs.push(run) : setTimeout(run, ms));
    globalThis.setTimeout = hold as typeof setTimeout;
    return () => {
      globalThis.setTimeout = setTimeout;
      for (const run of runs) run();
    };
  }, heldMs);
  return () => held.evaluate((goOn) => goOn());
}

const openForm = (page: Page) => page.getByRole("button", { name: "Report", exact: true }).click();

/** The form leaves room to aim and is made for fingers, whatever the window. */
export function formSizeTests(site: Site): void {
  test("a real piece of map lies around the cross at every size, in both steps", { tags: "slow" }, async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${MAP}`);
    for (const [width, height] of SIZES) {
      const size = `${width} x ${height}`;
      await resized(page, width, height);
      await openForm(page);
      await expectAimable(page, `${size}, the categories`);
      await page.getByRole("button", { name: "Noise" }).click();
      await expectAimable(page, `${size}, the severity`);
      // With the line about emergencies, the tallest.
      await page.getByRole("button", { name: "Back to the categories" }).click();
      await page.getByRole("button", { name: "Assault" }).click();
      await page.getByText("In an emergency call 911.").waitFor();
      await page.getByText("Shown only to about 100 m").waitFor();
      await expectAimable(page, `${size}, the severity of an emergency`);
      const drop = page.getByRole("button", { name: "Drop report" });
      const box = await drop.boundingBox();
      expect((box?.y ?? 0) + (box?.height ?? 0), `${size}: in reach without scrolling`).toBeLessThanOrEqual(height);
      await page.keyboard.press("Escape");
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("the cross stays free when the form grows, and when the device is turned", { tags: "slow" }, async () => {
    const { page } = await visit(site.browser, `${site.url}/${MAP}`, PHONE);
    await openForm(page);
    await page.getByRole("button", { name: "Noise" }).click();
    await page.getByRole("button", { name: "Drop report" }).click();
    const centre = () =>
      page.evaluate(
        () =>
          globalThis.stratum?.map
            .getCenter()
            .toArray()
            .map((deg) => deg.toFixed(4)) ?? [],
      );
    const dropped = await centre();
    // The lower step comes first now.
    await page.getByRole("button", { name: "Undo" }).click();
    await expectAimable(page, "the severity");
    await page.getByRole("button", { name: "Back to the categories" }).click();
    await expectAimable(page, "the categories after it");
    for (const [width, height] of [
      [844, 390],
      [390, 844],
    ] as const) {
      await resized(page, width, height);
      await expectAimable(page, `turned to ${width} x ${height}`);
      expect(await centre()).toEqual(dropped);
    }
    await page.context().close();
  });

  for (const [name, size] of Object.entries({
    "an upright phone": { width: 390, height: 844 },
    "a small phone": { width: 320, height: 640 },
    "a phone on its side": { width: 844, height: 390 },
    "a desktop": { width: 1440, height: 900 },
  })) {
    test(`a double tap hits nothing of what the first tap brings, on ${name}`, { tags: "slow" }, async () => {
      const options = { ...PHONE, viewport: size };
      const { page } = await visit(site.browser, `${site.url}/${MAP}`, options);
      await doubleTap(page, "Report");
      await page.getByRole("heading", { name: "What is going on?" }).waitFor();
      // Close to where the next step has its button.
      await doubleTap(page, "Development");
      await page.getByRole("heading", { name: "Development" }).waitFor();
      expect(await page.getByLabel("3, Good").isChecked()).toBe(true);
      // It waits for a network, so that it can be taken back however slow this machine is.
      await page.context().setOffline(true);
      await doubleTap(page, "Drop report");
      await page.getByRole("heading", { name: "Thank you" }).waitFor();
      await doubleTap(page, "Undo");
      await page.getByRole("button", { name: "Drop report" }).waitFor();
      expect(await page.locator(".pending-mark").count()).toBe(0);
      await doubleTap(page, "Close");
      expect(await page.getByRole("dialog").count()).toBe(0);
      expect(page.url(), "no score card below it").not.toContain("card=");
      await page.context().close();
    });
  }
}
