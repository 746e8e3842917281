import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import type { DerivedStore } from "../../server/ports/derived-store.ts";
import { createCompactionJournal } from "../../server/pyramid/compaction-journal.ts";
import { noProgress } from "../../server/pyramid/compaction-progress.ts";
import { createCompactor } from "../../server/pyramid/compactor.ts";
import { STREET_LIMITS } from "../../server/pyramid/street-base.ts";
import { createUnmergedRows } from "../../server/pyramid/unmerged-rows.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { ITEM_KINDS } from "../../tiles/codec/stored-item.ts";
import { createTestClock } from "../kit/clock.ts";
import { DATA, goldenItems, ITEMS_FILE, itKeeps, itReads } from "./golden.ts";
import { NOW_MS, sampleReports } from "./sample.ts";

/** Which formats there are, and that each has its golden file, a test that reads it, and a line in the docs. */

const TESTS = new URL("./", import.meta.url);
const MIGRATIONS = new URL("../../migrations/", import.meta.url);
const files = readdirSync(DATA).map((name) => name.replace(/\.json$/, ""));
const text = (url: URL): string => readFileSync(url, "utf8");

describe("golden files", () => {
  const tests = readdirSync(TESTS)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => text(new URL(name, TESTS)))
    .join("\n");
  const docs = text(new URL("../../docs/formats.md", import.meta.url));

  it.each(files)("%s is read by a test, and written down", (file) => {
    const [, kind = file, version] = ITEMS_FILE.exec(file) ?? [];
    const isNamed = tests.includes(`"${file}"`) || tests.includes(`\`${kind}-v\${version}\``);
    expect(isNamed, `a test of test/golden that names "${file}"`).toBe(true);
    const isWritten = version === undefined ? docs.includes(`\`${file}\``) : docs.includes(`\`${kind}\``);
    expect(isWritten, `a line on ${file} in docs/formats.md`).toBe(true);
  });

  it.each(Object.entries(ITEM_KINDS))("are there for %s, of every version from the first on", (kind, byte) => {
    const versions = files.flatMap((file) => {
      const [, of, version] = ITEMS_FILE.exec(file) ?? [];
      return of === kind ? [Number(version)] : [];
    });
    expect(versions.length).toBeGreaterThan(0);
    for (let version = 1; version <= Math.max(...versions); version++) {
      const items = goldenItems(`${kind}-v${version}`);
      expect(items.length, `${kind}-v${version}`).toBeGreaterThan(0);
      for (const { body } of items) expect([...body.subarray(0, 2)]).toEqual([byte, version]);
    }
  });

  it("are of kinds that no other kind's bytes can be taken for, today's and those of old", () => {
    const kindBytes = [...Object.values(ITEM_KINDS), goldenItems("hidden-reports-v1")[0]?.body[0]];
    expect(new Set(kindBytes).size).toBe(kindBytes.length);
  });
});

describe("names of derived items", () => {
  const clock = createTestClock(NOW_MS);

  /** Names of what is written, by group. */
  function recording() {
    const names: string[] = [];
    const inner = createMemoryDerivedStore({ clock });
    const derived: DerivedStore = {
      ...inner,
      put(group, name, body, condition) {
        names.push(`${group} ${name}`);
        return inner.put(group, name, body, condition);
      },
    };
    return { derived, names: () => [...new Set(names)].sort() };
  }

  async function namesOfCompaction(streetLimits = STREET_LIMITS): Promise<string[]> {
    const { derived, names } = recording();
    const store = createMemoryStore({ clock });
    // A cell with a full log segment, one with a tail, and an edited report.
    const [busy, quiet] = [300, 20].map((count, i) =>
      sampleReports(-97.742 + i / 10, 30.271, { count, spreadDeg: 0.004 }).filter(
        ({ createdAtMs }) => NOW_MS - createdAtMs < 80 * 86_400_000,
      ),
    );
    await store.putMany([...(busy ?? []), ...(quiet ?? [])]);
    await store.edit(quiet?.[0]?.id ?? "", { kind: "hide" });
    await createCompactor({ store, derived, clock, log: silentLog, streetLimits }).run();
    return names();
  }

  async function namesOfJournal(): Promise<string[]> {
    const { derived, names } = recording();
    const journal = createCompactionJournal({ derived, clock, log: silentLog });
    const end = { number: 1, cursor: "0", atMs: NOW_MS, beforeMs: NOW_MS, rows: createUnmergedRows(), open: [] };
    const cell = { layer: "safety", geohash5: "9v6kp", from: undefined, isOpen: false } as const;
    await journal.begin({ end, aged: [], cells: Array.from({ length: 20_001 }, () => cell) });
    for (let step = 0; step < 17; step++) await journal.note({ ...noProgress(1, 0), step });
    await journal.finish(end);
    return names();
  }

  itKeeps("derived-names-of-quarters", [
    { sample: "of cell aggregates and log segments", write: () => namesOfCompaction(), read: (names) => names.length },
    {
      sample: "of street bases too",
      write: () => namesOfCompaction({ ...STREET_LIMITS, denseRows: 100 }),
      read: (names) => names.length,
    },
    { sample: "of what a compaction notes", write: namesOfJournal, read: (names) => names.length },
    {
      sample: "of the last step, which is read again",
      write: () => ["compaction step.15"],
      async read([name]: string[]) {
        const { derived } = recording();
        const journal = createCompactionJournal({ derived, clock, log: silentLog });
        const [{ body } = { body: new Uint8Array() }] = goldenItems("compaction-progress-v2");
        const [group = "", item = ""] = name?.split(" ") ?? [];
        await derived.put(group, item, body, { expected: undefined });
        const { nextNumber, reached } = await journal.read();
        return { nextNumber, reached };
      },
    },
  ]);
  // Of when no time was cut.
  itReads("derived-names", (names) => (names.length === 1 ? { nextNumber: 302, reached: 4321 } : names.length));
});

describe("migrations", () => {
  const golden = JSON.parse(text(new URL("migrations.json", DATA))) as Record<string, string>;
  const hashOf = (name: string) =>
    createHash("sha256")
      .update(text(new URL(name, MIGRATIONS)).replaceAll("\r\n", "\n"))
      .digest("hex")
      .slice(0, 16);

  it.each(readdirSync(MIGRATIONS).sort())(
    "%s is what was applied, or new: then its hash goes into migrations.json",
    (name) => {
      expect(golden[name]).toBe(hashOf(name));
    },
  );

  it("are all there", () => {
    expect(readdirSync(MIGRATIONS).sort()).toEqual(Object.keys(golden).sort());
  });
});
