import { drawMissingAreas, seedAreas } from "../area-import/seed-areas.ts";
import { exitOnError } from "../console/operator-error.ts";
import { refuseArguments } from "../console/parse-options.ts";
import { createTerminal } from "../console/terminal.ts";
import { seedIfEmpty } from "../seed/seed-if-empty.ts";
import { openCommandStore, SYSTEM_CLOCK } from "./command-store.ts";
import { compactAll } from "./compact-all.ts";

/** `npm run seed`: three cities' reports and areas for an empty store. */
try {
  refuseArguments(process.argv.slice(2));
  const terminal = createTerminal(process.stdout);
  const { store, derived, log, compactor, close } = await openCommandStore(process.env);
  try {
    await terminal.run("seed", async (note) => {
      const onBegin = () => seedAreas({ derived, clock: SYSTEM_CLOCK, log });
      const onProgress = ({ written, total }: { written: number; total: number }) => note(`${written} of ${total}`);
      const written = await seedIfEmpty({ store, clock: SYSTEM_CLOCK, onBegin, onProgress });
      if (written > 0) await compactAll(compactor);
      // A store of a time without areas has reports, and gets what it lacks.
      const drawn = written > 0 ? 0 : await drawMissingAreas({ store, derived, clock: SYSTEM_CLOCK, log, compactor });
      const areas = drawn > 0 ? `areas of ${drawn} cities` : "nothing was written";
      note(written > 0 ? `${written} reports` : `the store has reports already, ${areas}`);
    });
  } finally {
    await close();
  }
} catch (error) {
  exitOnError(error);
}
