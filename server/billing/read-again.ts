import type { Log } from "../console/log.ts";
import type { BillingTable } from "./billing-table.ts";
import { livingOf, standingOf } from "./paid-subscription.ts";
import { type Payments, PaymentsUnavailableError } from "./payments.ts";

export interface BillingParts {
  readonly table: BillingTable;
  readonly payments: Payments;
  readonly log: Log;
}

/** What became of an event: `known` was taken in before, `not-ours` is of a customer that is none of ours. */
export type Taken = "taken" | "known" | "not-ours";

/** Writers of one customer that meet: each loses to another one at most, and events of one customer are few. */
const MOST_TRIES = 8;

/**
 * Reads what a customer pays for and writes where it stands. What an event says is not looked at: events come late, twice and in any order, but
 * each comes behind its change, so whoever reads behind the last one reads the last state. Two that read at once are told apart by the
 * customer's revision, which is read first: who was overtaken reads once more, so nothing that was read earlier is written over something
 * that was read later.
 * @throws PaymentsUnavailableError also when others write without a pause
 */
export async function readAgain(
  { table, payments, log }: BillingParts,
  { customerId, eventId }: { readonly customerId: string; readonly eventId?: string },
): Promise<Taken> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const customer = await table.customerOfEvent(customerId, eventId ?? "");
    if (customer === undefined) return "not-ours";
    if (customer.isKnown) return "known";
    const subscriptions = await payments.subscriptionsOf(customerId);
    const living = livingOf(subscriptions).map(({ id }) => id);
    if (living.length > 1) log.error("a customer pays for several subscriptions", { customerId, living });
    if (await table.write(customer, standingOf(subscriptions), eventId ?? null)) return "taken";
  }
  throw new PaymentsUnavailableError("Others write the same customer without a pause");
}
