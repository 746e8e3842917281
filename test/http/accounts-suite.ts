import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { migrateDatabase } from "../../server/postgres/migrate.ts";
import { createPool, type DatabaseAddress } from "../../server/postgres/pool.ts";
import type { SmtpServer } from "../kit/smtp-server.ts";

const PASSWORD = "correct horse battery";

/** Sign-up by a mail that a server of mail got, sign-in and out: with better-auth, scrypt and SMTP as each runtime has them. */
export function testAccounts(url: () => string, database: () => DatabaseAddress, smtp: () => SmtpServer): void {
  const pool = { end: async () => {} };
  beforeAll(async () => {
    const made = createPool(database(), silentLog);
    pool.end = () => made.end();
    // The Worker leaves that to operators.
    await migrateDatabase(made);
  });
  afterAll(() => pool.end());

  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${url()}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: url(), ...headers },
      body: JSON.stringify(body),
    });

  it("are made, verified, signed in to, left and deleted", async () => {
    const email = `${crypto.randomUUID()}@example.org`;
    const signedUp = await post("/api/auth/sign-up/email", { name: "Ann", email, password: PASSWORD });
    expect(signedUp.status).toBe(200);
    const mailed = () => smtp().mails.find((mail) => mail.includes(`To: ${email}`));
    await expect.poll(mailed).toBeDefined();
    const link = /https?:\/\/\S+/.exec(mailed() ?? "")?.[0] ?? "";
    expect(link.startsWith(`${url()}/api/auth/verify-email?`)).toBe(true);
    const signIn = () => post("/api/auth/sign-in/email", { email, password: PASSWORD });
    expect((await signIn()).status).toBe(403);
    const verified = await fetch(link, { redirect: "manual" });
    expect([verified.status, verified.headers.get("Location")]).toEqual([302, "/dashboard?verified"]);

    const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const own = { Cookie: cookieOf(await signIn()) };
    const account = () => fetch(`${url()}/api/account`, { headers: own });
    expect(await (await account()).json()).toMatchObject({ email, role: "resident" });
    expect((await post("/api/auth/sign-out", {}, { ...own, Origin: "https://evil.example" })).status).toBe(403);
    expect((await account()).status).toBe(200);
    expect((await post("/api/auth/sign-out", {}, own)).status).toBe(200);
    expect((await account()).status).toBe(401);

    const again = { "Content-Type": "application/json", Origin: url(), Cookie: cookieOf(await signIn()) };
    const remove = (password: string) =>
      fetch(`${url()}/api/account`, { method: "DELETE", headers: again, body: JSON.stringify({ password }) });
    expect([(await remove("not it")).status, (await remove(PASSWORD)).status]).toEqual([403, 204]);
    expect((await signIn()).status).toBe(401);
  });
}
