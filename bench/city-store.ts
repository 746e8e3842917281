import type { Clock } from "../server/ports.ts";
import { createCompactor } from "../server/pyramid/compactor.ts";
import { createPyramid, type Pyramid } from "../server/pyramid/pyramid.ts";
import { createDynamoDerivedStore } from "../server/store/derived-dynamo.ts";
import { createDynamoStore } from "../server/store/dynamo.ts";
import type { RequestOptions } from "../server/store/requests.ts";
import type { Report } from "../tiles/report.ts";

/** A clock that a bench moves: nothing is waited for. */
export interface BenchClock extends Clock {
  advance(ms: number): void;
}

export function createBenchClock(startMs: number): BenchClock {
  let now = startMs;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** The real store, pyramid and compactor over a DynamoDB client. */
export function openCityStore(options: RequestOptions & { clock: Clock }) {
  const store = createDynamoStore(options);
  const derived = createDynamoDerivedStore(options);
  const shared = { store, derived, clock: options.clock, log: quiet };
  return {
    store,
    compactor: createCompactor(shared),
    /** A process that has nothing cached, but knows what changed since the last compaction. */
    async startProcess(): Promise<Pyramid> {
      const pyramid = createPyramid(shared);
      await pyramid.poll();
      return pyramid;
    },
  };
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
