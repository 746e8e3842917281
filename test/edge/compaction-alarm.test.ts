import { expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { createCompactor, type RunOptions } from "../../server/pyramid/compactor.ts";
import { createHurriedChanges } from "../../server/pyramid/hurried-changes.ts";
import { createAlarmSetter, createCompactionAlarm } from "../../server/runtime/worker/compaction-alarm.ts";
import { doHurriedWork } from "../../server/runtime/worker/scheduled-work.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { createTestClock } from "../kit/clock.ts";
import { makeCity } from "../kit/sample-reports.ts";

/** The platform's alarm of one object, and isolates that ask it. */
function openPlatform() {
  const clock = createTestClock();
  let alarmAtMs: number | null = null;
  let asked = 0;
  const storage = {
    getAlarm: async () => alarmAtMs,
    async setAlarm(atMs: number) {
      alarmAtMs = atMs;
    },
  };
  const alarm = createCompactionAlarm(storage, clock);
  const namespace = {
    idFromName: (name: string) => name,
    get: () => ({
      async fetch() {
        asked++;
        return new Response(String(await alarm.set()));
      },
    }),
  };
  return {
    clock,
    startIsolate: () => createAlarmSetter(namespace, { clock, log: silentLog }),
    asked: () => asked,
    /** Whether it has rung. */
    async ring(): Promise<boolean> {
      if (alarmAtMs === null || clock.now() < alarmAtMs) return false;
      alarmAtMs = null;
      await alarm.rang();
      return true;
    },
  };
}

it("rings within twenty seconds after any write of any isolate, and five times a minute at the most", async () => {
  const { clock, startIsolate, ring, asked } = openPlatform();
  const isolates = Array.from({ length: 5 }, startIsolate);
  const rung: number[] = [];
  const writes: number[] = [];
  for (let i = 0; i < 1200; i++) {
    if (await ring()) rung.push(clock.now());
    const isWriting = i < 600 ? i % 3 === 0 : i === 900;
    if (isWriting) {
      writes.push(clock.now());
      await isolates[i % 5]?.();
    }
    clock.advance(100);
  }
  for (const atMs of writes) {
    const next = rung.find((rungAtMs) => rungAtMs >= atMs + 1000);
    expect((next ?? Infinity) - atMs).toBeLessThanOrEqual(20_000);
  }
  expect(rung.length).toBeLessThanOrEqual(9);
  expect(asked()).toBeLessThan(writes.length / 2);
});

it("leaves it to the cron trigger where there is no such object, or it does not answer", async () => {
  const { clock } = openPlatform();
  await createAlarmSetter(undefined, { clock, log: silentLog })();
  const away = { idFromName: (name: string) => name, get: () => ({ fetch: () => Promise.reject(new Error("away")) }) };
  await createAlarmSetter(away, { clock, log: silentLog })();
});

it("compacts and scores when something was edited that had been compacted, and else does neither", async () => {
  const clock = createTestClock();
  const options = { store: createMemoryStore({ clock }), derived: createMemoryDerivedStore({ clock }), clock };
  const reports = makeCity(60, clock.now());
  await options.store.putMany(reports);
  const compactor = createCompactor({ ...options, log: silentLog });
  await compactor.run();
  const hurried = createHurriedChanges({ ...options, log: silentLog });
  const did: string[] = [];
  const work = () =>
    doHurriedWork({
      compactor: {
        run: (limits: RunOptions = {}) => {
          did.push(limits.hurry === undefined ? "compacted all" : "compacted");
          return compactor.run(limits);
        },
      },
      scoring: { run: async () => did.push("scored") },
      hurried,
      clock,
      log: silentLog,
    });
  await work();
  clock.advance(60_000);
  await options.store.edit(reports[0]?.id ?? "", { kind: "hide" });
  await work();
  expect(did).toEqual(["compacted", "scored"]);
  clock.advance(20_000);
  await work();
  expect(did).toHaveLength(2);
});
