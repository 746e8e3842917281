import { describe, expect, it } from "vitest";
import { createReporters } from "../../../server/reports/reporters.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import type { ReportLayer } from "../../../tiles/layers.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const DAY = 86_400_000;
const HERE = { lonDeg: -97.743, latDeg: 30.267 };

interface Where {
  readonly lonDeg?: number;
  readonly layer?: ReportLayer;
  readonly days?: number;
}

function open() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const remembered: { key: string; untilMs: number }[] = [];
  const watched: typeof store = {
    ...store,
    remember(key, value, options) {
      remembered.push({ key, untilMs: options.untilMs });
      return store.remember(key, value, options);
    },
  };
  const random = seededRandom(1);
  const reportAt = ({ days = 0, ...at }: Where = {}) =>
    makeReport({ ...HERE, ...at, createdAtMs: clock.now() + days * DAY }, random);
  return { clock, store: watched, remembered, reporters: createReporters(watched), reportAt };
}

/** Buckets of many clients: two that only look alike agree in one of 255. */
const CLIENTS = Array.from({ length: 24 }, (_, i) => `192.0.2.${i + 1}`);

describe("buckets of reporters", () => {
  it("are the same for one client's reports of a place, layer and day, in every process", async () => {
    const { store, remembered, reporters, reportAt } = open();
    const other = createReporters(store);
    for (const address of CLIENTS) {
      const bucket = await reporters.bucketOf(address, reportAt());
      expect(bucket).toBeGreaterThanOrEqual(1);
      expect(bucket).toBeLessThanOrEqual(255);
      expect(await reporters.bucketOf(address, reportAt({ lonDeg: HERE.lonDeg + 0.001 }))).toBe(bucket);
      expect(await other.bucketOf(`${address}:4711`, reportAt())).toBe(bucket);
    }
    // Once for each process, whatever the number of reports.
    expect(remembered.map(({ key }) => key)).toEqual(["reporter-salt/2026-06-01", "reporter-salt/2026-06-01"]);
  });

  it.each<[string, Where]>([
    ["place", { lonDeg: HERE.lonDeg - 0.02 }],
    ["layer", { layer: "vibe" }],
    ["day", { days: 1 }],
  ])("do not tell that a client of another %s is the same", async (_, where) => {
    const { reporters, reportAt } = open();
    const pairs = await Promise.all(
      CLIENTS.map(async (address) => [
        await reporters.bucketOf(address, reportAt()),
        await reporters.bucketOf(address, reportAt(where)),
      ]),
    );
    expect(pairs.filter(([here, there]) => here === there).length).toBeLessThan(4);
    expect(new Set(pairs.map(([here]) => here)).size).toBeGreaterThan(12);
  });

  it("take the addresses of a household for one client, and those of two for two", async () => {
    const { reporters, reportAt } = open();
    const bucketOf = (address: string) => reporters.bucketOf(address, reportAt());
    expect(await bucketOf("2001:db8:0:12ff::9")).toBe(await bucketOf("2001:db8:0:1200::1"));
    const neighbours = await Promise.all(CLIENTS.map((_, i) => bucketOf(`2001:db8:0:${(i + 16).toString(16)}00::1`)));
    expect(new Set(neighbours).size).toBeGreaterThan(12);
  });

  it("are of a salt that is forgotten an hour after its day", async () => {
    const { remembered, reporters, reportAt } = open();
    await reporters.bucketOf("192.0.2.1", reportAt());
    expect(remembered[0]?.untilMs).toBe(Date.UTC(2026, 5, 2, 1));
  });

  it("ask again for a salt that could not be had", async () => {
    const { store, reportAt } = open();
    let tries = 0;
    const reporters = createReporters({
      remember: async (...remembered) => {
        if (++tries === 1) throw new Error("away");
        return store.remember(...remembered);
      },
    });
    await expect(reporters.bucketOf("192.0.2.1", reportAt())).rejects.toThrow("away");
    expect(await reporters.bucketOf("192.0.2.1", reportAt())).toBeGreaterThan(0);
  });
});
