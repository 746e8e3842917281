import { startFakeStripe } from "./fake-stripe.ts";

/** `node test/kit/stripe/main.ts http://127.0.0.1:8787`: a stand-in for Stripe to try checkouts by hand, until it is stopped. */
const [server = "http://127.0.0.1:8787"] = process.argv.slice(2);
const stripe = await startFakeStripe();
stripe.sendEventsTo(`${server}/api/billing/webhook`);
const env = Object.entries(stripe.env).map(([name, value]) => `${name}=${value}`);
process.stdout.write(`${env.join(" ")} npm start\n`);
