import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // The basemap's atlases are megabytes of JSON: as one string each they load in half the time.
  json: { stringify: true, namedExports: false },
  test: {
    include: ["test/**/*.test.ts"],
    // Against what hangs, not what is slow: machines that are busy beside take several times as long as quiet ones.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
    // Many files wait for a browser, workerd or a process of their own: one worker more than cores keeps the cores busy.
    maxWorkers: availableParallelism() + 1,
  },
});
