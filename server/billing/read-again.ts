import type { Log } from "../console/log.ts";
import type { BillingTable } from "./billing-table.ts";
import { livingOf, standingOf } from "./paid-subscription.ts";
import type { Payments } from "./payments.ts";

export interface BillingParts {
  readonly table: BillingTable;
  readonly payments: Payments;
  readonly log: Log;
}

/** What became of an event: `known` was taken in before, `not-ours` is of a customer that is none of ours. */
export type Taken = "taken" | "known" | "not-ours";

/**
 * Reads what a customer pays for and writes where it stands. What an event says is not looked at: events come late, twice and in any order, but
 * each comes behind its change, so whoever reads behind the last one reads the last state. Two that read at once are told apart by the
 * customer's revision, which is read first: who was overtaken reads once more, so nothing that was read earlier is written over something
 * that was read later. Who is overtaken twice is done: the second to do so began behind the first, and read what there was to read here. So nobody
 * reads more than twice, however many come at once.
 * @throws PaymentsUnavailableError
 */
export async function readAgain(
  { table, payments, log }: BillingParts,
  { customerId, eventId }: { readonly customerId: string; readonly eventId?: string },
): Promise<Taken> {
  let first: number | undefined;
  for (;;) {
    const customer = await table.customerOfEvent(customerId, eventId ?? "");
    if (customer === undefined) return "not-ours";
    if (customer.isKnown) return "known";
    first ??= customer.revision;
    if (customer.revision - first >= 2) {
      if (eventId !== undefined) await table.note(eventId);
      return "taken";
    }
    const subscriptions = await payments.subscriptionsOf(customerId);
    const living = livingOf(subscriptions).map(({ id }) => id);
    if (living.length > 1) log.error("a customer pays for several subscriptions", { customerId, living });
    if (await table.write(customer, standingOf(subscriptions), eventId ?? null)) return "taken";
  }
}
