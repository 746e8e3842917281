import geohash from "ngeohash";
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { CATEGORIES, REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../../../tiles/layers.ts";
import { createTestApp, type PageJson, post, readJson, VALID_BODY } from "../../../kit/app-fixture.ts";
import { createTestClock } from "../../../kit/clock.ts";

interface Problem {
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly { field: string; message: string; limit?: number }[];
}

const problemOf = (response: Response) => readJson<Problem>(response);

describe("POST /api/reports", () => {
  it("stores a report, tells this process's tiles and says where it is", async () => {
    const { app, clock, store, told } = createTestApp();
    const response = await post(app, VALID_BODY);
    expect(response.status).toBe(201);
    const report = await readJson(response);
    expect(report).toEqual({
      ...VALID_BODY,
      id: expect.stringMatching(/^[0-9b-hjkmnp-z]{25}$/),
      geohash: geohash.encode(VALID_BODY.lat, VALID_BODY.lon, 6),
      created_at: "2026-06-01T12:00:00.000Z",
      expires_at: new Date(clock.nowMs + REPORT_LIFETIME_MS).toISOString(),
    });
    expect(response.headers.get("location")).toBe(`/api/reports/${report.id}`);
    expect(await readJson(app.request(`/api/reports/${report.id}`))).toEqual(report);
    expect(told).toEqual([await store.get(report.id)]);
  });

  const accepted: [string, object, object][] = [
    ["no text", { text: undefined }, { text: undefined }],
    ["blank text as none", { text: " \n\t " }, { text: undefined }],
    ["text of 280 emoji of one code point", { text: "🚧".repeat(280) }, { text: "🚧".repeat(280) }],
    ["text with line ends of any kind", { text: " a\r\nb\rc\td " }, { text: "a\nb\nc d" }],
    ["text in two spellings as one", { text: "cafe\u0301" }, { text: "caf\u00e9" }],
    ["text without what nobody sees", { text: "a\u0000b\u001b[31m\u0085\u202ec\u200b\u2066" }, { text: "ab[31m\nc" }],
    ["the poles and the antimeridian", { lat: -90, lon: 180 }, { lat: -90, lon: 180 }],
    ["more digits than are kept", { lat: 1.23456789, lon: -0.00000001 }, { lat: 1.23457, lon: 0 }],
  ];
  it.each(accepted)("takes %s", async (_, change, expected) => {
    const { app } = createTestApp();
    const response = await post(app, { ...VALID_BODY, ...change });
    expect(response.status).toBe(201);
    const report = await readJson(response);
    expect({ ...report, text: report.text }).toMatchObject({ ...VALID_BODY, ...expected });
    expect(await readJson(app.request(`/api/reports/${report.id}`))).toEqual(report);
  });

  const refused: [string, object, string, object?][] = [
    ["a layer that is no report layer", { layer: "scores" }, "layer"],
    ["a layer of the prototype", { layer: "toString" }, "layer"],
    ["a blank category", { category: "  " }, "category"],
    ["a category of no layer", { category: "Kill All Cops" }, "category"],
    ["a category of another layer", { category: "theft" }, "category"],
    ["a category of the prototype", { category: "toString" }, "category"],
    ["a category in other letters", { category: "Pothole" }, "category"],
    ["severity 0", { severity: 0 }, "severity", { limit: 1 }],
    ["severity 6", { severity: 6 }, "severity", { limit: 5 }],
    ["severity 2.5", { severity: 2.5 }, "severity"],
    ["severity as a string", { severity: "3" }, "severity"],
    ["a latitude as a string", { lat: "37.7" }, "lat"],
    ["a latitude beyond the pole", { lat: 90.000001 }, "lat", { limit: 90 }],
    ["a longitude beyond the antimeridian", { lon: -180.5 }, "lon", { limit: -180 }],
    ["null", { lon: null }, "lon"],
    ["text of 281 characters", { text: "🚧".repeat(281) }, "text", { limit: 280 }],
    ["text with a link", { text: "see example.com/x" }, "text"],
    ["text with an e-mail address", { text: "ann (at) example dot org" }, "text"],
    ["text with a phone number", { text: "call 415-555-0134" }, "text"],
    ["half an emoji", { text: "\ud83d" }, "text"],
    ["text that is null", { text: null }, "text"],
    ["an email", { email: "me@example.org" }, "email"],
  ];
  it.each(refused)("refuses %s and names the field", async (_, change, field, more = {}) => {
    const { app, told } = createTestApp();
    const response = await post(app, { ...VALID_BODY, ...change });
    expect(response.status).toBe(400);
    expect((await problemOf(response)).errors).toEqual([{ field, message: expect.any(String), ...more }]);
    expect(told).toEqual([]);
  });

  it("lists the categories of the layer, and those alone", async () => {
    const body = { ...VALID_BODY, layer: "vibe", category: "Kill All Cops" };
    const { errors, detail } = await problemOf(await post(createTestApp().app, body));
    expect(errors).toEqual([
      { field: "category", message: `must be one of ${CATEGORIES.vibe.join(", ")} in the layer vibe` },
    ]);
    expect(detail).toContain("live-music");
  });

  it("takes every category of every layer", async () => {
    const { app } = createTestApp();
    for (const layer of REPORT_LAYERS) {
      for (const category of CATEGORIES[layer]) {
        expect((await post(app, { ...VALID_BODY, layer, category })).status, category).toBe(201);
      }
    }
  });

  it("masks profanity, keeps it so and says so; a repetition hears the same", async () => {
    const { app } = createTestApp();
    const body = { ...VALID_BODY, text: "Fucking pothole near Scunthorpe" };
    const key = { "Idempotency-Key": "0123456789abcdef-masked" };
    const first = await readJson(post(app, body, key));
    expect(first).toMatchObject({ text: "******* pothole near Scunthorpe", text_masked: true });
    expect(await readJson(app.request(`/api/reports/${first.id}`))).toMatchObject({ text: first.text });
    const again = await post(app, body, key);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await readJson(again)).toEqual(first);
    expect(await readJson(post(app, VALID_BODY))).not.toHaveProperty("text_masked");
  });

  it("keeps profanity where the operator says so", async () => {
    const { app } = createTestApp({ settings: { maskProfanity: false } });
    const report = await readJson(post(app, { ...VALID_BODY, text: "Fucking pothole" }));
    expect(report.text).toBe("Fucking pothole");
    expect(report).not.toHaveProperty("text_masked");
  });

  it("names every wrong field at once, the idempotency key too", async () => {
    const { app } = createTestApp();
    const body = { layer: "x", category: 1, severity: 9, lat: 91, lon: "0", text: 5, name: "Ann", phone: "1" };
    const { errors = [] } = await problemOf(await post(app, body, { "Idempotency-Key": "two words" }));
    const fields = ["layer", "category", "severity", "lat", "lon", "text", "name", "phone", "Idempotency-Key"];
    expect(errors.map(({ field }) => field).sort()).toEqual(fields.sort());
  });

  it.each([["null"], ["[]"], ['"text"'], ["1e999"], ["{"], [""], ["\u0000"], [`${"[".repeat(8_000)}`]])(
    "refuses the body %j",
    async (body) => {
      const { errors } = await problemOf(await post(createTestApp().app, body));
      expect(errors).toEqual([{ field: "body", message: expect.any(String) }]);
    },
  );

  it("refuses members that would reach the prototype", async () => {
    const body = JSON.stringify(VALID_BODY).replace("{", '{"__proto__":{"layer":"x"},"constructor":1,');
    const { errors = [] } = await problemOf(await post(createTestApp().app, body));
    expect(errors.map(({ field }) => field).sort()).toEqual(["__proto__", "constructor"]);
  });

  it("keeps its answer to thousands of unknown members short", async () => {
    const body = Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`k${i}`, 0]));
    const text = await (await post(createTestApp().app, body)).text();
    expect(text.length).toBeLessThan(8_000);
  });

  it("refuses other media types, encodings and character sets", async () => {
    const { app } = createTestApp();
    const statusWith = async (headers: Record<string, string>) => (await post(app, VALID_BODY, headers)).status;
    expect(await statusWith({ "Content-Type": "text/plain" })).toBe(415);
    expect(await statusWith({ "Content-Type": "application/x-www-form-urlencoded" })).toBe(415);
    expect(await statusWith({ "Content-Type": "application/jsonp" })).toBe(415);
    expect(await statusWith({ "Content-Encoding": "gzip" })).toBe(415);
    expect(await statusWith({ "Content-Type": "Application/JSON; charset=UTF-8" })).toBe(201);
    const latin1 = new Uint8Array([...new TextEncoder().encode('{"category":"caf'), 0xe9, 0x22, 0x7d]);
    const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: latin1 };
    expect((await app.request("/api/reports", init)).status).toBe(400);
  });

  it("refuses more than 16 KB, with a length and without one", async () => {
    const { app } = createTestApp();
    const padded = (size: number) => JSON.stringify(VALID_BODY).padEnd(size, " ");
    expect((await post(app, padded(16_384))).status).toBe(201);
    expect((await post(app, padded(16_385))).status).toBe(413);
    expect((await post(app, "{}", { "Content-Length": "16385" })).status).toBe(413);

    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1_024;
        controller.enqueue(new Uint8Array(1_024).fill(0x20));
      },
    });
    const init = {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: endless,
      duplex: "half" as const,
    };
    expect((await app.request(new Request("http://localhost/api/reports", init))).status).toBe(413);
    expect(sent).toBeLessThan(64 * 1_024);
  });

  it("takes a client that hangs up half way for no fault of the server", async () => {
    const { app, logged } = createTestApp();
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"layer":'));
      },
      pull(controller) {
        controller.error(new Error("aborted"));
      },
    });
    const init = { method: "POST", headers: { "Content-Type": "application/json" }, body, duplex: "half" as const };
    expect((await app.request(new Request("http://localhost/api/reports", init))).status).toBe(400);
    expect(logged).toEqual([]);
  });

  it("limits an address's valid reports and says when to come back", async () => {
    const { app, clock } = createTestApp({ settings: { reportsPerMinute: 3 } });
    for (let i = 0; i < 9; i++) expect((await post(app, { ...VALID_BODY, severity: 9 })).status).toBe(400);
    for (let i = 0; i < 3; i++) expect((await post(app, VALID_BODY)).status).toBe(201);
    const refused = await post(app, VALID_BODY);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("20");
    expect((await post(app, VALID_BODY, { "x-test-address": "198.51.100.7" })).status).toBe(201);
    clock.nowMs += 20_000;
    expect((await post(app, VALID_BODY)).status).toBe(201);
    expect((await post(app, VALID_BODY)).status).toBe(429);
  });
});

describe("Idempotency-Key", () => {
  const key = { "Idempotency-Key": "3f1c7a52-9a57-4a1e-8f7e-0d0a8c1f4b11" };

  it("answers a retry with the same report and stores it once", async () => {
    const { app, clock, store, told } = createTestApp();
    const first = await post(app, VALID_BODY, key);
    clock.nowMs += 5_000;
    const reordered = JSON.stringify(Object.fromEntries(Object.entries(VALID_BODY).reverse()), null, 2);
    const second = await post(app, reordered, key);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(await second.json()).toEqual(await first.json());
    expect((await store.readCell({ layer: "infrastructure", geohash5: "9q8yy" })).reports).toHaveLength(1);
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
  });

  it("refuses the key for another report", async () => {
    const { app, store } = createTestApp();
    await post(app, VALID_BODY, key);
    expect((await post(app, { ...VALID_BODY, severity: 4 }, key)).status).toBe(422);
    expect((await store.readCell({ layer: "infrastructure", geohash5: "9q8yy" })).reports).toHaveLength(1);
  });

  it("takes the key again for another report after a refused one", async () => {
    const { app } = createTestApp();
    expect((await post(app, { ...VALID_BODY, severity: 9 }, key)).status).toBe(400);
    expect((await post(app, VALID_BODY, key)).status).toBe(201);
  });
});

describe("GET /api/reports/:id", () => {
  const id = "01mts492009q8yy003hk8t4n5";

  it("tells what is missing from what is malformed", async () => {
    const { app } = createTestApp();
    expect((await app.request(`/api/reports/${id}`)).status).toBe(404);
    for (const bad of [
      "x",
      id.slice(1),
      `${id}0`,
      id.replace("q", "a"),
      id.toUpperCase(),
      "%00",
      "%ff",
      "..%2f..%2fetc",
    ]) {
      const response = await app.request(`/api/reports/${bad}`);
      expect(response.status, bad).toBe(400);
      expect((await problemOf(response)).errors).toMatchObject([{ field: "id" }]);
    }
  });

  it("no longer knows a report after its 90 days", async () => {
    const clock = createTestClock();
    const { app } = createTestApp({ clock, store: createMemoryStore({ clock }) });
    const { id: ownId } = await readJson(post(app, VALID_BODY));
    clock.nowMs += REPORT_LIFETIME_MS;
    expect((await app.request(`/api/reports/${ownId}`)).status).toBe(200);
    clock.nowMs += 1;
    expect((await app.request(`/api/reports/${ownId}`)).status).toBe(404);
  });
});

describe("GET /api/reports", () => {
  it("answers GeoJSON, newest first, and leads through the pages by Link and by cursor", async () => {
    const { app, clock } = createTestApp();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      clock.nowMs += 1_000;
      const layer = REPORT_LAYERS[i % 3] ?? "safety";
      const kind = { layer, category: CATEGORIES[layer][i] };
      ids.unshift((await readJson(post(app, { ...VALID_BODY, ...kind, lat: 37.7 + i / 50 }))).id);
    }
    let next: string | undefined = "/api/reports?bbox=-122.6,37.6,-122.3,37.9&limit=2&since=1h&unknown=1";
    const seen: string[] = [];
    for (let pages = 0; next !== undefined && pages < 9; pages++) {
      const response: Response = await app.request(next);
      expect(response.headers.get("content-type")).toBe("application/geo+json");
      const page = await readJson<PageJson>(response);
      expect(page.features.length).toBeLessThanOrEqual(2);
      seen.push(...page.features.map((feature) => feature.id));
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
      expect(next?.includes(`cursor=${page.next_cursor}`) ?? page.next_cursor === null).toBe(true);
      clock.nowMs += 3_590_000 / 2; // the window was an hour when the first page was read
    }
    expect(seen).toEqual(ids);
  });

  it("writes a feature as GeoJSON has it", async () => {
    const { app } = createTestApp();
    const { lat, lon, ...rest } = await readJson(post(app, VALID_BODY));
    const page = await readJson<PageJson>(app.request("/api/reports?bbox=-122.42,37.75,-122.41,37.76"));
    expect(page).toEqual({
      type: "FeatureCollection",
      features: [
        { type: "Feature", id: rest.id, geometry: { type: "Point", coordinates: [lon, lat] }, properties: rest },
      ],
      next_cursor: null,
    });
  });

  it("says the limit when a box is too large, however it is written", async () => {
    const { app } = createTestApp();
    for (const bbox of ["-180,-90,180,90", "-123,37,-121,39", "179,-10,-179,10", "0,-90,180,-89.99"]) {
      const response = await app.request(`/api/reports?bbox=${bbox}`);
      expect(response.status, bbox).toBe(400);
      expect((await problemOf(response)).errors).toMatchObject([
        { field: "bbox", limit: 512, message: expect.stringContaining("limit is 512") },
      ]);
    }
    expect((await app.request("/api/reports?bbox=-95.8,29.5,-95.0,30.1")).status).toBe(200);
  });

  it("takes empty parameters for absent ones", async () => {
    const { app } = createTestApp();
    await post(app, VALID_BODY);
    const response = await app.request("/api/reports?bbox=-122.42,37.75,-122.41,37.76&layer=&since=&limit=&cursor=");
    expect((await readJson<PageJson>(response)).features).toHaveLength(1);
  });

  it.each([
    ["", "bbox"],
    ["bbox=", "bbox"],
    ["bbox=1,2,3", "bbox"],
    ["bbox=1,2,3,4,5", "bbox"],
    ["bbox=1,2,3,x", "bbox"],
    ["bbox=1,,3,4", "bbox"],
    ["bbox=0x1,0,1,1", "bbox"],
    ["bbox=NaN,0,1,1", "bbox"],
    ["bbox=0,2,1,1", "bbox"],
    ["bbox=0,0,181,1", "bbox"],
    ["bbox=0,-91,1,1", "bbox"],
    ["bbox=0,0,1,1&bbox=0,0,1,1", "bbox"],
    ["bbox=0,0,1,1&limit=0", "limit"],
    ["bbox=0,0,1,1&limit=501", "limit"],
    ["bbox=0,0,1,1&limit=1.5", "limit"],
    ["bbox=0,0,1,1&layer=scores", "layer"],
    ["bbox=0,0,1,1&layer=safety,", "layer"],
    ["bbox=0,0,1,1&since=yesterday", "since"],
    ["bbox=0,0,1,1&since=2026-05-01T00:00:00", "since"],
    ["bbox=0,0,1,1&cursor=abc", "cursor"],
  ])("refuses ?%s and names the parameter", async (query, field) => {
    const response = await createTestApp().app.request(`/api/reports?${query}`);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).errors).toMatchObject([{ field }]);
  });
});
