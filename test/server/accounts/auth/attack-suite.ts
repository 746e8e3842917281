import { createEmailVerificationToken } from "better-auth/api";
import type { Pool } from "pg";
import { describe, expect, it } from "vitest";
import { PASSWORD_LENGTH, WRONG_PASSWORDS } from "../../../../server/accounts/auth/limits.ts";
import { createPasswords } from "../../../../server/accounts/auth/passwords.ts";
import {
  type AuthAppOptions,
  CHEAP_COST,
  createAuthApp,
  createVisitor,
  linkIn,
  PASSWORD,
  SECRET,
  signUp,
  type Visitor,
} from "../../../kit/auth-fixture.ts";

const ANN = "ann@example.org";
const SIGN_UP = "/api/auth/sign-up/email";
const SIGN_IN = "/api/auth/sign-in/email";
const RESET = "/api/auth/request-password-reset";
const EVIL = "https://evil.example";

/** Attacks that are listed in docs/security.md. @param open a world of its own on the same PostgreSQL */
export function testAttacks(pool: () => Pool): void {
  const open = (change: AuthAppOptions = {}) => createAuthApp(pool(), change);
  const rows = async (text: string) => (await pool().query(text)).rows;
  const signIn = (visitor: Visitor, password = PASSWORD, headers = {}) =>
    visitor.post(SIGN_IN, { email: ANN, password }, headers);

  describe("sessions", () => {
    it("are new with every sign-in, whatever cookie was planted, and the one before ends", async () => {
      const world = open();
      const ann = await signUp(world, ANN);
      const before = ann.cookies();
      await signIn(ann);
      expect(ann.cookies()).not.toBe(before);
      // Behind the answer.
      await expect.poll(async () => (await ann.get("/api/account", { Cookie: before })).status).toBe(401);
      const planted = createVisitor(world.app);
      planted.jar.set("stratum.session_token", "chosen.by-somebody");
      await signIn(planted);
      expect(planted.jar.get("stratum.session_token")).not.toMatch(/^chosen/);
      expect((await planted.get("/api/account")).status).toBe(200);
    });

    it("cannot be had from what the database holds", async () => {
      const world = open();
      const ann = await signUp(world, ANN);
      const [{ token }] = await rows("SELECT token FROM sessions");
      const [sent = "", signature = ""] = decodeURIComponent(ann.jar.get("stratum.session_token") ?? "").split(".");
      expect(token).not.toContain(sent);
      for (const forged of [`${token}.${signature}`, `sha256:${token}.${signature}`, token, sent, `${sent}.`]) {
        const Cookie = `stratum.session_token=${encodeURIComponent(forged)}`;
        expect((await ann.get("/api/account", { Cookie })).status).toBe(401);
        expect((await ann.get("/api/auth/get-session", { Cookie })).json).toBeNull();
      }
      const [{ password }] = await rows("SELECT password FROM credentials");
      expect(password).toMatch(/^scrypt\$/);
      expect(password).not.toContain(PASSWORD);
    });

    it("end everywhere at once, one by one, and all but one; other processes know within ten seconds", async () => {
      let nowMs = Date.now();
      const world = open();
      const other = open({ clock: { now: () => nowMs } });
      const ann = await signUp(world, ANN);
      const phone = createVisitor(world.app);
      const laptop = createVisitor(other.app);
      for (const visitor of [phone, laptop]) await signIn(visitor);
      expect((await laptop.get("/api/account")).status).toBe(200);
      const list = (await ann.get("/api/auth/list-sessions")).json as { token: string; id: string }[];
      expect(list).toHaveLength(3);
      const phoneSession = (await phone.get("/api/auth/get-session")).json.session.id;
      const named = list.find(({ id }) => id === phoneSession)?.token;
      expect(decodeURIComponent(phone.cookies())).not.toContain(`=${named}`);
      await ann.post("/api/auth/revoke-session", { token: named });
      expect([(await phone.get("/api/account")).status, (await ann.get("/api/account")).status]).toEqual([401, 200]);
      await signIn(phone);
      await ann.post("/api/auth/revoke-other-sessions");
      nowMs += 10_000;
      const statuses = [phone, laptop, ann].map(async (visitor) => (await visitor.get("/api/account")).status);
      expect(await Promise.all(statuses)).toEqual([401, 401, 200]);
      await ann.post("/api/auth/revoke-sessions");
      expect((await ann.get("/api/account")).status).toBe(401);
      expect(await rows("SELECT FROM sessions")).toHaveLength(0);
    });

    it("of another account cannot be ended", async () => {
      const world = open();
      const ann = await signUp(world, ANN);
      const eve = await signUp(world, "eve@example.org");
      const [{ token }] = (await ann.get("/api/auth/list-sessions")).json;
      const [{ token: stored }] = await rows(
        `SELECT token FROM sessions JOIN users ON users.id = user_id WHERE email = '${ANN}'`,
      );
      for (const name of [token, `sha256:${stored}`]) await eve.post("/api/auth/revoke-session", { token: name });
      expect((await ann.get("/api/account")).status).toBe(200);
    });

    it("are all ended and begun anew by a change of the password, which needs the old one", async () => {
      const world = open();
      const ann = await signUp(world, ANN);
      const thief = createVisitor(world.app);
      await signIn(thief);
      const next = "another long password";
      const wrong = await thief.post("/api/auth/change-password", { currentPassword: "guessed it", newPassword: next });
      expect(wrong).toMatchObject({ status: 400, json: { code: "INVALID_PASSWORD" } });
      const before = ann.cookies();
      const change = { currentPassword: PASSWORD, newPassword: next, revokeOtherSessions: false };
      expect((await ann.post("/api/auth/change-password", change)).status).toBe(200);
      expect(ann.cookies()).not.toBe(before);
      expect((await ann.get("/api/account", { Cookie: before })).status).toBe(401);
      expect([(await thief.get("/api/account")).status, (await ann.get("/api/account")).status]).toEqual([401, 200]);
      expect([(await signIn(thief)).status, (await signIn(thief, next)).status]).toEqual([401, 200]);
    });
  });

  describe("requests of other sites", () => {
    it.each([
      ["a foreign origin", { Origin: EVIL }],
      ["no origin", { Origin: "" }],
      ["a null origin", { Origin: "null" }],
      ["a neighbour's", { Origin: "http://localhost.evil.example" }],
    ])("change nothing with a cookie and %s", async (_, headers) => {
      const ann = await signUp(open(), ANN);
      const asked = [
        await ann.post("/api/auth/sign-out", {}, headers),
        await ann.post("/api/auth/revoke-sessions", {}, headers),
        await ann.post("/api/auth/revoke-session", { token: "x" }, headers),
        await ann.post("/api/auth/change-password", { currentPassword: PASSWORD, newPassword: "123456789" }, headers),
        await ann.delete("/api/account", { password: PASSWORD }, headers),
      ];
      expect(asked.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
      expect((await ann.get("/api/account")).status).toBe(200);
      expect((await signIn(ann)).status).toBe(200);
    });

    it("sign nobody in to another account, by script or by form", async () => {
      const world = open();
      await signUp(world, ANN);
      const victim = createVisitor(world.app);
      expect((await signIn(victim, PASSWORD, { Origin: EVIL })).status).toBe(403);
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]) {
        const form = `email=${ANN}&password=${PASSWORD}`;
        expect((await victim.post(SIGN_IN, form, { "Content-Type": type })).status).toBe(415);
      }
      expect(victim.jar.size).toBe(0);
    });

    it("get no leave to send cookies, and nothing that a cache may keep", async () => {
      const ann = await signUp(open(), ANN);
      for (const path of ["/api/auth/get-session", "/api/account", "/api/account/export"]) {
        const { headers } = await ann.get(path, { Origin: EVIL });
        expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
        expect(headers.get("Cache-Control")).toBe("private, no-store");
      }
    });
  });

  describe("addresses to go on to", () => {
    const ELSEWHERE = [
      EVIL,
      "//evil.example",
      "/\\evil.example",
      "\\\\evil.example",
      "/%2fevil.example",
      "javascript:alert(1)",
      "http://localhost@evil.example",
      "http://localhost.evil.example/",
      "/\n/evil.example",
      "https:evil.example",
    ];

    it("never lead elsewhere", async () => {
      const world = open();
      const ann = createVisitor(world.app);
      for (const [nr, address] of ELSEWHERE.entries()) {
        const email = `ann${nr}@example.org`;
        const sent = [
          await ann.post(SIGN_UP, { name: "Ann", email, password: PASSWORD, callbackURL: address }),
          await ann.post(SIGN_IN, { email, password: PASSWORD, callbackURL: address }),
          await ann.post(RESET, { email, redirectTo: address }),
          await ann.post("/api/auth/send-verification-email", { email, callbackURL: address }),
          await ann.get(`/api/auth/verify-email?token=x&callbackURL=${encodeURIComponent(address)}`),
        ];
        const told = sent.map(({ status, headers }) => [status, headers.get("Location")]);
        expect(told, address).toEqual(sent.map(() => [403, null]));
      }
      expect(world.mails).toEqual([]);
    });

    it("are in mails ours alone: a Host that somebody chose sends none", async () => {
      const world = open();
      await signUp(world, ANN);
      world.mails.length = 0;
      const eve = createVisitor(world.app, EVIL);
      const asked = [
        await eve.post(RESET, { email: ANN }),
        await eve.post(SIGN_UP, { name: "Eve", email: ANN, password: PASSWORD }),
        await eve.post("/api/auth/send-verification-email", { email: ANN }),
      ];
      for (const { status, json } of asked) {
        expect([status, json.type]).toEqual([503, "urn:stratum:problem:mail-off"]);
      }
      expect(world.mails).toEqual([]);
      const configured = open({ isUrlConfigured: true, parts: { publicUrl: () => "https://maps.example/stratum" } });
      await createVisitor(configured.app).post(RESET, { email: ANN }, { Origin: "https://maps.example" });
      expect(linkIn(configured.mails[0])).toMatch(/^https:\/\/maps\.example\/stratum\/dashboard\?reset=\w+$/);
    });
  });

  it("gives nobody a role, a plan or a verified address that he asks for", async () => {
    const ann = createVisitor(open().app);
    const honest = { name: "Ann", email: ANN, password: PASSWORD };
    const wanted = {
      role: "operator",
      plan: "city",
      is_operator: true,
      isOperator: true,
      emailVerified: true,
      email_verified: true,
      is_demo: true,
      id: "1",
    };
    for (const [field, value] of Object.entries(wanted)) {
      expect(await ann.post(SIGN_UP, { ...honest, [field]: value })).toMatchObject({
        status: 400,
        json: { errors: [{ field }] },
      });
    }
    await ann.post(SIGN_UP, honest);
    expect(await rows("SELECT is_operator, is_demo, email_verified FROM users")).toEqual([
      { is_operator: false, is_demo: false, email_verified: false },
    ]);
    expect(await rows("SELECT FROM api_subscriptions")).toHaveLength(0);
    for (const path of [
      "update-user",
      "change-email",
      "delete-user",
      "update-session",
      "sign-in/social",
      "link-social",
      "set-password",
      "verify-password",
      "get-access-token",
      "account-info",
      "callback/x",
    ]) {
      expect((await ann.post(`/api/auth/${path}`, { role: "operator" })).status, path).toBe(404);
    }
    for (const path of ["error", "ok", "list-accounts", "reset-password/x?callbackURL=/"]) {
      expect((await ann.get(`/api/auth/${path}`)).status, path).toBeGreaterThanOrEqual(404);
    }
  });

  describe("whether there is an account", () => {
    const tellable = ({ status, headers, json }: Awaited<ReturnType<Visitor["post"]>>) => ({
      status,
      headers: [...headers.keys()].filter((name) => name !== "x-request-id").sort(),
      json: JSON.stringify(json, (key, value) =>
        /^(?:id|\w+At)$/.test(key) ? `${value}`.replace(/[0-9a-f]/g, "0") : value,
      ),
    });

    it("is told by no answer, nor by the work behind it", async () => {
      let hashes = 0;
      let strangers = 0;
      const passwords = createPasswords({ cost: CHEAP_COST });
      const counted = {
        hash: async (password: string) => {
          hashes++;
          return passwords.hash(password);
        },
        verify: async (of: Parameters<typeof passwords.verify>[0]) => {
          hashes++;
          return passwords.verify(of);
        },
      };
      const world = open({ passwords: counted });
      await signUp(world, ANN);
      const stranger = createVisitor(world.app);
      const ask = async (path: string, body: Readonly<Record<string, unknown>>) => {
        hashes = 0;
        const answer = tellable(await stranger.post(path, body));
        return { ...answer, json: answer.json.replaceAll(String(body.email), "EMAIL"), hashes };
      };
      for (const [path, body] of [
        [SIGN_IN, { password: "not the password" }],
        [SIGN_UP, { password: PASSWORD, name: "Eve" }],
        [RESET, {}],
        ["/api/auth/send-verification-email", {}],
      ] as const) {
        const ofKnown = await ask(path, { ...body, email: ANN });
        expect(ofKnown, path).toEqual(await ask(path, { ...body, email: `${strangers++}@example.org` }));
        expect(ofKnown.status, path).toBe(path === SIGN_IN ? 401 : 200);
      }
    });

    it("is told by no time: neither answer comes before the same moment", async () => {
      const world = open();
      await signUp(world, ANN);
      const slow = open({ evenAnswerMs: 60 });
      const stranger = createVisitor(slow.app);
      for (const email of [ANN, "eve@example.org"]) {
        for (const [path, body] of [
          [SIGN_IN, { password: "not it" }],
          [SIGN_UP, { password: PASSWORD, name: "E" }],
          [RESET, {}],
        ] as const) {
          const startMs = performance.now();
          await stranger.post(path, { ...body, email });
          expect(performance.now() - startMs).toBeGreaterThanOrEqual(58);
        }
      }
    });

    it("is told to its owner alone, by mail", async () => {
      const world = open();
      await signUp(world, ANN);
      world.mails.length = 0;
      await createVisitor(world.app).post(SIGN_UP, { name: "<b>Buy</b>", email: ANN, password: "an other password" });
      expect(world.mails.map(({ to, subject }) => [to, subject])).toEqual([
        [ANN, "You have a STRATUM account already"],
      ]);
      expect(world.mails[0]?.html).not.toContain("Buy");
      expect((await signIn(createVisitor(world.app))).status).toBe(200);
    });
  });

  describe("what is sent", () => {
    const REFUSED: readonly (readonly [string, Readonly<Record<string, unknown>>, number, string | undefined])[] = [
      ["a body of 16 KiB and more", { name: "x".repeat(17_000) }, 413, undefined],
      ["a password that is too short", { password: "x".repeat(PASSWORD_LENGTH.min - 1) }, 400, "password"],
      ["one that is too long", { password: "x".repeat(PASSWORD_LENGTH.max + 1) }, 400, "password"],
      ["half a surrogate pair", { password: "xxxxxxxxxx\ud800" }, 400, "password"],
      ["the address for a password", { password: ANN.toUpperCase() }, 400, "password"],
      ["a long name", { name: "x".repeat(101) }, 400, "name"],
      ["a line break in a name", { name: "Ann\r\nBcc: eve@example.org" }, 400, "name"],
      ["a line break in an address", { email: `${ANN}\r\nBcc: eve@example.org` }, 400, "email"],
      ["two addresses", { email: `${ANN},eve@example.org` }, 400, "email"],
      ["an address with a name", { email: `Eve <${ANN}>` }, 400, "email"],
      ["a long address", { email: `${"x".repeat(250)}@example.org` }, 400, "email"],
      ["letters that look like others", { email: "\u0430nn@example.org" }, 400, "email"],
      ["a list for a text", { email: [ANN] }, 400, "email"],
      ["an object for a text", { password: { $ne: null } }, 400, "password"],
    ];

    it("is refused where it is too long, too short, or could be read as something else", async () => {
      const world = open();
      const ann = createVisitor(world.app);
      for (const [what, change, status, field] of REFUSED) {
        const answer = await ann.post(SIGN_UP, { name: "Ann", email: ANN, password: PASSWORD, ...change });
        expect(answer.status, what).toBe(status);
        expect(answer.headers.get("Content-Type"), what).toBe("application/problem+json");
        if (field !== undefined) expect(answer.json.errors[0].field, what).toBe(field);
      }
      expect(world.mails).toEqual([]);
    });

    it("makes one account of one address, however it is written and however many ask at once", async () => {
      const world = open();
      const spelled = [ANN, "ANN@example.org", "Ann@EXAMPLE.org", "aNN@example.ORG"];
      const asked = spelled.map((email) =>
        createVisitor(world.app).post(SIGN_UP, { name: "Ann", email, password: PASSWORD }),
      );
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(await rows("SELECT email FROM users")).toEqual([{ email: ANN }]);
    });
  });

  describe("tokens of mails", () => {
    const tokenOf = (link: string) => new URL(link).searchParams.get("reset") ?? "";

    it("set a password once, in their time, and with one all others end", async () => {
      const world = open();
      const ann = await signUp(world, ANN);
      const reset = (token: string, newPassword: string) =>
        ann.post("/api/auth/reset-password", { token, newPassword });
      const links: string[] = [];
      for (let i = 0; i < 3; i++) {
        await ann.post(RESET, { email: ANN });
        links.push(tokenOf(linkIn(world.mails.at(-1))));
      }
      const [first = "", second = "", third = ""] = links;
      const [{ identifier }] = await rows("SELECT identifier FROM verifications");
      expect(identifier).not.toContain(first);
      await pool().query(
        "UPDATE verifications SET expires_at = now() - interval '1 second' WHERE created_at = (SELECT min(created_at) FROM verifications)",
      );
      expect((await reset(first, "a first password")).status).toBe(400);
      const both = await Promise.all([reset(second, "a second password"), reset(second, "a third password")]);
      expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
      for (const token of [second, third, identifier, "x"])
        expect((await reset(token, "a fourth password")).status).toBe(400);
      expect((await ann.get("/api/account")).status).toBe(401);
      expect((await signIn(ann)).status).toBe(401);
    });

    it.each(["\0", "a\0b", "a\r\nb"])("that have control characters are refused: %j", async (token) => {
      const ann = await signUp(open(), ANN);
      for (const [path, body] of [
        ["reset-password", { token, newPassword: PASSWORD }],
        ["revoke-session", { token }],
      ] as const) {
        const { status, json } = await ann.post(`/api/auth/${path}`, body);
        expect([status, json.errors], path).toEqual([
          400,
          [{ field: "token", message: "must not have control characters" }],
        ]);
      }
    });

    it("verify an address in their time, and of that account alone", async () => {
      const world = open();
      const ann = createVisitor(world.app);
      await ann.post(SIGN_UP, { name: "Ann", email: ANN, password: PASSWORD });
      const [{ id }] = await rows("SELECT id FROM users");
      const tries: [string, string][] = [
        [await createEmailVerificationToken(SECRET, ANN, undefined, -1, { userId: id }), "TOKEN_EXPIRED"],
        [await createEmailVerificationToken(`${SECRET}x`, ANN, undefined, 60, { userId: id }), "INVALID_TOKEN"],
        [
          await createEmailVerificationToken(SECRET, ANN, undefined, 60, { userId: crypto.randomUUID() }),
          "INVALID_TOKEN",
        ],
        ["eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFubkBleGFtcGxlLm9yZyJ9.", "INVALID_TOKEN"],
      ];
      for (const [token, code] of tries) {
        const { headers } = await ann.get(`/api/auth/verify-email?token=${token}&callbackURL=/dashboard?verified`);
        expect(headers.get("Location")).toContain(`error=${code}`);
      }
      expect(await rows("SELECT email_verified FROM users")).toEqual([{ email_verified: false }]);
      const link = linkIn(world.mails[0]);
      for (let i = 0; i < 2; i++) expect((await ann.get(link)).headers.get("Location")).toBe("/dashboard?verified");
      expect(ann.jar.size).toBe(0);
    });

    it("open no account that somebody made beforehand for another's address", async () => {
      const world = open();
      const eve = createVisitor(world.app);
      await eve.post(SIGN_UP, { name: "Eve", email: ANN, password: "chosen by eve" });
      const ofEve = linkIn(world.mails.at(-1));
      const ann = createVisitor(world.app);
      await ann.post(SIGN_UP, { name: "Ann", email: ANN, password: PASSWORD });
      expect((await ann.get(ofEve)).headers.get("Location")).toContain("error=");
      await ann.get(linkIn(world.mails.at(-1)));
      expect([(await signIn(eve, "chosen by eve")).status, (await signIn(ann)).status]).toEqual([401, 200]);
    });
  });

  describe("guesses", () => {
    const from = (address: string) => ({ "X-Test-Address": address });
    const { most } = WRONG_PASSWORDS.fromNetwork;

    it("of a password end after some, for all processes, and lock nobody else out", async () => {
      const [world, other] = [open(), open()];
      await signUp(world, ANN);
      const eve = [createVisitor(world.app), createVisitor(other.app)] as const;
      const guess = (i: number) => signIn(eve[i % 2 === 0 ? 0 : 1], `guess ${i}`, from(`198.51.100.${i}`));
      for (let i = 0; i < most; i++) expect((await guess(i)).status).toBe(401);
      const late = await signIn(eve[0], PASSWORD, from("198.51.100.200"));
      expect([late.status, late.json.type]).toEqual([429, "about:blank"]);
      expect(Number(late.headers.get("Retry-After"))).toBeGreaterThan(800);
      expect((await signIn(createVisitor(world.app), PASSWORD, from("203.0.113.7"))).status).toBe(200);
      await pool().query("UPDATE auth_attempts SET since = since - interval '1 hour'");
      expect((await signIn(eve[0], PASSWORD, from("198.51.100.200"))).status).toBe(200);
    });

    it("are not what their owner does: right passwords do not count", async () => {
      const ann = await signUp(open(), ANN);
      for (let i = 0; i < most + 2; i++) expect((await signIn(ann)).status).toBe(200);
    });

    it("count, too, where a password is asked for within a session", async () => {
      const ann = await signUp(open(), ANN);
      const statuses: number[] = [];
      for (let i = 0; i < most + 1; i++)
        statuses.push((await ann.delete("/api/account", { password: `guess ${i}` })).status);
      expect(statuses).toEqual([...Array<number>(most).fill(403), 429]);
    });

    it("keep nobody's address: what is counted has no name", async () => {
      await signUp(open(), ANN);
      const counted = await rows("SELECT who FROM auth_attempts");
      expect(counted.length).toBeGreaterThan(0);
      for (const { who } of counted) expect(who).toMatch(/^[0-9a-f]{64}$/);
    });

    it("of mails end as well: nobody's letterbox is filled", async () => {
      const world = open();
      const eve = createVisitor(world.app);
      const statuses: number[] = [];
      for (let i = 0; i < 6; i++) statuses.push((await eve.post(RESET, { email: ANN })).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    });
  });
}
