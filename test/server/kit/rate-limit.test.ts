/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRateLimit } from "../../../server/kit/rate-limit.ts";
import { createTestClock } from "../../kit/clock.ts";
import { runs } from "../../kit/runs.ts";

describe("createRateLimit", () => {
  it("lets through a burst of the minute's number, then one as each token flows in", () => {
    const clock = createTestClock();
    const limit = createRateLimit({ clock, perMinute: 60 });
    for (let i = 0; i < 60; i++) expect(limit.take("192.0.2.1")).toBe(0);
    expect(limit.take("192.0.2.1")).toBe(1);
    expect(limit.take("192.0.2.2")).toBe(0);
    clock.nowMs += 999;
    expect(limit.take("192.0.2.1")).toBe(1);
    clock.nowMs += 1;
    expect(limit.take("192.0.2.1")).toBe(0);
    expect(limit.take("192.0.2.1")).toBe(1);
  });

  it("never lets through more than the bucket and what flowed in, whatever the clock does", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: -5_000, max: 20_000 }), fc.integer({ min: 0, max: 8 })), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), steps, (perMinute, moves) => {
        const clock = createTestClock();
        const limit = createRateLimit({ clock, perMinute });
        let forwardMs = 0;
        let taken = 0;
        for (const [moveMs, tries] of moves) {
          clock.nowMs += moveMs;
          forwardMs += Math.max(0, moveMs);
          for (let i = 0; i < tries; i++) if (limit.take("a") === 0) taken++;
          expect(taken).toBeLessThanOrEqual(perMinute + (forwardMs * perMinute) / 60_000 + 1e-6);
        }
      }),
      runs(100),
    );
  });

  it("says a wait after which there is a token", () => {
    const clock = createTestClock();
    const limit = createRateLimit({ clock, perMinute: 7 });
    for (let i = 0; i < 7; i++) limit.take("a");
    const waitSeconds = limit.take("a");
    clock.nowMs += (waitSeconds - 1) * 1_000;
    expect(limit.take("a")).toBeGreaterThan(0);
    clock.nowMs += 1_000;
    expect(limit.take("a")).toBe(0);
  });

  it("forgets the client that was quiet longest when there are too many", () => {
    const limit = createRateLimit({ clock: createTestClock(), perMinute: 1, maxClients: 2 });
    limit.take("a");
    limit.take("b");
    expect(limit.take("a")).toBeGreaterThan(0);
    limit.take("c");
    expect(limit.take("a")).toBeGreaterThan(0);
    expect(limit.take("b")).toBe(0);
  });

  it("refuses to be made for no reports at all", () => {
    expect(() => createRateLimit({ clock: createTestClock(), perMinute: 0 })).toThrow(RangeError);
    expect(() => createRateLimit({ clock: createTestClock(), perMinute: Number.NaN })).toThrow(RangeError);
  });
});
