import { silentLog } from "../../../server/console/log.ts";
import { createApp, DEFAULT_SETTINGS } from "../../../server/http/app.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { startLocalWorker } from "../../../server/runtime/local-worker/local-worker.ts";
import { nodeCompressor } from "../../../server/runtime/node/node-compressor.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient } from "../../../server/store/dynamo/dynamo-client.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import type { Report } from "../../../tiles/report.ts";
import { cityReports } from "../cities/city.ts";
import type { TestClock } from "../clock.ts";
import { postReport, requestRaw } from "../request.ts";
import type { SharedStores } from "../stores.ts";
import { createTestModeration } from "../test-moderation.ts";

/** What a shared cache asks: the app with a city in one layer. */
export interface EdgeOrigin {
  fetch(path: string, init: { headers: Record<string, string> }): Promise<Response>;
  /** Resolves when a report is acknowledged. */
  write(report: Report): Promise<void>;
  close(): Promise<void>;
}

export const EDGE_LAYERS = ["safety"] as const;

/** The app in this process, in a time that only the caller moves. */
export async function openAppOrigin(reports: number, clock: TestClock): Promise<EdgeOrigin> {
  const store = createMemoryStore({ clock });
  const pyramid = createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog });
  const app = createApp({
    store,
    clock,
    pyramid,
    tiles: createTileSource({ pyramid, compressor: nodeCompressor }),
    codings: nodeCompressor.codings,
    pingDatabase: async () => {},
    onReport: (report) => pyramid.noteReport(report),
    moderation: createTestModeration({ store, clock }),
    clientAddress: () => undefined,
    settings: DEFAULT_SETTINGS,
    log: silentLog,
  });
  await store.putMany([...cityReports({ count: reports, nowMs: clock.now(), layers: EDGE_LAYERS })]);
  return {
    fetch: async (path, init) => app.request(path, init),
    async write(report) {
      await store.put(report);
      pyramid.noteReport(report);
    },
    close: async () => {},
  };
}

/** The Worker in local workerd on stores that are open; its own time is the real one. */
export async function openWorkerOrigin(reports: number, stores: SharedStores): Promise<EdgeOrigin> {
  const { endpoint = "", tableName } = stores.dynamo;
  const client = createDocumentClient({ endpoint, credentials: { accessKeyId: "local", secretAccessKey: "local" } });
  const store = createDynamoStore({ client, table: tableName, clock: { now: Date.now } });
  await store.migrate();
  await store.putMany([...cityReports({ count: reports, nowMs: Date.now(), layers: EDGE_LAYERS })]);
  await store.close();
  const worker = await startLocalWorker({
    ...stores,
    host: "127.0.0.1",
    port: 0,
    vars: { REPORTS_PER_MINUTE: "1000000", READ_UNITS_PER_MINUTE: "100000000", LOG_LEVEL: "error" },
  });
  await worker.scheduled();
  return {
    async fetch(path, { headers }) {
      const { status, headers: fields, body } = await requestRaw(worker.url + path, headers);
      const pairs = Object.entries(fields).map(([name, value]): [string, string] => [name, `${value}`]);
      return new Response(status === 200 ? body : null, { status, headers: pairs });
    },
    async write({ layer, category, severity, lonDeg: lon, latDeg: lat }) {
      const response = await postReport(worker.url, { layer, category, severity, lon, lat });
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    },
    close: worker.close,
  };
}
