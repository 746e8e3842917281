import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../server/ports/clock.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import type { StreetLimits } from "../../../server/pyramid/street-base.ts";
import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import type { RequestOptions } from "../../../server/store/dynamo/requests.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock, type TestClock } from "../clock.ts";
import { createDynamoModel, type DynamoModel } from "../dynamo/dynamo-model.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** The real store, pyramid and compactor over a DynamoDB client. */
export function openCityStore({ streetLimits, ...options }: RequestOptions & CityStoreOptions) {
  const store = createDynamoStore(options);
  const derived = createDynamoDerivedStore(options);
  const shared = { store, derived, clock: options.clock, log: quiet };
  return {
    store,
    derived,
    compactor: createCompactor({ ...shared, ...(streetLimits && { streetLimits }) }),
    /** A process that has nothing cached, but knows what changed since the last compaction. */
    async startProcess(): Promise<Pyramid> {
      const pyramid = createPyramid(shared);
      await pyramid.poll();
      return pyramid;
    },
  };
}

export interface CityStoreOptions {
  readonly clock: Clock;
  readonly streetLimits?: StreetLimits;
}

export type CityStore = ReturnType<typeof openCityStore>;

/** Stores reports, a few thousand at a time. */
export async function fill(city: CityStore, reports: Iterable<Report>): Promise<void> {
  let batch: Report[] = [];
  for (const report of reports) {
    batch.push(report);
    if (batch.length < 5000) continue;
    await city.store.putMany(batch);
    batch = [];
  }
  await city.store.putMany(batch);
}

/** Appends a report and lets its row follow, before time goes on; the store answers at once. */
export async function appendWhole({ store }: CityStore, report: Report): Promise<void> {
  await store.append(report);
  await setImmediate();
}

/** A city on a DynamoDB that counts. */
export interface CountedCity {
  readonly city: CityStore;
  readonly model: DynamoModel;
  readonly clock: TestClock;
}

/** One with some reports, all of them compacted. */
export async function openCountedCity(
  reports: Iterable<Report>,
  nowMs: number,
  options: Pick<CityStoreOptions, "streetLimits"> = {},
): Promise<CountedCity> {
  const clock = createTestClock(nowMs);
  const model = createDynamoModel();
  const city = openCityStore({ client: model.client, table: "bench", clock, onConsumed() {}, ...options });
  await fill(city, reports);
  clock.advance(20_000);
  await city.compactor.run();
  clock.advance(20_000);
  return { city, model, clock };
}
