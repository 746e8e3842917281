import { unseedAreas } from "../area-import/seed-areas.ts";
import { exitOnError } from "../console/operator-error.ts";
import { refuseArguments } from "../console/parse-options.ts";
import { createTerminal } from "../console/terminal.ts";
import { unseed } from "../seed/unseed.ts";
import { openCommandStore, SYSTEM_CLOCK } from "./command-store.ts";
import { compactAll } from "./compact-all.ts";

/** `npm run unseed`: takes the three cities' seeded reports and areas out again, and leaves every other alone. */
try {
  refuseArguments(process.argv.slice(2));
  const terminal = createTerminal(process.stdout);
  const { store, derived, log, compactor, close } = await openCommandStore(process.env);
  try {
    await terminal.run("unseed", async (note) => {
      const onProgress = (progress: { removed: number; cells: number; of: number }) =>
        note(`${progress.removed} removed, ${progress.cells} of ${progress.of} cells`);
      const removed = await unseed({ store, clock: SYSTEM_CLOCK, onProgress });
      await unseedAreas({ derived, clock: SYSTEM_CLOCK, log });
      note(`${removed} removed, compacting`);
      await compactAll(compactor);
      note(removed > 0 ? `${removed} reports removed` : "there are no seeded reports, nothing was removed");
    });
  } finally {
    await close();
  }
} catch (error) {
  exitOnError(error);
}
