import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { importFile } from "../../../server/import/import-file.ts";
import type { ImportOptions, ImportSummary } from "../../../server/import/import-options.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";

export interface ImportWorld {
  readonly clock: TestClock;
  store: ReportStore;
  derived: DerivedStore;
  /** Of the files of this test. */
  dir: string;
  /** @returns its path */
  write(name: string, content: string | Buffer): string;
  /** Imports a file, of columns that are called as the fields are. */
  run(path: string, options?: Partial<ImportOptions>): Promise<ImportSummary>;
}

/** Gives each test of a file empty stores, an empty directory and a clock that stands at `startMs`. */
export function useImport(startMs = Date.parse("2026-03-01T12:00:00Z")): ImportWorld {
  const clock = createTestClock(startMs);
  const openStores = () => ({ store: createMemoryStore({ clock }), derived: createMemoryDerivedStore({ clock }) });
  const world: ImportWorld = {
    clock,
    ...openStores(),
    dir: "",
    write(name, content) {
      const path = join(world.dir, name);
      writeFileSync(path, content);
      return path;
    },
    run(path, options) {
      const { store, derived } = world;
      return importFile({ path, mapping: { sources: {}, values: {} }, store, derived, clock, retryMs: 1, ...options });
    },
  };

  beforeEach(() => {
    clock.nowMs = startMs;
    Object.assign(world, openStores(), { dir: mkdtempSync(join(tmpdir(), "import-")) });
  });
  afterEach(() => rmSync(world.dir, { recursive: true }));
  return world;
}
