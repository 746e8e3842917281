import { describe, expect, it } from "vitest";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { columnsOfReports } from "../../../../tiles/report-columns.ts";
import { weighRows } from "../../../../tiles/weigh-rows.ts";
import { createTestApp, post, readJson, VALID_BODY } from "../../../kit/app-fixture.ts";
import { createTestClock } from "../../../kit/clock.ts";

/** What an attacker may have: a household's line, a customer's site, and a small IPv4 network; five hundred addresses. */
const NETWORKS: Readonly<Record<string, (i: number) => string>> = {
  "a /56": (i) => `2001:db8:0:12${(i % 256).toString(16).padStart(2, "0")}::${i.toString(16)}`,
  "a /48": (i) => `2001:db8:0:${((i * 131) & 0xffff).toString(16)}::1`,
  "a /24": (i) => `192.0.2.${i % 254}`,
};
const ADDRESSES = 500;

function open() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const { app, moderation } = createTestApp({
    store,
    clock,
    derived,
    isLocal: () => false,
    settings: { flagsPerMinute: 1e6, reportsPerMinute: 600 },
  });
  const flag = async (id: string, address: string) => {
    const answer = await app.request(`/api/reports/${id}/flag`, {
      method: "POST",
      headers: { "X-Test-Address": address },
    });
    return answer.status;
  };
  const report = (address: string, body: object = {}) =>
    post(app, { ...VALID_BODY, ...body }, { "X-Test-Address": address });
  const ids: string[] = [];
  const drop = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const text = `Number ${i} of the residents' own`;
      const answer = await report(`198.${18 + (i % 2)}.${i % 250}.9`, { text, lat: 37.7 + (i % 100) * 0.002 });
      ids.push((await readJson(answer)).id);
      clock.advance(1000);
    }
  };
  const hidden = async () => ids.length - (await store.getMany(ids)).length;
  return { app, clock, store, moderation, flag, report, drop, ids, hidden };
}

describe.each(Object.entries(NETWORKS))("%s of 500 addresses", (name, address) => {
  const costs = name === "a /24" ? {} : { tags: "slow" };
  it("hides none of a hundred reports, and a moderator has nothing to undo", costs, async () => {
    const { flag, drop, ids, hidden, moderation } = open();
    await drop(100);
    for (let i = 0; i < ADDRESSES; i++) await flag(ids[i % ids.length] ?? "", address(i));
    expect(await hidden()).toBe(0);
    expect((await moderation.list({ state: "held" }, { limit: 100 })).items).toEqual([]);
  });

  it("floods no place: forty are seen, the others wait", costs, async () => {
    const { report, store, moderation } = open();
    const answers: string[] = [];
    for (let i = 0; i < ADDRESSES; i++) {
      const answer = await report(address(i), { text: `${i} words of an attacker` });
      const held = answer.status === 201 && (await readJson(answer)).held === true;
      answers.push(held ? "held" : `${answer.status}`);
    }
    const counts = Map.groupBy(answers, (answer) => answer);
    expect([counts.get("201")?.length, counts.get("held")?.length, counts.get("429")?.length]).toEqual([40, 200, 260]);
    const { reports } = await store.readCell({ layer: "infrastructure", geohash5: "9q8yy" });
    expect(reports).toHaveLength(40);
    expect((await moderation.list({ city: "san-francisco", state: "held" }, { limit: 500 })).items).toHaveLength(200);
    // Others are heard there as ever.
    const answer = await report("203.0.113.1", { text: "The same hole again" });
    expect([answer.status, (await readJson(answer)).held]).toEqual([201, undefined]);
    expect((await store.readCell({ layer: "infrastructure", geohash5: "9q8yy" })).reports).toHaveLength(41);
  });

  it("sinks no score: all that it sends weighs as two clients do", costs, async () => {
    const { report, store } = open();
    for (let i = 0; i < 40; i++) await report(address(i * 3), { text: `${i} words of an attacker` });
    const { reports } = await store.readCell({ layer: "infrastructure", geohash5: "9q8yy" });
    expect(reports).toHaveLength(40);
    const quarters = weighRows(columnsOfReports(reports)).quarters.reduce((sum, each) => sum + each, 0);
    expect(quarters / 4).toBeLessThanOrEqual(2 * 1.75);
  });
});

it("three networks hide a report, a moderator brings it back, and no flags hide it again", async () => {
  const { flag, drop, ids, hidden, moderation } = open();
  await drop(100);
  const three = Object.values(NETWORKS)
    .slice(1)
    .concat(() => "203.0.113.7");
  for (const id of ids) for (const address of three) await flag(id, address(1));
  // Of a hundred no more than thirty a day.
  expect(await hidden()).toBe(30);
  const { items } = await moderation.list({ state: "held" }, { limit: 100 });
  expect(items).toHaveLength(30);
  for (const { report } of items) await moderation.rule(report.id, { action: "dismiss", by: "ann" });
  expect(await hidden()).toBe(0);
  for (let i = 0; i < 100; i++) await flag(items[0]?.report.id ?? "", `198.51.${i}.1`);
  expect(await hidden()).toBe(0);
  for (const { report } of items) await moderation.rule(report.id, { action: "undo", by: "ann" });
  expect(await hidden()).toBe(30);
});

it("thirty networks that report one flood are all seen", async () => {
  const { report, store } = open();
  for (let i = 0; i < 30; i++) {
    for (let times = 0; times < 2; times++)
      expect(
        await readJson(report(`198.18.${i}.${times}`, { text: "Mission Street is under water" })),
      ).not.toHaveProperty("held");
  }
  expect((await store.readCell({ layer: "infrastructure", geohash5: "9q8yy" })).reports).toHaveLength(60);
});

it("a report that is held is told so to whoever sends it again, and is stored once when it is let out", async () => {
  const { report, store, moderation, app } = open();
  for (let i = 0; i < 45; i++) await report(`192.0.2.${i}`, { text: `${i} words of an attacker` });
  const headers = { "X-Test-Address": "192.0.2.99", "Idempotency-Key": "f7c0ffee-0000-4000-8000-000000000001" };
  const send = async () => readJson(post(app, { ...VALID_BODY, text: "Sent twice, held once" }, headers));
  const first = await send();
  expect(first.held).toBe(true);
  expect(await send()).toEqual(first);
  expect((await app.request(`/api/reports/${first.id}`)).status).toBe(404);
  // Nor does a repetition bring back what a moderator hides.
  await moderation.rule(first.id, { action: "hide", by: "ann" });
  expect(await send()).toEqual(first);
  expect((await app.request(`/api/reports/${first.id}`)).status).toBe(404);
  await moderation.rule(first.id, { action: "restore", by: "ann" });
  const { held: _, ...stored } = first;
  expect(await readJson(app.request(`/api/reports/${first.id}`))).toEqual(stored);
  expect(await send()).toEqual(stored);
  expect((await store.readCell({ layer: "infrastructure", geohash5: "9q8yy" })).reports).toHaveLength(41);
});
