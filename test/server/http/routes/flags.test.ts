import { describe, expect, it } from "vitest";
import { type EditedReport, type ReportStore, StoreUnavailableError } from "../../../../server/ports/report-store.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { REPORT_LIFETIME_MS } from "../../../../tiles/layers.ts";
import type { Report } from "../../../../tiles/report.ts";
import { createTestApp, post, readJson, type TestApp, VALID_BODY } from "../../../kit/app-fixture.ts";
import { createTestClock } from "../../../kit/clock.ts";

interface Problem {
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string }[];
}

/** Two processes on one store. */
function open(
  settings: { flagsPerMinute?: number } = {},
  change: (store: ReportStore) => Partial<ReportStore> = () => ({}),
) {
  const clock = createTestClock();
  const memory = createMemoryStore({ clock });
  const store = { ...memory, ...change(memory) };
  const hidden: Report[] = [];
  const derived = createMemoryDerivedStore({ clock });
  const parts = {
    store,
    clock,
    derived,
    settings,
    onEdit: (_: EditedReport, before: Report) => void hidden.push(before),
  };
  const [app, other] = [createTestApp(parts).app, createTestApp(parts).app];
  const flag = async (id: string, address: string, on: TestApp = app, body?: unknown) => {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { "X-Test-Address": address, ...(body !== undefined && { "Content-Type": "application/json" }) };
    const answer = await on.request(`/api/reports/${id}/flag`, { method: "POST", headers, ...json });
    return {
      status: answer.status,
      headers: answer.headers,
      body: await readJson<Problem & Record<string, unknown>>(answer),
    };
  };
  const drop = async () => (await readJson(post(app, VALID_BODY))).id;
  return { clock, memory, app, other, hidden, flag, drop };
}

describe("POST /api/reports/:id/flag", () => {
  it("counts each network once, whichever process it asks, and hides with the third", async () => {
    const { app, other, hidden, flag, drop, memory } = open();
    const id = await drop();
    expect(await flag(id, "192.0.2.1")).toMatchObject({ status: 202, body: { id, hidden: false, flags_needed: 2 } });
    expect(await flag(id, "192.0.2.1", other)).toMatchObject({ status: 202, body: { flags_needed: 2 } });
    expect(await flag(id, "2001:db8:1:2::a", other)).toMatchObject({ status: 202, body: { flags_needed: 1 } });
    // Another line's address, but the same line.
    expect(await flag(id, "2001:db8:1:2::b")).toMatchObject({ status: 202, body: { flags_needed: 1 } });
    expect(hidden).toEqual([]);
    expect(await flag(id, "198.51.100.2")).toMatchObject({ status: 200, body: { id, hidden: true, flags_needed: 0 } });
    expect(hidden.map((report) => report.id)).toEqual([id]);
    expect(await memory.get(id)).toBeUndefined();
    for (const on of [app, other]) expect((await flag(id, "198.18.0.9", on)).status).toBe(404);
  });

  it("tells the store no address, and of one client another hash for each report", async () => {
    const told: string[] = [];
    const { flag, drop } = open({}, (store) => ({
      flag: async (id, given) => {
        told.push(given.flagger);
        expect(JSON.stringify(given)).not.toContain("192.0.2");
        return store.flag(id, given);
      },
    }));
    const [a, b] = [await drop(), await drop()];
    await flag(a, "192.0.2.77");
    await flag(b, "192.0.2.77");
    await flag(a, "192.0.2.77");
    expect(told[0]).toMatch(/^[0-9a-f]{32}$/);
    // The third is counted already.
    expect(told).toHaveLength(2);
    expect(told[1]).not.toBe(told[0]);
  });

  it("takes a reason of the list, and nothing else", async () => {
    const { flag, drop } = open();
    const id = await drop();
    expect((await flag(id, "192.0.2.1", undefined, { reason: "untrue" })).status).toBe(202);
    expect((await flag(id, "192.0.2.1", undefined, {})).status).toBe(202);
    for (const [body, field] of [
      [{ reason: "ugly" }, "reason"],
      [{ reason: 1 }, "reason"],
      [{ name: "Ann" }, "name"],
      [null, "body"],
    ] as const) {
      const answer = await flag(id, "192.0.2.1", undefined, body);
      expect([answer.status, answer.body.errors?.map((error) => error.field)]).toEqual([400, [field]]);
    }
    expect((await flag(id, "192.0.2.1", undefined, { reason: "x".repeat(2000) })).status).toBe(413);
  });

  it("answers 404 for what there is not or has expired, and 400 for what is no id", async () => {
    const { clock, flag, drop } = open();
    const id = await drop();
    expect((await flag("nonsense", "192.0.2.1")).body.errors).toMatchObject([{ field: "id" }]);
    expect((await flag(`${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`, "192.0.2.1")).status).toBe(404);
    clock.nowMs += REPORT_LIFETIME_MS + 1;
    expect((await flag(id, "192.0.2.1")).status).toBe(404);
  });

  it("takes so many a minute of one client", async () => {
    const { flag, drop } = open({ flagsPerMinute: 2 });
    const id = await drop();
    await flag(id, "192.0.2.1");
    await flag(id, "192.0.2.1");
    const refused = await flag(id, "192.0.2.1");
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "30"]);
    expect((await flag(id, "198.51.100.2")).status).toBe(202);
  });

  it("answers 503 when the store fails while it hides, and hides with the retry", async () => {
    let isAway = true;
    const { flag, drop, hidden, memory } = open({}, (store) => ({
      edit: (...args) => (isAway ? Promise.reject(new StoreUnavailableError("away")) : store.edit(...args)),
    }));
    const id = await drop();
    await flag(id, "192.0.2.1");
    await flag(id, "198.51.100.2");
    expect((await flag(id, "203.0.113.3")).status).toBe(503);
    expect([hidden.length, (await memory.get(id))?.id]).toEqual([0, id]);
    isAway = false;
    expect(await flag(id, "203.0.113.3")).toMatchObject({ status: 200, body: { hidden: true } });
    expect([hidden.length, await memory.get(id)]).toEqual([1, undefined]);
  });
});
