import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEMO_EMAIL, DEMO_PASSWORD } from "../../server/accounts/auth/demo-account.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../server/runtime/node/serve.ts";
import { type Persona, type Pretended, pretend } from "../kit/dashboard-answers.ts";
import { findings } from "./accessibility.suite.ts";
import { PHONE, type Site, STEP_MS, type Visit, visit } from "./site.ts";
import { SIZES } from "./sizes.ts";

const VIEWS = [
  "overview",
  "trends",
  "compare",
  "queue",
  "moderation",
  "exports",
  "areas",
  "keys",
  "usage",
  "billing",
  "account",
  "operator",
];
const COMPARED = "san-francisco-n-mission-district,san-francisco-n-soma";

/** Nothing waits for an answer any more. */
const drawn = async (page: Page): Promise<void> => {
  await page.locator("main:not([aria-busy]) :is(.view, .trouble)").first().waitFor();
  await expect.poll(() => page.locator("[aria-busy=true]").count(), { timeout: STEP_MS }).toBe(0);
};

interface DashboardVisit extends Visit {
  readonly pretended: Pretended;
}

/** Opens the dashboard as somebody whose account is pretended; what is counted and scored is the server's. */
async function open(site: Site, persona: Persona, query = "", options: object = {}): Promise<DashboardVisit> {
  let pretended: Pretended | undefined;
  const prepare = async (page: Page) => {
    pretended = await pretend(page, persona);
    if (persona !== "visitor") await signInAsDemo(page, site);
  };
  // Without a language a chart's library does not start.
  const visited = await visit(
    site.browser,
    `${site.url}/dashboard${query}`,
    { locale: "en-US", prepare, ...options },
    drawn,
  );
  if (pretended === undefined) throw new Error("nothing is pretended");
  return { ...visited, pretended };
}

/** What is counted and scored is asked with a session of a city's plan: an address without any has few questions a day. */
async function signInAsDemo(page: Page, site: Site): Promise<void> {
  await expect
    .poll(async () => {
      const data = { email: DEMO_EMAIL, password: DEMO_PASSWORD };
      const headers = { Origin: site.url };
      return (await page.request.post(`${site.url}/api/auth/sign-in/email`, { data, headers })).status();
    })
    .toBe(200);
}

/** What an account's way through the dashboard is, on a site with nothing reported. */
export function dashboardTests(site: Site): void {
  test("signs in, makes a key that is shown once, rotates and revokes it, and signs out", async () => {
    const { page, faults, pretended } = await open(site, "visitor", "?view=keys");
    await page.getByLabel("E-mail").fill("rosa@example.com");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("Invalid email or password").waitFor();
    await page.getByLabel("Password").fill("stratum2026");
    await page.getByRole("button", { name: "Sign in" }).click();
    // What the address named.
    await page.getByRole("heading", { name: "API keys", level: 1 }).waitFor();
    expect(new URL(page.url()).search).toBe("?view=keys");

    await page.getByRole("button", { name: "New key" }).click();
    const form = page.getByRole("dialog", { name: "New key" });
    await form.getByLabel("Name").fill("City widget");
    await form.getByText("Restrict it").click();
    await form.getByLabel("Allowed origins").fill("https://a.example\nnonsense");
    await form.getByRole("button", { name: "Make the key" }).click();
    await form.getByText("must be an origin").waitFor();
    expect(await form.getByLabel("Allowed origins").getAttribute("aria-invalid")).toBe("true");
    await form.getByLabel("Allowed origins").fill("https://a.example\nhttps://b.example");
    await form.getByRole("button", { name: "Make the key" }).click();
    const made = page.getByRole("dialog", { name: "Your new key" });
    const key = await made.getByLabel("API key").inputValue();
    expect(await made.getByLabel("A tile address with it").inputValue()).toBe(
      `${site.url}/tiles/safety/{z}/{x}/{y}.pbf?key=${key}`,
    );
    await made.getByRole("button", { name: "I have stored it" }).click();
    const row = page.getByRole("row", { name: /^City widget/ });
    await row.getByText("https://a.example, https://b.example").waitFor();
    expect(await page.content()).not.toContain(key);

    await row.getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("dialog", { name: "Rotate City widget" }).getByLabel("The old key").selectOption("1");
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page.getByText(/^Works until/).waitFor();

    await page.getByRole("button", { name: "Revoke: City widget" }).first().click();
    await page.getByRole("dialog", { name: "Revoke City widget?" }).getByRole("button", { name: "Revoke" }).click();
    await page.getByText("City widget is revoked.").waitFor();
    expect(pretended.asked.filter((asked) => asked.startsWith("DELETE /api/keys/"))).toHaveLength(1);

    // Nothing is reported here: no data is no number.
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByText("No data").first().waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "API keys", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    // The password and the origin that were wrong.
    expect(faults.filter((fault) => !/40[01]/.test(fault))).toEqual([]);
    await page.context().close();
  });
}

/** What becomes of links that lead nowhere, of questions that come too fast, and of what only some may do. */
export function dashboardTroubleTests(site: Site): void {
  test("waits a moment where a plan's rate is used up, and shows the figures then", async () => {
    const { page } = await open(site, "resident", "?view=keys");
    let refused = 0;
    await page.route("**/api/trends/**", (route) => {
      if (refused >= 6) return route.continue();
      refused++;
      return route.fulfill({
        status: 429,
        headers: { "Retry-After": "0" },
        json: { detail: "At most 60 calls a minute" },
      });
    });
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByText("No data").first().waitFor();
    await drawn(page);
    expect(refused).toBe(6);
    expect(await page.locator(".trouble").count()).toBe(0);
    await page.getByText("overall can move another way than the four").waitFor();

    // A day's quota is not there again while one waits.
    await page.route("**/api/trends/**", (route) =>
      route.fulfill({ status: 429, headers: { "Retry-After": "3600" }, json: { detail: "Used up today." } }),
    );
    await page.getByLabel("City").selectOption({ index: 1 });
    await page.getByText("Used up today.").first().waitFor();
    await page.context().close();
  });

  test("says once that an area is not there, or is another account's, and goes on with the others", async () => {
    const { page } = await open(site, "agent", "?view=trends&area=own-nobodys");
    await page.getByText("There is no such area here").waitFor();
    expect(await page.locator(".trouble").count()).toBe(0);
    await page.getByLabel("Neighbourhood").selectOption("");
    await page.getByText("No data").first().waitFor();
    await page.goto(`${site.url}/dashboard?view=compare&ids=own-nobodys`);
    await page.getByText("There is no such area here").waitFor();
    await page.getByText("Nothing to compare yet").waitFor();
    expect(await page.locator(".trouble").count()).toBe(0);
    await page.context().close();
  });

  test("tells the demo account of each thing that it cannot do, and who has bought what it is", async () => {
    const demo = await open(site, "demo", "?view=account");
    expect(await demo.page.getByText("The demo account cannot do this.").count()).toBe(2);
    await demo.page.context().close();
    const agent = await open(site, "agent", "?view=billing&checkout=done");
    await agent.page.getByText("Thank you. Your plan is paid for, and works from now on.").waitFor();
    expect(await agent.page.getByText("Look again").count()).toBe(0);
    await agent.page.context().close();
  });
}

/** Cells and areas are scored in the background of a first start. */
async function hasScoredAreas(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/trends/areas?city=san-francisco&layer=overall`);
  const { areas = [] } = (await answer.json()) as { areas?: { report_count_30d: number | null }[] };
  return areas.filter(({ report_count_30d: count }) => (count ?? 0) > 0).length > 4;
}

/** The same on a server with three cities' reports and areas. */
export function seededDashboardTests(shared: Site): void {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(
      readConfig({ HOST: "127.0.0.1", PORT: "0", DATA_DIR: "memory", READ_UNITS_PER_MINUTE: "100000000" }),
    );
    await server.refusal;
    while (!(await hasScoredAreas(server.url))) await sleep(500);
  });
  afterAll(() => server.close());
  const site = (): Site => ({ ...shared, browser: shared.browser, url: server.url });

  test.each(VIEWS)("shows %s without a fault, and axe-core finds nothing serious", async (view) => {
    const { page, faults } = await open(
      site(),
      view === "operator" ? "operator" : "city",
      `?view=${view}&ids=${COMPARED}`,
    );
    expect(await page.locator(".trouble").count()).toBe(0);
    expect(await page.locator("h1").count()).toBe(1);
    expect(await findings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test.each(["", "?view=sign-up", "?view=forgot", "?reset=abc", "?verified", "?view=pricing"])(
    "lets visitors in at %s, and axe-core finds nothing serious",
    async (query) => {
      const { page, faults } = await open(site(), "visitor", query);
      expect(await findings(page)).toEqual([]);
      expect(faults).toEqual([]);
      await page.context().close();
    },
  );

  test.each(VIEWS)("fits every screen with %s", async (view) => {
    // Not as a phone, whose page grows wider where something does not fit.
    const { page } = await open(site(), "city", `?view=${view}&ids=${COMPARED}`);
    for (const { name, viewport } of SIZES.toReversed()) {
      await page.setViewportSize(viewport);
      await expect
        .poll(() => page.evaluate("document.documentElement.scrollWidth - innerWidth"), { message: name })
        .toBeLessThanOrEqual(0);
    }
    await page.context().close();
  });

  test("leads from every figure to the request that gives it, and names every place", async () => {
    const { page } = await open(site(), "city", "?view=trends&score=infrastructure");
    const figures = page.locator(".figure");
    expect(await figures.count()).toBe(4);
    for (const figure of await figures.all()) {
      const source = await figure.locator("a.source").getAttribute("href");
      const asked = await fetch(source ?? "");
      expect([source, asked.status]).toEqual([source, 200]);
    }
    const told = (await figures.first().locator(".figure-value").textContent())?.trim();
    const answer = await fetch(`${server.url}/api/trends/changes?city=san-francisco&layer=infrastructure`);
    const { changes } = (await answer.json()) as { changes: { this_week: number }[] };
    expect(told).toBe(changes[0]?.this_week.toFixed(1));
    await page.getByRole("link", { name: "Infrastructure" }).click();
    await page
      .getByText("183 in 30 days")
      .or(page.getByText(/\d+ in 30 days/))
      .first()
      .waitFor();
    expect(await page.locator("main").textContent()).not.toMatch(/\b9q[0-9b-hjkmnp-z]{2,}\b/);
    await page.context().close();
  });

  test("lists as many reports as the month counts, by category and severity", async () => {
    const { page } = await open(site(), "city", "?view=queue&city=austin");
    const count = Number((await page.locator(".figure-value").first().textContent())?.replaceAll(",", ""));
    await page.getByText(`${count} in 30 days`).waitFor();
    await page.getByLabel("Most severe").check();
    await drawn(page);
    const severities = await page
      .locator(".severity")
      .evaluateAll((all) => all.map((bars) => bars.querySelectorAll(".filled").length));
    expect(severities).toEqual(severities.toSorted((a, b) => b - a));
    expect(severities[0]).toBeGreaterThan(severities.at(-1) ?? 9);
    await page.getByLabel("Category").selectOption("pothole");
    await drawn(page);
    expect(new Set(await page.locator(".listed-report h3").allTextContents())).toEqual(new Set(["Pothole"]));
    const map = await page.getByRole("link", { name: "Pothole: On the map" }).first().getAttribute("href");
    expect(map).toMatch(/\/#16\/30\.\d+\/-97\.\d+\/infrastructure\/90d\/report=\w{25}$/);
    await page.context().close();
  });

  test("keeps a comparison in the address, and the focus where it was", async () => {
    const { page } = await open(site(), "agent", "?view=compare");
    await page.getByRole("button", { name: "Compare the four busiest" }).click();
    await page.locator(".picked").nth(3).waitFor();
    await drawn(page);
    const address = page.url();
    await page
      .getByRole("button", { name: /^Leave out/ })
      .first()
      .click();
    await expect.poll(() => page.locator(".picked").count()).toBe(3);
    await page.goBack();
    await expect.poll(() => page.locator(".picked").count()).toBe(4);
    expect(page.url()).toBe(address);
    await drawn(page);
    const score = page.locator("#choose-compared-score");
    await score.focus();
    await score.selectOption("vibe");
    await page.getByRole("heading", { name: "Vibe score by day" }).waitFor();
    await expect.poll(() => page.evaluate("document.activeElement.id")).toBe("choose-compared-score");
    await page.context().close();
  });

  test("offers what a plan lacks, and leads to the plans", async () => {
    const { page } = await open(site(), "resident", "?view=queue");
    await page.getByText("Part of the City plan").last().waitFor();
    await page.getByRole("link", { name: "See the plans" }).click();
    await page.getByRole("button", { name: "Choose Agent" }).click();
    await page.getByText("Thank you.").waitFor();
    await page.getByText("Paid until").waitFor();
    await page.context().close();
  });

  test("draws an area of one's own by the keyboard, on a phone", async () => {
    const { page, pretended } = await open(site(), "agent", "?view=areas", PHONE);
    await page.getByRole("button", { name: "Open the map" }).click();
    await page.locator(".draw-map canvas").waitFor();
    const name = page.getByLabel("Name of the area");
    await name.fill("My patch");
    await page.getByRole("button", { name: "Save the area" }).click();
    await page.getByText("An area needs three corners at least.").waitFor();
    for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft"]) {
      await page.getByRole("button", { name: "Add the corner in the middle" }).click();
      await page.locator(".draw-map canvas").press(key);
      await page.waitForTimeout(400);
    }
    await page.getByText("3 corners").waitFor();
    await page.getByRole("button", { name: "Save the area" }).click();
    await page.getByText("My patch is saved.").waitFor();
    expect(pretended.areas.map((area) => area.name)).toContain("My patch");
    await page.context().close();
  });

  test("deletes the account behind its password, and knows nobody then", async () => {
    const { page, pretended } = await open(site(), "agent", "?view=account");
    await page.getByRole("button", { name: "Delete the account" }).click();
    await page.getByLabel("Your password").fill("stratum2026");
    await page.getByRole("dialog").getByRole("button", { name: "Delete the account" }).click();
    await page.getByText("Your account is deleted.").waitFor();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(pretended.asked).toContain("DELETE /api/account");
    await page.context().close();
  });
}
