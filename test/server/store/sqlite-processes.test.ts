import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as yieldTurn } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { openSqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { idOfRow, type ReportColumns } from "../../../tiles/report-columns.ts";
import { idsOf, makeReport } from "../../kit/make-report.ts";
import { scaled } from "../../kit/runs.ts";
import { acknowledgementsIn } from "./sqlite/acknowledgement.ts";
import { checkInFreshProcess, startImporting, startWriting } from "./sqlite/processes.ts";

const dir = mkdtempSync(join(tmpdir(), "sqlite-processes-"));
afterAll(() => rmSync(dir, { recursive: true }));
const clock = { now: Date.now };

const IMPORT_ROWS = 2000;
const PUTS = scaled(400, 60);
/** Of an import that come in between while a put waits for its turn: usually one or two. */
const MOST_BATCHES = 20;
const USUAL_BATCHES = 4;

const SAFETY = REPORT_LAYERS.indexOf("safety");
const idsIn = (rows: ReportColumns) => Array.from({ length: rows.length }, (_, row) => idOfRow(rows, row, SAFETY));

describe("several processes on one file", () => {
  it("make it together when they open it at the same moment", async () => {
    const path = join(dir, "new.sqlite");
    const processes = Array.from({ length: 4 }, (_, n) => startWriting(path, `opener ${n}`));
    await Promise.all(processes.map((each) => each.lines(20)));
    await Promise.all(processes.map((each) => each.kill()));
    const acknowledged = processes.flatMap(({ said }) => acknowledgementsIn(said()));
    expect(checkInFreshProcess(join(dir, "job.json"), [{ path, acknowledged, cursor: "0" }])).toEqual([[]]);
  });

  it("put beside an import, and each put waits for few of its batches", { tags: ["random"] }, async () => {
    const path = join(dir, "import.sqlite");
    const stores = Array.from({ length: 3 }, () => openSqliteStores({ path, clock }).store);
    const [first, second, reader] = stores as [(typeof stores)[0], (typeof stores)[0], (typeof stores)[0]];
    let { cursor } = await reader.readChanges();
    const raw = new DatabaseSync(path);
    const lastSeq = raw.prepare("SELECT max(seq) AS seq FROM changes");
    const batchesSince = raw.prepare(
      "SELECT count(*) AS n FROM changes WHERE seq > ? AND cell LIKE 'vibe#%' AND seq < (SELECT max(seq) FROM changes WHERE from_id = ?)",
    );
    const importing = startImporting(path, IMPORT_ROWS);
    await importing.lines(1);
    const waited: number[] = [];

    async function putAll(store: typeof first, name: number): Promise<string[]> {
      const ids: string[] = [];
      for (let n = 0; n < PUTS; n++) {
        const report = makeReport({ createdAtMs: Date.now(), seed: name * PUTS + n });
        const seq = lastSeq.get()?.seq ?? 0;
        await store.put(report);
        ids.push(report.id);
        waited.push(Number(batchesSince.get(seq, report.id)?.n));
      }
      return ids;
    }

    const told: string[] = [];
    let isOver = false;
    async function follow(): Promise<void> {
      for (let wasOver = false; !wasOver; ) {
        wasOver = isOver;
        const next = await reader.readChanges(cursor);
        expect(Number(next.cursor)).toBeGreaterThanOrEqual(Number(cursor));
        cursor = next.cursor;
        for (const { layer, rows, from, geohash5 } of next.changes.filter((change) => change.layer === "safety")) {
          // A put that waited for seconds is told of without its row.
          const read = rows === undefined ? (await reader.readCell({ layer, geohash5 }, { from })).reports : [];
          const ids = rows === undefined ? idsOf(read).filter((id) => !told.includes(id)) : idsIn(rows);
          told.push(...ids);
        }
        await yieldTurn();
      }
    }

    const following = follow();
    const [ids, others] = await Promise.all([putAll(first, 0), putAll(second, 1)]);
    isOver = true;
    await following;
    await importing.kill();
    // Each once, and each process's own in the order in which it put them, by the millisecond: one read sorts by id.
    const mine = new Set(ids);
    const millisecondOf = (id: string): string => id.slice(0, 10);
    expect(told.filter((id) => mine.has(id)).map(millisecondOf)).toEqual(ids.map(millisecondOf));
    expect(told.toSorted()).toEqual([...ids, ...others].toSorted());
    waited.sort((a, b) => a - b);
    expect(waited.at(-1)).toBeLessThanOrEqual(MOST_BATCHES);
    expect(waited[Math.floor(waited.length / 2)]).toBeLessThanOrEqual(USUAL_BATCHES);
    raw.close();
    await Promise.all(stores.map((store) => store.close()));
  });
});
