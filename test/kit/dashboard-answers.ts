import type { Page, Route } from "playwright-core";

/** Who is pretended to be signed in. */
export type Persona = "visitor" | "resident" | "agent" | "city" | "operator" | "demo";

const JSON_TYPE = "application/json";
const DAY_MS = 86_400_000;
const KINDS = ["tiles", "trends", "exports", "dashboards"] as const;

interface Key {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
  revoked_at: string | null;
  origins: string[] | null;
  layers: string[] | null;
  kinds: string[] | null;
  calls_this_month: number;
}

/** What is kept of one pretended account. */
export interface Pretended {
  persona: Persona;
  keys: Key[];
  areas: { id: string; name: string; created_at: string; state: string }[];
  /** Addresses that were asked, with their methods. */
  readonly asked: string[];
}

const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

const aKey = (n: number, more: Partial<Key> = {}): Key => ({
  id: `k${n}`,
  name: `Key ${n}`,
  prefix: `stratum_${"abcdefgh"[n] ?? "x"}1b2c3`,
  created_at: ago(40 - n),
  last_used_at: null,
  expires_at: null,
  revoked_at: null,
  origins: null,
  layers: null,
  kinds: null,
  calls_this_month: 0,
  ...more,
});

/** As `/api/plans` tells the plans. */
export const PLANS = {
  billing: "on",
  plans: [
    plan("anonymous", 0, [null, [20, "day"], [0, "day"], [0, "day"]], 60, 0),
    plan(
      "resident",
      0,
      [
        [1_000_000, "month"],
        [20, "day"],
        [0, "day"],
        [200, "day"],
      ],
      60,
      1,
    ),
    plan(
      "agent",
      49,
      [
        [10_000_000, "month"],
        [10_000, "month"],
        [10_000, "month"],
        [50_000, "month"],
      ],
      600,
      20,
    ),
    plan(
      "city",
      299,
      [
        [100_000_000, "month"],
        [100_000, "month"],
        [100_000, "month"],
        [500_000, "month"],
      ],
      600,
      200,
    ),
  ],
};

type Terms = readonly (readonly [calls: number, per: string] | null)[];

function plan(name: string, dollars: number, terms: Terms, perMinute: number, ownAreas: number) {
  const calls = Object.fromEntries(
    KINDS.map((kind, i) => {
      const of = terms[i];
      return [kind, of ? { calls: of[0], per: of[1] } : null];
    }),
  );
  return { plan: name, dollars, calls, per_minute: perMinute, own_areas: ownAreas };
}

const planOf = (persona: Persona): string =>
  persona === "agent" || persona === "resident" ? persona : persona === "visitor" ? "resident" : "city";

function accountOf(persona: Persona) {
  const isPaid = planOf(persona) !== "resident";
  return {
    email: persona === "demo" ? "demo@stratum.app" : "rosa@example.com",
    name: "Rosa Ortiz",
    email_verified: true,
    role: persona === "operator" ? "operator" : planOf(persona),
    plan: planOf(persona),
    is_operator: persona === "operator",
    is_demo: persona === "demo",
    cities: persona === "city" ? ["san-francisco"] : [],
    subscription: {
      status: isPaid ? "active" : null,
      active: isPaid,
      current_period_end: isPaid ? ago(-12) : null,
      ends_at: null,
    },
    created_at: ago(200),
  };
}

function usageOf({ keys }: Pretended) {
  const days = Array.from({ length: 30 }, (_, i) => {
    const wave = (phase: number, most: number) => Math.round(most * (1 + Math.sin(i / 2.4 + phase)));
    const counts = { tiles: wave(0, 420), trends: wave(1, 60), exports: i % 6 === 0 ? 14 : 0, dashboards: wave(2, 38) };
    const calls = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return { day: ago(29 - i).slice(0, 10), calls, ...counts };
  });
  const quota = (kind: string, calls: number, used: number) => ({
    kind,
    calls,
    per: "month",
    used,
    resets_at: ago(-2),
  });
  return {
    quotas: [
      quota("tiles", 100_000_000, 12_612),
      quota("trends", 100_000, 1_822),
      quota("exports", 100_000, 84_400),
      quota("dashboards", 500_000, 1_140),
    ],
    days,
    keys: keys.map(({ id, name, prefix, calls_this_month, kinds }) => ({
      id,
      name,
      prefix,
      calls_this_month,
      days: [{ day: ago(1).slice(0, 10), kind: kinds?.[0] ?? "tiles", calls: calls_this_month }],
    })),
  };
}

const sized = (persona: Persona) => ({
  id: "a1",
  email: "rosa@example.com",
  plan: planOf(persona),
  status: "active",
  active: true,
  calls_this_month: 15_974,
  created_at: ago(200),
  keys: [
    {
      id: "k1",
      prefix: "stratum_b1b2c3",
      name: "Key 1",
      last_used_at: ago(0.2),
      revoked_at: null,
      calls_this_month: 9_310,
    },
  ],
});

const ACCOUNTS = [
  sized("city"),
  { ...sized("agent"), id: "a2", email: "leo@homes.example", status: "past_due", active: false, calls_this_month: 412 },
  {
    ...sized("resident"),
    id: "a3",
    email: "ida@example.org",
    status: null,
    active: false,
    calls_this_month: 0,
    keys: [],
  },
];

/**
 * Answers what accounts, keys, usage, billing and own areas would, in the same JSON, so that the pages can be shown and tested in any state.
 * All else goes to the real server.
 */
export async function pretend(page: Page, persona: Persona): Promise<Pretended> {
  const state: Pretended = {
    persona,
    keys: [
      aKey(1, {
        name: "Listings site",
        last_used_at: ago(0.02),
        calls_this_month: 9_310,
        origins: ["https://homes.example"],
      }),
      aKey(2, { name: "Weekly report", last_used_at: ago(3), calls_this_month: 212, kinds: ["trends", "exports"] }),
      aKey(3, { name: "Old importer", revoked_at: ago(9) }),
    ],
    areas: [{ id: "own-5d1c", name: "District 9", created_at: ago(20), state: "ready" }],
    asked: [],
  };
  await page.route(/\/api\/(auth|account|keys|usage|plans|billing|operator|moderation)\b/, (route) =>
    answer(route, state),
  );
  return state;
}

const send = (route: Route, json: unknown, status = 200) =>
  route.fulfill({ status, contentType: JSON_TYPE, body: JSON.stringify(json) });

const problem = (route: Route, status: number, kind: string, detail: string, code?: string) =>
  route.fulfill({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({ type: `urn:stratum:problem:${kind}`, title: detail, status, detail, code }),
  });

async function answer(route: Route, state: Pretended): Promise<void> {
  const request = route.request();
  const { pathname } = new URL(request.url());
  const path = pathname.slice(pathname.indexOf("/api/"));
  const asked = `${request.method()} ${path}`;
  state.asked.push(asked);
  const body = request.postData() === null ? {} : (request.postDataJSON() as Record<string, unknown>);
  if (path.startsWith("/api/auth/")) return answerSignIn(route, path.slice("/api/auth/".length), body, state);
  if (path === "/api/plans") return send(route, PLANS);
  if (state.persona === "visitor") return problem(route, 401, "sign-in-needed", "This is for whoever is signed in.");
  if (asked === "GET /api/account") return send(route, accountOf(state.persona));
  if (asked === "DELETE /api/account") {
    state.persona = "visitor";
    return route.fulfill({ status: 204 });
  }
  if (path.startsWith("/api/account/areas")) return answerAreas(route, asked, body, state);
  if (path.startsWith("/api/keys")) return answerKeys(route, asked, body, state);
  if (path === "/api/usage") return send(route, usageOf(state));
  if (path === "/api/billing") {
    const { plan: name, subscription } = accountOf(state.persona);
    return send(route, { billing: "on", plan: name, ...subscription, portal: subscription.active });
  }
  if (path === "/api/billing/checkout" || path === "/api/billing/portal") {
    state.persona = body.plan === "city" ? "city" : "agent";
    return send(route, { url: new URL("/dashboard?view=billing&checkout=done", request.url()).href });
  }
  if (path === "/api/moderation/queue") return send(route, { cases: [heldCase()], next_cursor: null });
  if (path === "/api/moderation/log") return send(route, { decisions: [], next_cursor: null });
  if (path.startsWith("/api/moderation/")) return send(route, { ...heldCase(), state: "hidden" });
  if (asked.startsWith("GET /api/operator/accounts")) return send(route, { accounts: ACCOUNTS, next_cursor: null });
  return problem(route, 404, "about:blank", "There is nothing at this address.");
}

function answerSignIn(route: Route, path: string, body: Record<string, unknown>, state: Pretended): Promise<void> {
  if (path === "get-session") return send(route, state.persona === "visitor" ? null : { session: {}, user: {} });
  if (path === "list-sessions") {
    const userAgent =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
    return send(route, [{ id: "s1", createdAt: ago(2), expiresAt: ago(-5), userAgent }]);
  }
  if (path === "sign-out" || path === "revoke-sessions") state.persona = "visitor";
  if (path === "sign-in/email") {
    if (body.email === "new@example.com")
      return problem(route, 403, "email-not-verified", "Email not verified", "EMAIL_NOT_VERIFIED");
    if (body.password !== "stratum2026")
      return problem(route, 401, "invalid-email-or-password", "Invalid email or password", "INVALID_EMAIL_OR_PASSWORD");
    state.persona = body.email === "demo@stratum.app" ? "demo" : "agent";
  }
  return send(route, { status: true });
}

function answerKeys(route: Route, asked: string, body: Record<string, unknown>, state: Pretended): Promise<void> {
  const [method, path = ""] = asked.split(" ");
  if (method === "GET") return send(route, { keys: state.keys });
  const id = path.split("/")[3] ?? "";
  const old = state.keys.find((key) => key.id === id);
  if (method === "DELETE" && old) {
    old.revoked_at = ago(0);
    return route.fulfill({ status: 204 });
  }
  const wrong = Array.isArray(body.origins) ? body.origins.findIndex((origin) => !/^https?:/.test(origin)) : -1;
  if (wrong >= 0) {
    const errors = [{ field: `origins.${wrong}`, message: "must be an origin such as https://example.com" }];
    return send(route, { type: "urn:stratum:problem:invalid-request", status: 400, errors }, 400);
  }
  if (old) old.expires_at = new Date(Date.now() + Number(body.overlap_hours) * 3_600_000).toISOString();
  const made = aKey(state.keys.length + 1, { name: String(body.name ?? old?.name), created_at: ago(0) });
  if (Array.isArray(body.origins)) made.origins = body.origins.map(String);
  state.keys.unshift(made);
  return send(route, { ...made, key: `${made.prefix}${"q7w8e9r0".repeat(4)}` }, 201);
}

function answerAreas(route: Route, asked: string, body: Record<string, unknown>, state: Pretended): Promise<void> {
  const box = { west: -122.43, south: 37.73, east: -122.4, north: 37.76 };
  const [method, path = ""] = asked.split(" ");
  if (method === "GET") return send(route, { areas: state.areas.map((area) => ({ ...area, ...box })), limit: 20 });
  if (method === "DELETE") {
    state.areas = state.areas.filter(({ id }) => !path.endsWith(id));
    return route.fulfill({ status: 204 });
  }
  const { name } = (body.properties ?? body) as { name?: string };
  const area = { id: "own-77aa", name: String(name), created_at: ago(0), state: "counting" };
  if (method === "POST") state.areas.push(area);
  return send(route, { areas: [{ ...area, ...box }] }, method === "POST" ? 201 : 200);
}

const heldCase = () => ({
  report: {
    id: "01n8jzwp209v6s820et30sevp",
    layer: "infrastructure",
    category: "graffiti",
    severity: 4,
    text: "Something that three others did not want to read",
    lat: 37.762,
    lon: -122.415,
    created_at: ago(0.3),
  },
  city: "san-francisco",
  state: "held",
  cause: "flags",
  flags: { offensive: 2, spam: 1 },
  history: [],
});
