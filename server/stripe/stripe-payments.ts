import type { Stripe } from "stripe";
import { PLANS } from "../accounts/subscription.ts";
import type { Checkout, Payments } from "../billing/payments.ts";
import type { Clock } from "../ports/clock.ts";
import { type Catalogue, readCatalogue } from "./catalogue.ts";
import { ask, createStripeClient, isMissing, isRefused, type StripeConfig } from "./stripe-client.ts";
import { readSubscriptions } from "./subscriptions.ts";
import { createEventReader } from "./webhook-events.ts";

/** Payments by Stripe. Nothing is loaded or asked before somebody comes to pay. */
export function createStripePayments(config: StripeConfig, clock: Clock): Payments {
  const open = createStripeClient(config);
  let known: Catalogue | undefined;

  /** What somebody took out of the catalogue at Stripe since it was read is made again, once. */
  async function withCatalogue<T>(stripe: Stripe, work: (catalogue: Catalogue) => Promise<T>): Promise<T> {
    if (known !== undefined) {
      try {
        return await work(known);
      } catch (error) {
        if (!isRefused(error) || isMissing(error, "customer")) throw error;
      }
    }
    known = await readCatalogue(stripe);
    return work(known);
  }

  return {
    readEvent: createEventReader(config, open, clock),

    createCustomer: ({ userId, email }) =>
      ask(open, async ({ customers }) => (await customers.create({ email, metadata: { user_id: userId } })).id),

    deleteCustomer: (customerId) =>
      ask(open, async ({ customers }) => {
        await customers.del(customerId).catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        });
      }),

    subscriptionsOf: (customerId) => ask(open, (stripe) => readSubscriptions(stripe, customerId)),

    openCheckout: ({ customerId, plan, successUrl, cancelUrl }) =>
      ask(open, (stripe) =>
        withCatalogue(stripe, async ({ priceOf }) => {
          const session = await stripe.checkout.sessions.create({
            mode: "subscription",
            customer: customerId,
            line_items: [{ price: priceOf(plan), quantity: 1 }],
            success_url: successUrl,
            cancel_url: cancelUrl,
            metadata: { plan },
          });
          return toCheckout(session);
        }),
      ),

    findCheckout: (id) =>
      ask(open, async ({ checkout }) => {
        const session = await checkout.sessions.retrieve(id).catch((error: unknown) => {
          if (isMissing(error)) return undefined;
          throw error;
        });
        return session && toCheckout(session);
      }),

    closeCheckout: (id) =>
      ask(open, async ({ checkout }) => {
        try {
          await checkout.sessions.expire(id);
          return true;
        } catch (error) {
          // It was paid, or expired, before; or somebody pays it at this moment.
          if (!isRefused(error)) throw error;
          return isMissing(error) || (await checkout.sessions.retrieve(id)).status !== "open";
        }
      }),

    openPortal: (customerId, returnUrl) =>
      ask(open, (stripe) =>
        withCatalogue(stripe, async ({ portal }) => {
          const order = { customer: customerId, return_url: returnUrl, configuration: portal };
          return (await stripe.billingPortal.sessions.create(order)).url;
        }),
      ),
  };
}

const CHECKOUT_STATES = ["open", "complete", "expired"] as const;

function toCheckout({ id, status, url, metadata }: Stripe.Checkout.Session): Checkout {
  const state = CHECKOUT_STATES.find((each) => each === status) ?? "expired";
  return { id, plan: PLANS.find((plan) => plan === metadata?.plan), state, url: url ?? undefined };
}
