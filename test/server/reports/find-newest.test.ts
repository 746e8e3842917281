/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findNewest, type Opened, TooWideError, type Unopened } from "../../../server/reports/find-newest.ts";
import { idTimePrefix, REPORT_ID_LENGTH, timeOfId } from "../../../tiles/report-id.ts";
import { runs } from "../../kit/runs.ts";

const idOf = (timeMs: number, rest: number): string =>
  idTimePrefix(timeMs) + `${rest}`.padStart(REPORT_ID_LENGTH - 10, "0");

/** How late the time of a place's newest report is told, as cell aggregates cut them. */
const SLACK_MS = 10;

interface Counted {
  opened: number;
  most: number;
}

/** A place of ids, which hands out a few at a time like a log, or all at once like rows in memory. */
function placeOf(ids: readonly string[], before: string, chunk: number, counted: Counted, isFirst = true): Unopened[] {
  const left = ids.filter((id) => id < before).sort((a, b) => (a < b ? 1 : -1));
  const [newest] = left;
  if (newest === undefined) return [];
  const open = async (oldestMs: number): Promise<Opened> => {
    counted.most = Math.max(counted.most, ++counted.opened);
    const wanted = left.slice(0, chunk);
    const unopened = left.length > chunk ? placeOf(ids, wanted.at(-1) ?? "", chunk, counted, false) : [];
    return { found: wanted.filter((id) => timeOfId(id) >= oldestMs).map((id) => ({ id })), unopened };
  };
  const beforeMs = timeOfId(newest) + 1 + (isFirst ? SLACK_MS : 0);
  return [{ beforeMs: Math.min(beforeMs, timeOfId(before) + 1), isRead: true, open }];
}

const END = "z".repeat(REPORT_ID_LENGTH);

describe("findNewest", () => {
  it("pages through what sorting everything would, wherever it has to end a page", async () => {
    const world = fc.record({
      places: fc.array(fc.array(fc.tuple(fc.nat(60), fc.nat(9)), { maxLength: 12 }), { maxLength: 12 }),
      limit: fc.integer({ min: 1, max: 5 }),
      chunk: fc.integer({ min: 1, max: 20 }),
      endAfter: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ places, limit, chunk, endAfter }) => {
        const ids = places.map((drawn, place) => [
          ...new Set(drawn.map(([timeMs, rest]) => idOf(timeMs, 100 * rest + place))),
        ]);
        const all = ids.flat().sort().reverse();
        const seen: string[] = [];
        for (let before: string | undefined = END, pages = 0; before !== undefined; pages++) {
          const counted = { opened: 0, most: 0 };
          const unopened = ids.flatMap((each) => placeOf(each, before ?? END, Math.max(chunk, limit + 1), counted));
          const page = await findNewest(unopened, { limit, endAfter });
          seen.push(...page.found.map(({ id }) => id));
          before = page.next;
          expect(pages).toBeLessThan(1000);
        }
        expect(seen).toEqual(all);
      }),
      runs(500),
    );
  });

  it("opens a place for each report of a page at most, where places know the time of their newest", async () => {
    const counted = { opened: 0, most: 0 };
    const places = Array.from({ length: 300 }, (_, i) => [idOf(1000 + 100 * i, 0), idOf(1000 + 100 * i - 50, 1)]);
    const unopened = places.flatMap((ids) => placeOf(ids, END, 9, counted));
    const page = await findNewest(unopened, { limit: 2, endAfter: 100 });
    expect(page.found.map(({ id }) => timeOfId(id))).toEqual([30_900, 30_850]);
    expect(counted.opened).toBe(2);
  });

  it("knows of older reports in what it opened last, though it does not want them", async () => {
    const counted = { opened: 0, most: 0 };
    const places = [
      [idOf(1000, 0), idOf(999, 0)],
      [idOf(995, 1), idOf(10, 1)],
    ];
    const unopened = places.flatMap((ids) => placeOf(ids, END, 9, counted));
    const page = await findNewest(unopened, { limit: 2, endAfter: 100 });
    expect(counted.opened).toBe(2);
    expect(page).toEqual({ found: [{ id: idOf(1000, 0) }, { id: idOf(999, 0) }], next: idOf(999, 0) });
  });

  it("ends a page where it has to, with what is certain", async () => {
    const newest: Unopened = {
      beforeMs: 901,
      isRead: true,
      open: async () => ({ found: [{ id: idOf(900, 0) }, { id: idOf(100, 0) }] }),
    };
    const older: Unopened = { beforeMs: 501, isRead: true, open: () => Promise.reject(new Error("not to be opened")) };
    const page = await findNewest([older, newest], { limit: 3, endAfter: 1 });
    expect(page).toEqual({ found: [{ id: idOf(900, 0) }], next: idOf(900, 0) });
  });

  it("goes on beyond that number while nothing is certain, and refuses when it is told to", async () => {
    const places = Array.from({ length: 50 }, (_, i): Unopened => {
      return { beforeMs: 900, isRead: true, open: async () => ({ found: [{ id: idOf(100 + i, 0) }] }) };
    });
    const options = { limit: 3, endAfter: 10 };
    const page = await findNewest(places, options);
    expect(page.found.map(({ id }) => timeOfId(id))).toEqual([149, 148, 147]);
    await expect(findNewest(places, { ...options, most: 40 })).rejects.toThrow(TooWideError);
  });

  it("is empty without places", async () => {
    expect(await findNewest([], { limit: 5, endAfter: 5 })).toEqual({ found: [] });
  });
});
