import { describe, expect, it } from "vitest";
import { ACCESS, type Access } from "../../../server/accounts/access.ts";
import { ANONYMOUS, CALL_KINDS, PLAN_TERMS } from "../../../server/accounts/plans.ts";
import { requireAccessOfAll } from "../../../server/http/middleware/access.ts";
import { basemapRoutes } from "../../../server/http/routes/basemap.ts";
import {
  ACCOUNT_TABLES,
  addAccount,
  addRestrictedKey,
  bearer,
  createKeyApp,
  revoke,
  signedIn,
} from "../../kit/accounts-fixture.ts";
import { createTestApp } from "../../kit/app-fixture.ts";
import { allParts, wholeApp } from "../../kit/described-routes.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";

const routesOf = (app: { readonly routes: readonly { readonly method: string; readonly path: string }[] }) =>
  new Set(app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`));

/** Paths of better-auth have one row. */
const rowOf = (route: string) => route.replace(/^\w+ \/api\/auth\/.+/, "ALL /api/auth/*");

describe("the table of who may ask for what", () => {
  it("has every route of the app, and no other", () => {
    const app = wholeApp();
    app.route("/", basemapRoutes({ read: async () => undefined, minZoom: 0, maxZoom: 0 } as never));
    const rows = new Set(Object.keys(ACCESS));
    const routes = routesOf(app);
    expect([...routes].map(rowOf).filter((route) => !rows.has(route))).toEqual([]);
    expect([...rows].filter((row) => ![...routes].map(rowOf).includes(row))).toEqual([]);
  });

  it("lets no app start that has a route without a row", () => {
    const app = wholeApp();
    requireAccessOfAll(app);
    app.get("/api/secrets", (c) => c.text("told"));
    expect(() => requireAccessOfAll(app)).toThrow("GET /api/secrets has no row in ACCESS");
  });

  it("is asked of nothing that there is not", async () => {
    const { app } = createTestApp();
    expect((await app.request("/api/operator/accounts")).status).toBe(404);
    expect((await app.request("/api/usage")).status).toBe(404);
  });
});

describe("plans", () => {
  it("give who sends a key never less than who sends none", () => {
    for (const [plan, terms] of Object.entries(PLAN_TERMS)) {
      for (const kind of CALL_KINDS) {
        const [without, quota] = [ANONYMOUS.quotas[kind], terms.quotas[kind]];
        // Tiles without a key are not counted, but cost an address read units.
        if (without === null) expect(quota === null || quota.calls >= 1_000_000, `${plan} ${kind}`).toBe(true);
        else expect(quota?.calls, `${plan} ${kind}`).toBeGreaterThanOrEqual(without.calls);
      }
      expect(terms.perMinute, plan).toBeGreaterThanOrEqual(ANONYMOUS.perMinute);
    }
  });
});

/** What the gate says: a status with the problem's kind, or that the route was asked. */
const IN = "in";
type Outcome = string;

interface Role {
  readonly init: RequestInit;
  /** What it has, for `expected`. */
  readonly is: "nobody" | "revoked" | "elsewhere" | "of-a-page" | "tiles-only" | "account";
  readonly by?: "key" | "session";
  readonly exports?: "plan" | "subscription-inactive";
  readonly moderates?: boolean;
  readonly operates?: boolean;
  readonly isDemo?: boolean;
  readonly isForeign?: boolean;
}

/** Written out beside the gate, from the words of the table. */
function expected(access: Access, method: string, role: Role): Outcome {
  if (access.for === "bearer-of" || access.for === "tiles" || (access.for === "anyone" && access.knows !== true))
    return IN;
  const isChange = method !== "GET";
  if (access.for === "session") {
    if (role.by !== "session") return "401 sign-in-needed";
    if (role.isForeign && isChange) return "403 foreign-origin";
    return role.isDemo && access.demo === false ? "403 demo" : IN;
  }
  if (role.is === "revoked") return "401 unknown-key";
  if (role.is === "elsewhere") return "403 key-origin";
  if (role.isForeign && isChange) return "403 foreign-origin";
  if (access.for === "anyone") return IN;
  if (access.for === "questions") {
    if (access.counts === "free") return IN;
    if (role.is === "tiles-only") return "403 key-kind";
    if (access.counts === "trends") return IN;
    if (role.is === "nobody") return "401 plan-needed";
    return role.exports === undefined ? IN : `403 ${role.exports}`;
  }
  if (role.is === "nobody") return "401 key-needed";
  if (role.is === "tiles-only" || role.is === "of-a-page") return "403 key-kind";
  if (role.isDemo && access.for === "moderators") return "403 demo";
  if (access.for === "moderators") return role.moderates ? IN : "403 no-moderator";
  if (access.for === "operators") return role.operates && !role.isDemo ? IN : "403 no-operator";
  return IN;
}

describeOnEachPostgres("every route and every role", ACCOUNT_TABLES, (pool) => {
  async function roles(): Promise<Record<string, Role>> {
    const add = (name: string, change = {}) => addAccount(pool(), `${name}@example.org`, change);
    const [resident, agent, city, lapsed, ended, operator, moderator, revoked] = [
      await add("resident", { plan: "resident" }),
      await add("agent"),
      await add("city", { plan: "city" }),
      await add("lapsed", { status: "past_due" }),
      await add("ended"),
      await add("operator", { plan: "resident" }),
      await add("moderator", { plan: "city" }),
      await add("revoked"),
    ];
    await pool().query("UPDATE users SET is_operator = true WHERE id = $1", [operator.userId]);
    await pool().query("UPDATE api_subscriptions SET ends_at = '2026-05-31Z' WHERE user_id = $1", [ended.userId]);
    await pool().query("INSERT INTO moderated_cities VALUES ($1, 'austin')", [moderator.userId]);
    await revoke(pool(), revoked);
    const elsewhere = await addRestrictedKey(pool(), agent, { origins: ["https://news.example"] });
    const ofPage = await addRestrictedKey(pool(), operator, { origins: ["https://news.example"] });
    const tilesOnly = await addRestrictedKey(pool(), operator, { kinds: ["tiles"] });
    const account = { is: "account" } as const;
    const byKey = (of: { key: string }) => ({ ...account, by: "key" as const, init: bearer(of.key) });
    const bySession = (of: { userId: string }, init = {}) => ({
      ...account,
      by: "session" as const,
      init: signedIn(of.userId, init),
    });
    return {
      nobody: { is: "nobody", init: {} },
      "a revoked key": { is: "revoked", init: bearer(revoked.key) },
      "a key of other pages": {
        is: "elsewhere",
        init: { headers: { Authorization: `Bearer ${elsewhere.key}`, Origin: "https://thief.example" } },
      },
      "an operator's key for a page, read from it": {
        is: "of-a-page",
        exports: "plan",
        init: { headers: { Authorization: `Bearer ${ofPage.key}`, Origin: "https://news.example" } },
      },
      "a key for tiles": { is: "tiles-only", init: bearer(tilesOnly.key) },
      "a resident's key": { ...byKey(resident), exports: "plan" },
      "an agent's key": byKey(agent),
      "a city's key": byKey(city),
      "a lapsed key": { ...byKey(lapsed), exports: "subscription-inactive" },
      "the key of who left": { ...byKey(ended), exports: "subscription-inactive" },
      "an operator's key": { ...byKey(operator), exports: "plan", moderates: true, operates: true },
      "a moderator's key": { ...byKey(moderator), moderates: true },
      "a resident's session": { ...bySession(resident), exports: "plan" },
      "an agent's session": bySession(agent),
      "a city's session": bySession(city),
      "a lapsed session": { ...bySession(lapsed), exports: "subscription-inactive" },
      "an operator's session": { ...bySession(operator), exports: "plan", moderates: true, operates: true },
      "a moderator's session": { ...bySession(moderator), moderates: true },
      "an operator's session, in another page's hands": {
        ...bySession(operator, { origin: "https://thief.example" }),
        exports: "plan",
        moderates: true,
        operates: true,
        isForeign: true,
      },
      "the session of who shows the product": {
        ...bySession(moderator, { isDemo: true }),
        moderates: true,
        isDemo: true,
      },
    };
  }

  const pathOf = (path: string) => path.replaceAll(/:\w+(?:\{[^/]*\})?/g, "x").replace("*", "x");

  async function outcomeOf(answer: Response): Promise<Outcome> {
    if (answer.status !== 401 && answer.status !== 403 && answer.status !== 429) return IN;
    const { type } = (await answer.json()) as { type: string };
    return `${answer.status} ${type.split(":").at(-1)}`;
  }

  it("agree with the table", async () => {
    const { app } = createKeyApp(pool(), {
      ...allParts(),
      settings: { anonymous: ANONYMOUS, questionsPerMinute: 1e6, keyCallsPerMinute: 1e6 },
    });
    const there = routesOf(app);
    for (const row of Object.keys(ACCESS)) {
      const [method = "", path = ""] = row.split(" ");
      if (!there.has(row) && method !== "ALL") app.on(method, path, (c) => c.text("in"));
    }
    const wrong: string[] = [];
    for (const [name, role] of Object.entries(await roles())) {
      for (const [row, access] of Object.entries(ACCESS)) {
        const [method = "", path = ""] = row.split(" ");
        // Its token is another's: `metrics.test.ts` has it.
        if (row === "GET /metrics" || method === "ALL") continue;
        const answer = await app.request(pathOf(path), { ...role.init, method });
        const outcome = await outcomeOf(answer);
        await answer.body?.cancel().catch(() => {});
        const wanted = expected(access, method, role);
        if (outcome !== wanted) wrong.push(`${row} with ${name}: ${outcome}, not ${wanted}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
