/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanText } from "../../../../server/reports/clean-text.ts";
import { findContactData } from "../../../../server/reports/contact-data.ts";
import { createProfanityMask } from "../../../../server/reports/profanity.ts";
import { keptPlace } from "../../../../tiles/kept.ts";
import { CATEGORIES, REPORT_LAYERS } from "../../../../tiles/layers.ts";
import { createTestApp, post, readJson, type TestApp, VALID_BODY } from "../../../kit/app-fixture.ts";
import { runs } from "../../../kit/runs.ts";

/** Of each describe, in full: shared out among its properties. */
const RUNS = 10_000;

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 280 }).filter((text) => findContactData(cleanText(text)) === undefined),
  fc.string({ unit: fc.constantFrom(..."a🚧\n é\u200d\u202e\ufeff\u2028\ufffe"), maxLength: 280 }),
);

const degrees = (limit: number) =>
  fc.oneof(
    fc.double({ min: -limit, max: limit, noNaN: true }),
    fc.constantFrom(-limit, limit, 0, -0, 1e-7, -1e-7, 5e-324, limit - 1e-9),
  );

const kinds = fc.constantFrom(
  ...REPORT_LAYERS.flatMap((layer) => CATEGORIES[layer].map((category) => ({ layer, category }))),
);

const rest = fc.record(
  {
    severity: fc.integer({ min: 1, max: 5 }),
    lat: degrees(90),
    lon: degrees(180),
    text: texts,
  },
  { requiredKeys: ["severity", "lat", "lon"] },
);
const valid = fc.tuple(kinds, rest).map(([kind, others]) => ({ ...kind, ...others }));

/** Values of which no field takes any, but for text its own kind. */
const wrong: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  layer: fc
    .oneof(fc.jsonValue(), fc.string())
    .filter((value) => !(REPORT_LAYERS as readonly unknown[]).includes(value)),
  category: fc.oneof(
    fc.constantFrom("", " ", "-a", "pothole ", "Theft", "a\u0000", "\ud800", "a".repeat(9_000), "toString"),
    fc.integer(),
    fc.constantFrom(null, true, [], {}, ["pothole"]),
  ),
  severity: fc.constantFrom(0, 6, -1, 1.5, "3", null, [3], {}, true, 1e308, -0.1, Number.MAX_SAFE_INTEGER + 1),
  lat: fc.constantFrom(90.1, -91, 1e300, "1", null, [1], {}, false),
  lon: fc.constantFrom(180.1, -181, 1e300, "1", null, [1], {}, false),
  text: fc.constantFrom(
    null,
    1,
    [],
    {},
    true,
    "example.com",
    "+1 415 555 0134",
    "\udc00",
    "x".repeat(281),
    "🚧".repeat(300),
  ),
};

const withWrongFields = fc
  .tuple(valid, fc.subarray(Object.keys(wrong), { minLength: 1 }), fc.record(wrong))
  .map(([body, fields, values]) => ({
    fields,
    body: { ...body, ...Object.fromEntries(fields.map((field) => [field, values[field]])) },
  }));

const garbage = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.json(),
  fc.json().map((text) => text.slice(0, -1)),
  valid.map((body) => JSON.stringify(body).replace(/[:,]/, "")),
  fc.tuple(valid, fc.string(), fc.jsonValue()).map(([body, key, value]) => JSON.stringify({ ...body, [key]: value })),
  fc.constantFrom("[".repeat(16_000), "1e99999", '{"a":'.repeat(3_000), "\ufeff{}", '"\\ud800"', " ".repeat(17_000)),
);

const mask = createProfanityMask();

/** Never a 5xx; a refusal is a problem that says so; what is accepted reads back as it was acknowledged. */
async function checkAnswer(app: TestApp, response: Response): Promise<unknown> {
  expect(response.status).toBeLessThan(500);
  const answer = await readJson(response);
  if (response.status === 201) {
    const readBack = await app.request(`/api/reports/${answer.id}`);
    const { text_masked: _, ...kept } = answer;
    expect(await readBack.json()).toEqual(kept);
  } else {
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(answer).toMatchObject({ status: response.status, title: expect.any(String), type: expect.any(String) });
  }
  return answer;
}

describe("POST /api/reports, random bodies", () => {
  it("takes every valid report and reads it back exactly", async () => {
    const { app } = createTestApp();
    await fc.assert(
      fc.asyncProperty(valid, async (body) => {
        const response = await post(app, body);
        expect(response.status).toBe(201);
        const { text, ...rest } = body;
        const place = keptPlace(body.layer, body.category, body.lon, body.lat);
        const kept = mask(cleanText(text ?? "")).text;
        expect(await checkAnswer(app, response)).toEqual({
          ...rest,
          lat: place.latDeg,
          lon: place.lonDeg,
          ...(kept && { text: kept }),
          ...(kept.includes("*") && kept !== cleanText(text ?? "") && { text_masked: true }),
          id: expect.any(String),
          geohash: expect.stringMatching(/^[0-9b-hjkmnp-z]{6}$/),
          created_at: "2026-06-01T12:00:00.000Z",
          expires_at: "2026-08-30T12:00:00.000Z",
        });
      }),
      runs(RUNS * 0.3),
    );
  });

  it("names exactly the fields that are wrong", async () => {
    const { app, told } = createTestApp();
    await fc.assert(
      fc.asyncProperty(withWrongFields, async ({ body, fields }) => {
        const response = await post(app, body);
        expect(response.status).toBe(400);
        const { errors } = (await checkAnswer(app, response)) as { errors: { field: string }[] };
        expect([...new Set(errors.map(({ field }) => field.replace(/\..*/, "")))].sort()).toEqual(fields.toSorted());
      }),
      runs(RUNS * 0.4),
    );
    expect(told).toEqual([]);
  });

  it("answers garbage with a problem", async () => {
    const { app } = createTestApp();
    const keys = fc.option(fc.string({ unit: fc.constantFrom("a", " ", "~", "é"), maxLength: 300 }), {
      nil: undefined,
    });
    await fc.assert(
      fc.asyncProperty(garbage, keys, async (body, key) => {
        await checkAnswer(app, await post(app, body, key === undefined ? {} : { "Idempotency-Key": key }));
      }),
      runs(RUNS * 0.3),
    );
  });
});

describe("GET, random addresses", () => {
  const numbers = fc.oneof(
    fc.double({ min: -200, max: 200 }).map(String),
    fc.constantFrom("", "-180", "180", "90", "-90", "1e3", "NaN", "0x1", "∞", "--1", "-0", ".", "1".repeat(400)),
  );
  const boxes = fc.oneof(
    fc.array(numbers, { maxLength: 5 }).map((parts) => parts.join(",")),
    fc.constantFrom("-122.5,37.7,-122.4,37.8", "179.99,0,-179.99,0.01", "-180,-90,-179.99,-89.99"),
  );
  const values = fc.oneof(
    boxes,
    fc.string({ unit: "binary" }).map((text) => encodeURIComponent(text.toWellFormed())),
    fc.constantFrom(
      "safety",
      "safety,vibe",
      "24h",
      "999999w",
      "2026-01-01",
      "9999-12-31T23:59:59Z",
      "0",
      "99999999999",
    ),
    fc.constantFrom(
      "100",
      "500",
      "501",
      "%",
      "%ff",
      "%00",
      "+",
      "01mts492009q8yy003hk8t4n5",
      "zzzzzzzzzz00000zzzzzzzzzz",
    ),
  );
  const names = fc.constantFrom("bbox", "layer", "since", "from", "to", "limit", "cursor", "__proto__", "x[]", "");
  const queries = fc
    .tuple(fc.option(boxes, { nil: undefined }), fc.array(fc.tuple(names, values), { maxLength: 5 }))
    .map(([box, pairs]) =>
      [...(box === undefined ? [] : [["bbox", box]]), ...pairs].map((pair) => pair.join("=")).join("&"),
    );

  async function checkGet(app: TestApp, path: string): Promise<void> {
    const response = await app.request(path);
    expect(response.status, path).toBeLessThan(500);
    if (response.status === 308) expect(response.headers.get("Location"), path).toMatch(/^(\.\.\/)+[^/]/);
    else if (response.status !== 200) await checkAnswer(app, response);
    else if (path.includes("reports?")) expect(await response.json()).toMatchObject({ type: "FeatureCollection" });
  }

  it("answers every query with a page or a problem", async () => {
    const { app } = createTestApp();
    await post(app, VALID_BODY);
    const bases = fc.constantFrom("/api/reports", "/api/cities/austin/reports", "/api/cities/san-francisco/reports");
    await fc.assert(
      fc.asyncProperty(bases, queries, (base, query) => checkGet(app, `${base}?${query}`)),
      runs(RUNS / 2),
    );
  });

  it("answers every path", async () => {
    const { app } = createTestApp();
    const parts = fc.oneof(
      fc.constantFrom(
        "api",
        "reports",
        "cities",
        "austin",
        "readyz",
        "%2e%2e",
        "%",
        "%c0%af",
        "__proto__",
        "",
        ":id",
        "*",
      ),
      fc.string({ unit: "binary", maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed())),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(parts, { maxLength: 5 }), (path) => checkGet(app, `/${path.join("/")}`)),
      runs(RUNS / 2),
    );
  });
});
