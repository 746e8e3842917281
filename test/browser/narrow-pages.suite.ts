import { expect, test } from "vitest";
import { type Site, visit } from "./site.ts";

const WIDTH = 320;
const PAGES = ["/docs", "/docs/embedding", "/docs/scores", "/about", "/privacy", "/dashboard", "/nothing-here"];

/**
 * How wide the page is, and what makes it so: what sticks out of the window and lies in nothing that scrolls. `innerWidth` would
 * tell nothing: a phone's grows with the page.
 */
const WIDTHS = `(() => {
  const isKept = (element) => element !== null && element !== document.body &&
    (getComputedStyle(element).overflowX !== "visible" || isKept(element.parentElement));
  const wide = [...document.querySelectorAll("body *")].filter((element) =>
    element.getBoundingClientRect().right > ${WIDTH} + 0.5 && !isKept(element.parentElement));
  return { page: document.documentElement.scrollWidth, wide: wide.map(({ outerHTML }) => outerHTML.slice(0, 80)) };
})()`;

/** Pages of text on the narrowest screen, as on a phone and in a window. */
export function narrowPageTests(site: Site): void {
  test.each([true, false])(`fit a screen of ${WIDTH} px, on a phone: %s`, async (isMobile) => {
    const options = { viewport: { width: WIDTH, height: 640 }, isMobile, hasTouch: isMobile };
    const { page } = await visit(site.browser, `${site.url}${PAGES[0]}`, options, async () => {});
    for (const path of PAGES) {
      await page.goto(`${site.url}${path}`);
      // What scripts put there is part of it.
      if (path === "/docs") await page.locator("details.operation").first().waitFor();
      if (path === "/docs/embedding") await page.locator("#choose-layers .layer").first().waitFor();
      await page.evaluate("document.fonts.ready");
      expect([path, await page.evaluate(WIDTHS)]).toEqual([path, { page: WIDTH, wide: [] }]);
    }
    await page.context().close();
  });
}
