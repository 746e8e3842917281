import { rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFeed } from "../../../server/import/feeds/feed.ts";
import { createFeedStates } from "../../../server/import/feeds/feed-state.ts";
import { findProfile } from "../../../server/import/profiles/named-profiles.ts";
import { type WatchOptions, watchFeed } from "../../../server/import/watch.ts";
import { madeNyc311Lines } from "../../kit/cities/nyc311/made-nyc311.ts";
import { answering, type FeedServer, startFeedServer } from "./feeds/feed-server.ts";
import { useImport } from "./import-fixture.ts";

const NOW_MS = Date.parse("2026-11-21T12:00:00Z");
const DAY = { rows: 50, endsAtMs: NOW_MS - 86_400_000 };
const TODAY = [...madeNyc311Lines(DAY)].join("");
const TOMORROW = [...madeNyc311Lines({ ...DAY, isNextDay: true })].join("");
const MINUTES = 60_000;

const world = useImport(NOW_MS);
const { clock } = world;
let server: FeedServer;
beforeEach(async () => {
  server = await startFeedServer();
});
afterEach(() => server.close());

/** Watches for as many rounds as there are steps; each step prepares its round. Returns what was said, without times, addresses and ids of runs, and the waits. */
async function watch(name: string, steps: readonly (() => void)[], options: Partial<WatchOptions> = {}) {
  const profile = await findProfile("nyc311");
  const abort = new AbortController();
  const [lines, waits, left]: [string[], number[], (() => void)[]] = [[], [], [...steps]];
  const next = (): void => {
    const step = left.shift();
    if (step === undefined) abort.abort();
    else step();
  };
  next();
  await watchFeed({
    feed: createFeed(name),
    states: createFeedStates(world.derived, clock, name),
    everyMs: 10 * MINUTES,
    signal: abort.signal,
    patience: { retryMs: 1, tries: 2, longestMs: 1_000 },
    importFile: (path) => world.run(path, { profile, rejectsPath: join(world.dir, "rejects.csv") }),
    say: (line) => lines.push(line),
    now: clock.now,
    async sleep(ms) {
      waits.push(ms);
      clock.advance(ms);
      next();
    },
    ...options,
  });
  const withoutRun = (line: string): string => line.replace(/, run [\w-]+/, "");
  return {
    lines: lines.map((line) => withoutRun(line.split("  ").slice(2).join("  "))),
    shown: lines.join("\n"),
    waits,
  };
}

describe("a feed on the Web", () => {
  test("is imported when it has changed, and then only what is new in it", async () => {
    const { lines, waits } = await watch(`${server.origin}/rows.csv`, [
      () => (server.answer = answering(TODAY, '"1"')),
      () => {},
      () => (server.answer = answering(TOMORROW, '"2"')),
      () => {},
    ]);
    expect(lines).toEqual(["50 rows, 50 new, 0 there", "unchanged", "51 rows, 1 new, 50 there", "unchanged"]);
    expect(server.requests.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"1"', '"1"', '"2"']);
    expect(waits).toEqual(Array(4).fill(10 * MINUTES));
  });

  test("is known again by the next process", async () => {
    server.answer = answering(TODAY, '"1"');
    await watch(`${server.origin}/rows.csv`, [() => {}]);
    expect((await watch(`${server.origin}/rows.csv`, [() => {}])).lines).toEqual(["unchanged"]);
  });

  test("without validators is known again by its content", async () => {
    server.answer = (_, response) => response.end(TODAY);
    const { lines } = await watch(`${server.origin}/rows.csv`, [() => {}, () => {}]);
    expect(lines).toEqual(["50 rows, 50 new, 0 there", "unchanged"]);
  });

  test("that fails is tried again, told, and looked at in the next round", async () => {
    const fail = () => (server.answer = (_, response) => response.writeHead(500).end());
    const recover = () => (server.answer = answering(TODAY, '"1"'));
    const { lines } = await watch(`${server.origin}/rows.csv`, [fail, recover]);
    expect(lines).toEqual([
      "answered 500 Internal Server Error: tried again in the next round",
      "50 rows, 50 new, 0 there",
    ]);
    expect(server.requests).toHaveLength(3);
  });

  test("that wants to be left alone is, even for longer than a round", async () => {
    server.answer = (_, response) => response.writeHead(429, { "retry-after": "3600" }).end();
    const { waits } = await watch(`${server.origin}/rows.csv`, [() => {}]);
    expect(server.requests).toHaveLength(1);
    expect(waits).toEqual([60 * MINUTES]);
  });

  test("that cannot be imported is told, and fetched again though it is the same", async () => {
    server.answer = answering("a,b\n1,2\n", '"1"');
    const { lines } = await watch(`${server.origin}/rows.csv`, [() => {}, () => {}]);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^not imported: The profile nyc311 finds no column/);
  });

  test("of which too much was rejected is told, and fetched again", async () => {
    server.answer = answering(TODAY, '"1"');
    const summary = {
      rowsRead: 5,
      written: 0,
      replaced: 0,
      existing: 0,
      rejected: 5,
      reasons: new Map(),
      blankLines: 0,
      notes: [],
      interrupted: false,
    };
    const importFile = async () => ({ ...summary, failure: "None of 5 rows was imported." });
    const { lines } = await watch(`${server.origin}/rows.csv`, [() => {}, () => {}], { importFile });
    expect(lines).toEqual(Array(2).fill("5 rows, 0 new, 0 there, 5 rejected. None of 5 rows was imported."));
  });

  test("is told with the most frequent reason of rejects, where they are, and how to take the round back", async () => {
    const [columns, late, ...rows] = [...madeNyc311Lines(DAY)];
    const tooLate = late?.replace(/\/2026 /, "/2031 ");
    const noPlaces = rows.slice(0, 2).map((row) => row.replace(/[^,]*,[^,]*,"\([^)]*\)"\r\n$/, ",,\r\n"));
    server.answer = answering([columns, tooLate, ...noPlaces, ...rows.slice(2)].join(""), '"1"');
    const { shown } = await watch(`${server.origin}/rows.csv`, [() => {}]);
    expect(shown).toContain(
      `  50 rows, 47 new, 0 there, 3 rejected (2 lon is missing), see ${join(world.dir, "rejects.csv")}, run 2`,
    );
  });

  test("is told without names and passwords", async () => {
    server.answer = (_, response) => response.writeHead(401).end();
    const { shown } = await watch(`${server.origin.replace("//", "//me:secret@")}/rows.csv?key=secret`, [() => {}]);
    expect(shown).toContain(`${server.origin}/rows.csv?...  answered 401`);
    expect(shown).not.toContain("secret");
  });

  test("ends at once while it waits, and after an import in hand", async () => {
    server.answer = answering(TODAY, '"1"');
    const abort = new AbortController();
    const { lines } = await watch(`${server.origin}/rows.csv`, [() => {}], {
      signal: abort.signal,
      async importFile() {
        abort.abort();
        return {
          rowsRead: 5,
          written: 5,
          replaced: 0,
          existing: 0,
          rejected: 0,
          reasons: new Map(),
          blankLines: 0,
          notes: [],
          interrupted: false,
        };
      },
    });
    expect(lines).toEqual(["5 rows, 5 new, 0 there"]);
  });
});

test("a file is imported when it is another one by size or time", async () => {
  const path = join(world.dir, "rows.csv");
  const { lines } = await watch(path, [
    () => world.write("rows.csv", TODAY),
    () => {},
    () => world.write("rows.csv", TOMORROW),
    () => utimesSync(path, 1, 1),
    () => rmSync(path),
  ]);
  expect(lines).toEqual([
    "50 rows, 50 new, 0 there",
    "unchanged",
    "51 rows, 1 new, 50 there",
    "51 rows, 0 new, 51 there",
    "cannot be read (ENOENT): tried again in the next round",
  ]);
});
