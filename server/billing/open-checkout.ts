import type { Plan } from "../accounts/subscription.ts";
import type { Customer } from "./billing-table.ts";
import { livingOf } from "./paid-subscription.ts";
import { type Checkout, NoSuchCustomerError } from "./payments.ts";
import { type BillingParts, readAgain } from "./read-again.ts";

/** Where one who pays is led back to. */
export interface ReturnUrls {
  readonly successUrl: string;
  readonly cancelUrl: string;
}

/** Why there is nothing to pay or to manage. */
export type BillingRefusal = "subscribed" | "no-customer" | "busy";

export interface CheckoutOrder extends ReturnUrls {
  readonly userId: string;
  readonly plan: Plan;
}

/** Tabs of one account that ask at once: each loses to another one. */
const MOST_TRIES = 4;

/**
 * Where an account pays for a plan. Of one account there is one checkout that may be paid, so that two tabs do not give two subscriptions: the same plan
 * is paid where it was to be paid before, another plan closes that first. Who has a living subscription gets none.
 */
export async function openCheckout(
  parts: BillingParts,
  order: CheckoutOrder,
): Promise<{ readonly url: string } | BillingRefusal> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const outcome = await tryOnce(parts, order);
    if (outcome !== "again") return outcome;
  }
  return "busy";
}

async function tryOnce(parts: BillingParts, order: CheckoutOrder) {
  const { table, payments } = parts;
  const customer = (await table.customerOf(order.userId)) ?? (await makeCustomer(parts, order.userId));
  if (customer === undefined) return "no-customer";
  const before = customer.checkoutId === null ? undefined : await payments.findCheckout(customer.checkoutId);
  if (before?.state === "open" && before.plan === order.plan && before.url) return { url: before.url };
  if (before?.state === "open" && !(await payments.closeCheckout(before.id))) return "again";
  // Behind the closing: from now on nobody can pay but for what is opened here.
  if (livingOf(await payments.subscriptionsOf(customer.customerId)).length > 0) {
    await readAgain(parts, { customerId: customer.customerId });
    return "subscribed";
  }
  const checkout = await open(parts, customer, order);
  if (checkout === undefined) return "again";
  if (checkout.url !== undefined && (await table.setCheckout(customer, checkout.id))) return { url: checkout.url };
  await payments.closeCheckout(checkout.id);
  return "again";
}

/** Undefined when the customer was deleted where the money is taken: then it is forgotten here, too. */
async function open(
  { table, payments }: BillingParts,
  { customerId }: Customer,
  order: CheckoutOrder,
): Promise<Checkout | undefined> {
  try {
    return await payments.openCheckout({ ...order, customerId });
  } catch (error) {
    if (!(error instanceof NoSuchCustomerError)) throw error;
    await table.removeCustomer(customerId);
    return undefined;
  }
}

/** Undefined when there is no such account. */
async function makeCustomer({ table, payments }: BillingParts, userId: string): Promise<Customer | undefined> {
  const account = await table.standing(userId);
  if (account === undefined) return undefined;
  const made = await payments.createCustomer({ userId, email: account.email });
  const customer = await table.addCustomer(userId, made);
  if (customer.customerId !== made) await payments.deleteCustomer(made);
  return customer;
}
