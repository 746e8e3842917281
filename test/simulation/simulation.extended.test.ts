/** @module-tag slow */
import { afterAll, beforeAll, expect, it } from "vitest";
import { scaled } from "../kit/runs.ts";
import { runScenario } from "./run.ts";
import { scenarioOf } from "./scenario.ts";
import { openSqlDatabase, type SqlDatabase } from "./sql-service.ts";

const FIRST = 1000;
const SEEDS = scaled(200);
/** With PostgreSQL, which takes longer. */
const SQL_EVERY = 20;

let database: SqlDatabase;
beforeAll(async () => {
  database = await openSqlDatabase();
});
afterAll(() => database?.close());

it(`shows and counts what it thanked for, by ${SEEDS} seeds`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const { violations } = await runScenario(scenarioOf(seed), seed % SQL_EVERY === 0 ? { database } : {});
    expect(violations, `npm run simulate -- --seed ${seed}`).toEqual([]);
  }
});
