import type { Pool } from "pg";
import { expect, it } from "vitest";
import { createAccountTable } from "../../../../server/accounts/account-table.ts";
import {
  DEMO_EMAIL,
  DEMO_PASSWORD,
  keepDemoAccount,
  removeDemoAccount,
} from "../../../../server/accounts/auth/demo-account.ts";
import { createPasswords } from "../../../../server/accounts/auth/passwords.ts";
import { sqlOfPool } from "../../../../server/postgres/sql.ts";
import { CHEAP_COST, createAuthApp, createVisitor, type Visitor } from "../../../kit/auth-fixture.ts";

const SIGN_IN = "/api/auth/sign-in/email";

/** What the demo account is, and is not. Real servers: `test/server/runtime/demo-account.test.ts`. */
export function testDemoAccount(pool: () => Pool): void {
  const sql = () => sqlOfPool(pool());
  const passwords = createPasswords({ cost: CHEAP_COST });
  const open = (isDemoAllowed: boolean, isOnThisMachine = true) =>
    createAuthApp(pool(), { isDemoAllowed, parts: { isOnThisMachine: () => isOnThisMachine } });
  const signIn = (visitor: Visitor, password = DEMO_PASSWORD) => visitor.post(SIGN_IN, { email: DEMO_EMAIL, password });

  it("has a city's plan, moderates nothing, and is made once", async () => {
    for (let i = 0; i < 2; i++) await keepDemoAccount(sql(), passwords);
    const demo = createVisitor(open(true).app);
    expect((await signIn(demo)).status).toBe(200);
    const role = { role: "city", plan: "city", is_demo: true, is_operator: false, cities: [] };
    expect((await demo.get("/api/account")).json).toMatchObject(role);
    const table = createAccountTable(sql());
    const userId = await table.find(DEMO_EMAIL);
    await expect(table.setOperator(userId, true)).rejects.toThrow(/users_demo_is_no_operator/);
    await table.setCity(userId, "austin", true);
    await keepDemoAccount(sql(), passwords);
    expect((await demo.get("/api/account")).json.cities).toEqual([]);
  });

  it("asks to wait until it is made, where it is to be", async () => {
    await removeDemoAccount(sql());
    const early = await signIn(createVisitor(open(true).app));
    expect([early.status, early.json.type]).toEqual([503, "urn:stratum:problem:starting"]);
    expect((await signIn(createVisitor(open(false).app))).status).toBe(401);
    await keepDemoAccount(sql(), passwords);
    expect((await signIn(createVisitor(open(true).app))).status).toBe(200);
    expect((await signIn(createVisitor(open(true).app), "not the password")).status).toBe(401);
  });

  it("keeps its password and itself, whoever signs in", async () => {
    await keepDemoAccount(sql(), passwords);
    const world = open(true);
    const demo = createVisitor(world.app);
    await signIn(demo);
    const change = { currentPassword: DEMO_PASSWORD, newPassword: "mine from now on" };
    for (const { status, json } of [
      await demo.post("/api/auth/change-password", change),
      await demo.delete("/api/account", { password: DEMO_PASSWORD }),
    ]) {
      expect([status, json.type]).toEqual([403, "urn:stratum:problem:demo"]);
    }
    await demo.post("/api/auth/request-password-reset", { email: DEMO_EMAIL });
    await demo.post("/api/auth/sign-up/email", { name: "Eve", email: DEMO_EMAIL, password: "mine from now on" });
    expect(world.mails).toEqual([]);
    expect((await signIn(createVisitor(world.app))).status).toBe(200);
  });

  it("signs nobody in where it must not be, through a proxy, or with a session from before", async () => {
    await keepDemoAccount(sql(), passwords);
    const demo = createVisitor(open(true).app);
    await signIn(demo);
    for (const [isAllowed, isHere] of [
      [false, true],
      [false, false],
      [true, false],
    ] as const) {
      const elsewhere = open(isAllowed, isHere);
      const refused = await signIn(createVisitor(elsewhere.app));
      const wrong = await signIn(createVisitor(elsewhere.app), "not the password");
      expect([refused.status, refused.json]).toEqual([401, wrong.json]);
    }
    const Cookie = demo.cookies();
    expect((await createVisitor(open(false).app).get("/api/account", { Cookie })).status).toBe(401);
    expect((await createVisitor(open(false).app).get("/api/auth/get-session", { Cookie })).json).toBeNull();
  });

  it("goes with all that it has, and nobody can sign up in its place", async () => {
    await keepDemoAccount(sql(), passwords);
    const table = createAccountTable(sql());
    await table.addKey(await table.find(DEMO_EMAIL), { name: "mine", hash: "a".repeat(64), prefix: "stratum_abc" });
    expect([await removeDemoAccount(sql()), await removeDemoAccount(sql())]).toEqual([true, false]);
    expect((await pool().query("SELECT FROM api_keys")).rows).toHaveLength(0);
    const world = open(false);
    const eve = createVisitor(world.app);
    const signUp = (email: string) =>
      eve.post("/api/auth/sign-up/email", { name: "Eve", email, password: "mine from now on" });
    const [asDemo, asEve] = [await signUp("Demo@stratum.app"), await signUp("eve@example.org")];
    expect([asDemo.status, Object.keys(asDemo.json.user).sort()]).toEqual([200, Object.keys(asEve.json.user).sort()]);
    expect((await pool().query("SELECT email FROM users")).rows).toEqual([{ email: "eve@example.org" }]);
    expect(world.mails.map(({ to }) => to)).toEqual(["eve@example.org"]);
  });
}
