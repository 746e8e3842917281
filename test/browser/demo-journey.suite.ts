import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { DEMO_EMAIL, DEMO_PASSWORD } from "../../server/accounts/auth/demo-account.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../server/runtime/node/serve.ts";
import { STEP_MS, visit } from "./site.ts";

const CITIES = { "san-francisco": "San Francisco", brooklyn: "Brooklyn", austin: "Austin" };

const drawn = async (page: Page): Promise<void> => {
  await page.locator("main:not([aria-busy]) :is(.view, .trouble)").first().waitFor();
  await expect.poll(() => page.locator("main [aria-busy=true]").count(), { timeout: STEP_MS }).toBe(0);
};

/** Whoever goes on before all has come asks for no more of it. */
const unforeseen = (faults: readonly string[]): string[] => faults.filter((fault) => !/net::ERR_ABORTED/.test(fault));

/** Cells and areas are scored in the background of a first start. */
async function scored(url: string, city: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/api/trends/areas?city=${city}&layer=overall`);
    const { areas = [] } = (await answer.json()) as { areas?: { report_count_30d: number | null }[] };
    if (areas.filter(({ report_count_30d: count }) => (count ?? 0) > 0).length > 4) return;
    await sleep(1_000);
  }
}

/** What whoever has just started the product sees of the dashboards. */
export function demoJourneys(): void {
  let browser: Browser;
  let server: RunningServer;
  beforeAll(async () => {
    const env = { HOST: "127.0.0.1", PORT: "0", DATA_DIR: "memory", READ_UNITS_PER_MINUTE: "100000000" };
    [browser, server] = await Promise.all([chromium.connect(inject("chromium")), startServer(readConfig(env))]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  const open = (query = "", options = {}) =>
    visit(browser, `${server.url}/dashboard${query}`, { locale: "en-US", ...options }, drawn);

  test("signs in by one button while PostgreSQL is still being made", async () => {
    const { page, faults } = await open();
    await page.getByRole("button", { name: "Look around with the demo account" }).click();
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor({ timeout: 2 * STEP_MS });
    // Whether it had to wait is up to the machine.
    expect(faults.filter((fault) => !/\b503\b/.test(fault))).toEqual([]);
  });

  test("says that the server is still starting, and goes on by itself", async () => {
    const { page } = await open("?view=sign-in");
    let refusals = 2;
    await page.route(/sign-in\/email$/, async (route) => {
      if (refusals-- <= 0) return route.continue();
      const type = "urn:stratum:problem:database-unavailable";
      await route.fulfill({
        status: 503,
        headers: { "Retry-After": "5", "Content-Type": "application/problem+json" },
        body: JSON.stringify({ type, status: 503, detail: "PostgreSQL is still being opened" }),
      });
    });
    await page.getByRole("button", { name: "Look around with the demo account" }).click();
    await page.getByRole("status").filter({ hasText: "The server is still starting." }).waitFor();
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    expect(refusals).toBe(-1);
  });

  test("shows three cities' dashboards without an error or an empty chart", async () => {
    for (const city of Object.keys(CITIES)) await scored(server.url, city);
    const { page, faults } = await open();
    await page.getByLabel("E-mail").fill(DEMO_EMAIL);
    await page.getByLabel("Password").fill(DEMO_PASSWORD);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    for (const [city, name] of Object.entries(CITIES)) {
      for (const view of ["overview", "trends", "compare", "queue", "exports", "areas", "keys", "usage", "billing"]) {
        await page.goto(`${server.url}/dashboard?view=${view}&city=${city}`);
        await drawn(page);
        if (view === "compare") {
          await page.getByRole("button", { name: "Compare the four busiest" }).click();
          await page.locator(".picked").nth(3).waitFor();
          await drawn(page);
        }
        const at = `${view} of ${name}`;
        expect([at, await page.locator(".trouble, .offer, .chart-missing").count()]).toEqual([at, 0]);
        if (!["overview", "trends", "compare", "queue"].includes(view)) continue;
        expect([at, await page.locator(".emptiness").allTextContents()]).toEqual([at, []]);
        const main = (await page.locator("main").textContent()) ?? "";
        expect([at, main.includes(name)]).toEqual([at, true]);
        if (view === "queue") expect([at, await page.locator(".listed-report").count()]).not.toEqual([at, 0]);
        else expect([at, await page.locator("main .chart canvas").count()]).not.toEqual([at, 0]);
      }
    }
    expect(unforeseen(faults)).toEqual([]);
  });

  test("draws its charts for browsers of any language", async () => {
    for (const locale of ["en-US@posix", "ar-EG", "de"]) {
      const { page, faults } = await open("", { locale });
      await page.getByRole("button", { name: "Look around with the demo account" }).click();
      await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
      await page.goto(`${server.url}/dashboard?view=trends`);
      await drawn(page);
      expect([locale, (await page.locator("main .chart canvas").count()) > 0, unforeseen(faults)]).toEqual([
        locale,
        true,
        [],
      ]);
      await page.context().close();
    }
  });
}
