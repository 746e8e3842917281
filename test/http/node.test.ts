import { startServer } from "../../server/runtime/node/serve.ts";
import { openSharedStores } from "../kit/stores.ts";
import { startFakeStripe } from "../kit/stripe/fake-stripe.ts";
import { describeHttp } from "./suite.ts";

describeHttp("HTTP on Node", async () => {
  const stores = await openSharedStores();
  const stripe = await startFakeStripe();
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = stripe.env;
  const config = { ...stores.config, stripe: { secretKey, webhookSecret, apiBase: stripe.url } };
  const server = await startServer(config, { client: false });
  await server.refusal;
  return {
    url: server.url,
    tellsTiles: true,
    database: stores.database,
    stripe,
    async close() {
      await server.close();
      await stores.close();
      await stripe.close();
    },
  };
});
