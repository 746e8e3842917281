import { afterEach, describe, expect, it } from "vitest";
import { hashKey, makeKey } from "../../../../server/accounts/key.ts";
import { LIVE_PER_CLIENT, liveLimits } from "../../../../server/accounts/limits.ts";
import { createUsageLog } from "../../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../../server/console/log.ts";
import { createLiveHub, type LiveHub } from "../../../../server/live/hub.ts";
import { streamsOfHub } from "../../../../server/live/live-streams.ts";
import type { RunSql } from "../../../../server/ports/sql.ts";
import { createPyramid } from "../../../../server/pyramid/pyramid.ts";
import { openListener } from "../../../../server/runtime/node/listener.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../../tiles/geo/geohash.ts";
import { createTestApp, type TestAppOptions } from "../../../kit/app-fixture.ts";
import { squareArea } from "../../../kit/area-trends-fixture.ts";
import { openAreas } from "../../../kit/area-world.ts";
import { createTestClock } from "../../../kit/clock.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function withHub(
  maxSubscribers = 10,
  change: TestAppOptions = {},
): { hub: LiveHub; app: ReturnType<typeof createTestApp>["app"] } {
  const hub = createLiveHub({ clock: { now: () => Date.UTC(2026, 5, 1, 12) }, maxSubscribers });
  closers.push(() => hub.close());
  return { hub, app: createTestApp({ live: streamsOfHub(hub, liveLimits(maxSubscribers)), ...change }).app };
}

const openStreams = (hub: LiveHub): number | undefined => hub.samples()[0]?.value;

/** Reads from a stream until it says something. */
async function readUntil(response: Response, wanted: string): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes(wanted)) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) throw new Error(`ended after: ${text}`);
    text += value;
  }
  reader?.releaseLock();
  return text;
}

describe("GET /api/live", () => {
  it("streams hello and then the changes of the box, past anything that would keep or gather them", async () => {
    const { app, hub } = withHub();
    const response = await app.request("/api/live?bbox=-122.6,37.6,-122.3,37.9&layers=safety,vibe");
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "access-control-allow-origin": "*",
    });
    hub.publish("safety", "9q8yyk8");
    hub.publish("infrastructure", "9q8yyk8");
    hub.publish("safety", "9v6kpm1");
    hub.publish("vibe", "9q8yyk9");
    const text = await readUntil(response, "vibe");
    expect(text).toMatch(/^retry: \d{4}\nevent: hello\nid: \w+-0\ndata: \{\}\n\n/);
    expect(text).toMatch(
      /event: change\nid: \w+-1\ndata: {"layer":"safety","geohash":"9q8yyk8","at":"2026-06-01T12:00:00.000Z"}\n\n/,
    );
    expect(text).not.toMatch(/infrastructure|9v6/);
  });

  it.each([
    ["Last-Event-ID", (id: string) => ({ query: "", headers: { "Last-Event-ID": id } })],
    ["last_event_id", (id: string) => ({ query: `?last_event_id=${id}`, headers: {} })],
  ])("goes on behind %s", async (_name, address) => {
    const { app, hub } = withHub();
    const first = await readUntil(await app.request("/api/live"), "hello");
    hub.publish("safety", "9q8yyk8");
    const { query, headers } = address(/id: (\S+)/.exec(first)?.[1] ?? "");
    expect(await readUntil(await app.request(`/api/live${query}`, { headers }), "change")).toContain("9q8yyk8");
    const unknown = await app.request("/api/live?last_event_id=elsewhere");
    const text = await readUntil(unknown, "reset");
    expect(text).toMatch(/event: hello\ndata: {}\n\nevent: reset\nid: \w+-1\ndata: {}\n\n/);
  });

  it.each([
    ["bbox=1,2,3", "bbox"],
    ["bbox=-190,0,1,1", "bbox"],
    ["layers=safety,nonsense", "layers"],
    ["zoom=23", "zoom"],
    ["zoom=1e1", "zoom"],
    ["zoom=13&window=1d", "window"],
    [`last_event_id=${"x".repeat(65)}`, "last_event_id"],
  ])("refuses %s with a problem that names the field", async (query, field) => {
    const { app, hub } = withHub();
    const response = await app.request(`/api/live?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
    expect(openStreams(hub)).toBe(0);
  });

  it("says that it does not tell tiles where none are kept", async () => {
    const { app, hub } = withHub();
    const response = await app.request("/api/live?zoom=13&window=7d");
    hub.publish("safety", "9q8yyk8");
    expect(await readUntil(response, "change")).toMatch(/event: hello\nid: \w+-0\ndata: {"tiles":false}\n\n/);
  });

  it("refuses one stream too many with Retry-After", async () => {
    const { app } = withHub(1);
    const first = await app.request("/api/live");
    const second = await app.request("/api/live");
    expect(second.status).toBe(503);
    expect(Number(second.headers.get("Retry-After"))).toBeGreaterThan(0);
    await first.body?.cancel();
    expect((await app.request("/api/live")).status).toBe(200);
  });

  it("gives one client so many streams and leaves the others to everybody else", async () => {
    const { app, hub } = withHub(120);
    const of = (address: string) => app.request("/api/live", { headers: { "X-Test-Address": address } });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => of(`2001:db8:0:${(i % 256).toString(16)}::1`)),
    );
    const open = answers.filter(({ status }) => status === 200);
    expect([open.length, openStreams(hub)]).toEqual([LIVE_PER_CLIENT, LIVE_PER_CLIENT]);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(await refused?.json()).toMatchObject({ type: "urn:stratum:problem:too-many-streams" });
    for (let i = 0; i < 40; i++) expect((await of(`192.0.2.${i}`)).status).toBe(200);
    await open[0]?.body?.cancel();
    expect((await of("2001:db8::2")).status).toBe(200);
  });

  it("keeps a share of its streams for keys of active subscriptions, also while all others are taken", async () => {
    const [active, ended, none] = [makeKey(), makeKey(), makeKey()];
    const sql: RunSql = async <Row extends object>(_text: string, values: readonly unknown[] = []) => {
      const status = values[0] === hashKey(active) ? "active" : values[0] === hashKey(ended) ? "canceled" : undefined;
      if (status === undefined) return [];
      return [
        { keyId: "1", userId: status, plan: "agent", status, monthlyCallsLimit: 10, calls: 0, endsAt: null },
      ] as unknown as Row[];
    };
    const usage = createUsageLog({ sql, log: silentLog });
    const { app } = withHub(40, { sql, usage });
    const of = async (address: string, key?: string) => {
      const headers = { "X-Test-Address": address, ...(key && { Authorization: `Bearer ${key}` }) };
      return (await app.request("/api/live", { headers })).status;
    };
    for (let i = 0; i < 38; i++) expect(await of(`192.0.2.${i}`)).toBe(200);
    expect([await of("192.0.2.99"), await of("192.0.2.99", ended), await of("192.0.2.99", none)]).toEqual([
      503, 503, 401,
    ]);
    expect([await of("192.0.2.1", active), await of("192.0.2.99", active), await of("192.0.2.1", active)]).toEqual([
      200, 200, 503,
    ]);
  });

  it("answers HEAD without opening a stream", async () => {
    const { app, hub } = withHub();
    const response = await app.request("/api/live", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toContain("text/event-stream");
    expect(openStreams(hub)).toBe(0);
  });

  it("tells the changes of an area: all inside, and only those whose cells meet it", async () => {
    const clock = createTestClock();
    const [store, derived] = [createMemoryStore({ clock }), createMemoryDerivedStore({ clock })];
    const { bring, catalogue, shapes } = openAreas({ store, derived, clock });
    // Half a square, whose other half lies in its box, too.
    const square = squareArea(0, "Here");
    const { west, south, east, north } = square.box;
    const here = { ...square, polygons: [[Int32Array.from([west, south, east, south, west, north])]] };
    await bring([here]);
    const pyramid = createPyramid({ store, derived, clock, log: silentLog });
    const areas = { catalogue, shapes, reports: pyramid.areaReports };
    const hub = createLiveHub({ clock });
    closers.push(() => hub.close());
    const { app } = createTestApp({ store, clock, pyramid, areas, live: streamsOfHub(hub, liveLimits(10)) });
    const response = await app.request(`/api/live?area=${here.id}&layers=safety`);
    expect(response.status).toBe(200);
    const inside = encodeGeohash((west + 2_000) / 1e6, (south + 2_000) / 1e6, 8);
    const outside = encodeGeohash((east - 2_000) / 1e6, (north - 2_000) / 1e6, 8);
    for (const geohash of [outside, inside]) hub.publish("safety", geohash);
    expect(await readUntil(response, inside)).not.toContain(outside);
    // What is told of a larger cell may lie inside.
    expect(hub.isWatched("safety", outside.slice(0, 5))).toBe(true);
    expect(hub.isWatched("safety", outside.slice(0, 7))).toBe(false);
    for (const [query, field] of [
      ["area=made-up-n-none", "area"],
      ["area=A", "area"],
      [`area=${here.id}&bbox=1,2,3,4`, "bbox"],
    ] as const) {
      const refused = await app.request(`/api/live?${query}`);
      expect(refused.status, query).toBe(400);
      expect(await refused.json()).toMatchObject({ errors: [{ field }] });
    }
  });

  it("is not there without a hub", async () => {
    expect((await createTestApp().app.request("/api/live")).status).toBe(404);
  });
});

describe("over HTTP", () => {
  async function serve(maxSubscribers?: number) {
    const { app, hub } = withHub(maxSubscribers);
    const listener = await openListener("127.0.0.1", 0, app.fetch);
    closers.push(() => listener.close(0));
    return { hub, listener };
  }

  it("sends each event as it happens, and forgets a client that hangs up", async () => {
    const { hub, listener } = await serve();
    const controller = new AbortController();
    const response = await fetch(`${listener.url}/api/live`, { signal: controller.signal });
    await readUntil(response.clone(), "hello");
    hub.publish("safety", "9q8yyk8");
    await readUntil(response, "9q8yyk8");
    expect(openStreams(hub)).toBe(1);
    controller.abort();
    await expect.poll(() => openStreams(hub)).toBe(0);
  });

  it("does not keep the server from closing", async () => {
    const { hub, listener } = await serve();
    const response = await fetch(`${listener.url}/api/live`);
    const ended = response.text();
    hub.close();
    await listener.close(60_000);
    expect(await ended).toContain("hello");
  });
});
