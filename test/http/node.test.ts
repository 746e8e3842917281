import { startServer } from "../../server/runtime/node/serve.ts";
import { startSmtpServer } from "../kit/smtp-server.ts";
import { openSharedStores } from "../kit/stores.ts";
import { startFakeStripe } from "../kit/stripe/fake-stripe.ts";
import { describeHttp } from "./suite.ts";

describeHttp("HTTP on Node", async () => {
  const stores = await openSharedStores();
  const [stripe, smtp] = await Promise.all([startFakeStripe(), startSmtpServer()]);
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = stripe.env;
  const config = {
    ...stores.config,
    stripe: { secretKey, webhookSecret, apiBase: stripe.url },
    authSecret: "a secret of tests, of 32 characters",
    smtp: { url: smtp.url, from: "a@example.org" },
  };
  const server = await startServer(config, { client: false });
  await server.refusal;
  return {
    url: server.url,
    tellsTiles: true,
    database: stores.database,
    stripe,
    smtp,
    async close() {
      await server.close();
      await smtp.close();
      await stores.close();
      await stripe.close();
    },
  };
});
