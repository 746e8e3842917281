import type { Stripe } from "stripe";
import { PAID_PLANS, PLAN_TERMS } from "../accounts/plans.ts";
import type { Plan } from "../accounts/subscription.ts";
import { isThereAlready } from "./stripe-client.ts";

/**
 * What is sold, at Stripe: a product of a fixed id for each plan, its price, and the portal's settings. It is made there out of
 * `PLAN_TERMS` when it is missing, so what a plan costs is said in one place, and nobody copies ids of prices.
 */
export interface Catalogue {
  priceOf(plan: Plan): string;
  /** Settings of the portal: change of plan, cancellation at the period's end. */
  readonly portal: string;
}

/** A product's id tells the plan of whatever is sold of it, at an older price or a negotiated one too. */
const productOf = (plan: Plan): string => `stratum_${plan}`;
const PLAN_OF_PRODUCT = new Map(PAID_PLANS.map((plan) => [productOf(plan), plan]));
export const planOfProduct = (product: string): Plan | undefined => PLAN_OF_PRODUCT.get(product);

const NAMES: Readonly<Record<Plan, string>> = {
  resident: "STRATUM Resident",
  agent: "STRATUM Agent",
  city: "STRATUM City",
};

/** Another price is another key: a price at Stripe never changes. */
const lookupKeyOf = (plan: Plan): string => `stratum_${plan}_usd_${PLAN_TERMS[plan].dollars}_month`;

/** Reads the catalogue, and makes what is missing of it. */
export async function readCatalogue(stripe: Stripe): Promise<Catalogue> {
  const prices = await readPrices(stripe);
  const missing = PAID_PLANS.filter((plan) => !prices.has(lookupKeyOf(plan)));
  for (const plan of missing) await makePrice(stripe, plan);
  const all = missing.length === 0 ? prices : await readPrices(stripe);
  const priceOf = (plan: Plan): string => {
    const price = all.get(lookupKeyOf(plan));
    if (price === undefined) throw new Error(`There is no price of ${plan} at Stripe`);
    return price;
  };
  return { priceOf, portal: await findPortal(stripe, priceOf) };
}

async function readPrices(stripe: Stripe): Promise<Map<string, string>> {
  const { data } = await stripe.prices.list({ lookup_keys: PAID_PLANS.map(lookupKeyOf), active: true });
  return new Map(data.flatMap(({ id, lookup_key }) => (lookup_key === null ? [] : [[lookup_key, id] as const])));
}

/**
 * Several processes may do it at once: then there are two prices, of which one has the key, and both are right. The key is taken from a price that was
 * archived at Stripe.
 */
async function makePrice(stripe: Stripe, plan: Plan): Promise<void> {
  await stripe.products.create({ id: productOf(plan), name: NAMES[plan] }).catch((error: unknown) => {
    if (!isThereAlready(error)) throw error;
  });
  await stripe.prices.create({
    product: productOf(plan),
    currency: "usd",
    unit_amount: 100 * PLAN_TERMS[plan].dollars,
    recurring: { interval: "month" },
    lookup_key: lookupKeyOf(plan),
    transfer_lookup_key: true,
  });
}

/** Settings are known by what they were made of. Two that are made at once do no harm. */
async function findPortal(stripe: Stripe, priceOf: Catalogue["priceOf"]): Promise<string> {
  const madeOf = PAID_PLANS.map(lookupKeyOf).join(" ");
  const { data } = await stripe.billingPortal.configurations.list({ active: true, limit: 100 });
  const found = data.find(({ metadata }) => metadata?.stratum === madeOf);
  if (found !== undefined) return found.id;
  const products = PAID_PLANS.map((plan) => ({ product: productOf(plan), prices: [priceOf(plan)] }));
  const made = await stripe.billingPortal.configurations.create({
    metadata: { stratum: madeOf },
    features: {
      customer_update: { enabled: true, allowed_updates: ["address", "tax_id", "name"] },
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true },
      subscription_cancel: { enabled: true, mode: "at_period_end" },
      subscription_update: {
        enabled: true,
        default_allowed_updates: ["price"],
        proration_behavior: "always_invoice",
        products,
      },
    },
  });
  return made.id;
}
