import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { AccountSite } from "./account-site.ts";
import { STEP_MS, type Visit, visit } from "./site.ts";

const PASSWORD = "correct horse battery";
const DAY_MS = 86_400_000;
const TILE = "/tiles/vibe/12/655/1583.pbf";
const RESIDENT_TRENDS = 20;
const RESIDENT_TILES = 1_000_000;

/** Nothing waits for an answer any more. */
const drawn = async (page: Page): Promise<void> => {
  await page.locator("main:not([aria-busy]) :is(.view, .trouble)").first().waitFor();
  await expect.poll(() => page.locator("main [aria-busy=true]").count(), { timeout: STEP_MS }).toBe(0);
};

/** Whoever goes on before all has come asks for no more of it. */
const unforeseen = (faults: readonly string[]): string[] => faults.filter((fault) => !/net::ERR_ABORTED/.test(fault));

/** The way of an account through the pages, from a stranger's first visit to its end. */
export function accountJourneys(site: AccountSite): void {
  const open = (query = ""): Promise<Visit> =>
    visit(site.browser, `${site.url}/dashboard${query}`, { locale: "en-US" }, drawn);

  const api = (path: string, init: RequestInit = {}) => fetch(site.url + path, init);
  const post = (path: string, body: object) =>
    api(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: site.url },
      body: JSON.stringify(body),
    });

  /** An account of a verified address, without a browser. */
  async function haveAccount(email: string): Promise<void> {
    expect((await post("/api/auth/sign-up/email", { name: "Rosa", email, password: PASSWORD })).status).toBe(200);
    await fetch(await site.linkTo(email, /verify/i));
  }

  async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  }

  /** Opens the dashboard as an account. */
  async function openAs(email: string, query: string): Promise<Visit> {
    const visited = await open(query);
    await signIn(visited.page, email);
    await visited.page.locator(".nav-who").waitFor();
    await drawn(visited.page);
    return visited;
  }

  const goTo = async (page: Page, name: string): Promise<void> => {
    await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
    await drawn(page);
  };

  /** Draws the view again until it tells something: calls are counted some seconds later. */
  const seen = (page: Page, words: string | RegExp, most = STEP_MS): Promise<void> =>
    expect
      .poll(
        async () => {
          await page.reload();
          await drawn(page);
          return page.locator("main").textContent();
        },
        { timeout: most, interval: 2_000 },
      )
      .toMatch(words);

  /** Answers of a tile to a page of another origin. */
  async function tileElsewhere(key: string): Promise<{ status: number; detail: string; left: string | null }> {
    const { page } = await visit(site.browser, site.foreign.publish("<h1>Homes</h1>"), {}, async () => {});
    const answer = await page.evaluate(async (address) => {
      const response = await fetch(address);
      const { detail = "" } = (response.ok ? {} : await response.json()) as { detail?: string };
      return { status: response.status, detail, left: response.headers.get("RateLimit") };
    }, `${site.url}${TILE}?key=${key}`);
    await page.context().close();
    return answer;
  }

  test("signs up, verifies, signs in, makes a key, uses it elsewhere and hits its limits", async () => {
    const email = "rosa@example.com";
    const { page, faults } = await open("?view=sign-up");
    await page.getByLabel("Name").fill("Rosa Ortiz");
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByText("Check your mail").waitFor();
    const link = await site.linkTo(email, /verify/i);

    // Not before the mail was followed.
    await page.getByRole("link", { name: "Back to sign in" }).click();
    await signIn(page, email);
    await page.getByText("is not verified yet").waitFor();
    await page.goto(link);
    await page.getByText("Your e-mail address is verified.").waitFor();
    await signIn(page, email, "not the password");
    await page.getByRole("alert").filter({ hasText: "Invalid email or password" }).waitFor();
    await signIn(page, email);
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    await drawn(page);

    await goTo(page, "API keys");
    await page.getByRole("button", { name: "New key" }).click();
    const form = page.getByRole("dialog", { name: "New key" });
    await form.getByLabel("Name").fill("Homes");
    await form.getByText("Restrict it").click();
    await form.getByLabel("Allowed origins").fill(site.foreign.url);
    await form.getByRole("button", { name: "Make the key" }).click();
    const key = await page.getByLabel("API key").inputValue();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await drawn(page);

    // Such a key is refused until it is known.
    await expect.poll(async () => (await tileElsewhere(key)).status).toBe(204);
    const stolen = await api(`${TILE}?key=${key}`, {
      headers: { Origin: "https://thief.example" },
    });
    expect(stolen.status).toBe(403);
    await seen(page, /just now|ago/);

    const trend = () =>
      api("/api/trends/average?city=austin&layer=safety", {
        headers: { Authorization: `Bearer ${key}`, Origin: site.foreign.url },
      });
    const statuses = [];
    for (let i = 0; i < RESIDENT_TRENDS; i++) statuses.push((await trend()).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const refused = await trend();
    expect([refused.status, Number(refused.headers.get("Retry-After")) > 0]).toEqual([429, true]);
    expect(((await refused.json()) as { detail: string }).detail).toMatch(/20 calls of trends of today/);
    await goTo(page, "Usage");
    await seen(page, /Trends20 of 20 this dayUsed up\. It begins anew on/);

    expect(unforeseen(faults).filter((fault) => !/40[13]/.test(fault))).toEqual([]);
    await page.context().close();
  });

  test("tells another site that the tiles of a month are used up, and shows them to whoever sends no key", async () => {
    const email = "kim@example.com";
    await haveAccount(email);
    const { page, faults } = await openAs(email, "?view=keys");
    await page.getByRole("button", { name: "New key" }).first().click();
    await page.getByRole("dialog").getByLabel("Name").fill("Widget");
    await page.getByRole("button", { name: "Make the key" }).click();
    const key = await page.getByLabel("API key").inputValue();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await site.sql(
      `INSERT INTO quota_use (user_id, pool, period, used)
        SELECT id, 'tiles', date_trunc('month', $1::timestamptz AT TIME ZONE 'UTC'), $2 FROM users WHERE email = $3`,
      [new Date(site.now()), RESIDENT_TILES, email],
    );
    await expect.poll(async () => (await tileElsewhere(key)).status).toBe(429);
    expect(await tileElsewhere(key)).toMatchObject({
      detail: expect.stringMatching(/1000000 calls of tiles of this month/),
      left: expect.stringMatching(/^"tiles";r=0;t=\d+$/),
    });
    expect((await api(TILE)).status).toBe(204);
    expect(unforeseen(faults)).toEqual([]);
    await page.context().close();
  });

  test("pays, cancels, keeps what is paid for, loses it at the period's end, and leaves", async () => {
    const email = "leo@example.com";
    await haveAccount(email);
    const { page, faults } = await openAs(email, "?view=billing");
    await page.getByText("No subscription").waitFor();
    await page.getByRole("button", { name: "Choose City" }).click();
    await page.getByRole("heading", { name: "Pay $299 a month" }).waitFor();
    await page.getByTestId("cancel").click();
    await page.getByText("The checkout was left. Nothing was charged.").waitFor();
    await drawn(page);
    await page.getByText("No subscription").waitFor();

    await page.getByRole("button", { name: "Choose Agent" }).click();
    await page.getByRole("heading", { name: "Pay $49 a month" }).waitFor();
    await page.getByTestId("pay").click();
    const standing = page.locator(".standing");
    await standing.getByText("Agent").waitFor();
    await standing.getByText(/^Paid until .*, then renewed\.$/).waitFor();
    await site.stripe.sent();
    await goTo(page, "Exports");
    expect(await page.getByText("Part of the Agent plan").count()).toBe(0);

    await goTo(page, "Billing");
    await page.getByRole("button", { name: "Manage payment, invoices and cancelling" }).click();
    await page.getByTestId("cancel").click();
    await page.getByTestId("return").click();
    await drawn(page);
    await page.getByText(/^Cancelled\. You keep it until /).waitFor();
    await goTo(page, "Exports");
    expect(await page.getByText("Part of the Agent plan").count()).toBe(0);

    site.advance(29 * DAY_MS);
    const kept = await openAs(email, "?view=exports");
    expect(await kept.page.getByText("Part of the Agent plan").count()).toBe(0);
    site.advance(2 * DAY_MS);
    // Stripe has not told of the end yet.
    const lost = await openAs(email, "?view=exports");
    await lost.page.getByText("Part of the Agent plan").last().waitFor();
    const [subscription] = [...site.stripe.world.subscriptions.values()].slice(-1);
    site.stripe.world.renew(subscription?.id ?? "");
    await site.stripe.sent();
    await goTo(lost.page, "Billing");
    await lost.page
      .locator(".standing")
      .getByText(/^It ended on /)
      .waitFor();
    await lost.page.getByRole("button", { name: "Choose Agent" }).waitFor();

    await goTo(lost.page, "Account");
    const removal = lost.page.getByRole("button", { name: "Delete the account" });
    await removal.click();
    const dialog = lost.page.getByRole("dialog");
    await dialog.getByLabel("Your password").fill("not the password");
    await dialog.getByRole("button", { name: "Delete the account" }).click();
    await dialog
      .locator(".error", { hasText: /password/i })
      .first()
      .waitFor();
    await dialog.getByLabel("Your password").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Delete the account" }).click();
    await lost.page.getByText("Your account is deleted.").waitFor();
    await lost.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(lost.page, email);
    await lost.page.getByRole("alert").filter({ hasText: "Invalid email or password" }).waitFor();
    expect(await site.sql("SELECT FROM users WHERE email = $1", [email])).toEqual([]);
    expect(unforeseen([...faults, ...kept.faults])).toEqual([]);
    expect(unforeseen(lost.faults).filter((fault) => !/40[13]/.test(fault))).toEqual([]);
  });

  test("shows a plan by itself when Stripe tells of the payment behind its customer", async () => {
    const email = "ida@example.com";
    await haveAccount(email);
    const { page, faults } = await openAs(email, "?view=billing");
    site.stripe.sendEventsTo("http://127.0.0.1:1/");
    await page.getByRole("button", { name: "Choose City" }).click();
    await page.getByTestId("pay").click();
    await page.getByText("As soon as Stripe tells us of the payment").waitFor();
    await page.locator(".standing").getByText("No subscription").waitFor();
    site.stripe.sendEventsTo(`${site.url}/api/billing/webhook`);
    const event = site.stripe.world.events.findLast(({ type }) => type === "checkout.session.completed");
    if (event === undefined) throw new Error("nothing was paid");
    const { body, headers } = site.stripe.sign(event);
    expect((await api("/api/billing/webhook", { method: "POST", body, headers })).status).toBe(200);
    await page
      .locator(".standing")
      .getByText(/^Paid until/)
      .waitFor();
    await page.getByText("Your plan is paid for").waitFor();
    expect(unforeseen(faults)).toEqual([]);
  });

  test("gets a new password by mail, by a link that works once", async () => {
    const email = "ann@example.com";
    const next = "another horse battery";
    await haveAccount(email);
    const { page, faults } = await open("?view=sign-in");
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    await page.getByLabel("E-mail").fill(email);
    await page.getByRole("button", { name: "Send the link" }).click();
    await page.getByText("If there is such an account, a mail is on its way.").waitFor();
    const link = await site.linkTo(email, /reset=/);
    await page.goto(link);
    await page.getByLabel("New password").fill(next);
    // It is not in the address any more.
    expect(page.url()).not.toContain("reset=");
    await page.getByRole("button", { name: "Save the password" }).click();
    await page.getByText("Your password is changed.").waitFor();
    await page.getByRole("link", { name: "Back to sign in" }).click();
    await signIn(page, email);
    await page.getByRole("alert").filter({ hasText: "Invalid email or password" }).waitFor();
    await signIn(page, email, next);
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    await drawn(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();

    await page.goto(link);
    await page.getByLabel("New password").fill("a third horse battery");
    await page.getByRole("button", { name: "Save the password" }).click();
    await page.getByRole("alert").filter({ hasText: "expired or was used" }).waitFor();
    expect(unforeseen(faults).filter((fault) => !/40[01]/.test(fault))).toEqual([]);
  });
}
