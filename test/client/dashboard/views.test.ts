import { expect, test } from "vitest";
import type { RankedAreaJson } from "../../../client/api/areas.ts";
import { reportsAddress } from "../../../client/dashboard/api/reports.ts";
import { browserName } from "../../../client/dashboard/views/browser-name.ts";
import { largestMoves } from "../../../client/dashboard/views/moves.ts";
import { nearName } from "../../../client/dashboard/views/near-name.ts";
import { giftsOf } from "../../../client/dashboard/views/plan-gifts.ts";
import { counterclockwise } from "../../../client/dashboard/views/ring.ts";
import { usageRows } from "../../../client/dashboard/views/usage-rows.ts";
import { wholeMonth } from "../../../client/dashboard/views/whole-month.ts";
import { PLAN_TERMS } from "../../../server/accounts/plans.ts";

const area = (name: string, safety: number | null | undefined) =>
  ({ name, change_7d: safety === undefined ? null : { safety } }) as unknown as RankedAreaJson;

test("lists what moved most, up and down, and leaves out what cannot be compared or did not move", () => {
  const areas = [
    area("A", 1),
    area("B", -4),
    area("C", null),
    area("D", undefined),
    area("E", 0),
    area("F", 3),
    area("G", -1),
  ];
  const names = (moves: readonly { area: RankedAreaJson }[]) => moves.map(({ area: { name } }) => name);
  const { up, down } = largestMoves(areas, "safety", 5);
  expect(names(up)).toEqual(["F", "A"]);
  expect(names(down)).toEqual(["B", "G"]);
  expect(names(largestMoves(areas, "safety", 1).down)).toEqual(["B"]);
  expect(largestMoves([area("C", null), area("D", undefined)], "safety", 1).isKnown).toBe(false);
  expect(largestMoves([area("E", 0)], "safety", 1)).toEqual({ isKnown: true, up: [], down: [] });
});

test("names a report's place by the nearest name, east and west as far as they are, and not by a far one", () => {
  const places = [
    { name: "North", lat: 60.02, lon: 10 },
    { name: "East", lat: 60, lon: 10.03 },
  ];
  // A degree of longitude is half as far there.
  expect(nearName(places, 10, 60)).toBe("East");
  expect(nearName(places, 11, 60)).toBeUndefined();
  expect(nearName([], 10, 60)).toBeUndefined();
});

test("turns a ring that was drawn clockwise, as RFC 7946 wants it", () => {
  const ring = [
    [0, 0],
    [0, 1],
    [1, 1],
    [0, 0],
  ];
  expect(counterclockwise(ring)).toEqual(ring.toReversed());
  expect(counterclockwise(ring.toReversed())).toEqual(ring.toReversed());
});

test("tells browsers by their own names, though they name others too", () => {
  const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
  expect(browserName(`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/140.0 Safari/537.36 Edg/140.0`)).toBe(
    "Edge, Windows",
  );
  expect(browserName(`Mozilla/5.0 (Linux; Android 16) ${webkit} Chrome/140.0 Mobile Safari/537.36`)).toBe(
    "Chrome, Android",
  );
  expect(browserName("Mozilla/5.0 (iPhone; CPU iPhone OS 19 like Mac OS X) Version/19 Safari/604.1")).toBe(
    "Safari, iPhone",
  );
  expect(browserName("curl/8.0")).toBe("Unknown browser");
});

test("lists the reports of the days that the counts have: whole days of UTC, today's last", () => {
  const nowMs = Date.parse("2026-06-30T15:30:00Z");
  expect(reportsAddress({ city: "austin", layer: "infrastructure", days: 30 }, nowMs)).toBe(
    "/api/cities/austin/reports?from=2026-06-01T00%3A00%3A00.000Z&layer=infrastructure&limit=500",
  );
  expect(reportsAddress({ city: "austin", area: "a-n-b", layer: "infrastructure", days: 7 }, nowMs)).toContain(
    "/api/reports?area=a-n-b&since=2026-06-24T00",
  );
});

test("shows every day of a month up to today, those without calls too", () => {
  const day = { day: "2026-06-02", calls: 3, tiles: 3, trends: 0, exports: 0, dashboards: 0 };
  const shown = wholeMonth([day], "2026-06", Date.parse("2026-06-04T00:00:00Z"));
  expect(shown.map((each) => [each.day, each.calls])).toEqual([
    ["2026-06-01", 0],
    ["2026-06-02", 3],
    ["2026-06-03", 0],
    ["2026-06-04", 0],
  ]);
  expect(wholeMonth([], "2026-02", Date.parse("2026-06-04T00:00:00Z"))).toHaveLength(28);
});

test("adds up by key, and as signed-in browsers' what is no key's, to all calls of the month", () => {
  const day = { calls: 14, tiles: 7, trends: 2, exports: 1, dashboards: 4 };
  const calls = (kind: "tiles" | "exports", count: number) => ({ day: "2026-06-02", kind, calls: count });
  const keys = [
    { id: "a", name: "A", prefix: "", calls_this_month: 3, days: [calls("tiles", 2), calls("exports", 1)] },
    { id: "b", name: "B", prefix: "", calls_this_month: 5, days: [calls("tiles", 5)] },
  ];
  const rows = usageRows({ days: [{ day: "2026-06-02", ...day }], keys });
  expect(rows.map(({ key, total }) => [key?.name, total])).toEqual([
    ["B", 5],
    ["A", 3],
    [undefined, 6],
  ]);
  expect(rows[2]?.calls).toEqual({ tiles: 0, trends: 2, exports: 0, dashboards: 4 });
  expect(usageRows({ days: [], keys: [] })).toEqual([]);
});

test("tells the quota that trends and exports of a paid plan share once", () => {
  const { agent, resident } = PLAN_TERMS;
  const gifts = (plan: "agent" | "resident", { dollars, quotas, perMinute, ownAreas }: typeof agent) =>
    giftsOf({ plan, dollars, calls: quotas, per_minute: perMinute, own_areas: ownAreas }).filter((gift) =>
      /^\d.*(?:trend|export)/.test(gift),
    );
  expect(gifts("agent", agent)).toEqual(["10,000 trend questions and exports together a month"]);
  expect(gifts("resident", resident)).toEqual(["20 trend questions a day"]);
});
