import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import type { RunningServer } from "../../server/runtime/node/serve.ts";
import { launchChromium } from "../kit/chromium.ts";
import { accessibilityTests } from "./accessibility.suite.ts";
import { builderTests } from "./builder.suite.ts";
import { burstTests } from "./burst.suite.ts";
import { embedTests } from "./embed.suite.ts";
import { liveTests } from "./live.suite.ts";
import { mapTests } from "./map.suite.ts";
import { referenceTests } from "./reference.suite.ts";
import { reportFormTests } from "./report-form.suite.ts";
import { scoreTests } from "./scores.suite.ts";
import { type Site, startSite } from "./site.ts";
import { thirdPartyTests } from "./third-parties.suite.ts";
import { timeLapseTests } from "./time-lapse.suite.ts";

let browser: Browser;
let server: RunningServer;
let dataDir: string;

const site: Site = {
  get browser() {
    return browser;
  },
  get url() {
    return server.url;
  },
  async restart(clock) {
    await server.close();
    server = await startSite(dataDir, clock);
  },
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "stratum-browser-"));
  [browser, server] = await Promise.all([launchChromium(), startSite(dataDir)]);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(dataDir, { recursive: true, force: true });
});

// A page that a failed test left open would hold a live stream, and the next tests count those.
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

describe("the map", () => mapTests(site));
describe("the API reference", () => referenceTests(site));
describe("scores on the map", () => scoreTests(site));
describe("the time-lapse", () => timeLapseTests(site));
describe("the report form", () => reportFormTests(site));
describe("an open map in a busy place", () => burstTests(site));
// What arrives within three seconds on a free machine may arrive later on a crowded one; a map that asks for too much always does.
describe("an open map", { retry: 2 }, () => liveTests(site));
describe("the frame", () => embedTests(site));
describe("the snippets' builder", () => builderTests(site));
describe("for everybody", () => accessibilityTests(site));
describe("on a page of another origin", { retry: 2 }, () => thirdPartyTests(site));
