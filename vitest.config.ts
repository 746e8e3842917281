import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What waits for browsers, workerd and processes takes longest, the longest of all first. */
const LONG = [
  "browser/page",
  "edge/worker",
  "server/cli/import",
  "server/node",
  "server/pyramid",
  "edge/",
  "server/store",
];

/** Begins with the long files, so that none runs on alone at the end. A clean clone has no times of earlier runs to go by. */
class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONG.findIndex((start) => moduleId.includes(`/test/${start}`));
  return rank < 0 ? LONG.length : rank;
}

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
    sequence: { sequencer: LongFilesFirst },
  },
});
