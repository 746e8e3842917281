import { expect, it } from "vitest";
import { AREA_TABLES, openAreaTrends, squareArea } from "../../kit/area-trends-fixture.ts";
import { MADE_UP_CITY } from "../../kit/area-world.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import { DAY, HOUR } from "../../kit/trends-fixture.ts";

interface Ranking {
  readonly areas: readonly {
    readonly id: string;
    readonly name: string;
    readonly calculated_at: string | null;
    readonly scores: { readonly safety: number | null };
    readonly change_7d: { readonly safety: number | null } | null;
  }[];
  readonly as_of: string;
  readonly next_cursor: string | null;
}

const NAMES = ["Hill", "bay", "Creek", "Dale", "Apple Row"];
const [HILL, BAY, CREEK, DALE, APPLE] = NAMES.map((name, number) => squareArea(number, name));
const AREAS = [HILL, BAY, CREEK, DALE, APPLE].flatMap((area) => area ?? []);
const ID = Object.fromEntries(AREAS.map(({ name, id }) => [name, id]));
const idOf = (name: string): string => ID[name] as string;

describeOnEachPostgres("the ranking of areas", AREA_TABLES, (pool) => {
  async function open() {
    const test = openAreaTrends(pool());
    await test.bring(AREAS);
    await test.score([
      // 80 a week ago, and 70 since: what it was between does not matter.
      { id: idOf("Hill"), agoMs: 8 * DAY, safety: 80, vibe: 50 },
      { id: idOf("Hill"), agoMs: 5 * DAY, safety: 10, vibe: 90 },
      { id: idOf("Hill"), agoMs: DAY, safety: 70, vibe: 60, worth: 12 },
      { id: idOf("Hill"), agoMs: -HOUR, safety: 1 },
      // Few had reported a week ago.
      { id: idOf("bay"), agoMs: 7 * DAY, safety: 50, worth: 2 },
      { id: idOf("bay"), agoMs: HOUR, safety: 90 },
      // Few have now.
      { id: idOf("Creek"), agoMs: 7 * DAY, safety: 90 },
      { id: idOf("Creek"), agoMs: HOUR, safety: 100, worth: 1 },
      { id: idOf("Dale"), agoMs: 7 * DAY + HOUR, safety: 40 },
      { id: idOf("Dale"), agoMs: HOUR, safety: 60 },
      // Of Apple Row nothing has been known for two days.
      { id: idOf("Apple Row"), agoMs: 2 * DAY + HOUR, safety: 99 },
    ]);
    const names = async (query: string) =>
      (await test.read<Ranking>(`/api/trends/areas?${query}`)).areas.map(({ name }) => name);
    return { ...test, names };
  }

  it("tells how each stands, how far that can be relied on, and what a week has changed", async () => {
    const { read } = await open();
    const { areas, ...rest } = await read<Ranking>("/api/trends/areas?city=made-up");
    expect(rest).toEqual({ layer: "safety", order: "best", as_of: "2026-06-01T12:00:10.000Z", next_cursor: null });
    expect(areas.find(({ name }) => name === "Hill")).toEqual({
      id: "made-up-n-hill",
      name: "Hill",
      kind: "neighborhood",
      city: { id: "made-up", name: "Made Up" },
      calculated_at: "2026-05-31T12:00:00Z",
      scores: { safety: 70, vibe: 60, infrastructure: null, opportunity: null, overall: 65 },
      confidence: { safety: "high", vibe: "high", infrastructure: null, opportunity: null, overall: "high" },
      worth: { safety: 12, vibe: 12, infrastructure: 0, opportunity: 0 },
      report_count_7d: 2,
      report_count_30d: 5,
      change_7d: { safety: -10, vibe: 10, infrastructure: null, opportunity: null, overall: 0 },
    });
    const told = areas.map(({ name, scores, change_7d }) => [name, scores.safety, change_7d?.safety ?? null]);
    expect(Object.fromEntries(told.map(([name, ...each]) => [name, each]))).toMatchObject({
      bay: [90, null],
      Creek: [100, null],
      Dale: [60, 20],
    });
    expect(areas.at(-1)).toMatchObject({
      name: "Apple Row",
      calculated_at: null,
      scores: { safety: null, overall: null },
      report_count_7d: null,
      change_7d: null,
    });
  });

  it.each([
    ["order=best", ["bay", "Hill", "Dale", "Creek", "Apple Row"]],
    ["order=worst", ["Dale", "Hill", "bay", "Creek", "Apple Row"]],
    ["order=rising", ["Dale", "Hill", "Apple Row", "bay", "Creek"]],
    ["order=name", ["Apple Row", "bay", "Creek", "Dale", "Hill"]],
    ["layer=vibe", ["Hill", "Apple Row", "bay", "Creek", "Dale"]],
    ["layer=overall&order=worst", ["Dale", "Hill", "bay", "Creek", "Apple Row"]],
  ])("comes in the order of %s, the same over pages, each area once", async (query, expected) => {
    const { names, get, clock, score } = await open();
    expect(await names(query)).toEqual(expected);
    const found: string[] = [];
    for (let path: string | undefined = `/api/trends/areas?${query}&limit=2`; path !== undefined; ) {
      const response = await get(path);
      found.push(...((await response.json()) as Ranking).areas.map(({ name }) => name));
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      // What comes meanwhile is no part of the pages that follow.
      clock.advance(HOUR);
      await score([{ id: idOf("Hill"), agoMs: 0, safety: 5 }]);
    }
    expect(found).toEqual(expected);
  });

  it("compares the areas that are named, whatever the limit, and refuses when one is not there", async () => {
    const { names, read, get } = await open();
    const two = `ids=${idOf("Dale")},${idOf("bay")}`;
    expect(await names(`${two}&limit=1`)).toEqual(["bay", "Dale"]);
    expect(await names(`${two}&order=worst&city=made-up`)).toEqual(["Dale", "bay"]);
    expect((await read<Ranking>(`/api/trends/areas?${two}&limit=1`)).next_cursor).toBeNull();
    for (const query of [`${two},made-up-n-none`, `${two}&city=elsewhere`]) {
      const response = await get(`/api/trends/areas?${query}`);
      expect(response.status, query).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ field: "ids" }] });
    }
  });

  it("takes a city and a kind, leaves out what a new version lacks, and sets that were removed", async () => {
    const test = await open();
    await test.bring([squareArea(0, "Ward"), squareArea(1, "Second Ward")], { kind: "ward" });
    const elsewhere = { ...MADE_UP_CITY, id: "else", name: "Else" };
    await test.bring([squareArea(7, "Far", "else")], { city: elsewhere });
    expect(await test.names("order=name&kind=ward")).toEqual(["Second Ward", "Ward"]);
    expect(await test.names("order=name&city=else")).toEqual(["Far"]);
    expect(await test.names("order=name")).toHaveLength(8);
    expect(await test.names("city=nowhere")).toEqual([]);
    test.clock.advance(1000);
    await test.bring(AREAS.slice(0, 2));
    expect(await test.names("order=name&city=made-up&kind=neighborhood")).toEqual(["bay", "Hill"]);
    await test.remove("made-up", "ward");
    test.clock.advance(10_000);
    expect(await test.names("order=name&kind=ward")).toEqual([]);
  });
});
