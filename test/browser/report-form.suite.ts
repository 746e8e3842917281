import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { createProofsOfWork } from "../../server/reports/proof-of-work.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { drawn, mapSettled, PHONE, postReports, type Site, total, visit } from "./site.ts";

/** Two cores draw, serve and test: a second is not enough for what takes one elsewhere. */
const PATIENCE = { timeout: 20_000 };
/** How many reports wait in this browser, beside what else it remembers. */
const WAITING = "Object.keys(localStorage).filter((key) => key.startsWith('stratum-outbox/')).length";
/** A city that no other test reports from. */
const HOUSTON = { lat: 29.7604, lon: -95.3698 };

const addressOf = ({ lat, lon }: Place, layer: string, zoom = 16) => `#${zoom}/${lat}/${lon}/${layer}/90d`;

interface Place {
  readonly lat: number;
  readonly lon: number;
}

/** Reports that the server has within about 500 m of a place. */
async function rowsNear(site: Site, { lat, lon }: Place): Promise<Record<string, unknown>[]> {
  const bbox = [lon - 0.005, lat - 0.005, lon + 0.005, lat + 0.005].join(",");
  const response = await fetch(`${site.url}/api/reports?bbox=${bbox}`);
  const page = (await response.json()) as { features: { properties: Record<string, unknown> }[] };
  return page.features.map(({ properties }) => properties);
}

/** Counts a context's posted reports. */
function countPosts(...pages: readonly Page[]): { count: number } {
  const posts = { count: 0 };
  for (const page of pages) {
    page.on("request", (request) => {
      if (request.method() === "POST") posts.count++;
    });
  }
  return posts;
}

const onMap = (page: Page, layer: string, count: number) =>
  page.waitForFunction(
    ([name, wanted]) => {
      const map = globalThis.stratum?.map;
      const marks = map?.queryRenderedFeatures({ layers: [`${name}-cluster`, `${name}-report`] }) ?? [];
      return marks.reduce((sum, { properties }) => sum + Number(properties.point_count ?? 1), 0) === wanted;
    },
    [layer, count] as const,
    { ...PATIENCE, polling: 50 },
  );

const openForm = async (page: Page) => {
  await page.getByRole("button", { name: "Report", exact: true }).click();
  await mapSettled(page);
};

const drop = async (page: Page, category: string) => {
  await openForm(page);
  await page.getByRole("button", { name: category, exact: true }).click();
  await page.getByRole("button", { name: "Drop report" }).click();
  await page.getByRole("heading", { name: "Thank you" }).waitFor();
};

/** Sends what is held without waiting for the end of the hold, as a page does that goes to the background. */
const goAwayAndBack = (page: Page) =>
  page.evaluate(`
    for (const hidden of [true, false]) {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }
  `);

const pendingMarks = (page: Page) => page.locator(".pending-mark");
const status = (page: Page) => page.locator("#outbox").getByRole("status");

/** Dropping a report, from the button to the map. */
export function reportFormTests(site: Site): void {
  test("drops a report in four taps on a phone, pending at once, and real at every zoom once it is sent", async () => {
    const place = { lat: 29.721, lon: -95.344 };
    const { page, faults } = await visit(site.browser, `${site.url}/${addressOf(place, "opportunity", 14)}`, PHONE);
    const posts = countPosts(page);
    let taps = 0;
    const tap = async (target: Locator) => {
      const box = await target.boundingBox();
      const middle = { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 };
      expect(Math.min(middle.x, middle.y)).toBeGreaterThan(0);
      expect(middle.y, `${target} is below the screen`).toBeLessThan(PHONE.viewport.height);
      // Where the finger goes, not where a script would scroll to.
      await page.touchscreen.tap(middle.x, middle.y);
      taps++;
    };
    await tap(page.getByRole("button", { name: "Report", exact: true }));
    await mapSettled(page);
    const sheetTop = (await page.locator("#report-form").boundingBox())?.y ?? 0;
    const cross = await page.locator("#crosshair").boundingBox();
    expect((cross?.y ?? 0) + 24).toBeCloseTo(sheetTop / 2, -1);
    const target = await page.evaluate(() => globalThis.stratum?.map.getCenter().toArray());
    // The last category of the last layer: all others are in reach too.
    await tap(page.getByRole("button", { name: "Development" }));
    await tap(page.locator(".step-4"));
    await tap(page.getByRole("button", { name: "Drop report" }));
    await page.getByRole("heading", { name: "Thank you" }).waitFor();
    expect(taps).toBeLessThanOrEqual(4);
    expect(await pendingMarks(page).count()).toBe(1);
    expect(posts.count).toBe(0);

    await page.getByText("It is on the map for everyone").waitFor();
    await onMap(page, "opportunity", 1);
    await expect.poll(() => pendingMarks(page).count(), PATIENCE).toBe(0);
    expect(posts.count).toBe(1);
    const [row, ...more] = await rowsNear(site, place);
    expect(row).toMatchObject({ layer: "opportunity", category: "development", severity: 4 });
    expect(more).toEqual([]);
    const [mark] = await drawn(page, "opportunity");
    const { x, y } =
      (await page.evaluate((at) => globalThis.stratum?.map.project(at as [number, number]), target)) ?? {};
    expect(mark?.x).toBeCloseTo(x ?? 0, -1);
    expect(mark?.y).toBeCloseTo(y ?? 0, -1);
    // Loaded before the report was there, and put aside since.
    await page.evaluate(() => globalThis.stratum?.map.jumpTo({ zoom: 14 }));
    await onMap(page, "opportunity", 1);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("takes a report by keyboard alone, sends it when the page is left, and has it after a restart", {
    tags: "slow",
  }, async () => {
    const { page, faults } = await visit(site.browser, `${site.url}/${addressOf(HOUSTON, "infrastructure")}`);
    const focused = () => page.evaluate<string>("document.activeElement.textContent");
    await page.locator("#open-report").focus();
    await page.keyboard.press("Enter");
    expect(await focused()).toBe("Theft");
    for (let i = 0; i < 14; i++) await page.keyboard.press("ArrowRight");
    expect(await focused()).toBe("Pothole");
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Deep enough to lose a bike in.");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await focused()).toBe("See it on the map");
    expect(await page.getByLabel("Pothole, waiting to be sent").count()).toBe(1);
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.locator("#open-report:focus").count()).toBe(1);
    expect(faults).toEqual([]);
    await page.goto("about:blank");
    await expect.poll(() => rowsNear(site, HOUSTON), PATIENCE).toMatchObject([{ category: "pothole", severity: 5 }]);
    // The page that was left has not heard that it arrived: the next one asks, under the same key.
    await page.goto(site.url);
    await expect.poll(() => page.evaluate(WAITING), PATIENCE).toBe(0);
    expect((await rowsNear(site, HOUSTON)).length).toBe(1);
    await page.context().close();

    await site.restart();
    const later = await visit(site.browser, `${site.url}/${addressOf(HOUSTON, "infrastructure")}`);
    const [mark] = await drawn(later.page, "infrastructure");
    expect(mark?.properties).toMatchObject({ category: "pothole", severity: 5 });
    await later.page.context().close();
  });

  test("leaves nothing behind of what is taken back, and gives the form back as it was", { tags: "slow" }, async () => {
    const place = { lat: 29.79, lon: -95.41 };
    const { page } = await visit(site.browser, `${site.url}/${addressOf(place, "vibe")}`);
    const posts = countPosts(page);
    await openForm(page);
    await page.getByRole("button", { name: "Noise" }).click();
    await page.getByLabel("2, Okay").check({ force: true });
    await page.locator("textarea").fill("Drums at six in the morning.");
    await page.getByRole("button", { name: "Drop report" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("heading", { name: "Noise" }).waitFor();
    expect(await page.getByLabel("2, Okay").isChecked()).toBe(true);
    expect(await page.locator("textarea").inputValue()).toBe("Drums at six in the morning.");
    expect(await pendingMarks(page).count()).toBe(0);
    await goAwayAndBack(page);
    await page.goto("about:blank");
    expect(posts.count).toBe(0);
    expect(await rowsNear(site, place)).toEqual([]);
    await page.context().close();
  });

  test("says next to the field what is wrong, also on the smallest of phones, and stores nothing", {
    tags: "slow",
  }, async () => {
    const phone = { ...PHONE, viewport: { width: 360, height: 640 } };
    const { page } = await visit(site.browser, `${site.url}/#8/25.6/-100.3/vibe/90d`, phone);
    await openForm(page);
    const sheetTop = (await page.locator("#report-form").boundingBox())?.y ?? 0;
    expect(sheetTop, "what is left of the map").toBeGreaterThan(200);
    expect(await page.locator("html").evaluate((html) => html.scrollWidth)).toBe(360);
    await page.getByText("Zoom in to the street first.").waitFor();
    await page.getByRole("button", { name: "Development" }).tap();
    await page.locator("textarea").fill("x".repeat(281));
    await page.getByRole("button", { name: "Drop report" }).tap();
    await page.getByText("from here the place would be a guess").waitFor();
    await page.getByText("That is 1 character too long.").waitFor();
    expect(await page.locator("textarea").getAttribute("aria-invalid")).not.toBeNull();
    expect(await pendingMarks(page).count()).toBe(0);
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.evaluate(WAITING)).toBe(0);
    await page.context().close();
  });

  test("names whom to call in an emergency, and says what it masked", { tags: "slow" }, async () => {
    const place = { lat: 29.9, lon: -95.5 };
    const { page } = await visit(site.browser, `${site.url}/${addressOf(place, "safety")}`);
    await openForm(page);
    await page.getByRole("button", { name: "Vandalism" }).click();
    expect(await page.getByText("In an emergency").count()).toBe(0);
    await page.getByRole("button", { name: "Back to the categories" }).click();
    await page.getByRole("button", { name: "Assault" }).click();
    const note = page.getByRole("note");
    expect(await note.textContent()).toBe("In an emergency call 911.");
    expect(await note.getByRole("link").getAttribute("href")).toBe("tel:911");
    await page.locator("textarea").fill("A fucking mess.");
    await page.getByRole("button", { name: "Drop report" }).click();
    await page.getByText("with some words masked").waitFor(PATIENCE);
    expect(await rowsNear(site, place)).toMatchObject([{ text: "A ******* mess." }]);
    await page.context().close();
  });

  test("says that somebody looks first at a report that came with a flood", { tags: "slow" }, async () => {
    const place = { lat: 30.3, lon: -95.1 };
    const { page } = await visit(site.browser, `${site.url}/${addressOf(place, "safety")}`);
    await page.route("**/api/reports", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      const id = "01hxw8k3p09v6kp00000000000";
      const told = { ...route.request().postDataJSON(), id, held: true, created_at: new Date().toISOString() };
      await route.fulfill({ status: 201, contentType: "application/json", body: JSON.stringify(told) });
    });
    await openForm(page);
    await page.getByRole("button", { name: "Vandalism" }).click();
    await page.getByRole("button", { name: "Drop report" }).click();
    await page.getByText("somebody looks at it before it is on the map").waitFor(PATIENCE);
    expect(await page.getByRole("button", { name: "See it on the map" }).count()).toBe(0);
    expect(await pendingMarks(page).count()).toBe(0);
    expect(await page.evaluate(WAITING)).toBe(0);
    await page.getByRole("button", { name: "Close" }).click();

    // Also to whoever has closed the thanks before it is sent.
    await openForm(page);
    await page.getByRole("button", { name: "Vandalism" }).click();
    await page.getByRole("button", { name: "Drop report" }).click();
    await page.getByRole("button", { name: "Close" }).click();
    await page.locator(".notice", { hasText: "somebody looks at it before" }).waitFor(PATIENCE);
    await page.context().close();
  });

  test("proves some work in a burst, beside the page, and is taken at once", { tags: "slow" }, async () => {
    const place = { lat: 30.1, lon: -95.9 };
    const { page, faults } = await visit(site.browser, `${site.url}/${addressOf(place, "safety")}`);
    const asked = await createProofsOfWork({
      store: createMemoryStore({ clock: { now: Date.now } }),
      clock: { now: Date.now },
    }).challenge("192.0.2.1");
    const proofs: (string | undefined)[] = [];
    await page.route("**/api/reports", async (route) => {
      const proof = route.request().headers()["proof-of-work"];
      proofs.push(proof);
      if (proof !== undefined) return route.continue();
      const body = JSON.stringify({ type: "urn:stratum:problem:proof-wanted", status: 429, challenge: asked });
      await route.fulfill({ status: 429, headers: { "Retry-After": "3600" }, body });
    });
    await openForm(page);
    await page.getByRole("button", { name: "Vandalism" }).click();
    await page.getByRole("button", { name: "Drop report" }).click();
    await page.getByText("It is on the map for everyone").waitFor(PATIENCE);
    expect(proofs).toEqual([undefined, expect.any(String)]);
    const { challenge, solution } = JSON.parse(atob(proofs[1] ?? ""));
    expect(challenge).toEqual(asked);
    expect(solution.derivedKey.startsWith(asked.parameters.keyPrefix)).toBe(true);
    expect(faults.filter((fault) => !fault.includes("429"))).toEqual([]);
    await page.context().close();
  });

  test("asks for another kind where an old report's is not taken any more, and tries it once", {
    tags: "slow",
  }, async () => {
    const place = { lat: 30.0, lon: -95.7 };
    const { page } = await visit(site.browser, `${site.url}/${addressOf(place, "vibe")}`);
    const posts: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST") posts.push(request.url());
    });
    await page.evaluate((at) => {
      const draft = { layer: "vibe", category: "old kind", severity: 4, ...at, text: "Still here." };
      const entry = {
        key: "0123456789abcdef0123456789abcdef",
        draft,
        droppedAtMs: Date.now() - 60_000,
        attempted: true,
      };
      localStorage.setItem(`stratum-outbox/${entry.key}`, JSON.stringify(entry));
    }, place);
    await page.reload();
    await page.getByText("Reports of this kind are not taken any more").waitFor(PATIENCE);
    await page.getByRole("button", { name: "Mend: Old kind" }).click();
    await page.getByRole("heading", { name: "What is going on?" }).waitFor();
    await page.getByRole("alert").getByText("Please choose another one").waitFor();
    await page.getByRole("button", { name: "Festival" }).click();
    expect(await page.locator("textarea").inputValue()).toBe("Still here.");
    expect(await page.getByLabel("4, Great").isChecked()).toBe(true);
    expect(posts.length).toBe(1);
    await page.context().close();
  });

  test("shows at its field what only the server found wrong, to be mended", { tags: "slow" }, async () => {
    const place = { lat: 29.8, lon: -95.33 };
    const { page } = await visit(site.browser, `${site.url}/${addressOf(place, "safety")}`);
    await openForm(page);
    await page.getByRole("button", { name: "Vandalism" }).click();
    await page.locator("textarea").fill("A bell rang, call 415-555-0134.");
    await page.getByRole("button", { name: "Drop report" }).click();
    await goAwayAndBack(page);
    const field = page.locator("[data-field=text]");
    await field.getByText("This seems to have a phone number in it").waitFor();
    expect(await page.locator("textarea:focus").inputValue()).toContain("rang");
    await page.locator("textarea").fill("A bell rang.");
    await page.getByRole("button", { name: "Drop report" }).click();
    await goAwayAndBack(page);
    await expect
      .poll(() => rowsNear(site, place), PATIENCE)
      .toMatchObject([{ category: "vandalism", text: "A bell rang." }]);
    await expect.poll(() => pendingMarks(page).count(), PATIENCE).toBe(0);
    await page.context().close();
  });

  test("opens and takes reports without a network, tells so, and then sends each once though two tabs are open", {
    tags: "slow",
  }, async () => {
    const place = { lat: 40.6782, lon: -73.9442 };
    await postReports(site.url, [{ ...place, layer: "opportunity", category: "hiring", severity: 2 }]);
    const { page } = await visit(site.browser, `${site.url}/${addressOf(place, "opportunity")}`);
    const workerState = () => page.evaluate("navigator.serviceWorker.ready.then(({ active }) => active.state)");
    await expect.poll(workerState, PATIENCE).toBe("activated");
    const other = await page.context().newPage();
    await other.goto(`${site.url}/${addressOf(place, "opportunity")}`);
    await mapSettled(other);
    const posts = countPosts(page, other);
    await page.context().setOffline(true);
    await expect.poll(() => status(page).textContent(), PATIENCE).toBe("You are offline. The map shows what it has.");
    await drop(page, "Market");
    await page.getByText("kept on this device").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    expect(await status(page).textContent()).toBe("You are offline. 1 report waits.");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.locator("#outbox").getByText("Waiting to be sent").waitFor();

    // The page, its map and the tile come from what the browser keeps.
    page.setDefaultTimeout(30_000);
    await page.reload();
    await mapSettled(page);
    expect(total(await drawn(page, "opportunity"))).toBe(1);
    for (const tab of [page, other]) await expect.poll(() => pendingMarks(tab).count(), PATIENCE).toBe(1);
    expect(posts.count).toBe(0);
    // Nobody has been to Dallas before.
    await other.evaluate(() => globalThis.stratum?.map.jumpTo({ center: [-96.797, 32.777] }));
    const hasLand = () => (globalThis.stratum?.map.queryRenderedFeatures({ layers: ["land"] }).length ?? 0) > 0;
    await mapSettled(other);
    expect(await other.evaluate(hasLand)).toBe(false);

    await page.context().setOffline(false);
    // By the tab that got to send it.
    const statuses = () => Promise.all([page, other].map((tab) => status(tab).textContent()));
    await expect.poll(statuses, PATIENCE).toContain("Sent. 1 report is on the map.");
    await onMap(page, "opportunity", 2);
    await other.waitForFunction(hasLand);
    for (const tab of [page, other]) await expect.poll(() => pendingMarks(tab).count(), PATIENCE).toBe(0);
    expect(posts.count).toBe(1);
    // Of one minute they come in any order.
    const categories = (await rowsNear(site, place)).map(({ category }) => category);
    expect(categories.sort()).toEqual(["hiring", "market"]);
    await page.context().close();
  });

  test("takes the device's own position and says how exact it is, or why there is none", { tags: "slow" }, async () => {
    const here = { latitude: 37.7618, longitude: -122.421, accuracy: 12 };
    const options = { geolocation: here, permissions: ["geolocation"] };
    const { page } = await visit(site.browser, `${site.url}/${addressOf(HOUSTON, "safety")}`, options);
    await openForm(page);
    const locate = page.getByRole("button", { name: "Use my location" });
    await locate.click();
    await page.getByText("Your location, to about 12 m.").waitFor();
    await page.waitForFunction(() => Math.abs((globalThis.stratum?.map.getCenter().lng ?? 0) + 122.421) < 1e-4);
    await page.getByText("18th St, Mission District").waitFor();
    await page.context().setGeolocation({ ...here, accuracy: 2_300 });
    await locate.click();
    await page.getByText("Known only to about 2.3 km").waitFor();
    await page.context().clearPermissions();
    await locate.click();
    await page.getByText("Location is off for this page. Move the map to the place instead.").waitFor();
    await page.context().close();
  });
}
