/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createReport, type ReportDraft } from "../../../server/reports/create-report.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { createTestApp, post, readJson, VALID_BODY } from "../../kit/app-fixture.ts";
import { createTestClock } from "../../kit/clock.ts";
import { runs } from "../../kit/runs.ts";
import { createTestModeration } from "../../kit/test-moderation.ts";

const DRAFT: ReportDraft = { layer: "vibe", category: "noise", severity: 2, lonDeg: 0.0431, latDeg: 0.01 };
const KEY = "0123456789abcdef-twice";

type Work<Args extends unknown[], T> = (...args: Args) => Promise<T>;
/** Stands before each call that a request makes of the stores. */
type Wrap = <Args extends unknown[], T>(work: Work<Args, T>) => Work<Args, T>;

/** Stores, and requests with one key to processes that share nothing else. */
function open() {
  const clock = createTestClock();
  const memory = createMemoryStore({ clock });
  const kept = createMemoryDerivedStore({ clock });
  const process = (wrap: Wrap) => {
    const { append, put, get, edit, claimKey } = memory;
    const store: ReportStore = {
      ...memory,
      append: wrap(append),
      put: wrap(put),
      get: wrap(get),
      edit: wrap(edit),
      claimKey: wrap(claimKey),
    };
    const derived: DerivedStore = { ...kept, get: wrap(kept.get), put: wrap(kept.put) };
    const moderation = createTestModeration({ store, derived, clock });
    return (isFlood: boolean) => {
      const holdBack = isFlood
        ? (report: Parameters<typeof moderation.holdBack>[0]) => moderation.holdBack(report, "place")
        : undefined;
      return createReport(
        { store, clock, moderation, onReport: () => {}, watch: () => ({ isCrowd: false, holdBack }) },
        DRAFT,
        KEY,
      );
    };
  };
  const shown = async () => (await memory.readCell({ layer: "vibe", geohash5: "s0000" })).reports.length;
  const waiting = async () =>
    (await createTestModeration({ store: memory, derived: kept, clock }).list({ state: "held" }, { limit: 9 })).items
      .length;
  return { process, shown, waiting };
}

const asItIs: Wrap = (work) => work;
const FLOODED = [
  [true, true],
  [true, false],
] as const;

describe("a report of a flood that is sent twice at once with one key", () => {
  it("is shown to nobody, wherever the second request comes in between", async () => {
    for (const [first, second] of FLOODED) {
      for (let at = 0; at < 20; at++) {
        const { process, shown, waiting } = open();
        const other = process(asItIs);
        let calls = 0;
        const sendAt: Wrap =
          (work) =>
          async (...args) => {
            if (calls++ === at) await other(second);
            return work(...args);
          };
        await process(sendAt)(first);
        // Before its first call the second is the first, and its verdict holds, or what it had stored was taken.
        if (at > 0) expect([await shown(), await waiting()], `${second} at ${at}`).toEqual([0, 1]);
        else expect((await shown()) + (await waiting()), `${second} at ${at}`).toBe(1);
      }
    }
  });

  it("is shown to nobody, wherever the first one goes on while the second is under way", async () => {
    for (const [first, second] of FLOODED) {
      for (let at = 0; at < 12; at++) {
        const { process, shown, waiting } = open();
        let goOn = () => {};
        const goesOn = new Promise<void>((resolve) => {
          goOn = resolve;
        });
        let calls = 0;
        const waitingAfterClaim: Wrap =
          (work) =>
          async (...args) => {
            if (calls++ === 1) await goesOn;
            return work(...args);
          };
        const sent = process(waitingAfterClaim)(first);
        await expect.poll(() => calls).toBe(2);
        let others = 0;
        const lettingOn: Wrap =
          (work) =>
          async (...args) => {
            if (others++ === at) {
              goOn();
              await sent;
            }
            return work(...args);
          };
        await process(lettingOn)(second);
        goOn();
        await sent;
        expect([await shown(), await waiting()], `${second} at ${at}`).toEqual([0, 1]);
      }
    }
  });

  it("is shown to nobody, whatever order their calls of the store come in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.constantFrom(...FLOODED), async (scheduler, [first, second]) => {
        const { process, shown, waiting } = open();
        const scheduled = process((work) => scheduler.scheduleFunction(work));
        let isClaimed = () => {};
        const claimed = new Promise<void>((resolve) => {
          isClaimed = resolve;
        });
        const claiming: Wrap =
          (work) =>
          async (...args) => {
            const done = await scheduler.scheduleFunction(work)(...args);
            isClaimed();
            return done;
          };
        const sent = process(claiming)(first);
        await scheduler.waitFor(claimed);
        await scheduler.waitFor(Promise.all([sent, scheduled(second)]));
        expect([await shown(), await waiting()]).toEqual([0, 1]);
      }),
      runs(600),
    );
  });

  it("is held by the second when the first died after its claim, and hidden by whoever comes after one that died later", async () => {
    for (let last = 1; last < 12; last++) {
      const { process, shown, waiting } = open();
      let left = last;
      const dying: Wrap =
        (work) =>
        async (...args) => {
          if (left-- <= 0) throw new Error("died");
          return work(...args);
        };
      await process(dying)(true).catch(() => {});
      await process(asItIs)(true);
      expect([await shown(), await waiting()], `after ${last}`).toEqual([0, 1]);
    }
  });

  it("is not held while it is shown, where the second alone was one too many", async () => {
    for (let at = 1; at < 5; at++) {
      const { process, shown, waiting } = open();
      let calls = 0;
      const send: ReturnType<typeof process> = process((work) => async (...args) => {
        if (calls++ === at) await send(true);
        return work(...args);
      });
      await send(false);
      expect((await shown()) + (await waiting()), `at ${at}`).toBe(1);
    }
  });
});

describe("POST /api/reports", () => {
  const open = () => createTestApp({ isLocal: () => false, settings: { reportsPerMinute: 600 } });
  const keyed = (i: number) => ({ "X-Test-Address": "192.0.2.9", "Idempotency-Key": `0123456789abcdef-${i}` });

  it("shows no report of a flood, also when each is sent twice at once", async () => {
    const { app, told } = open();
    for (let i = 0; i < 40; i++)
      await post(app, { ...VALID_BODY, text: `${i} words` }, { "X-Test-Address": "192.0.2.1" });
    const pairs = Array.from({ length: 30 }, (_, i) =>
      [1, 2].map(async () => readJson(await post(app, { ...VALID_BODY, text: `${i} others` }, keyed(i)))),
    );
    const answers = await Promise.all(pairs.flat());
    expect(answers.filter(({ held }) => held === true)).toHaveLength(60);
    expect(told).toHaveLength(40);
    const list = await app.request("/api/reports?bbox=-122.5,37.7,-122.4,37.8&limit=500");
    expect((await readJson(list)).features).toHaveLength(40);
  });

  it("counts no repetition as one more of a flood, nor refuses it where so many wait that no more are taken", async () => {
    const { app } = open();
    const send = async (i: number) => post(app, { ...VALID_BODY, text: `${i} words` }, keyed(i));
    const taken = await readJson(send(0));
    for (let i = 0; i < 45; i++) expect((await send(0)).headers.get("Idempotency-Replayed")).toBe("true");
    expect(await readJson(send(1))).not.toHaveProperty("held");
    for (let i = 2; i < 240; i++) await send(i);
    expect((await send(240)).status).toBe(429);
    const again = await send(0);
    expect([again.status, await readJson(again)]).toEqual([201, taken]);
    expect((await readJson(send(100))).held).toBe(true);
  });
});
