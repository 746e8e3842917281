import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { formatExportCursor, parseExportCursor } from "../../server/http/schemas/export-cursor.ts";
import { entityTag } from "../../server/kit/entity-tag.ts";
import { eventStream } from "../../server/live/event-stream.ts";
import { createLiveHub, type LiveHub } from "../../server/live/hub.ts";
import type { Flag, KeyClaim, ReportStore } from "../../server/ports/report-store.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { flagReport } from "../../server/reports/flag-report.ts";
import { catalogue, tileJson } from "../../server/serving/tilejson.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { keyOf, REPORT_COUNTS, SCORES } from "../../server/trends/export-rows.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { createTestApp, type PageJson, post, readJson, VALID_BODY } from "../kit/app-fixture.ts";
import { createTestClock } from "../kit/clock.ts";
import { createTestModeration } from "../kit/test-moderation.ts";
import { itKeeps, itReads } from "./golden.ts";
import { NOW_MS, sampleReport, sampleReports } from "./sample.ts";

/** What clients are answered and come back with, or keep. */

const clock = createTestClock(NOW_MS);
const BOX = "-97.8,30.2,-97.7,30.3";

beforeAll(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  vi.spyOn(crypto, "randomUUID").mockReturnValue("0123abcd-0000-4000-8000-000000000000");
});
afterAll(() => vi.restoreAllMocks());

async function openApp() {
  const store = createMemoryStore({ clock });
  await store.putMany(sampleReports(-97.742, 30.271, { count: 20 }));
  const clusters = createPyramid({ store, clock, derived: createMemoryDerivedStore({ clock }), log: silentLog });
  return createTestApp({ store, clock, clusters, sql: async () => [] }).app;
}

describe("cursors", () => {
  const firstPage = `/api/reports?bbox=${BOX}&limit=3&since=30d`;
  itKeeps("list-cursors", [
    {
      sample: "of a box, with times that stand still",
      write: async () => {
        const response = await (await openApp()).request(firstPage);
        const { next_cursor } = await readJson<PageJson>(response);
        return { next_cursor, link: response.headers.get("link") };
      },
      read: async ({ link, next_cursor }) => {
        const app = await openApp();
        const idsAt = async (path: string) =>
          (await readJson<PageJson>(app.request(path))).features.map(({ id }) => id);
        return {
          byLink: await idsAt(/^<(.*)>; rel="next"$/.exec(link)?.[1] ?? ""),
          byCursor: await idsAt(`${firstPage}&cursor=${next_cursor}`),
        };
      },
    },
  ]);

  const row = { geohash: "9v6kpz", layer: "safety", day: "2026-06-01", calculated_at: "2026-06-01T12:00:00.000001Z" };
  itKeeps("export-cursors", [
    ...[SCORES, REPORT_COUNTS].map((dataset) => ({
      sample: dataset.name,
      write: () => formatExportCursor(keyOf(dataset, row)),
      read: (cursor: string) => parseExportCursor(cursor, dataset),
    })),
    {
      sample: "of a cell of four characters, and a whole second",
      write: () => "9v6k,2026-06-01T12:00:00Z",
      read: (cursor) => parseExportCursor(cursor, SCORES),
    },
  ]);

  const list = `/api/reports?bbox=${BOX}`;
  const OTHERS = {
    "a report id": "01mu1hw59g9v6kp23qtdwyg00",
    "a report id of a layer to come": "01mu1hw59g9v6kp43qtdwyg00",
    "a longer id": "01mu1hw59g9v6kp23qtdwyg000",
    "a rising neighbourhood": "2026-06-01~1.25~12~9v6kpz",
    "a rising neighbourhood in another form": "v2~2026-06-01~1.25~12~9v6kpz",
    "a row of scores": "9v6kpz,2026-06-01T12:00:00Z",
    "a row of counts": "9v6kpz,safety,2026-06-01",
    "a row with another key": "9v6kpz,2026-06-01,safety",
    "a cursor of the change feed": "1780315200001",
    base64: "eyJ2IjoyLCJhZnRlciI6IjAxbXUifQ==",
  };
  const ADDRESSES = {
    [list]: ["a report id"],
    "/api/cities/austin/reports?limit=5": ["a report id"],
    "/api/clusters/safety.11.9v6kp0j/reports?limit=5": ["a report id"],
    "/api/trends/rising?limit=5": ["a rising neighbourhood"],
    "/api/exports/scores.csv?limit=5": ["a row of scores"],
    "/api/exports/reports-counts.csv?limit=5": ["a row of counts"],
    "/api/exports/reports.csv?limit=5": ["a report id"],
  };

  it.each(Object.entries(ADDRESSES))("of other lists or versions are refused at %s, by name", async (address, own) => {
    const app = await openApp();
    for (const [kind, cursor] of Object.entries(OTHERS)) {
      const response = await app.request(`${address}&cursor=${encodeURIComponent(cursor)}`);
      if (own.includes(kind)) {
        expect([200, 404], kind).toContain(response.status);
        continue;
      }
      expect(response.status, kind).toBe(400);
      const { errors } = await readJson<{ errors?: readonly { field: string }[] }>(response);
      expect(
        errors?.map(({ field }) => field),
        kind,
      ).toEqual(["cursor"]);
    }
  });
});

describe("idempotency keys", () => {
  /** A store that says what was claimed, or holds claims already. */
  async function claimOf(key: string, address: string, body: object) {
    const claims: unknown[] = [];
    const inner = createMemoryStore({ clock });
    const store: ReportStore = {
      ...inner,
      claimKey(keyHash, claim) {
        claims.push({ keyHash, fingerprint: claim.fingerprint });
        return inner.claimKey(keyHash, claim);
      },
    };
    const { app } = createTestApp({ store, clock });
    const response = await post(app, body, { "Idempotency-Key": key, "X-Test-Address": address });
    expect(response.status).toBe(201);
    return claims[0] as object;
  }

  async function replayOf(
    { keyHash, fingerprint }: { keyHash: string; fingerprint: string },
    key: string,
    from: string,
  ) {
    const store = createMemoryStore({ clock });
    const { app } = createTestApp({ store, clock });
    const { id: reportId } = sampleReport({
      layer: "infrastructure",
      lonDeg: VALID_BODY.lon,
      latDeg: VALID_BODY.lat,
      createdAtMs: NOW_MS - 60_000,
    });
    const held: KeyClaim = { fingerprint, reportId };
    await store.claimKey(keyHash, held);
    const response = await post(app, VALID_BODY, { "Idempotency-Key": key, "X-Test-Address": from });
    return { status: response.status, isHeld: (await readJson(response)).id === reportId };
  }

  const LONG = "0123456789abcdef";
  const { text: _, ...silent } = VALID_BODY;
  itKeeps("idempotency-claims", [
    {
      sample: "a unique key, from anywhere",
      write: () => claimOf(LONG, "192.0.2.1", VALID_BODY),
      read: (claim) => replayOf(claim, LONG, "198.51.100.7"),
    },
    {
      sample: "a short key, of one IPv4 address",
      write: () => claimOf(LONG.slice(1), "192.0.2.1", VALID_BODY),
      read: (claim) => replayOf(claim, LONG.slice(1), "192.0.2.1"),
    },
    {
      sample: "a short key, of one IPv6 network",
      write: () => claimOf("7", "2001:db8:1:2:3:4:5:6", VALID_BODY),
      read: (claim) => replayOf(claim, "7", "2001:db8:1:2::1"),
    },
    {
      sample: "another report, without a text",
      write: () => claimOf(LONG, "192.0.2.1", { ...silent, lat: -0.0000001, lon: 180 }),
      read: (claim) => replayOf(claim, LONG, "192.0.2.1"),
    },
  ]);
});

describe("flags", () => {
  itKeeps("flags", [
    {
      sample: "of one address, under the report's salt",
      async write() {
        const report = sampleReport({ lonDeg: 8.54, latDeg: 47.37, createdAtMs: NOW_MS });
        const kept: { key?: string; flag?: Flag } = {};
        const inner = createMemoryStore({ clock });
        await inner.put(report);
        const store: ReportStore = {
          ...inner,
          remember(key, value, options) {
            kept.key = key;
            return inner.remember(key, value, options);
          },
          flag(id, flag) {
            kept.flag = flag;
            return inner.flag(id, flag);
          },
        };
        const moderation = createTestModeration({ store: inner, clock });
        const flagging = { store, moderation, flagsToHide: 2 };
        await flagReport(flagging, { id: report.id, address: "2001:db8:1:2:3:4:5:6", reason: "spam" });
        return kept;
      },
      read: (kept) => kept,
    },
  ]);
});

describe("live events", () => {
  const bounds = { west: -180, south: -90, east: 180, north: 90 };
  const hubs: LiveHub[] = [];
  afterEach(() => {
    for (const hub of hubs.splice(0)) hub.close();
  });

  function openHub(): LiveHub {
    const hub = createLiveHub({
      clock,
      tileWatch: {
        watch(_, tell) {
          tell({ layer: "safety", tile: { z: 11, x: 468, y: 843 }, tag: "0123456789abcdef01234567" });
          tell({ layer: "safety", tile: { z: 11, x: 469, y: 843 }, tag: "" });
          return () => {};
        },
        changed() {},
        close() {},
        samples: () => [],
      },
    });
    hubs.push(hub);
    return hub;
  }

  /** A hub that tells of its first change. */
  function openHubWithChange(): LiveHub {
    const hub = openHub();
    hub.publish("safety", "9v6kpz0j");
    return hub;
  }

  /** So much of a stream as comes at once. */
  async function streamOf(hub: LiveHub, lastEventId: string | undefined, zoom?: number): Promise<string> {
    const tiles = zoom === undefined ? {} : { tiles: { zoom, window: "90d" as const } };
    const subscription = hub.subscribe({ bounds, layers: REPORT_LAYERS, ...tiles }, lastEventId);
    if (subscription === undefined) throw new Error("the hub is full");
    const reader = eventStream({ ...subscription, next: () => subscription.next(0) }).getReader();
    let text = "";
    for (let chunks = 0; chunks < 3; chunks++) text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    return text;
  }

  /** What is told to whoever comes back with the ids of a stream. */
  async function resumed(stream: string): Promise<object> {
    const answers: Record<string, string[]> = {};
    for (const [, id = ""] of stream.matchAll(/^id: (.*)$/gm)) {
      const told = await streamOf(openHubWithChange(), id);
      answers[id] = [...told.matchAll(/^event: (.*)$/gm)].map(([, event = ""]) => event);
    }
    return answers;
  }

  // Of when changes told the millisecond.
  itReads("live-events", resumed);
  itKeeps("live-events-of-kept-times", [
    {
      sample: "changes and tiles",
      write: () => streamOf(openHubWithChange(), "0123abcd-0", 11),
      read: resumed,
    },
    { sample: "nothing yet", write: () => streamOf(openHub(), undefined, 11), read: resumed },
    {
      sample: "after another server's stream",
      write: () => streamOf(openHubWithChange(), "89abcdef-17"),
      read: resumed,
    },
  ]);

  it.each(["", "17", "0123abcd", "0123abcd-", "0123abcd-x", "0123abcd-1-2", "v2:0123abcd-0", "0123abcd-99999"])(
    "begin with a reset behind the id %s, which this server has not given",
    async (id) => {
      expect(await streamOf(openHub(), id)).toContain("event: reset");
    },
  );
});

describe("documents about tiles", () => {
  const shape = ({ tiles, minzoom, maxzoom, scheme, vector_layers }: ReturnType<typeof tileJson>) => {
    const layers = vector_layers.map(({ id, fields, ...zooms }) => ({
      id,
      fields: Object.keys(fields),
      zooms: [zooms.minzoom, zooms.maxzoom],
    }));
    return { tiles, minzoom, maxzoom, scheme, layers };
  };
  const origin = "https://tiles.example";
  itKeeps("tilejson", [
    { sample: "of two layers", write: () => shape(tileJson(["safety", "scores"], origin)), read: (json) => json.tiles },
    {
      sample: "of a window",
      write: () => shape(tileJson(["vibe"], origin, { window: "7d" })),
      read: (json) => json.tiles,
    },
    {
      sample: "the catalogue",
      write: () => {
        const { windows, layers, ...all } = catalogue(origin);
        return { all: shape(all), windows, layers: layers.map(({ description: _, ...layer }) => layer) };
      },
      read: ({ layers }) => layers.length,
    },
  ]);

  itKeeps("entity-tags", [
    { sample: "of three bytes", write: () => entityTag(Uint8Array.of(0, 1, 255)), read: String },
  ]);
});
