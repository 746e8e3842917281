import { createHash } from "node:crypto";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DatabaseAddress } from "../../server/postgres/pool.ts";
import { drop, METRICS_TOKEN, postReport, readMetrics, requestRaw, tilePath } from "../kit/request.ts";
import type { SmtpServer } from "../kit/smtp-server.ts";
import type { FakeStripe } from "../kit/stripe/fake-stripe.ts";
import { decodeLayer } from "../kit/tile-features.ts";
import { testAccounts } from "./accounts-suite.ts";
import { testBilling } from "./billing-suite.ts";
import { testKeys } from "./keys-suite.ts";
import { testLive } from "./live-suite.ts";
import { testModeration } from "./moderation-suite.ts";

/** A server under test. */
export interface Booted {
  readonly url: string;
  readonly database: DatabaseAddress;
  /** Where it takes money. */
  readonly stripe: FakeStripe;
  /** Whether its live streams tell tiles. */
  readonly tellsTiles: boolean;
  /** Where it has mails handed over. */
  readonly smtp: SmtpServer;
  close(): Promise<void>;
}

interface Problem {
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string }[];
}

/**
 * What the product promises over HTTP, whatever runs it: Node and workerd pass the same tests, on real stores. Every test
 * reports in a place of its own, so they do not disturb each other.
 */
export function describeHttp(name: string, boot: () => Promise<Booted>): void {
  describe(name, () => {
    let server: Booted;
    beforeAll(async () => {
      server = await boot();
    }, 120_000);
    afterAll(() => server?.close());
    const url = () => server.url;
    describe("reports", () => testReports(url));
    describe("tiles", () => testTiles(url));
    describe("clusters", () => testClusters(url));
    describe("caches", () => testValidators(url));
    describe("HEAD", () => testHead(url));
    describe("errors", () => testErrors(url));
    describe("live", () => testLive(url, newPlace, () => server.tellsTiles));
    describe("keys", () => testKeys(url, () => server.database));
    describe("payments", () =>
      testBilling(
        url,
        () => server.database,
        () => server.stripe,
      ));
    describe("accounts", () =>
      testAccounts(
        url,
        () => server.database,
        () => server.smtp,
      ));
    describe("moderation", () => testModeration(url, () => server.database, newPlace));
    describe("other pages", () => testOtherSites(url));
    describe("operations", () => testOperations(url));
  });
}

let places = 0;

/** Two tiles of zoom 9 away from every other one, where nobody else reports. */
function newPlace(): { lat: number; lon: number } {
  places++;
  return { lat: -10 - 1.41 * (places % 20), lon: -150 + 1.41 * Math.floor(places / 20) + 0.0123 };
}

async function tileFeatures(url: string, path: string, layer: "safety" | "vibe" = "safety") {
  const { status, body } = await requestRaw(`${url}${path}`);
  if (status === 204) return [];
  expect(status, path).toBe(200);
  return decodeLayer(body, layer);
}

function testReports(url: () => string): void {
  it("are in the very next tile, in the list and under their address", async () => {
    const place = newPlace();
    expect(await tileFeatures(url(), `${tilePath("safety", 16, place)}.pbf`)).toEqual([]);
    const response = await postReport(url(), { ...place, severity: 4, text: "no light" });
    expect(response.status).toBe(201);
    const report = (await response.json()) as { id: string };
    expect(report).toMatchObject({ layer: "safety", severity: 4, text: "no light", lat: place.lat });
    expect(response.headers.get("Location")).toBe(`/api/reports/${report.id}`);
    for (const z of [16, 12, 7]) {
      const features = await tileFeatures(url(), `${tilePath("safety", z, place)}.pbf`);
      expect(
        features.map(({ id }) => id),
        `zoom ${z}`,
      ).toContain(report.id);
    }
    expect(await (await fetch(`${url()}/api/reports/${report.id}`)).json()).toEqual(report);
    const bbox = [place.lon - 0.01, place.lat - 0.01, place.lon + 0.01, place.lat + 0.01].join();
    const list = (await (await fetch(`${url()}/api/reports?bbox=${bbox}`)).json()) as { features: { id: string }[] };
    expect(list.features.map(({ id }) => id)).toEqual([report.id]);
  });

  it("are stored once for an Idempotency-Key, also when sent at once", async () => {
    const place = newPlace();
    const key = { "Idempotency-Key": `suite-${crypto.randomUUID()}` };
    const responses = await Promise.all([1, 2, 3].map(() => postReport(url(), place, key)));
    expect(responses.map(({ status }) => status)).toEqual([201, 201, 201]);
    const ids = new Set(
      (await Promise.all(responses.map((r) => r.json()))).map((report) => (report as { id: string }).id),
    );
    expect(ids.size).toBe(1);
    expect((await postReport(url(), { ...place, severity: 1 }, key)).status).toBe(422);
    expect(await tileFeatures(url(), `${tilePath("safety", 16, place)}.pbf`)).toHaveLength(1);
  });

  it("are nowhere any more once three networks have flagged them", async () => {
    const place = newPlace();
    const [id, other] = [await drop(url(), place), await drop(url(), { ...place, lon: place.lon + 1e-5 })];
    const flag = (of: string, address: string) =>
      fetch(`${url()}/api/reports/${of}/flag`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Forwarded-For": address, "CF-Connecting-IP": address },
        body: JSON.stringify({ reason: "spam" }),
      });
    const zooms = [3, 9, 12, 14, 16, 19];
    const counts = () =>
      Promise.all(
        zooms.map(async (z) => {
          const features = await tileFeatures(url(), `${tilePath("safety", z, place)}.pbf`);
          return features.reduce((sum, { point_count = 1 }) => sum + Number(point_count), 0);
        }),
      );
    const before = await counts();
    const answers: object[] = [];
    for (const address of ["198.51.100.1", "198.51.100.2", "203.0.113.1", "2001:db8::1"]) {
      const answer = await flag(id, address);
      answers.push({ status: answer.status, ...((await answer.json()) as object) });
    }
    expect(answers).toEqual([
      { status: 202, id, hidden: false, flags_needed: 2 },
      { status: 202, id, hidden: false, flags_needed: 2 },
      { status: 202, id, hidden: false, flags_needed: 1 },
      { status: 200, id, hidden: true, flags_needed: 0 },
    ]);
    expect(await counts()).toEqual(before.map((count) => count - 1));
    expect((await flag(id, "192.0.2.3")).status).toBe(404);
    expect((await fetch(`${url()}/api/reports/${id}`)).status).toBe(404);
    const bbox = [place.lon - 0.01, place.lat - 0.01, place.lon + 0.01, place.lat + 0.01].join();
    const list = (await (await fetch(`${url()}/api/reports?bbox=${bbox}`)).json()) as { features: { id: string }[] };
    expect(list.features.map((feature) => feature.id)).toEqual([other]);
  });

  it("are all counted when many come at once", async () => {
    const place = newPlace();
    await Promise.all(Array.from({ length: 24 }, (_, i) => drop(url(), { ...place, lon: place.lon + i * 1e-5 })));
    const features = await tileFeatures(url(), `${tilePath("safety", 9, place)}.pbf`);
    expect(features.reduce((sum, { point_count = 1 }) => sum + Number(point_count), 0)).toBe(24);
  });
}

function testTiles(url: () => string): void {
  it("join what lies on the meridian of 180 degrees, by whichever name it was reported", async () => {
    // Far from every other place, also at zoom 0.
    const lat = 40;
    // Three on it and one ten metres west of it.
    for (const lon of [180, 180, -180, 179.9999]) await drop(url(), { lat, lon });
    for (const z of [0, 1, 3, 5, 8, 10, 13, 15, 17]) {
      const n = 2 ** z;
      const y = Number(tilePath("safety", z, { lat, lon: 0 }).split("/").at(-1));
      const columns = [...new Set([0, n - 1])];
      const tiles = await Promise.all(columns.map((x) => tileFeatures(url(), `/tiles/safety/${z}/${x}/${y}.pbf`)));
      const clusters = tiles.flat().filter(({ geohash }) => /^[8x]/.test(String(geohash)));
      expect(
        clusters.map(({ point_count }) => point_count),
        `zoom ${z}`,
      ).toEqual([4]);
      const id = String(clusters[0]?.id);
      const inside = (await (await fetch(`${url()}/api/clusters/${id}/reports`)).json()) as { features: object[] };
      expect(inside.features, id).toHaveLength(4);
      const cluster = (await (await fetch(`${url()}/api/clusters/${id}`)).json()) as {
        bbox: [number, number, number, number];
        expansion_zoom: number;
        children: { point_count: number }[];
      };
      const [west, , east] = cluster.bbox;
      expect([west > 0, east < 0, 360 - west + east < 3], id).toEqual([true, true, true]);
      expect(cluster.expansion_zoom, id).toBeGreaterThan(z);
      expect(cluster.children.map(({ point_count }) => point_count).toSorted(), id).toEqual([1, 3]);
      // Both sides see it with a buffer that reaches it.
      const wide = columns.map((x) => tileFeatures(url(), `/tiles/safety/${z}/${x}/${y}.pbf?buffer=16`));
      for (const features of await Promise.all(wide)) {
        expect(features.map((feature) => feature.id)).toContain(id);
      }
    }
  });

  it("show at their edge what lies beyond the end of Web Mercator", async () => {
    const { lon } = newPlace();
    const [id, south] = [await drop(url(), { lat: 88.5, lon }), await drop(url(), { lat: -90, lon })];
    expect(await (await fetch(`${url()}/api/reports/${id}`)).json()).toMatchObject({ lat: 88.5, lon });
    for (const z of [6, 12, 22]) {
      const x = Math.floor(((lon + 180) / 360) * 2 ** z);
      const top = await tileFeatures(url(), `/tiles/safety/${z}/${x}/0.pbf`);
      expect(top.map((feature) => feature.id)).toContain(id);
      const bottom = await tileFeatures(url(), `/tiles/safety/${z}/${x}/${2 ** z - 1}.pbf`);
      expect(bottom.map((feature) => feature.id)).toContain(south);
    }
    const document = JSON.stringify(await (await fetch(`${url()}/openapi.json`)).json());
    expect(document).toContain("Beyond 85.0511");
  });

  it("compose layers, each once, in one order, and take .mvt for .pbf", async () => {
    const place = newPlace();
    await drop(url(), place);
    await drop(url(), { ...place, layer: "vibe", category: "street-art" });
    const one = await requestRaw(`${url()}${tilePath("vibe,safety,vibe", 14, place)}.pbf`);
    const other = await requestRaw(`${url()}${tilePath("safety,vibe", 14, place)}.mvt`);
    expect(one.headers.etag).toBe(other.headers.etag);
    expect(one.body).toEqual(other.body);
    expect(decodeLayer(one.body, "safety")).toHaveLength(1);
    expect(decodeLayer(one.body, "vibe")).toHaveLength(1);
  });

  it("are 204 without a body where nothing lies, for every window", async () => {
    for (const window of ["24h", "7d", "30d", "90d"]) {
      const answer = await requestRaw(`${url()}/tiles/safety/14/0/9000.pbf?window=${window}`);
      expect([answer.status, answer.body.length]).toEqual([204, 0]);
      expect(answer.headers["access-control-allow-origin"]).toBe("*");
    }
  });

  it("come in the coding that the client asks for, of the same bytes", async () => {
    const place = newPlace();
    await Promise.all(Array.from({ length: 8 }, (_, i) => drop(url(), { ...place, lon: place.lon + i * 1e-3 })));
    const path = `${url()}${tilePath("safety", 15, place)}.pbf`;
    const plain = await requestRaw(path);
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.headers.vary).toMatch(/accept-encoding/i);
    const decoders = { br: brotliDecompressSync, gzip: gunzipSync };
    const tags = new Set([plain.headers.etag]);
    for (const coding of ["br", "gzip"] as const) {
      const coded = await requestRaw(path, { "Accept-Encoding": coding });
      expect(coded.headers["content-encoding"]).toBe(coding);
      expect(new Uint8Array(decoders[coding](coded.body))).toEqual(plain.body);
      tags.add(coded.headers.etag);
    }
    expect(tags.size).toBe(3);
    for (const refused of ["identity", "gzip;q=0, br;q=0", "compress"]) {
      expect((await requestRaw(path, { "Accept-Encoding": refused })).headers["content-encoding"]).toBeUndefined();
    }
  });

  it("are the same for all who ask at once, while they are built", async () => {
    const place = newPlace();
    await Promise.all(Array.from({ length: 6 }, (_, i) => drop(url(), { ...place, lat: place.lat + i * 1e-3 })));
    const paths = [6, 9, 11, 14].map((z) => `${url()}${tilePath("safety,vibe", z, place)}.pbf?window=7d`);
    const rounds = Array.from({ length: 8 }, () => paths).flat();
    const answers = await Promise.all(rounds.map((path) => requestRaw(path)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(paths.length);
  });

  it("show with a buffer what lies beyond their edge, as copies, from the moment that it was reported", async () => {
    const place = newPlace();
    const [z, x, y] = tilePath("safety", 15, place).split("/").slice(3).map(Number) as [number, number, number];
    // 20 px east of the tile.
    const beyond = { lat: place.lat, lon: ((x + 1 + 20 / 512) / 2 ** z) * 360 - 180 };
    const path = `${url()}/tiles/safety,scores/${z}/${x}/${y}.pbf`;
    const ask = (query: string, headers = {}) => requestRaw(path + query, headers);
    for (const query of ["", "?buffer=16", "?buffer=64", "?buffer=128"]) expect((await ask(query)).status).toBe(204);
    const id = await drop(url(), beyond);
    for (const query of ["", "?buffer=0", "?buffer=16", "?window=7d&buffer=16"]) {
      expect((await ask(query)).status, query).toBe(204);
    }
    for (const query of ["?buffer=64", "?buffer=64", "?window=7d&buffer=128"]) {
      const { body, headers } = await ask(query);
      expect(decodeLayer(body, "safety"), query).toEqual([expect.objectContaining({ id, copy: true })]);
      expect((await ask(query, { "If-None-Match": headers.etag ?? "" })).status).toBe(304);
    }
    const before = (await ask("?buffer=64")).headers.etag;
    await drop(url(), beyond);
    const after = await ask("?buffer=64");
    expect(after.headers.etag).not.toBe(before);
    expect(decodeLayer(after.body, "safety")).toEqual([expect.objectContaining({ point_count: 2, copy: true })]);
    await drop(url(), place);
    const [plain, none] = [await ask(""), await ask("?buffer=0")];
    expect([none.headers.etag, none.body]).toEqual([plain.headers.etag, plain.body]);
    expect(decodeLayer(plain.body, "safety")[0]).not.toHaveProperty("copy");
    const document = (await (await fetch(`${url()}/tiles/safety.json?window=7d&buffer=64`)).json()) as {
      tiles: string[];
      vector_layers: { fields: Record<string, string> }[];
    };
    expect(document.tiles).toEqual([`${url()}/tiles/safety/{z}/{x}/{y}.pbf?window=7d&buffer=64`]);
    expect(document.vector_layers[0]?.fields.copy).toBe("Boolean");
  });

  it("are described by a TileJSON whose address works", async () => {
    const place = newPlace();
    await drop(url(), place);
    const document = (await (await fetch(`${url()}/tiles/safety.json?window=7d`)).json()) as {
      tiles: string[];
      vector_layers: { fields: Record<string, string> }[];
    };
    expect(document).toMatchObject({ tilejson: "3.0.0", tiles: [`${url()}/tiles/safety/{z}/{x}/{y}.pbf?window=7d`] });
    const [{ fields } = { fields: {} }] = document.vector_layers;
    expect(fields).toMatchObject({ cluster: "Boolean", point_count: "Number", geohash: "String" });
    const [z, x, y] = tilePath("safety", 14, place).split("/").slice(3);
    const [template = ""] = document.tiles;
    const tile = await fetch(template.replace("{z}", `${z}`).replace("{x}", `${x}`).replace("{y}", `${y}`));
    expect(tile.status).toBe(200);
    const catalogue = (await (await fetch(`${url()}/tiles.json`)).json()) as { layers: { tilejson: string }[] };
    for (const { tilejson } of catalogue.layers) expect((await fetch(tilejson)).status, tilejson).toBe(200);
  });

  it("of the basemap are there, empty or outside", async () => {
    const world = await requestRaw(`${url()}/basemap/0/0/0.pbf`);
    expect([world.status, world.headers["content-type"]]).toEqual([200, "application/vnd.mapbox-vector-tile"]);
    expect(world.headers["cache-control"]).toContain("max-age=86400");
    expect(world.body.length).toBeGreaterThan(10_000);
    expect((await requestRaw(`${url()}/basemap/13/1309/3166.pbf`)).status).toBe(200);
    expect((await requestRaw(`${url()}/basemap/10/0/0.pbf`)).status).toBe(204);
    expect((await requestRaw(`${url()}/basemap/14/0/0.pbf`)).status).toBe(404);
    expect((await requestRaw(`${url()}/basemap/3/8/0.pbf`)).status).toBe(404);
  });
}

function testClusters(url: () => string): void {
  it("of a tile tell what is inside and where they split, with validators and for every origin", async () => {
    const place = newPlace();
    // Two spots 30 m apart, three reports on one of them.
    const ids = await Promise.all([0, 0, 0, 3e-4].map((d) => drop(url(), { ...place, lon: place.lon + d })));
    const [feature] = await tileFeatures(url(), `${tilePath("safety", 11, place)}.pbf?window=24h`);
    const path = `${url()}/api/clusters/${feature?.id}?window=24h`;
    const answer = await fetch(path);
    const cluster = (await answer.json()) as {
      expansion_zoom: number;
      children: { point_count: number; id: string }[];
    };
    const { cluster: isCluster, ...shown } = feature ?? {};
    expect(isCluster).toBe(true);
    expect(cluster).toMatchObject({ ...shown, point_count: 4, layer: "safety", zoom: 11, window: "24h" });
    expect(cluster.children.map(({ point_count }) => point_count)).toEqual([3, 1]);
    const apart = await tileFeatures(url(), `${tilePath("safety", cluster.expansion_zoom, place)}.pbf?window=24h`);
    expect(apart.map(({ id }) => id).toSorted()).toEqual(cluster.children.map(({ id }) => id).toSorted());

    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
    const etag = answer.headers.get("ETag") ?? "";
    const again = await fetch(path, { headers: { "If-None-Match": etag } });
    expect([again.status, again.headers.get("Access-Control-Allow-Origin")]).toEqual([304, "*"]);
    const head = await requestRaw(path, {}, "HEAD");
    expect([head.status, head.headers.etag, head.body.length]).toEqual([200, etag, 0]);

    const reports = await fetch(`${url()}/api/clusters/${feature?.id}/reports?limit=3`);
    const page = (await reports.json()) as { features: { id: string }[]; next_cursor: string };
    const rest = await fetch(`${url()}/api/clusters/${feature?.id}/reports?cursor=${page.next_cursor}`);
    const last = (await rest.json()) as typeof page;
    expect([...page.features, ...last.features].map(({ id }) => id)).toEqual(ids.toSorted().reverse());
    expect(last.next_cursor).toBeNull();
  });
}

function testValidators(url: () => string): void {
  it("revalidate by entity tag: in a list, weak, or *", async () => {
    const place = newPlace();
    await drop(url(), place);
    const path = `${url()}${tilePath("safety", 14, place)}.pbf`;
    const first = await requestRaw(path);
    const etag = first.headers.etag ?? "";
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const answer = await requestRaw(path, { "If-None-Match": header });
      expect([answer.status, answer.body.length], header).toEqual([304, 0]);
      expect(answer.headers.etag, header).toBe(etag);
      expect(answer.headers["cache-control"], header).toBe(first.headers["cache-control"]);
    }
    expect((await requestRaw(path, { "If-None-Match": '"other"' })).status).toBe(200);
    await drop(url(), place);
    const changed = await requestRaw(path, { "If-None-Match": etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
  });

  it("send a tile whose tag was another coding's: what its holder has are other bytes", async () => {
    const place = newPlace();
    await drop(url(), place);
    const path = `${url()}${tilePath("safety", 14, place)}.pbf`;
    const ask = (coding: string, headers = {}) => requestRaw(path, { "Accept-Encoding": coding, ...headers });
    const tags = new Map<string, string>();
    for (const coding of ["identity", "gzip", "br"]) tags.set(coding, (await ask(coding)).headers.etag ?? "");
    // Twice: made anew, and from what is kept ready.
    for (const coding of [...tags.keys(), ...tags.keys()]) {
      for (const [of, tag] of tags) {
        const answer = await ask(coding, { "If-None-Match": tag });
        expect([answer.status, answer.headers.etag], `${coding}, tag of ${of}`).toEqual([
          of === coding ? 304 : 200,
          tags.get(coding),
        ]);
      }
    }
  });

  it.each([
    [6, "90d", 30],
    [6, "24h", 10],
    [14, "90d", 10],
  ])("are told how to treat a tile of zoom %i and %s, empty or not", async (z, window, freshSeconds) => {
    const place = newPlace();
    await drop(url(), place);
    const full = await requestRaw(`${url()}${tilePath("safety", z, place)}.pbf?window=${window}`);
    const empty = await requestRaw(`${url()}${tilePath("opportunity", z, place)}.pbf?window=${window}`);
    expect([full.status, empty.status]).toEqual([200, 204]);
    for (const { headers } of [full, empty]) {
      // Browsers ask before each use; a shared cache is spoken to apart, and never with s-maxage, which forbids stale answers.
      expect(headers["cache-control"]).toBe("public, no-cache");
      expect(headers["cdn-cache-control"]).toBe(
        `public, max-age=${freshSeconds}, stale-while-revalidate=60, stale-if-error=3600`,
      );
    }
    expect(full.headers["cache-tag"]).toMatch(/^safety\/\w*(,safety\/\w+)*$/);
  });

  it("answer HEAD with the headers of GET and no body, and ignore Range", async () => {
    const place = newPlace();
    await drop(url(), place);
    const path = `${url()}${tilePath("safety", 14, place)}.pbf`;
    const get = await requestRaw(path);
    const head = await requestRaw(path, {}, "HEAD");
    expect([head.status, head.body.length]).toEqual([200, 0]);
    for (const name of ["etag", "content-type", "cache-control", "vary", "content-length"])
      expect(head.headers[name]).toBe(get.headers[name]);
    const ranged = await requestRaw(path, { Range: "bytes=0-9" });
    expect([ranged.status, ranged.body]).toEqual([200, get.body]);
  });
}

function testHead(url: () => string): void {
  it("tells the length that the body of GET has, in any coding", async () => {
    const place = newPlace();
    await drop(url(), place);
    const tile = `${tilePath("safety", 14, place)}.pbf`;
    const paths = [
      tile,
      "/tiles/safety.json",
      "/tiles.json",
      "/basemap/0/0/0.pbf",
      "/api/cities",
      "/healthz",
      "/nothing",
    ];
    for (const path of [...paths, tile]) {
      for (const coding of ["identity", "gzip"]) {
        const headers = { "Accept-Encoding": coding };
        const [get, head] = [await requestRaw(url() + path, headers), await requestRaw(url() + path, headers, "HEAD")];
        expect([head.status, head.body.length], path).toEqual([get.status, 0]);
        const length = head.headers["content-length"];
        // What the platform compresses on its way has another.
        if (path === tile || get.headers["content-encoding"] === undefined) {
          expect(length, `${path} as ${coding}`).toBe(`${get.body.length}`);
        } else expect(length).toMatch(/^\d+$/);
      }
    }
    const live = await requestRaw(`${url()}/api/live`, {}, "HEAD");
    expect([live.status, live.headers["content-length"]]).toEqual([200, undefined]);
  });
}

function testErrors(url: () => string): void {
  const place = "14/5000/9000";
  it.each([
    [`/tiles/safety/a/0/0.pbf`, 400],
    [`/tiles/safety/0/0/00.pbf`, 400],
    [`/tiles/safety/${place}.pbf?window=1y`, 400],
    [`/tiles/safety/${place}.pbf?buffer=129`, 400],
    [`/tiles/safety/${place}.pbf?buffer=-1`, 400],
    [`/tiles/safety/${place}.pbf?buffer=1.5`, 400],
    ["/tiles/safety.json?buffer=x", 400],
    [`/tiles/nonsense/${place}.pbf`, 404],
    ["/tiles/safety/23/0/0.pbf", 404],
    ["/tiles/safety/3/8/0.pbf", 404],
    ["/api/reports?bbox=-180,-90,180,90", 400],
    ["/api/reports/nonsense", 400],
    ["/api/clusters/nonsense", 400],
    ["/api/clusters/safety.11.9q8yyk?window=7d", 400],
    ["/api/clusters/safety.11.00000zz", 404],
    ["/api/clusters/safety.11.00000zz/reports", 404],
    ["/nothing/here", 404],
  ])("answers %s with %i, a problem and CORS", async (path, status) => {
    const answer = await fetch(`${url()}${path}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    const problem = (await answer.json()) as Problem;
    expect(problem).toMatchObject({ status, detail: expect.stringMatching(/.{10}/) });
  });

  it("shows a page to a browser where nothing is, and a problem to everybody else", async () => {
    const ask = (accept: string) => fetch(`${url()}/nothing/here`, { headers: { Accept: accept } });
    const page = await ask("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    expect([page.status, page.headers.get("Content-Type")]).toEqual([404, "text/html; charset=utf-8"]);
    expect(page.headers.get("Vary")).toContain("Accept");
    const html = await page.text();
    expect(html).toContain("There is nothing at this address");
    // Its one style is what its policy lets through.
    const style = /<style>(.*)<\/style>/.exec(html)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(page.headers.get("Content-Security-Policy")).toContain(`style-src 'sha256-${hash}'`);
    for (const accept of ["*/*", "application/json", "application/json, text/html;q=0.5", "application/problem+json"]) {
      expect((await ask(accept)).headers.get("Content-Type"), accept).toBe("application/problem+json");
    }
  });

  it("names every wrong field of a report", async () => {
    const answer = await postReport(url(), { lat: 91, lon: 0, severity: 9 });
    expect(answer.status).toBe(400);
    const fields = ((await answer.json()) as Problem).errors?.map(({ field }) => field);
    expect(fields?.toSorted()).toEqual(["lat", "severity"]);
  });

  it.each([
    [415, { "Content-Type": "text/plain" }, "{}"],
    [413, { "Content-Type": "application/json" }, `"${"x".repeat(20_000)}"`],
    [400, { "Content-Type": "application/json" }, "{"],
  ])("refuses a body with %i", async (status, headers, body) => {
    const answer = await fetch(`${url()}/api/reports`, { method: "POST", headers, body });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  });

  it("says which methods an address takes", async () => {
    const answer = await fetch(`${url()}/api/reports`, { method: "DELETE" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("Allow")).toContain("POST");
  });
}

function testOtherSites(url: () => string): void {
  it("may ask before they send", async () => {
    const answer = await fetch(`${url()}/api/reports`, {
      method: "OPTIONS",
      headers: {
        Origin: "https://news.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,idempotency-key",
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(answer.headers.get("Access-Control-Allow-Methods")).toContain("POST");
    expect(answer.headers.get("Access-Control-Allow-Headers")?.toLowerCase()).toContain("idempotency-key");
  });

  it("may send any header, as what watches a page adds some to each request", async () => {
    const asked = "authorization,baggage,cache-control,sentry-trace,traceparent,x-requested-with";
    for (const path of ["/tiles/safety/14/5/6.pbf", "/tiles/safety.json", "/api/live", "/healthz", "/nothing"]) {
      const answer = await fetch(`${url()}${path}`, {
        method: "OPTIONS",
        headers: {
          Origin: "https://news.example",
          "Access-Control-Request-Method": "GET",
          "Access-Control-Request-Headers": asked,
        },
      });
      expect([answer.status, answer.headers.get("Access-Control-Allow-Headers")], path).toEqual([204, asked]);
      expect(answer.headers.get("Vary"), path).toContain("Access-Control-Request-Headers");
    }
  });

  it("are led from a slash at the end to the address without, with their query and their body", async () => {
    for (const [path, to] of [
      ["/api/cities/", "/api/cities"],
      ["/api/cities//", "/api/cities"],
      ["/tiles/safety.json/?window=7d&a=%2F", "/tiles/safety.json?window=7d&a=%2F"],
      ["/nothing/", "/nothing"],
    ]) {
      const answer = await fetch(`${url()}${path}`, { redirect: "manual" });
      const location = new URL(answer.headers.get("Location") ?? "", `${url()}${path}`);
      expect([answer.status, location.href], path).toEqual([308, `${url()}${to}`]);
      expect(answer.headers.get("Access-Control-Allow-Origin"), path).toBe("*");
    }
    // Never to another host.
    const other = await fetch(`${url()}//news.example/`, { redirect: "manual" });
    expect(new URL(other.headers.get("Location") ?? "", `${url()}//news.example/`).origin).toBe(url());
    expect((await fetch(`${url()}/`, { redirect: "manual" })).status).not.toBe(308);
    const body = JSON.stringify({ layer: "safety", category: "theft", severity: 3, ...newPlace() });
    const headers = { "Content-Type": "application/json" };
    expect((await fetch(`${url()}/api/reports/`, { method: "POST", headers, body })).status).toBe(201);
  });

  it("get the same safe headers with every answer", async () => {
    for (const path of ["/tiles.json", "/nothing", "/healthz"]) {
      const { headers } = await fetch(`${url()}${path}`);
      expect(headers.get("X-Content-Type-Options"), path).toBe("nosniff");
      expect(headers.get("Cross-Origin-Resource-Policy"), path).toBe("cross-origin");
      expect(headers.get("X-Request-Id"), path).toMatch(/.{8}/);
    }
  });
}

function testOperations(url: () => string): void {
  it("tells that it lives, that both stores answer, and what it did", async () => {
    expect(await (await fetch(`${url()}/healthz`)).json()).toEqual({ status: "ok" });
    for (let i = 0; i < 3; i++) {
      expect(await (await fetch(`${url()}/readyz`)).json()).toEqual({ status: "ok", store: "ok", database: "ok" });
    }
    const metrics = await readMetrics(url());
    expect(metrics).toMatch(
      /stratum_http_request_duration_seconds_count\{method="GET",route="\/healthz",status="200"\} \d+/,
    );
    expect(metrics).toMatch(/^dynamodb_requests_total \d+$/m);
  });

  it("keeps its metrics from whoever came through a proxy without the token", async () => {
    const through = { "X-Forwarded-For": "192.0.2.7", "CF-Connecting-IP": "192.0.2.7" };
    const refused = await fetch(`${url()}/metrics`, { headers: through });
    expect([401, 403]).toContain(refused.status);
    expect(await refused.text()).not.toContain("stratum_http");
    const wrong = await fetch(`${url()}/metrics`, {
      headers: { ...through, Authorization: `Bearer ${METRICS_TOKEN}x` },
    });
    expect([401, 403]).toContain(wrong.status);
  });

  it("says where to tell of a vulnerability", async () => {
    const answer = await fetch(`${url()}/.well-known/security.txt`);
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "text/plain; charset=utf-8"]);
    const text = await answer.text();
    expect(text).toMatch(/^Contact: (?:https?|mailto):\S+$/m);
    const expires = Date.parse(/^Expires: (\S+)$/m.exec(text)?.[1] ?? "");
    expect((expires - Date.now()) / 86_400_000).toBeGreaterThan(360);
    expect((expires - Date.now()) / 86_400_000).toBeLessThan(366);
  });

  it("lets no shared cache give the address that one host was told to another", async () => {
    for (const path of ["/tiles.json", "/tiles/safety.json?window=24h", "/openapi.json"]) {
      const { headers } = await fetch(url() + path);
      expect(headers.get("Cache-Control"), path).toBe("private, max-age=300");
      expect(headers.get("Vary")?.split(", ")).toContain("Host");
    }
  });

  it("answers for areas where none were imported", async () => {
    const list = await fetch(`${url()}/api/areas`);
    expect([list.status, ((await list.json()) as { areas: unknown[] }).areas]).toEqual([200, []]);
    expect((await fetch(`${url()}/api/areas/austin-n-hyde-park`)).status).toBe(404);
    expect((await fetch(`${url()}/tiles/areas/12/655/1583.pbf`)).status).toBe(204);
    expect(await (await fetch(`${url()}/tiles/areas.json`)).json()).toMatchObject({ minzoom: 8, maxzoom: 22 });
  });

  it("describes itself and lists the cities", async () => {
    const document = (await (await fetch(`${url()}/openapi.json`)).json()) as { openapi: string; paths: object };
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toContain("/tiles/{layers}/{z}/{x}/{y}.pbf");
    const cities = await (await fetch(`${url()}/api/cities`)).text();
    expect(cities).toContain("san-francisco");
  });
}
