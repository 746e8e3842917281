import { beforeEach, describe, expect, it } from "vitest";
import type { BesideAnswers } from "../../../server/http/app.ts";
import { createTestApp, VALID_BODY } from "../../kit/app-fixture.ts";

const counts = { reading: 0, tile: 0, change: 0, call: 0 };
const count = (name: keyof typeof counts) => async () => void counts[name]++;
const besideAnswers: BesideAnswers = {
  reading: count("reading"),
  tile: count("tile"),
  change: count("change"),
  call: count("call"),
};
const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };

beforeEach(() => {
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] = 0;
});

describe("a runtime without time of its own", () => {
  const { app } = createTestApp({ besideAnswers });
  const ask = (path: string, init?: RequestInit) => app.request(path, init, {}, context);

  it.each([
    "/api/neighborhood/9q8yyk",
    "/api/reports?bbox=-122.6,37.6,-122.2,37.9",
    "/api/cities/austin/reports",
    "/tiles/safety/0/0/0.pbf",
  ])("takes in what others wrote once for %s, however much is read", async (path) => {
    expect((await ask(path)).status).toBeLessThan(300);
    expect(counts.reading).toBe(1);
    expect(counts.change).toBe(0);
  });

  it("lets nobody wait who sends a report, and goes on behind the answer", async () => {
    const response = await ask("/api/reports", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(VALID_BODY),
    });
    expect(response.status).toBe(201);
    expect([counts.reading, counts.change]).toEqual([0, 1]);
    const { id } = (await response.json()) as { id: string };
    const flag = { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" };
    expect((await ask(`/api/reports/${id}/flag`, flag)).status).toBeLessThan(300);
    expect(counts.change).toBe(2);
  });
});

describe("addresses and methods that there are not", () => {
  const plain = createTestApp().app;
  const { app } = createTestApp({ besideAnswers });

  it.each([
    ["POST", "/api/reports/01n8gr94pu9v6kp00qtdwyg00"],
    ["PUT", "/api/reports/x/y/z"],
    ["DELETE", "/api/reports/01n8gr94pu9v6kp00qtdwyg00"],
    ["PUT", "/api/reports"],
    ["POST", "/tiles/safety/0/0/0.pbf"],
    ["DELETE", "/api/neighborhood/9q8yyk"],
    ["POST", "/api/cities/austin/reports"],
    ["GET", "/tiles/safety"],
  ])("are answered as without it: %s %s", async (method, path) => {
    const [expected, found] = await Promise.all([
      plain.request(path, { method }),
      app.request(path, { method }, {}, context),
    ]);
    expect([found.status, found.headers.get("Allow")]).toEqual([expected.status, expected.headers.get("Allow")]);
    expect(expected.status).toBeGreaterThanOrEqual(404);
  });
});
