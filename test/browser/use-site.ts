import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import type { RunningServer } from "../../server/runtime/node/serve.ts";
import { type Site, startSite } from "./site.ts";

/** A whole server for the tests of one file, and a way to the browser of them all. */
export function useSite(): Site {
  let browser: Browser;
  let server: RunningServer;
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "stratum-browser-"));
    [browser, server] = await Promise.all([chromium.connect(inject("chromium")), startSite(dataDir)]);
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

  return {
    get browser() {
      return browser;
    },
    get url() {
      return server.url;
    },
    get dataDir() {
      return dataDir;
    },
    async restart(clock) {
      await server.close();
      server = await startSite(dataDir, clock);
    },
  };
}
