import type { Browser, Page } from "playwright-core";
import { houstonReports } from "../../test/kit/cities/houston.ts";
import { HOUSTON_MISSING } from "../../test/kit/cities/houston-file.ts";
import { printTable } from "../../test/kit/output.ts";
import { type AttributedTask, profileLongTasks } from "../kit/cpu-profile.ts";
import { type ClientSite, startFilledSite } from "./client-site.ts";

const SIZE = { width: 1280, height: 800 };
const START = "#10.5/29.76/-95.37/safety/90d";
/**
 * A hand's way over the city, recorded once: drags in pixels with the pauses between them in milliseconds, and turns of the
 * wheel (up is closer). Across at z10.5, closer to the core, along its streets, out again.
 */
const PATH: readonly { readonly drag?: readonly [number, number]; readonly wheel?: number; readonly restMs: number }[] =
  [
    { drag: [-420, 60], restMs: 250 },
    { drag: [510, 130], restMs: 300 },
    { drag: [180, -310], restMs: 200 },
    { wheel: -300, restMs: 600 },
    { drag: [-380, -90], restMs: 250 },
    { drag: [260, 240], restMs: 200 },
    { wheel: -400, restMs: 700 },
    { drag: [-450, 20], restMs: 200 },
    { drag: [-430, -60], restMs: 200 },
    { drag: [90, 330], restMs: 300 },
    { wheel: -400, restMs: 700 },
    { drag: [330, -250], restMs: 250 },
    { drag: [-480, 110], restMs: 250 },
    { wheel: 700, restMs: 800 },
    { drag: [400, 40], restMs: 250 },
    { wheel: 500, restMs: 900 },
  ];
const STEPS = 24;

export interface PanResult {
  readonly tasks: readonly AttributedTask[];
  readonly frames: number;
}

/** The main thread's long tasks on a way over Houston's 86 309 reports; `undefined` when the file of them is not there. */
export async function measurePan(browser: Browser): Promise<PanResult | undefined> {
  const reports = houstonReports(Date.now());
  if (reports === undefined) {
    console.log(`\npanning over Houston is not measured: ${HOUSTON_MISSING}`);
    return undefined;
  }
  const site = await startFilledSite(reports);
  try {
    return await pan(browser, site);
  } finally {
    await site.close();
  }
}

async function pan(browser: Browser, site: ClientSite): Promise<PanResult> {
  const context = await browser.newContext({ viewport: SIZE });
  try {
    const page = await context.newPage();
    await page.goto(`${site.url}/${START}`);
    await settled(page);
    await page.evaluate(`globalThis.frames = 0; stratum.map.on("render", () => frames++);`);
    const session = await context.newCDPSession(page);
    const tasks = await profileLongTasks(session, () => follow(page));
    const frames = await page.evaluate<number>("globalThis.frames");
    const sum = (of: (task: AttributedTask) => number) => tasks.reduce((total, task) => total + of(task), 0);
    const worst = (of: (task: AttributedTask) => number) => Math.max(0, ...tasks.map(of));
    const row = (name: string, of: (task: AttributedTask) => number) => [name, sum(of), worst(of)];
    printTable(
      `${tasks.length} tasks over 50 ms while panning over Houston, ${frames} frames, graphics in software`,
      ["by whose code", "ms in all", "most in one task"],
      [
        row("all", ({ durationMs }) => durationMs),
        row("MapLibre", ({ maplibreMs }) => maplibreMs),
        row("no script: layout, paint, graphics", ({ nativeMs }) => nativeMs),
        row("garbage", ({ garbageMs }) => garbageMs),
        row("ours, and what we call", ({ oursMs }) => oursMs),
      ],
    );
    const ours = tasks.toSorted((a, b) => b.oursMs - a.oursMs).slice(0, 3);
    for (const { oursMs, ourFunctions } of ours) console.log(`  ${oursMs.toFixed(1)} ms: ${ourFunctions.join(", ")}`);
    return { tasks, frames };
  } finally {
    await context.close();
  }
}

async function follow(page: Page): Promise<void> {
  // Beside the panel.
  const [x, y] = [SIZE.width * 0.62, SIZE.height * 0.5];
  for (const { drag, wheel, restMs } of PATH) {
    await page.mouse.move(x, y);
    if (drag) {
      await page.mouse.down();
      await page.mouse.move(x + drag[0], y + drag[1], { steps: STEPS });
      await page.mouse.up();
    }
    if (wheel) await page.mouse.wheel(0, wheel);
    await page.waitForTimeout(restMs);
  }
  await settled(page);
}

const settled = (page: Page) =>
  page.waitForFunction(
    () => {
      const map = globalThis.stratum?.map;
      return map?.loaded() && map.areTilesLoaded() && !map.isMoving();
    },
    undefined,
    { timeout: 60_000 },
  );
