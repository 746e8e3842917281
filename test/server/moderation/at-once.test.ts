import { describe, expect, it } from "vitest";
import { atOnce, createInTurn } from "../../../server/kit/in-turn.ts";
import type { Action } from "../../../server/moderation/case.ts";
import { flagReport } from "../../../server/reports/flag-report.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { createTestModeration } from "../../kit/test-moderation.ts";

/** A process whose requests wait for each other, as on Node, and one where nobody may, as in a Worker. */
const PROCESSES = { "on Node": createInTurn, "in a Worker": () => atOnce };

describe.each(Object.entries(PROCESSES))("thirty at once, %s,", (_name, makeInTurn) => {
  async function open() {
    const clock = createTestClock();
    const store = createMemoryStore({ clock });
    const derived = createMemoryDerivedStore({ clock });
    const moderation = createTestModeration({ store, derived, clock, inTurn: makeInTurn() });
    const random = seededRandom(3);
    const reports = Array.from({ length: 30 }, () =>
      makeReport({ lonDeg: -97.743, latDeg: 30.267, createdAtMs: clock.now() }, random),
    );
    await store.putMany(reports);
    const flag = (id: string, address: string) =>
      flagReport({ store, moderation, flagsToHide: 3 }, { id, address, reason: "spam" });
    return { store, moderation, flag, ids: reports.map(({ id }) => id) };
  }

  it("flags of one network are all counted", async () => {
    const { flag, ids } = await open();
    const outcomes = await Promise.all(ids.map((id, i) => flag(id, `192.0.2.${i}`)));
    expect(outcomes).toEqual(Array(30).fill({ needed: 2 }));
    expect(await flag(ids[0] ?? "", "192.0.2.99")).toEqual({ needed: 2 });
    const { needed, waitSeconds = 0 } = (await flag(ids[0] ?? "", "198.51.100.1")) ?? {};
    expect([needed, waitSeconds]).toEqual([1, 0]);
  });

  it("decisions on one report are all taken, and it is as the last one says", async () => {
    const { store, moderation, ids } = await open();
    const [id = ""] = ids;
    const actions: readonly (Action | "undo")[] = ["restore", "hide", "undo", "dismiss"];
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => moderation.rule(id, { action: actions[i % 4] ?? "undo", by: "ann" })),
    );
    const known = (await moderation.find(id))?.known;
    expect((await store.get(id)) !== undefined).toBe(known?.state !== "hidden");
    expect(await moderation.rule(id, { action: "restore", by: "ann" })).toMatchObject({ state: "restored" });
    expect((await store.get(id))?.id).toBe(id);
  });

  it("dismissals of one city are all remembered", async () => {
    const { flag, moderation, ids } = await open();
    for (const id of ids.slice(0, 20)) await flag(id, "192.0.2.1");
    await Promise.all(ids.slice(0, 20).map((id) => moderation.rule(id, { action: "dismiss", by: "ann" })));
    expect(await moderation.dismissed.quartersOf("austin", "192.0.2.1")).toBe(0);
    for (const id of ids.slice(0, 18)) await moderation.rule(id, { action: "hide", by: "ann" });
    expect(await moderation.dismissed.quartersOf("austin", "192.0.2.1")).toBe(1);
  });
});
