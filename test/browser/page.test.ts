import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import type { RunningServer } from "../../server/serve.ts";
import { launchChromium } from "./chromium.ts";
import { liveTests } from "./live.suite.ts";
import { mapTests } from "./map.suite.ts";
import { reportFormTests } from "./report-form.suite.ts";
import { type Site, startSite } from "./site.ts";
import { thirdPartyTests } from "./third-parties.suite.ts";

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
  async restart() {
    await server.close();
    server = await startSite(dataDir);
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

describe("the map", () => mapTests(site));
describe("the report form", () => reportFormTests(site));
describe("an open map", () => liveTests(site));
describe("on a page of another origin", () => thirdPartyTests(site));
