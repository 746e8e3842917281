import { makeOwnAreaId } from "../../server/areas/own-area-id.ts";
import { silentLog } from "../../server/console/log.ts";
import { asFoundArea } from "../../server/own-areas/own-area.ts";
import { ownAreaReportsOf } from "../../server/own-areas/own-area-reports.ts";
import { createOwnAreaScorer } from "../../server/own-areas/own-area-scorer.ts";
import { createOwnAreaTable } from "../../server/own-areas/own-area-table.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { migrateDatabase } from "../../server/postgres/migrate.ts";
import { createPool } from "../../server/postgres/pool.ts";
import { createSql } from "../../server/postgres/questions.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { readAreaCard } from "../../server/scores/area-card.ts";
import { createAreaScorer } from "../../server/scores/area-scorer.ts";
import { createReportCounter } from "../../server/scores/report-counter.ts";
import { appendWhole } from "../../test/kit/cities/city-store.ts";
import { addUser, draftOf } from "../../test/kit/own-areas-fixture.ts";
import { startEmbedded } from "../../test/kit/postgres/each-postgres.ts";
import type { Area } from "../../tiles/areas/area.ts";
import { type AreaCity, openAreaCity, trafficOf } from "./area-city.ts";

/** What own areas cost beside the public ones, which have none of it. */
export interface OwnAreaCost {
  /** Counted in the hour. */
  readonly areas: number;
  /** Of the report store, for each area: when it came, and in an hour with so many reports. */
  readonly firstUnits: number;
  readonly hourUnits: number;
  readonly hourCpuMs: number;
  readonly hourStatements: number;
  /** Write units of a report of that hour that own areas are the cause of. */
  readonly moreWriteUnits: number;
  /** The dearest card, with nothing in memory. */
  readonly cardUnits: number;
  readonly cardCpuMs: number;
}

const REPORTS_OF_HOUR = 1_200;
const AREAS_OF_ACCOUNT = 50;
const MOST_CARDS = 20;

/** Own areas over a city of reports, `times` each as if of as many accounts, in the hour after they were counted first. */
export async function measureOwnAreas(
  reports: Parameters<typeof openAreaCity>[0],
  areas: readonly Area[],
  { times, nowMs }: { readonly times: number; readonly nowMs: number },
): Promise<OwnAreaCost> {
  const world = await openAreaCity(reports, [], nowMs);
  const { city, model, clock } = world;
  const postgres = await startEmbedded();
  const pool = createPool(postgres.address, silentLog);
  try {
    await migrateDatabase(pool);
    let statements = 0;
    const run = sqlOfPool(pool);
    const sql: RunSql = (text, values) => {
      statements++;
      return run(text, values);
    };
    const stores = { store: city.store, derived: city.derived, clock };
    const own = createOwnAreaScorer({
      ...stores,
      sql,
      log: silentLog,
      pyramid: createAreaScorer({ ...stores, sql, log: silentLog }).pyramid,
    });
    const counter = createReportCounter({ ...stores, sql });
    await counter.run();
    const count = await addAll(areas, times, { sql, nowMs: clock.now(), addOwner: (email) => addUser(pool, email) });
    model.reset();
    await settle(own);
    const firstUnits = model.used.read / count;

    await addTraffic(world);
    await counter.run();
    clock.advance(1_800_000);
    model.reset();
    statements = 0;
    const cpu = process.cpuUsage();
    await settle(own);
    const { user, system } = process.cpuUsage(cpu);
    const hour = { units: model.used.read, written: model.used.write };
    const card = await dearestCard(world, areas);
    return {
      areas: count,
      firstUnits,
      hourUnits: hour.units / count,
      hourCpuMs: (user + system) / 1000 / count,
      hourStatements: statements / count,
      moreWriteUnits: hour.written / REPORTS_OF_HOUR,
      ...card,
    };
  } finally {
    await pool.end();
    await postgres.close();
  }
}

async function addAll(
  areas: readonly Area[],
  times: number,
  parts: { readonly sql: RunSql; readonly nowMs: number; addOwner(email: string): Promise<string> },
): Promise<number> {
  const table = createOwnAreaTable(createSql(parts.sql, silentLog));
  let added = 0;
  for (let account = 0; account < times; account++) {
    for (let i = 0; i < areas.length; i += AREAS_OF_ACCOUNT) {
      const owner = await parts.addOwner(`agent-${account}-${i}@example.com`);
      await parts.sql("INSERT INTO api_subscriptions (user_id, plan) VALUES ($1, 'city')", [owner]);
      const drafts = await Promise.all(areas.slice(i, i + AREAS_OF_ACCOUNT).map(draftOf));
      if ((await table.add(owner, drafts, parts.nowMs)) === "full") throw new Error("full");
      added += drafts.length;
    }
  }
  return added;
}

async function settle(own: ReturnType<typeof createOwnAreaScorer>): Promise<void> {
  for (;;) {
    const { cells, areas } = await own.run();
    if (cells === 0 && areas === 0) return;
  }
}

/** Half an hour of reports, compacted. */
async function addTraffic({ city, clock }: AreaCity): Promise<void> {
  const everyMs = 1_800_000 / REPORTS_OF_HOUR;
  const coming = trafficOf(clock, everyMs);
  for (let i = 0; i < REPORTS_OF_HOUR; i++) {
    const { value } = coming.next();
    if (value) await appendWhole(city, value);
    clock.advance(everyMs);
    if (i % 40 === 0) await city.store.confirm();
  }
  await city.store.confirm();
  await city.compactor.run();
}

async function dearestCard({ city, model, clock }: AreaCity, areas: readonly Area[]) {
  let [cardUnits, cardCpuMs] = [0, 0];
  for (const area of areas.slice(0, MOST_CARDS)) {
    const pyramid = createPyramid({ store: city.store, derived: city.derived, clock, log: silentLog });
    await pyramid.poll();
    const found = asFoundArea({ ...area, id: makeOwnAreaId() });
    const reading = { outlines: pyramid.outlines, reports: pyramid.reports, areaReports: ownAreaReportsOf(pyramid) };
    model.reset();
    const cpu = process.cpuUsage();
    await readAreaCard(
      {
        store: city.store,
        clock,
        log: silentLog,
        pyramid: reading,
        areas: { shapes: { meeting: async () => [found.area] } },
      },
      found,
    );
    const { user, system } = process.cpuUsage(cpu);
    cardUnits = Math.max(cardUnits, model.used.read);
    cardCpuMs = Math.max(cardCpuMs, (user + system) / 1000);
  }
  return { cardUnits, cardCpuMs };
}
