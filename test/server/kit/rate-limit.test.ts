import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRateLimit, networkOf } from "../../../server/kit/rate-limit.ts";
import { createTestClock } from "../../kit/app-fixture.ts";

describe("createRateLimit", () => {
  it("lets through a burst of the minute's number, then one as each token flows in", async () => {
    const clock = createTestClock();
    const limit = createRateLimit({ clock, perMinute: 60 });
    for (let i = 0; i < 60; i++) expect(await limit.take("192.0.2.1")).toBe(0);
    expect(await limit.take("192.0.2.1")).toBe(1);
    expect(await limit.take("192.0.2.2")).toBe(0);
    clock.nowMs += 999;
    expect(await limit.take("192.0.2.1")).toBe(1);
    clock.nowMs += 1;
    expect(await limit.take("192.0.2.1")).toBe(0);
    expect(await limit.take("192.0.2.1")).toBe(1);
  });

  it("never lets through more than the bucket and what flowed in, whatever the clock does", async () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: -5_000, max: 20_000 }), fc.integer({ min: 0, max: 8 })), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), steps, async (perMinute, moves) => {
        const clock = createTestClock();
        const limit = createRateLimit({ clock, perMinute });
        let forwardMs = 0;
        let taken = 0;
        for (const [moveMs, tries] of moves) {
          clock.nowMs += moveMs;
          forwardMs += Math.max(0, moveMs);
          for (let i = 0; i < tries; i++) if ((await limit.take("a")) === 0) taken++;
          expect(taken).toBeLessThanOrEqual(perMinute + (forwardMs * perMinute) / 60_000 + 1e-6);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("says a wait after which there is a token", async () => {
    const clock = createTestClock();
    const limit = createRateLimit({ clock, perMinute: 7 });
    for (let i = 0; i < 7; i++) await limit.take("a");
    const waitSeconds = await limit.take("a");
    clock.nowMs += (waitSeconds - 1) * 1_000;
    expect(await limit.take("a")).toBeGreaterThan(0);
    clock.nowMs += 1_000;
    expect(await limit.take("a")).toBe(0);
  });

  it("forgets the client that was quiet longest when there are too many", async () => {
    const limit = createRateLimit({ clock: createTestClock(), perMinute: 1, maxClients: 2 });
    await limit.take("a");
    await limit.take("b");
    expect(await limit.take("a")).toBeGreaterThan(0);
    await limit.take("c");
    expect(await limit.take("a")).toBeGreaterThan(0);
    expect(await limit.take("b")).toBe(0);
  });

  it("refuses to be made for no reports at all", () => {
    expect(() => createRateLimit({ clock: createTestClock(), perMinute: 0 })).toThrow(RangeError);
    expect(() => createRateLimit({ clock: createTestClock(), perMinute: Number.NaN })).toThrow(RangeError);
  });
});

describe("networkOf", () => {
  it("takes an IPv6 line for one client however its addresses are written", () => {
    const written = [
      "2001:db8:0:12::1",
      "2001:DB8::12:0:0:0:9",
      "2001:0db8:0000:0012:ffff:ffff:ffff:ffff",
      "2001:db8:0:12::%eth0",
    ];
    expect(new Set(written.map(networkOf)).size).toBe(1);
    expect(networkOf("2001:db8:0:13::1")).not.toBe(networkOf("2001:db8:0:12::1"));
    expect(networkOf("::1")).not.toBe(networkOf("2001:db8::1"));
  });

  it("takes a mapped IPv4 address for the address, and leaves the rest alone", () => {
    expect(networkOf("::ffff:192.0.2.1")).toBe(networkOf("192.0.2.1"));
    expect(networkOf("192.0.2.1")).not.toBe(networkOf("192.0.2.2"));
    expect(networkOf("unknown")).toBe("unknown");
  });
});
