import { beforeEach, describe, expect, it } from "vitest";
import { createAccountTable } from "../../../../server/accounts/account-table.ts";
import { silentLog } from "../../../../server/console/log.ts";
import { createOwnAreaTable } from "../../../../server/own-areas/own-area-table.ts";
import { createSql } from "../../../../server/postgres/questions.ts";
import { sqlOfPool } from "../../../../server/postgres/sql.ts";
import { ACCOUNT_TABLES, addAccount, addUsage } from "../../../kit/accounts-fixture.ts";
import { AUTH_TABLES, createAuthApp, createVisitor, linkIn, PASSWORD, signUp } from "../../../kit/auth-fixture.ts";
import { draftOf, featureOf, squareAround } from "../../../kit/own-areas-fixture.ts";
import { describeOnEachPostgres } from "../../../kit/postgres/each-postgres.ts";
import { createTestBilling } from "../../../kit/test-billing.ts";
import { testAttacks } from "./attack-suite.ts";
import { testDemoAccount } from "./demo-suite.ts";

const ANN = "ann@example.org";

describeOnEachPostgres("accounts", [...ACCOUNT_TABLES, ...AUTH_TABLES], (pool) => {
  let world: ReturnType<typeof createAuthApp>;
  beforeEach(() => {
    world = createAuthApp(pool());
  });
  const count = async (table: string) => Number((await pool().query(`SELECT count(*) FROM ${table}`)).rows[0].count);

  it("take a stranger from sign-up over a mail to a session, and out again", async () => {
    const ann = createVisitor(world.app);
    const signedUp = await ann.post("/api/auth/sign-up/email", {
      name: "Ann",
      email: "Ann@Example.org",
      password: PASSWORD,
    });
    expect(signedUp).toMatchObject({ status: 200, json: { token: null, user: { email: ANN } } });
    expect(world.mails.map(({ to }) => to)).toEqual([ANN]);

    const early = await ann.post("/api/auth/sign-in/email", { email: ANN, password: PASSWORD });
    expect(early).toMatchObject({ status: 403, json: { type: "urn:stratum:problem:email-not-verified" } });

    const verified = await ann.get(linkIn(world.mails[0]));
    expect([verified.status, verified.headers.get("Location")]).toEqual([302, "/dashboard?verified"]);

    const signedIn = await ann.post("/api/auth/sign-in/email", { email: "ANN@example.org", password: PASSWORD });
    expect(signedIn.status).toBe(200);
    expect((await ann.get("/api/auth/get-session")).json.user.email).toBe(ANN);
    expect((await ann.get("/api/account")).json).toMatchObject({
      email: ANN,
      name: "Ann",
      email_verified: true,
      role: "resident",
      plan: "resident",
      is_operator: false,
      is_demo: false,
      cities: [],
      subscription: { status: null, active: false, current_period_end: null, ends_at: null },
    });

    await ann.post("/api/auth/sign-out");
    expect((await ann.get("/api/account")).status).toBe(401);
    expect((await ann.get("/api/auth/get-session")).json).toBeNull();
  });

  it("that an operator made are claimed by whoever reads their mail", async () => {
    await addAccount(pool(), "Ann@Example.org", { plan: "city" });
    const ann = createVisitor(world.app);
    await ann.post("/api/auth/sign-up/email", { name: "Ann", email: ANN, password: PASSWORD });
    expect(world.mails.map(({ subject }) => subject)).toEqual(["You have a STRATUM account already"]);
    await ann.post("/api/auth/request-password-reset", { email: ANN });
    const token = new URL(linkIn(world.mails.at(-1))).searchParams.get("reset");
    await ann.post("/api/auth/reset-password", { token, newPassword: PASSWORD });
    await ann.post("/api/auth/sign-in/email", { email: ANN, password: PASSWORD });
    expect((await ann.get("/api/account")).json).toMatchObject({ role: "city", subscription: { active: true } });
  });

  it("have the role of what is paid for now, or an operator's", async () => {
    const ann = await signUp(world, ANN);
    const table = createAccountTable(sqlOfPool(pool()));
    const userId = await table.find(ANN);
    const roles: string[] = [];
    for (const change of [
      { plan: "agent" },
      { plan: "city" },
      { status: "past_due" },
      { status: "canceled" },
    ] as const) {
      await table.set(userId, change);
      roles.push((await ann.get("/api/account")).json.role);
    }
    await table.setOperator(userId, true);
    await table.setCity(userId, "austin", true);
    const { role, plan, cities } = (await ann.get("/api/account")).json;
    expect([...roles, role, plan, cities]).toEqual([
      "agent",
      "city",
      "resident",
      "resident",
      "operator",
      "city",
      ["austin"],
    ]);
  });

  it("tell all that is held of them, and nothing that opens anything", async () => {
    const ann = await signUp(world, ANN);
    const other = await addAccount(pool(), "bob@example.org");
    const table = createAccountTable(sqlOfPool(pool()));
    await table.set(await table.find(ANN), { plan: "agent" });
    await table.addKey(await table.find(ANN), { name: "mine", hash: "a".repeat(64), prefix: "stratum_abc" });
    const keyId = (await pool().query("SELECT id FROM api_keys WHERE name = 'mine'")).rows[0].id;
    const userId = await table.find(ANN);
    await addUsage(pool(), [[{ ...other, userId, keyId }, "2026-06-01", "trends", 3]]);
    await pool().query(
      "INSERT INTO usage_log (user_id, day, capability, calls) VALUES ($1, '2026-05-31', 'dashboards', 2)",
      [userId],
    );
    await pool().query("INSERT INTO billing_customers (user_id, stripe_customer_id) VALUES ($1, 'cus_ann')", [userId]);
    await pool().query("INSERT INTO operator_log (operator_id, account_id, action) VALUES ($1, $2, 'set')", [
      other.userId,
      userId,
    ]);
    const patch = squareAround("Patch", -122.42, 37.76);
    const areas = createOwnAreaTable(createSql(sqlOfPool(pool()), silentLog));
    await areas.add(userId, [await draftOf(patch)], Date.now());
    await areas.add(other.userId, [await draftOf({ ...patch, name: "Secret" })], Date.now());
    const { status, json, headers } = await ann.get("/api/account/export");
    expect([status, headers.get("Content-Disposition")]).toEqual([200, 'attachment; filename="stratum-account.json"']);
    expect(json).toMatchObject({
      account: [{ email: ANN, name: "Ann" }],
      subscription: [{ plan: "agent" }],
      sessions: [{}],
      keys: [{ name: "mine" }],
      usage: [
        { calls: 3, key_id: keyId },
        { calls: 2, key_id: null, capability: "dashboards" },
      ],
      own_areas: [featureOf(patch)],
      billing: [{ stripe_customer_id: "cus_ann" }],
      operator_changes: [
        { action: "set", detail: {} },
        { action: "key add", detail: { prefix: "stratum_abc" } },
        { action: "set", detail: { plan: "agent" } },
      ],
    });
    const text = JSON.stringify(json);
    for (const secret of ["a".repeat(64), "scrypt", "bob@example.org", other.userId, "Secret"])
      expect(text).not.toContain(secret);
    const { rows } = await pool().query("SELECT token FROM sessions");
    for (const { token } of rows) expect(text).not.toContain(token);
  });

  it("are deleted with everything of theirs, once what is paid for has ended", async () => {
    const ended: string[] = [];
    let isStripeAway = true;
    const endSubscription = async (userId: string) => {
      if (isStripeAway) throw new Error("away");
      ended.push(userId);
    };
    world = createAuthApp(pool(), { parts: { billing: { ...createTestBilling(async () => []), endSubscription } } });
    const ann = await signUp(world, ANN);
    const bob = await addAccount(pool(), "bob@example.org");
    const table = createAccountTable(sqlOfPool(pool()));
    const userId = await table.find(ANN);
    await table.set(userId, { plan: "agent" });
    await table.addKey(userId, { name: "mine", hash: "a".repeat(64), prefix: "stratum_abc" });
    await table.setCity(userId, "austin", true);
    const keyId = (await pool().query("SELECT id FROM api_keys WHERE name = 'mine'")).rows[0].id;
    await addUsage(pool(), [
      [{ ...bob, keyId }, "2026-06-01", "trends", 3],
      [bob, "2026-06-01", "trends", 5],
    ]);
    await ann.post("/api/auth/request-password-reset", { email: ANN });

    expect((await ann.delete("/api/account", { password: "not it at all" })).status).toBe(403);
    expect((await ann.delete("/api/account", { password: PASSWORD })).status).toBe(500);
    expect((await ann.get("/api/account")).status).toBe(200);
    isStripeAway = false;
    expect((await ann.delete("/api/account", { password: PASSWORD })).status).toBe(204);
    expect(ended).toEqual([userId]);
    expect((await ann.get("/api/account")).status).toBe(401);
    expect((await ann.post("/api/auth/sign-in/email", { email: ANN, password: PASSWORD })).status).toBe(401);
    const left = [
      "users",
      "api_subscriptions",
      "api_keys",
      "usage_log",
      "moderated_cities",
      "sessions",
      "credentials",
      "verifications",
    ];
    expect(await Promise.all(left.map(count))).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });

  it("are 503 while PostgreSQL is away, and no session seems to have ended", async () => {
    const ann = await signUp(world, ANN);
    const away = createAuthApp(pool(), { runSql: () => Promise.reject(new Error("away")) });
    const visitor = createVisitor(away.app);
    for (const [name, value] of ann.jar) visitor.jar.set(name, value);
    const body = { email: ANN, password: PASSWORD };
    const answers = [
      await visitor.get("/api/auth/get-session"),
      await visitor.get("/api/auth/list-sessions"),
      await visitor.get("/api/account"),
      await visitor.post("/api/auth/sign-in/email", body),
      await visitor.post("/api/auth/sign-up/email", { ...body, name: "Ann" }),
      await visitor.post("/api/auth/sign-out"),
      await visitor.post("/api/auth/revoke-sessions"),
      await visitor.post("/api/auth/reset-password", { token: "x", newPassword: PASSWORD }),
      await visitor.delete("/api/account", { password: PASSWORD }),
    ];
    for (const { status, json } of answers) {
      expect([status, json.type]).toEqual([503, "urn:stratum:problem:database-unavailable"]);
    }
    expect(visitor.jar).toEqual(ann.jar);
  });

  it("are not told of a mail that cannot be sent, and neither is an address to the log", async () => {
    const lines: unknown[] = [];
    const log = { ...silentLog, error: (...line: unknown[]) => void lines.push(line) };
    const refused = Object.assign(new Error(`550 <${ANN}> is unknown`), { code: "EENVELOPE" });
    world = createAuthApp(pool(), { log, mailer: { send: () => Promise.reject(refused) } });
    const body = { name: "Ann", email: ANN, password: PASSWORD };
    expect((await createVisitor(world.app).post("/api/auth/sign-up/email", body)).status).toBe(200);
    await expect.poll(() => JSON.stringify(lines)).toContain("EENVELOPE");
    expect(JSON.stringify(lines)).not.toContain(ANN);
  });

  it("end with the browser where that is wanted", async () => {
    const ann = await signUp(world, ANN);
    const body = { email: ANN, password: PASSWORD, rememberMe: false };
    const { headers } = await ann.post("/api/auth/sign-in/email", body);
    const session = headers.getSetCookie().find((cookie) => cookie.startsWith("stratum.session_token="));
    expect(session).not.toMatch(/Max-Age|Expires/i);
    expect((await ann.get("/api/account")).status).toBe(200);
  });

  it("are off where there is no secret, and say so", async () => {
    const visitor = createVisitor(
      createAuthApp(pool(), { parts: { auth: undefined, sessions: undefined } as never }).app,
    );
    const asked = await visitor.post("/api/auth/sign-in/email", { email: ANN, password: PASSWORD });
    expect([asked.status, asked.json.type]).toEqual([503, "urn:stratum:problem:accounts-off"]);
    expect((await visitor.get("/api/account")).status).toBe(401);
  });

  it("sign in below a path under https with a cookie that no neighbour can plant", async () => {
    const publicUrl = () => "https://maps.example/stratum";
    const secure = createAuthApp(pool(), { isUrlConfigured: true, parts: { publicUrl } });
    const ann = createVisitor(secure.app);
    const own = { Origin: "https://maps.example" };
    await ann.post("/api/auth/sign-up/email", { name: "Ann", email: ANN, password: PASSWORD }, own);
    const link = linkIn(secure.mails[0]);
    expect(link).toMatch(/^https:\/\/maps\.example\/stratum\/api\/auth\/verify-email\?/);
    const verified = await ann.get(link.replace("https://maps.example/stratum", ""));
    expect(verified.headers.get("Location")).toBe("/stratum/dashboard?verified");
    const signedIn = await ann.post("/api/auth/sign-in/email", { email: ANN, password: PASSWORD }, own);
    expect(signedIn.headers.getSetCookie()[0]).toMatch(
      /^__Host-stratum\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect((await ann.get("/api/account")).status).toBe(200);
    expect((await ann.get("/api/auth/get-session")).json.user.email).toBe(ANN);
    const planted = ann.cookies().replace("__Host-", "");
    expect((await ann.get("/api/account", { Cookie: planted })).status).toBe(401);
    expect((await ann.get("/api/auth/get-session", { Cookie: planted })).json).toBeNull();
  });

  describe("under attack", () => testAttacks(pool));
  describe("of the demo", () => testDemoAccount(pool));
});
