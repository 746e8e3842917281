import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** What takes long, or needs what a fresh machine may lack: only `npm run test:all` runs these, in the mode `extended`. */
const EXTENDED = "test/**/*.extended.test.ts";

export default defineConfig(({ mode }) => ({
  // The basemap's atlases are megabytes of JSON: as one string each they load in half the time.
  json: { stringify: true, namedExports: false },
  test: {
    include: [mode === "extended" ? EXTENDED : "test/**/*.test.ts"],
    exclude: mode === "extended" ? [] : [EXTENDED],
    // Against what hangs, not what is slow: machines that are busy beside take several times as long as quiet ones.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
    // Many files wait for a browser, workerd or a process of their own: one worker more than cores keeps the cores busy.
    maxWorkers: availableParallelism() + 1,
  },
}));
