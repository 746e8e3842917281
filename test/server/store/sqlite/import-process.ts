import { openSqliteStores } from "../../../../server/store/sqlite/sqlite.ts";
import { DAY_MS, makeReport } from "../../../kit/make-report.ts";

/** A process of its own that imports into the file of argument 1 in batches of argument 2, each into a cell of its own, until it is killed; says "open" first. */
const [path = "", rows = "0"] = process.argv.slice(2);
const { store } = openSqliteStores({ path, clock: { now: Date.now } });
const IN_FLIGHT = 2;
let batches = 0;

async function importBatches(): Promise<void> {
  for (;;) {
    const batch = batches++;
    const latDeg = 20 + (batch % 900) * 0.05;
    const createdAtMs = Date.now() - DAY_MS;
    const reports = Array.from({ length: Number(rows) }, (_, n) =>
      makeReport({ layer: "vibe", latDeg, createdAtMs: createdAtMs - n, seed: batch * 10_000 + n }),
    );
    await store.putMany(reports);
    if (batch === 0) console.log("open");
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, importBatches));
