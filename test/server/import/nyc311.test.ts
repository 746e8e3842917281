import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { findProfile } from "../../../server/import/profiles/named-profiles.ts";
import { countMadeNyc311, type MadeNyc311Options, madeNyc311Lines } from "../../kit/cities/nyc311/made-nyc311.ts";
import { useImport } from "./import-fixture.ts";

/** New York's clocks show the hour before 01:00 twice between them. */
const ENDS_MS = Date.parse("2026-11-20T12:00:00Z");
const DAY_MS = 86_400_000;

const world = useImport(ENDS_MS + 1.5 * DAY_MS);

test("a file like New York's: what has a place is there, twice is once, and the next day's brings what is new", () =>
  city(1_000));
test("a hundred thousand rows", { tags: "slow" }, () => city(100_000));

async function city(rows: number): Promise<void> {
  const profile = await findProfile("nyc311");
  const today = { rows, endsAtMs: ENDS_MS };
  const run = (path: string) => world.run(path, { profile, rejectsPath: `${path}.rejects` });

  const path = await write(`${rows}.csv`, today);
  const { placed } = countMadeNyc311(today);
  const first = await run(path);
  expect(first).toMatchObject({ rowsRead: rows, written: placed, rejected: rows - placed });
  expect(await run(path)).toMatchObject({ written: 0, existing: placed });

  const tomorrow = { ...today, isNextDay: true };
  const since = countMadeNyc311(tomorrow);
  expect(since.untold).toBeGreaterThan(since.told);
  expect(since.told).toBeGreaterThan(0);
  const next = await run(await write(`${rows}-next.csv`, tomorrow));
  expect(next).toMatchObject({
    rowsRead: since.rows,
    existing: since.same + since.untold,
    written: since.new,
    replaced: since.told,
  });
}

async function write(name: string, options: MadeNyc311Options): Promise<string> {
  const path = join(world.dir, name);
  await pipeline(Readable.from(madeNyc311Lines(options)), createWriteStream(path));
  return path;
}
