import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { createPool } from "../../server/postgres/pool.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../server/runtime/node/serve.ts";
import { openStores } from "../../server/runtime/stores/stores.ts";
import { type SmtpServer, startSmtpServer } from "../kit/smtp-server.ts";
import { type FakeStripe, startFakeStripe } from "../kit/stripe/fake-stripe.ts";
import { type ForeignSite, openForeignSite } from "./foreign-site.ts";

/** A server with everything that accounts need: mail, somebody who takes money, a clock to move, and another site that embeds it. */
export interface AccountSite {
  readonly browser: Browser;
  readonly url: string;
  readonly stripe: FakeStripe;
  readonly foreign: ForeignSite;
  /** Its time, which goes on by itself. */
  now(): number;
  advance(ms: number): void;
  /** Resolves with the link of the newest mail to somebody, once there is such a mail. */
  linkTo(email: string, subject: RegExp): Promise<string>;
  /** Asks the server's PostgreSQL. */
  sql(text: string, values: readonly unknown[]): Promise<Record<string, unknown>[]>;
}

export function useAccountSite(): AccountSite {
  let browser: Browser;
  let server: RunningServer;
  let stripe: FakeStripe;
  let smtp: SmtpServer;
  let foreign: ForeignSite;
  let dataDir: string;
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "stratum-accounts-"));
    [browser, stripe, smtp, foreign] = await Promise.all([
      chromium.connect(inject("chromium")),
      startFakeStripe(now),
      startSmtpServer(),
      openForeignSite(),
    ]);
    const env = { HOST: "127.0.0.1", PORT: "0", DATA_DIR: dataDir, SEED: "off" };
    const mail = { SMTP_URL: smtp.url, MAIL_FROM: "STRATUM <no-reply@stratum.test>" };
    server = await startServer(readConfig({ ...env, ...mail, ...stripe.env }), { clock: { now } });
    await server.refusal;
    stripe.sendEventsTo(`${server.url}/api/billing/webhook`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await Promise.all([stripe?.close(), smtp?.close(), foreign?.close()]);
    await rm(dataDir, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  return {
    get browser() {
      return browser;
    },
    get url() {
      return server.url;
    },
    get stripe() {
      return stripe;
    },
    get foreign() {
      return foreign;
    },
    now,
    advance(ms) {
      aheadMs += ms;
    },
    async linkTo(email, subject) {
      const newest = () => smtp.mails.findLast((mail) => mail.includes(`To: ${email}`) && subject.test(mail));
      await expect.poll(newest).toBeDefined();
      return /https?:\/\/[^\s"<]+/.exec(newest() ?? "")?.[0] ?? "";
    },
    async sql(text, values) {
      const stores = openStores(readConfig({ DATA_DIR: dataDir }), { role: "command", log: silentLog });
      const pool = createPool(await stores.database(), silentLog);
      try {
        return (await pool.query(text, [...values])).rows as Record<string, unknown>[];
      } finally {
        await pool.end();
        await stores.close();
      }
    },
  };
}
