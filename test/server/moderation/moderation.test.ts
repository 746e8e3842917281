import { describe, expect, it } from "vitest";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { flagReport } from "../../../server/reports/flag-report.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { createTestModeration } from "../../kit/test-moderation.ts";

const DAY = 86_400_000;
const IN_AUSTIN = { lonDeg: -97.743, latDeg: 30.267 };
const NOWHERE = { lonDeg: 8.5, latDeg: -47.4 };

/** Two processes on one store. */
function open(change: { store?: Partial<ReportStore>; derived?: Partial<DerivedStore>; flagsPerDay?: number } = {}) {
  const clock = createTestClock();
  const memory = createMemoryStore({ clock });
  const store: ReportStore = { ...memory, ...change.store };
  const derived: DerivedStore = { ...createMemoryDerivedStore({ clock }), ...change.derived };
  const random = seededRandom(1);
  const { flagsPerDay = 1000 } = change;
  const [moderation, other] = [1, 2].map(() => createTestModeration({ store, derived, clock, flagsPerDay })) as [
    ReturnType<typeof createTestModeration>,
    ReturnType<typeof createTestModeration>,
  ];
  const drop = async (place = IN_AUSTIN) => {
    const report = makeReport({ ...place, createdAtMs: clock.now() }, random);
    await memory.put(report);
    return report;
  };
  const flag = (id: string, address: string, on = moderation) =>
    flagReport({ store, moderation: on, flagsToHide: 3 }, { id, address, reason: "spam" });
  /** Flags of so many networks. */
  const flagAll = async (id: string, networks = 3, first = 0) => {
    let last: Awaited<ReturnType<typeof flag>>;
    for (let i = 0; i < networks; i++) last = await flag(id, `198.18.${first + i}.1`);
    return last;
  };
  const isShown = async (id: string) => (await memory.get(id)) !== undefined;
  const queued = async (of: Parameters<typeof moderation.list>[0]) =>
    (await moderation.list(of, { limit: 10 })).items.map(({ report }) => report.id);
  return { clock, memory, store, derived, moderation, other, drop, flag, flagAll, isShown, queued };
}

describe("reports that flags hide", () => {
  it("wait in the queue of their city, with the reasons, and not in another's", async () => {
    const { drop, flagAll, isShown, queued, moderation } = open();
    const [report, elsewhere] = [await drop(), await drop(NOWHERE)];
    for (const { id } of [report, elsewhere]) expect(await flagAll(id)).toEqual({ needed: 0 });
    expect([await isShown(report.id), await isShown(elsewhere.id)]).toEqual([false, false]);
    expect(await queued({ city: "austin", state: "held" })).toEqual([report.id]);
    expect(await queued({ city: "brooklyn", state: "held" })).toEqual([]);
    expect((await queued({ state: "held" })).toSorted()).toEqual([report.id, elsewhere.id].toSorted());
    const { items } = await moderation.list({ city: "austin", state: "held" }, { limit: 10 });
    expect(items).toMatchObject([{ report, city: "austin", cause: "flags", flags: { spam: 3 } }]);
  });

  it("are never hidden and in no list, wherever who hides them dies", async () => {
    for (let fails = 0; fails < 12; fails++) {
      let left = Number.POSITIVE_INFINITY;
      const failing = <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) => {
        return async (...args: Args): Promise<T> => {
          if (left-- <= 0) throw new Error("died");
          return work(...args);
        };
      };
      const inner = open();
      const dying = open({
        store: { ...inner.memory, edit: failing(inner.memory.edit) },
        derived: { ...inner.derived, put: failing(inner.derived.put) },
      });
      const { id } = await inner.drop();
      await inner.flagAll(id, 2);
      left = fails;
      await dying.flag(id, "203.0.113.1").catch(() => {});
      // The dying one has a store and a derived store of the other.
      if (!(await inner.isShown(id))) expect(await inner.queued({ state: "held" }), `after ${fails}`).toEqual([id]);
      // Whoever comes next does what was left undone.
      if (await inner.isShown(id)) expect(await inner.flag(id, "203.0.113.1")).toEqual({ needed: 0 });
      expect([await inner.isShown(id), await inner.queued({ state: "held" })]).toEqual([false, [id]]);
    }
  });

  it("come back for good when a moderator restores or dismisses them", async () => {
    for (const action of ["restore", "dismiss"] as const) {
      const { drop, flagAll, isShown, moderation, other, queued } = open();
      const report = await drop();
      const { id } = report;
      await flagAll(id);
      const ruled = await other.rule(id, { action, by: "ann", reason: "it is so" });
      expect(ruled).toMatchObject({ state: `${action}${action === "dismiss" ? "ed" : "d"}` });
      expect([await isShown(id), await queued({ state: "held" })]).toEqual([true, []]);
      expect(await flagAll(id, 20, 50)).toEqual({ needed: 3, isDecided: true });
      // One that was counted just before.
      expect(await other.hideFlagged(report)).toBe(false);
      expect(await isShown(id)).toBe(true);
      const { items } = await moderation.log({ city: "austin" }, { limit: 10 });
      expect(items.map(({ by, what, from, to, reason }) => [by, what, from, to, reason])).toEqual([
        ["ann", action, "held", `${action}${action === "dismiss" ? "ed" : "d"}`, "it is so"],
        ["flags", "hold", "shown", "held", undefined],
      ]);
    }
  });

  it("stay as a moderator says also when flags hide them at the same moment", async () => {
    for (const order of ["flags first", "moderator first"]) {
      const gates: (() => void)[] = [];
      const inner = open();
      const slow = open({
        store: {
          ...inner.memory,
          edit: async (...args) => {
            await new Promise<void>((resolve) => gates.push(resolve));
            return inner.memory.edit(...args);
          },
        },
        derived: inner.derived,
      });
      const { id } = await inner.drop();
      await inner.flagAll(id, 2);
      // Its case is made, its report is about to be hidden.
      const flagging = slow.flag(id, "203.0.113.1");
      await expect.poll(() => gates.length).toBe(1);
      const ruling = inner.moderation.rule(id, { action: "restore", by: "ann" });
      if (order === "moderator first") await ruling;
      const opened = setInterval(() => {
        for (const letOn of gates.splice(0)) letOn();
      }, 1);
      await Promise.all([flagging, ruling]);
      clearInterval(opened);
      expect(await inner.isShown(id), order).toBe(true);
    }
  });
});

describe("what a moderator decides", () => {
  it("can be undone, one decision after the other", async () => {
    const { drop, flagAll, isShown, moderation } = open();
    const { id } = await drop();
    await flagAll(id);
    const rule = (action: "hide" | "restore" | "undo") => moderation.rule(id, { action, by: "ann" });
    expect(await rule("undo")).toBe("nothing-to-undo");
    await rule("restore");
    await rule("hide");
    expect([await rule("undo"), await isShown(id)]).toMatchObject([{ state: "restored" }, true]);
    expect([await rule("undo"), await isShown(id)]).toMatchObject([{ state: "held" }, false]);
    expect(await rule("undo")).toBe("nothing-to-undo");
    const { items } = await moderation.log({}, { limit: 10 });
    expect(items.map(({ what }) => what)).toEqual(["undo", "undo", "hide", "restore", "hold"]);
  });

  it("hides what nobody has flagged, and shows it again when that is undone: flags count as before then", async () => {
    const { drop, flagAll, isShown, moderation } = open();
    const { id } = await drop(NOWHERE);
    await moderation.rule(id, { action: "hide", by: "ann" });
    expect(await isShown(id)).toBe(false);
    expect(await moderation.rule(id, { action: "undo", by: "ann" })).toMatchObject({ state: "shown" });
    expect(await isShown(id)).toBe(true);
    expect(await flagAll(id)).toEqual({ needed: 0 });
  });

  it("brings back what was hidden before there were cases", async () => {
    const { drop, memory, isShown, moderation } = open();
    const { id } = await drop();
    await memory.edit(id, { kind: "hide" });
    expect(await moderation.rule(id, { action: "hide", by: "ann" })).toBeUndefined();
    expect(await moderation.rule(id, { action: "restore", by: "ann" })).toMatchObject({ state: "restored" });
    expect(await isShown(id)).toBe(true);
  });

  it("is undefined of what there is not, was removed, or has expired", async () => {
    const { clock, drop, memory, moderation, flagAll, queued } = open();
    const [report, removed] = [await drop(), await drop()];
    await memory.edit(removed.id, { kind: "remove" });
    expect(await moderation.rule(removed.id, { action: "restore", by: "ann" })).toBeUndefined();
    await flagAll(report.id);
    clock.advance(REPORT_LIFETIME_MS + 1000);
    expect(await queued({ state: "held" })).toEqual([]);
  });

  it("is told page by page, newest reports first", async () => {
    const { clock, drop, moderation } = open();
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) {
      const { id } = await drop();
      await moderation.rule(id, { action: "hide", by: "ann" });
      ids.unshift(id);
      clock.advance(1000);
    }
    const told: string[] = [];
    const logged: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await moderation.list({ city: "austin", state: "hidden" }, { limit: 3, cursor });
      told.push(...page.items.map(({ report }) => report.id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    do {
      const page = await moderation.log({}, { limit: 3, cursor });
      logged.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect([told, logged]).toEqual([ids, ids]);
  });
});

describe("flags of a network", () => {
  it("weigh less each time that a moderator dismisses one, for thirty days, and as before when that is undone", async () => {
    const { clock, drop, flag, moderation } = open();
    const quarters = () => moderation.dismissed.quartersOf("austin", "192.0.2.9");
    const dismissed: string[] = [];
    for (const expected of [4, 2, 1, 0]) {
      clock.advance(60_000);
      expect(await quarters()).toBe(expected);
      const { id } = await drop();
      await flag(id, "192.0.2.1");
      await moderation.rule(id, { action: "dismiss", by: "ann" });
      dismissed.push(id);
    }
    // Of another network, and in another city, all is as before.
    expect(await moderation.dismissed.quartersOf("austin", "198.51.100.1")).toBe(4);
    expect(await moderation.dismissed.quartersOf(undefined, "192.0.2.9")).toBe(4);
    await moderation.rule(dismissed[0] ?? "", { action: "undo", by: "ann" });
    expect(await quarters()).toBe(1);
    clock.advance(30 * DAY);
    expect(await quarters()).toBe(4);
  });

  it("weigh as before when a report is not dismissed any more, however that came", async () => {
    const { drop, flag, moderation } = open();
    const { id } = await drop();
    await flag(id, "192.0.2.1");
    const weightAfter = async (action: "hide" | "restore" | "dismiss" | "undo") => {
      await moderation.rule(id, { action, by: "ann" });
      return moderation.dismissed.quartersOf("austin", "192.0.2.9");
    };
    expect([
      await weightAfter("dismiss"),
      await weightAfter("hide"),
      await weightAfter("undo"),
      await weightAfter("restore"),
    ]).toEqual([2, 4, 2, 4]);
  });

  it("count together: one of half a voice does not hide what two others flagged", async () => {
    const { drop, flag, flagAll, moderation, isShown } = open();
    const { id: before } = await drop();
    await flag(before, "192.0.2.1");
    await moderation.rule(before, { action: "dismiss", by: "ann" });
    const { id } = await drop();
    expect(await flag(id, "192.0.2.7")).toEqual({ needed: 3 });
    expect(await flagAll(id, 2)).toEqual({ needed: 1 });
    expect(await isShown(id)).toBe(true);
    expect(await flag(id, "203.0.113.1")).toEqual({ needed: 0 });
  });

  it("are so many a day, in all processes together, and none for the same report twice", async () => {
    const { clock, drop, flag, moderation, other } = open({ flagsPerDay: 3 });
    const reports = await Promise.all([1, 2, 3, 4].map(() => drop()));
    const ids = reports.map(({ id }) => id);
    for (const [i, id] of ids.slice(0, 3).entries()) {
      expect(await flag(id, `192.0.2.${i}`, i % 2 === 0 ? moderation : other)).toEqual({ needed: 2 });
      expect(await flag(id, "192.0.2.200")).toEqual({ needed: 2 });
    }
    expect(await flag(ids[3] ?? "", "192.0.2.9")).toMatchObject({ needed: 3, waitSeconds: expect.any(Number) });
    expect(await flag(ids[3] ?? "", "198.51.100.1")).toEqual({ needed: 2 });
    clock.advance(DAY);
    expect(await flag(ids[3] ?? "", "192.0.2.9")).toEqual({ needed: 1 });
  });
});

describe("reports of a flood", () => {
  it("are stored by nobody but the queue, until a moderator lets them out", async () => {
    const { clock, memory, moderation, isShown, queued } = open();
    const report = makeReport({ ...IN_AUSTIN, createdAtMs: clock.now() }, seededRandom(2));
    await moderation.holdBack(report, "place");
    await moderation.holdBack(report, "place");
    expect([await isShown(report.id), await memory.isEmpty()]).toEqual([false, true]);
    expect(await queued({ city: "austin", state: "held" })).toEqual([report.id]);
    clock.advance(3_600_000);
    await moderation.rule(report.id, { action: "restore", by: "ann" });
    expect(await memory.get(report.id)).toEqual(report);
    await moderation.rule(report.id, { action: "undo", by: "ann" });
    expect(await isShown(report.id)).toBe(false);
    await moderation.rule(report.id, { action: "dismiss", by: "ann" });
    expect(await memory.get(report.id)).toEqual(report);
  });
});
