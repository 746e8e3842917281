import { beforeEach, expect, it } from "vitest";
import { ACCOUNT_TABLES } from "../../../kit/accounts-fixture.ts";
import { AUTH_TABLES, createAuthApp, createVisitor, linkIn, PASSWORD } from "../../../kit/auth-fixture.ts";
import { describeOnEachPostgres } from "../../../kit/postgres/each-postgres.ts";

describeOnEachPostgres("accounts", [...ACCOUNT_TABLES, ...AUTH_TABLES], (pool) => {
  let world: ReturnType<typeof createAuthApp>;
  beforeEach(() => {
    world = createAuthApp(pool());
  });

  it("takes a stranger from sign-up over a mail to a session, and out again", async () => {
    const ann = createVisitor(world.app);
    const signedUp = await ann.post("/api/auth/sign-up/email", {
      name: "Ann",
      email: "Ann@Example.org",
      password: PASSWORD,
    });
    expect(signedUp).toMatchObject({ status: 200, json: { token: null, user: { email: "ann@example.org" } } });
    expect(world.mails.map(({ to }) => to)).toEqual(["ann@example.org"]);

    const early = await ann.post("/api/auth/sign-in/email", { email: "ann@example.org", password: PASSWORD });
    expect(early).toMatchObject({ status: 403, json: { type: "urn:stratum:problem:email-not-verified" } });

    const verified = await ann.get(linkIn(world.mails[0]));
    expect([verified.status, verified.headers.get("Location")]).toEqual([302, "/dashboard?verified"]);

    const signedIn = await ann.post("/api/auth/sign-in/email", { email: "ANN@example.org", password: PASSWORD });
    expect(signedIn.status).toBe(200);
    expect((await ann.get("/api/auth/get-session")).json.user.email).toBe("ann@example.org");
    expect((await ann.get("/api/account")).json).toMatchObject({ email: "ann@example.org", role: "resident" });

    await ann.post("/api/auth/sign-out");
    expect((await ann.get("/api/account")).status).toBe(401);
  });
});
