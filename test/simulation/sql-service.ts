import { readdir, readFile } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import type { RunSql } from "../../server/ports/sql.ts";
import { randomOf } from "../kit/random.ts";
import type { Faults } from "./faults.ts";
import { currentTask, type Host } from "./task.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A real PostgreSQL in this process, with the project's tables. */
export interface SqlDatabase {
  query(text: string, values: readonly unknown[]): Promise<object[]>;
  /** Empties what a scorer writes. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const MIGRATIONS = new URL("../../migrations/", import.meta.url);
/** All that a scorer leaves behind, so that each run finds the same database. */
const RESET = `
  TRUNCATE neighborhood_scores, report_counts, scored_slices, cells_to_count, counted_parts;
  UPDATE score_state SET epoch = 0, counted_until = NULL;
  UPDATE score_thinning SET from_day = '-infinity', until_day = '-infinity', done_cell = '~';
  DO $$ DECLARE month regclass; BEGIN
    FOR month IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'neighborhood_scores'::regclass LOOP
      IF month <> 'neighborhood_scores_other'::regclass THEN EXECUTE 'DROP TABLE ' || month; END IF;
    END LOOP;
  END $$`;

/** Takes seconds: once for many runs. */
export async function openSqlDatabase(): Promise<SqlDatabase> {
  const db = await PGlite.create();
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith(".sql")).sort();
  for (const name of names) await db.exec(await readFile(new URL(name, MIGRATIONS), "utf8"));
  return {
    query: async (text, values) => (await db.query<object>(text, [...values])).rows,
    reset: async () => void (await db.exec(RESET)),
    close: () => db.close(),
  };
}

export interface SqlServiceOptions {
  readonly seed: number;
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly database: SqlDatabase;
}

/** Statements of a process, one at a time in the order in which they arrive; some are refused, or their answers lost. */
export function sqlOf(host: Host & { readonly name: string }, options: SqlServiceOptions): RunSql {
  const { seed, time, faults, trace, database } = options;
  return <Row extends object>(text: string, values: readonly unknown[] = []) =>
    new Promise<Row[]>((resolve, reject) => {
      const task = currentTask();
      const label = `${task.name}/sql${task.nextRequest()}`;
      const random = randomOf(`${seed}/${label}`);
      const [upMs, downMs] = [random.between(0.5, 8), random.between(0.5, 8)];
      const fault = faults.decide({ label, host: host.name, command: "Sql", atMs: time.now() });
      trace.note(label, `Sql${fault === undefined ? "" : ` !! ${fault.kind}`}`);
      const settle = (how: () => void) => time.resume(task, time.now() + downMs, how);
      const fail = (why: string) => settle(() => reject(new Error(why)));
      time.at(time.now() + upMs + (fault?.kind === "delayed" ? fault.ms : 0), async () => {
        if (fault?.kind === "failed") return fail("the connection was refused");
        if (fault?.kind === "lost-before") return fail("the connection was broken");
        const rows = await database.query(text, values);
        if (fault?.kind === "lost-after") return fail("the connection was broken");
        settle(() => resolve(rows as Row[]));
      });
    });
}
