import { expect, test } from "vitest";
import { parseSource } from "../../../../server/import/fields/mapping.ts";
import { createFormerDigest, formerTailsOfRow } from "../../../../server/import/ids/row-ids.ts";
import type { ImportOptions } from "../../../../server/import/import-options.ts";
import type { ReportStore } from "../../../../server/ports/report-store.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../../tiles/geo/geohash.ts";
import { formatReportId } from "../../../../tiles/report-id.ts";
import { DAY_MS, reportsOf } from "../../../kit/make-report.ts";
import { useImport } from "../import-fixture.ts";

/** Tomorrow's download of the same rows: what of it is new. */

const ROW_KEY = "5".repeat(64);
const world = useImport();
const { clock } = world;

let files = 0;
function run(content: string, options: Partial<ImportOptions> = {}) {
  const sources = { layer: parseSource("=vibe"), severity: parseSource("=1"), category: parseSource("kind") };
  return world.run(world.write(`${files++}.csv`, content), { mapping: { sources, values: {} }, ...options });
}

const TODAY = "lon,lat,time,kind,status\n1,2,2026-02-28,noise,Open\n1,3,2026-02-28,noise,Open\n";

test("a changed status, another column and blanks around values make no row new; a changed category does", async () => {
  await run(TODAY);
  const tomorrow = "status,owner,lon,lat,time,kind\nClosed,me, 1 ,2,2026-02-28,noise\nOpen,,1,3,2026-02-28,music\n";
  expect(await run(tomorrow)).toMatchObject({ written: 1, existing: 1 });
});

test("a column that is constant from now on makes its rows new, another constant does not", async () => {
  await run(TODAY);
  const severe = (severity: string) => ({
    sources: { layer: parseSource("=vibe"), severity: parseSource(severity), category: parseSource("kind") },
    values: {},
  });
  expect(await run(TODAY, { mapping: severe("=3") })).toMatchObject({ written: 0, existing: 2 });
  expect(await run(TODAY, { mapping: severe("lat") })).toMatchObject({ written: 2, existing: 0 });
});

test("rows that tell the same are as many reports as there are, though their other columns differ", async () => {
  const row = "1,2,2026-02-28,noise";
  const content = `lon,lat,time,kind,status\n${row},Open\n${row},Closed\n${row},Open\n`;
  expect(await run(content)).toMatchObject({ written: 3 });
  expect(await run(content.replaceAll("Open", "Closed"))).toMatchObject({ written: 0, existing: 3 });
});

const FORMER_ROWS = ["Open", "Closed", "Open"].map((status) => ["1.5", "2.5", "2026-02-28", "noise", status]);
const FORMER = `lon,lat,time,kind,status\n${FORMER_ROWS.map((row) => `${row.join(",")}\n`).join("")}`;

/** As a program stored the rows whose digest was of all columns. */
async function storeAsBefore(): Promise<void> {
  await run(FORMER);
  const [report] = await reportsOf(world.store);
  if (report === undefined) throw new Error("nothing was imported");
  world.store = createMemoryStore({ clock });
  await world.store.remember("import-row-key", ROW_KEY, { untilMs: Number.MAX_SAFE_INTEGER });
  const digestOf = createFormerDigest(["lon", "lat", "time", "kind", "status"]);
  const geohash5 = encodeGeohash(report.lonDeg, report.latDeg, 5);
  const occurrences = [0, 0, 1];
  const ids = FORMER_ROWS.map((values, i) => {
    const digest = digestOf({ number: 1, values, raw: Buffer.from("") });
    const tail = formerTailsOfRow(ROW_KEY, digest, occurrences[i] ?? 0).keyed ?? "";
    return formatReportId({ ...report, shard: 0, geohash5, tail });
  });
  await world.store.putMany(ids.map((id) => ({ ...report, id })));
}

test("rows that a program stored under digests of all columns are found", async () => {
  await storeAsBefore();
  expect(await run(FORMER)).toMatchObject({ written: 0, existing: 3 });
  // A third one like it was not there.
  expect(await run(`${FORMER}${FORMER_ROWS[0]?.join(",")}\n`)).toMatchObject({ written: 1, existing: 3 });
});

test("rows of before are looked for until they have expired, and not in a store that had none", async () => {
  const asked: string[] = [];
  const watch = (): ReportStore => {
    const { getMany } = world.store;
    return {
      ...world.store,
      getMany(ids) {
        asked.push(...ids);
        return getMany(ids);
      },
    };
  };
  await storeAsBefore();
  world.store = watch();
  await run(TODAY);
  expect(asked).toHaveLength(4);
  clock.advance(90 * DAY_MS);
  asked.length = 0;
  await run(TODAY.replaceAll("2026-02-28", "2026-05-20"));
  expect(asked).toEqual([]);

  world.store = createMemoryStore({ clock });
  world.store = watch();
  for (const day of ["2026-05-21", "2026-05-22"]) await run(TODAY.replaceAll("2026-02-28", day));
  expect(asked).toEqual([]);
});
