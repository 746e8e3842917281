import { afterEach, describe, expect, it, vi } from "vitest";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { CATEGORIES, REPORT_LAYERS } from "../../../../tiles/layers.ts";
import { createTestApp, post, readJson, VALID_BODY } from "../../../kit/app-fixture.ts";
import { createTestClock } from "../../../kit/clock.ts";

afterEach(() => {
  vi.useRealTimers();
});

const refuse = async (): Promise<void> => {
  throw new Error("connection refused");
};

describe("/healthz and /readyz", () => {
  it("lives even when both stores are down", async () => {
    const store = { ...createMemoryStore({ clock: createTestClock() }), ping: refuse };
    const { app } = createTestApp({ store, pingDatabase: refuse });
    expect((await app.request("/healthz")).status).toBe(200);
  });

  it("is ready when both stores answer", async () => {
    const response = await createTestApp().app.request("/readyz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok", store: "ok", database: "ok" });
  });

  it("says which store is down", async () => {
    const broken = { ...createMemoryStore({ clock: createTestClock() }), ping: refuse };
    const noStore = await createTestApp({ store: broken }).app.request("/readyz");
    expect(noStore.status).toBe(503);
    expect(await noStore.json()).toMatchObject({ status: 503, store: "down", database: "ok" });
    const noDatabase = await createTestApp({ pingDatabase: refuse }).app.request("/readyz");
    expect(await noDatabase.json()).toMatchObject({ store: "ok", database: "down", detail: "down: database" });
  });

  it("takes a store for down that throws at once or says nothing for two seconds", async () => {
    const throwing = createTestApp({
      pingDatabase: () => {
        throw new Error("no pool");
      },
    });
    expect(await (await throwing.app.request("/readyz")).json()).toMatchObject({ database: "down" });

    vi.useFakeTimers();
    const { app } = createTestApp({ pingDatabase: () => new Promise(() => {}) });
    const pending = app.request("/readyz");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await (await pending).json()).toMatchObject({ store: "ok", database: "down" });
  });
});

describe("/metrics", () => {
  it("counts requests by method, route pattern and status, never by path", async () => {
    const { app } = createTestApp({
      samples: () => [
        { name: "stratum_store_units_total", help: "Units.", type: "counter", value: 1.5, labels: { kind: 'r"w' } },
      ],
    });
    await app.request("/api/cities/austin/reports");
    await app.request("/api/cities/brooklyn/reports");
    await app.request("/wp-admin.php");
    await app.request("/healthz", { method: "BREW" });
    await post(app, VALID_BODY);
    const response = await app.request("/metrics");
    const text = await response.text();
    expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    const count = "stratum_http_request_duration_seconds_count";
    expect(text).toContain(`${count}{method="GET",route="/api/cities/:city/reports",status="200"} 2\n`);
    expect(text).toContain(`${count}{method="GET",route="unmatched",status="404"} 1\n`);
    expect(text).toContain(`${count}{method="other",route="unmatched",status="405"} 1\n`);
    expect(text).toContain(`${count}{method="POST",route="/api/reports",status="201"} 1\n`);
    expect(text).toContain('# TYPE stratum_store_units_total counter\nstratum_store_units_total{kind="r\\"w"} 1.5\n');
    expect(text).not.toContain("wp-admin");
  });

  it("writes lines that Prometheus takes, with buckets that only grow", async () => {
    const { app } = createTestApp();
    for (let i = 0; i < 5; i++) await app.request("/healthz");
    const lines = (await (await app.request("/metrics")).text()).trimEnd().split("\n");
    const sample = /^[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)*\})? [0-9.e+-]+$/;
    for (const line of lines) expect(line).toMatch(line.startsWith("#") ? /^# (HELP|TYPE) \S+ \S/ : sample);
    const buckets = lines.filter((line) => line.includes('_bucket{method="GET",route="/healthz"'));
    const counts = buckets.map((line) => Number(line.split(" ").at(-1)));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(5);
  });
});

describe("/openapi.json", () => {
  interface Operation {
    readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
  }
  interface Document {
    readonly openapi: string;
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
  }
  const read = () => readJson<Document>(createTestApp().app.request("/openapi.json"));

  it("describes every route of the API with its error bodies", async () => {
    const { openapi, paths } = await read();
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        "/api/reports",
        "/api/reports/{id}",
        "/api/cities",
        "/api/cities/{city}/reports",
        "/healthz",
        "/readyz",
      ]),
    );
    expect(Object.keys(paths["/api/reports"]?.post?.responses ?? {})).toEqual(
      expect.arrayContaining(["201", "400", "413", "415", "422", "429", "503"]),
    );
    for (const [path, operations] of Object.entries(paths)) {
      for (const { responses } of Object.values(operations)) {
        for (const [status, { content }] of Object.entries(responses)) {
          if (Number(status) >= 400)
            expect(Object.keys(content ?? {}), `${path} ${status}`).toEqual(["application/problem+json"]);
        }
      }
    }
  });

  it("refers only to schemas that it has", async () => {
    const document = await read();
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name ?? "",
    );
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(document.components.schemas).toHaveProperty(name);
    expect(document.components.schemas.NewReport).toMatchObject({
      additionalProperties: false,
      required: ["layer", "category", "severity", "lat", "lon"],
      properties: { severity: { type: "integer", minimum: 1, maximum: 5 }, text: { maxLength: 280 } },
      oneOf: REPORT_LAYERS.map((layer) => ({
        properties: { layer: { enum: [layer] }, category: { enum: CATEGORIES[layer] } },
      })),
    });
  });
});
