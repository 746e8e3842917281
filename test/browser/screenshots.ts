import { mkdir, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { exitOnError, OperatorError } from "../../server/console/operator-error.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { startServer } from "../../server/runtime/node/serve.ts";
import { launchChromium } from "../kit/chromium.ts";
import { type Persona, pretend } from "../kit/dashboard-answers.ts";
import { mapSettled } from "./site.ts";

/** Pictures for the README, of the seeded cities: `npm run screenshots`, then look at each. */
const OUT = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const MAX_BYTES = 300_000;
const DESKTOP = { viewport: { width: 1440, height: 900 } };
const TABLET = { viewport: { width: 768, height: 1024 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

interface Shot {
  readonly name: string;
  readonly hash: string;
  readonly device: typeof DESKTOP | typeof PHONE | typeof TABLET;
  readonly dark?: boolean;
  /** Waits for what a page without a map of its own shows. */
  settled?(page: Page): Promise<void>;
  prepare?(page: Page): Promise<void>;
  /** Whose account is pretended, of a page that needs one. */
  readonly persona?: Persona;
}

/** Nothing of the dashboard waits for an answer any more. */
const dashboardDrawn = async (page: Page) => {
  await page.locator("main:not([aria-busy]) .view").waitFor();
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
};

const dashboard = (name: string, query: string, device: Shot["device"], more: Partial<Shot> = {}): Shot => ({
  name,
  hash: `dashboard?${query}`,
  device,
  settled: dashboardDrawn,
  persona: "city",
  ...more,
});

const openForm = async (page: Page) => {
  await page.getByRole("button", { name: "Report", exact: true }).click();
  await mapSettled(page);
};

const drop = async (page: Page, category: string) => {
  await openForm(page);
  await page.locator(".chip", { hasText: category }).click();
  await page.getByRole("button", { name: "Drop report" }).click();
};

/** Two reports wait in the list of what is not sent. */
const goOffline = async (page: Page) => {
  await page.context().setOffline(true);
  for (const category of ["Live music", "Market"]) {
    await drop(page, category);
    await page.getByRole("button", { name: "Close" }).click();
    await page.evaluate(() => globalThis.stratum?.map.panBy([60, 55], { animate: false }));
  }
  await page.getByRole("button", { name: "Show", exact: true }).click();
};

const openTimeLapse = async (page: Page) => {
  await page.getByRole("button", { name: "Time-lapse" }).click();
  await page.getByText("reports in view, the last").waitFor();
  await page.getByRole("slider", { name: "Time" }).fill("21");
};

const readCard = (page: Page) => page.getByText("of 100, overall").waitFor();

const SHOTS: readonly Shot[] = [
  { name: "country", hash: "#3.7/38.5/-97/safety/90d", device: DESKTOP },
  { name: "city", hash: "#12/37.7689/-122.431/safety/90d", device: DESKTOP },
  { name: "city-dark", hash: "#13/40.686/-73.962/vibe/90d", device: DESKTOP, dark: true },
  {
    name: "layers",
    hash: "#14/30.265/-97.745/safety,vibe,infrastructure,opportunity/90d",
    device: DESKTOP,
  },
  {
    name: "street",
    hash: "#15.2/37.7655/-122.418/safety/90d",
    device: DESKTOP,
    prepare: async (page) => {
      await page.locator("#latest button").first().click();
      await mapSettled(page);
    },
  },
  { name: "scores", hash: "#12/37.7689/-122.431/none/90d/scores=overall", device: DESKTOP },
  {
    name: "score-card",
    hash: "#13.4/37.772/-122.418/safety/30d/scores=overall/card=9q8yym",
    device: DESKTOP,
    prepare: readCard,
  },
  {
    name: "phone-score-card",
    hash: "#13.4/37.7655/-122.422/vibe/30d/scores=vibe/card=9q8yym",
    device: PHONE,
    dark: true,
    prepare: readCard,
  },
  {
    name: "time-lapse",
    hash: "#12.6/37.7689/-122.431/safety,vibe,infrastructure,opportunity/30d",
    device: DESKTOP,
    prepare: openTimeLapse,
  },
  { name: "phone-time-lapse", hash: "#12/40.68/-73.96/safety,vibe/30d", device: PHONE, prepare: openTimeLapse },
  { name: "phone-country", hash: "#2.1/39/-98/vibe/90d", device: PHONE },
  { name: "phone-city", hash: "#12.4/37.764/-122.431/vibe/90d", device: PHONE },
  {
    name: "embedding",
    hash: "docs/embedding",
    device: DESKTOP,
    settled: (page) => page.frameLocator("#preview iframe").locator("#legend").waitFor(),
    prepare: async (page) => {
      await page.getByLabel("Scores").selectOption("overall");
      await page.getByRole("tab", { name: "Script" }).click();
    },
  },
  { name: "phone-report", hash: "#16/37.7618/-122.421/vibe/90d", device: PHONE, prepare: openForm },
  {
    name: "phone-thanks",
    hash: "#16/37.7618/-122.421/vibe/90d",
    device: PHONE,
    prepare: (page) => drop(page, "Live music"),
  },
  {
    name: "phone-offline",
    hash: "#15.5/37.7618/-122.421/vibe,opportunity/90d",
    device: PHONE,
    dark: true,
    prepare: goOffline,
  },
  dashboard("dashboard", "view=overview", DESKTOP),
  dashboard("dashboard-trends", "view=trends&city=brooklyn", DESKTOP, { dark: true }),
  dashboard("dashboard-queue", "view=queue&order=severe", DESKTOP),
  dashboard("dashboard-entrance", "view=sign-in", DESKTOP, { persona: "visitor" }),
  dashboard("tablet-dashboard", "view=usage", TABLET, { dark: true }),
  dashboard("phone-dashboard", "view=overview&city=austin", PHONE),
  dashboard("phone-dashboard-queue", "view=queue", PHONE, { dark: true }),
];

const only = process.argv.slice(2);
const unknown = only.find((name) => SHOTS.every((shot) => shot.name !== name));
if (unknown !== undefined)
  exitOnError(new OperatorError(`There is no picture ${unknown}: ${SHOTS.map(({ name }) => name).join(", ")}.`));
const server = await startServer(readConfig({ HOST: "127.0.0.1", PORT: "0", DATA_DIR: "memory" }));
const browser = await launchChromium();
try {
  // San Francisco's scores.
  while ((await fetch(`${server.url}/tiles/scores/12/655/1583.pbf`)).status !== 200) await sleep(500);
  await mkdir(OUT, { recursive: true });
  for (const shot of SHOTS) if (only.length === 0 || only.includes(shot.name)) await take(shot);
} finally {
  await browser.close();
  await server.close();
}

async function take({ name, hash, device, dark, settled = mapSettled, prepare, persona }: Shot): Promise<void> {
  const colorScheme = dark ? "dark" : "light";
  const context = await browser.newContext({ ...device, colorScheme, reducedMotion: "reduce", locale: "en-US" });
  const page = await context.newPage();
  if (persona) await pretend(page, persona);
  await page.goto(`${server.url}/${hash}`);
  await settled(page);
  await prepare?.(page);
  // The list of latest reports waits for the map to rest.
  await page.waitForTimeout(1_500);
  const path = `${OUT}${name}.jpg`;
  await page.screenshot({ path, type: "jpeg", quality: 86 });
  await context.close();
  const { size } = await stat(path);
  console.log(`docs/images/${name}.jpg: ${Math.round(size / 1000)} kB`);
  if (size > MAX_BYTES) process.exitCode = 1;
}
