import { describe, expect, it } from "vitest";
import { FIND_KEY } from "../../../../server/accounts/account-lookup.ts";
import { hashKey, makeKey } from "../../../../server/accounts/key.ts";
import { createUsageLog } from "../../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../../server/console/log.ts";
import type { ModeratorRights } from "../../../../server/moderation/may-moderate.ts";
import type { RunSql } from "../../../../server/ports/sql.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import type { Report } from "../../../../tiles/report.ts";
import { createTestApp, readJson } from "../../../kit/app-fixture.ts";
import { createTestClock } from "../../../kit/clock.ts";
import { seededRandom } from "../../../kit/random.ts";
import { makeReport } from "../../../kit/sample-reports.ts";
import { createTestModeration } from "../../../kit/test-moderation.ts";

interface Case {
  readonly report: { readonly id: string };
  readonly city: string | null;
  readonly state: string;
  readonly history: readonly { readonly by: string; readonly what: string; readonly reason?: string }[];
}
interface Queue {
  readonly cases: readonly Case[];
  readonly next_cursor: string | null;
}
interface Problem {
  readonly type: string;
  readonly errors?: readonly { readonly field: string; readonly limit?: number }[];
}

const AUSTIN = { lonDeg: -97.743, latDeg: 30.267 };
const BROOKLYN = { lonDeg: -73.95, latDeg: 40.65 };
const NOWHERE = { lonDeg: 8.5, latDeg: -47.4 };

interface TestAccount {
  readonly key: string;
}

describe("/api/moderation", () => {
  async function open() {
    const clock = createTestClock();
    const store = createMemoryStore({ clock });
    const moderation = createTestModeration({ store, clock });
    const accounts = new Map<string, object>();
    const sql: RunSql = async (text, [hash]: readonly unknown[] = []) => {
      const found = text === FIND_KEY ? accounts.get(`${hash}`) : undefined;
      return (found === undefined ? [] : [found]) as never;
    };
    const { app } = createTestApp({ store, clock, moderation, sql, usage: createUsageLog({ sql, log: silentLog }) });
    const account = (email: string, rights: Partial<ModeratorRights>, plan = "resident"): TestAccount => {
      const key = makeKey();
      const subscription = { plan, status: "active", endsAt: null, monthlyCallsLimit: 100 };
      const ofKey = { expiresAt: null, origins: null, layers: null, kinds: null };
      const row = {
        keyId: email,
        userId: email,
        email,
        isOperator: false,
        cities: [],
        ...rights,
        ...subscription,
        ...ofKey,
      };
      accounts.set(hashKey(key), row);
      return { key };
    };
    const random = seededRandom(1);
    /** A report of a place that flags have hidden. */
    const flagged = async (place: Pick<Report, "lonDeg" | "latDeg">) => {
      const report = makeReport({ ...place, createdAtMs: clock.now() }, random);
      await store.put(report);
      for (const address of ["192.0.2.1", "198.51.100.1", "203.0.113.1"]) {
        await app.request(`/api/reports/${report.id}/flag`, { method: "POST", headers: { "X-Test-Address": address } });
      }
      return report.id;
    };
    const ids = [await flagged(AUSTIN), await flagged(BROOKLYN), await flagged(NOWHERE)] as const;
    const ask = (path: string, account?: TestAccount, body?: unknown) =>
      app.request(`/api/moderation/${path}`, {
        method: path.includes("/") ? "POST" : "GET",
        headers: {
          ...(account && { Authorization: `Bearer ${account.key}` }),
          ...(body !== undefined && { "Content-Type": "application/json" }),
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
    return { ids, ask, account, store, app };
  }

  it("is for operators everywhere, for a city's accounts there, and for nobody who only pays", async () => {
    const { ids, ask, account } = await open();
    const [austin = "", brooklyn = "", nowhere = ""] = ids;
    const operator = account("op@example.org", { isOperator: true });
    const ann = account("ann@example.org", { cities: ["austin"] });
    const payer = account("city@example.org", {}, "city");
    const queue = async (of: TestAccount, query = "") => {
      const answer = await ask(`queue${query}`, of);
      return answer.status === 200
        ? (await readJson<Queue>(answer)).cases.map(({ report }) => report.id)
        : answer.status;
    };
    expect(new Set((await queue(operator)) as string[])).toEqual(new Set(ids));
    expect(await queue(operator, "?city=brooklyn")).toEqual([brooklyn]);
    expect([await queue(ann), await queue(ann, "?city=austin")]).toEqual([[austin], [austin]]);
    expect([await queue(ann, "?city=brooklyn"), await queue(payer), await queue(payer, "?city=austin")]).toEqual([
      403, 403, 403,
    ]);
    const rule = async (by: TestAccount, id: string) => (await ask(`${id}/restore`, by)).status;
    expect([await rule(ann, brooklyn), await rule(ann, nowhere), await rule(payer, austin)]).toEqual([403, 403, 403]);
    expect([await rule(ann, austin), await rule(operator, brooklyn), await rule(operator, nowhere)]).toEqual([
      200, 200, 200,
    ]);
    for (const path of ["queue", "log", `${austin}/hide`]) {
      const answer = await ask(path);
      expect([answer.status, answer.headers.get("WWW-Authenticate")]).toEqual([401, 'Bearer realm="stratum"']);
    }
  });

  it("asks which of several cities is meant", async () => {
    const { ask, account } = await open();
    const ann = account("ann@example.org", { cities: ["austin", "brooklyn"] });
    const asked = await readJson<Problem>(ask("queue", ann));
    expect(asked.errors).toEqual([{ field: "city", message: "must be one of austin, brooklyn" }]);
    expect((await ask("queue?city=brooklyn", ann)).status).toBe(200);
  });

  it("brings a report back for good, tells who did it and why, and undoes that", async () => {
    const { ids, ask, account, store, app } = await open();
    const [id] = ids;
    const ann = account("ann@example.org", { cities: ["austin"] });
    const restored = await ask(`${id}/restore`, ann, { reason: " It is so. " });
    expect(restored.headers.get("Cache-Control")).toBe("private, no-store");
    expect(await readJson<Case>(restored)).toMatchObject({
      report: { id },
      city: "austin",
      state: "restored",
      cause: "flags",
      flags: { none: 3 },
      history: [
        { by: "flags", what: "hold", from: "shown", to: "held" },
        { by: "ann@example.org", what: "restore", from: "held", to: "restored", reason: "It is so." },
      ],
    });
    const flag = await app.request(`/api/reports/${id}/flag`, {
      method: "POST",
      headers: { "X-Test-Address": "2001:db8::1" },
    });
    expect([flag.status, await readJson(flag)]).toEqual([202, { id, hidden: false, flags_needed: 3, reviewed: true }]);
    expect((await store.get(id))?.id).toBe(id);
    expect(await readJson<Queue>(ask("queue?state=restored", ann))).toMatchObject({ cases: [{ report: { id } }] });
    expect(await readJson<Case>(ask(`${id}/undo`, ann))).toMatchObject({ state: "held" });
    expect(await store.get(id)).toBeUndefined();
    const again = await ask(`${id}/undo`, ann);
    expect([again.status, (await readJson<Problem>(again)).type]).toEqual([409, "urn:stratum:problem:nothing-to-undo"]);
    const log = await readJson<{ decisions: object[]; next_cursor: null }>(ask("log", ann));
    expect(log).toMatchObject({
      decisions: [
        { id, city: "austin", by: "ann@example.org", what: "undo", from: "restored", to: "held" },
        { id, city: "austin", by: "ann@example.org", what: "restore", reason: "It is so." },
        { id, city: "austin", by: "flags", what: "hold" },
      ],
      next_cursor: null,
    });
  });

  it("is paged, and refuses what is wrong by name", async () => {
    const { ids, ask, account } = await open();
    const operator = account("op@example.org", { isOperator: true });
    const first = await ask("queue?limit=2", operator);
    const { next_cursor: cursor } = await readJson<Queue>(first.clone() as Response);
    expect(first.headers.get("Link")).toContain(`cursor=${cursor}`);
    const second = await readJson<Queue>(ask(`queue?limit=2&cursor=${cursor}`, operator));
    expect([second.cases.length, second.next_cursor]).toEqual([1, null]);
    const log = await ask("log?limit=1", operator);
    const next = /<([^>]+)>/.exec(log.headers.get("Link") ?? "")?.[1] ?? "";
    expect((await ask(next.split("/").at(-1) ?? "", operator)).status).toBe(200);

    const fieldsOf = async (path: string, body?: unknown) => {
      const answer = await ask(path, operator, body);
      return [answer.status, ...((await readJson<Problem>(answer)).errors ?? []).map(({ field }) => field)];
    };
    const [id] = ids;
    expect(await fieldsOf("queue?limit=101")).toEqual([400, "limit"]);
    expect(await fieldsOf("queue?state=shown")).toEqual([400, "state"]);
    expect(await fieldsOf("queue?city=A")).toEqual([400, "city"]);
    expect(await fieldsOf("queue?cursor=x")).toEqual([400, "cursor"]);
    expect(await fieldsOf("log?cursor=x")).toEqual([400, "cursor"]);
    expect(await fieldsOf("9q8yyk/hide")).toEqual([400, "id"]);
    expect(await fieldsOf(`${id}/hide`, { reason: "x".repeat(281) })).toEqual([400, "reason"]);
    expect(await fieldsOf(`${id}/hide`, { reason: "a\u0007" })).toEqual([400, "reason"]);
    expect(await fieldsOf(`${id}/hide`, { reason: "a\ud800" })).toEqual([400, "reason"]);
    expect(await fieldsOf(`${id}/hide`, { why: "x" })).toEqual([400, "why"]);
    expect(await fieldsOf(`${id}/hide`, "[")).toEqual([400, "body"]);
    expect(await fieldsOf(`${id}/hide`, { reason: "x".repeat(5000) })).toEqual([413]);
    const unknown = `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`;
    expect(await fieldsOf(`${unknown}/restore`)).toEqual([404]);
    expect(await fieldsOf(`${id}/remove`)).toEqual([404]);
  });
});
