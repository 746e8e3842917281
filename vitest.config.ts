import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** See docs/testing.md. The tiers differ by tags, which the npm scripts choose, and by how many random runs a property gets. */
const TAGS = [
  { name: "slow", description: "Takes long: `npm run test:extended` alone runs it." },
  { name: "random", description: "Random runs: few in `npm test`, all of them in `npm run test:extended`." },
];

const EXTENDED = "test/**/*.extended.test.ts";
const BROWSER = "test/browser/**/*.test.ts";
/** Real DynamoDB emulators and PostgreSQLs, in this process. */
const STORES = [
  "test/kit/dynamo/*.test.ts",
  "test/server/{accounts,accounts/auth,billing,postgres,scores,store}/*.test.ts",
  "test/server/http/api-key.test.ts",
  "test/server/trends/*.test.ts",
];
/** The embedded PostgreSQL is WebAssembly, of which little runs for long enough here to be worth optimizing. */
const UNOPTIMIZED_WASM = ["--liftoff-only"];
/** Real servers, workerd, and processes of their own. */
const RUNTIME = ["test/{bench,chaos,edge,http}/*.test.ts", "test/server/{cli,runtime}/**/*.test.ts"];

export default defineConfig(({ mode }) => {
  const isExtended = mode === "extended";
  const files = isExtended ? [] : [EXTENDED];
  return {
    // The basemap's atlases are megabytes of JSON: as one string each they load in half the time.
    json: { stringify: true, namedExports: false },
    test: {
      tags: TAGS,
      // Against what hangs, not what is slow: machines that are busy beside take several times as long as quiet ones.
      testTimeout: isExtended ? 900_000 : 240_000,
      hookTimeout: 240_000,
      expect: { poll: { timeout: 30_000 } },
      // What a page did wrong is told whole in the one line that a summary has.
      chaiConfig: { truncateThreshold: 400 },
      env: { FC_SCALE: process.env.FC_SCALE ?? (isExtended ? "1" : "20") },
      // Many files wait for a browser, workerd or a process of their own: one worker more than cores keeps the cores busy.
      maxWorkers: availableParallelism() + 1,
      projects: [
        {
          extends: true,
          test: {
            name: "unit",
            include: ["test/**/*.test.ts"],
            exclude: [...files, BROWSER, ...STORES, ...RUNTIME],
            // Pure functions and stores in memory: what one file loads, the next one may use.
            isolate: false,
          },
        },
        {
          extends: true,
          test: {
            name: "stores",
            include: STORES,
            exclude: files,
            isolate: false,
            execArgv: UNOPTIMIZED_WASM,
          },
        },
        {
          extends: true,
          test: { name: "runtime", include: RUNTIME, exclude: files, execArgv: UNOPTIMIZED_WASM },
        },
        {
          extends: true,
          test: { name: "browser", include: [BROWSER], exclude: files, globalSetup: "test/browser/start-chromium.ts" },
        },
      ],
    },
  };
});
