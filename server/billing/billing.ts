import { isActive, type Plan, type Status } from "../accounts/subscription.ts";
import type { Log } from "../console/log.ts";
import { DAY_MS } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { AccountStanding, BillingTable } from "./billing-table.ts";
import { type BillingRefusal, openCheckout, type ReturnUrls } from "./open-checkout.ts";
import { NoSuchCustomerError, type Payments } from "./payments.ts";
import { readAgain, type Taken } from "./read-again.ts";

/** Where an account stands with what it pays. */
export interface BillingState {
  readonly plan: Plan;
  readonly status: Status | null;
  readonly active: boolean;
  readonly periodEnd: Date | null;
  readonly endsAt: Date | null;
  /** Whether there is a portal for it: it came to a checkout once. */
  readonly hasPortal: boolean;
}

/** Ends what an account pays for, before the account is deleted. Rejects when that is not sure to be done. */
export type EndSubscription = (userId: string) => Promise<void>;

/** Payments are off where nobody takes the money: no keys of Stripe. */
export class BillingOffError extends Error {
  override readonly name = "BillingOffError";
}

export interface Billing {
  readonly isOn: boolean;
  /** Undefined when there is no such account. */
  state(userId: string): Promise<BillingState | undefined>;
  /** Where a plan is paid for. One that is subscribed changes its plan in the portal. @throws BillingOffError */
  checkout(userId: string, plan: Plan, urls: ReturnUrls): Promise<{ readonly url: string } | BillingRefusal>;
  /** Where the account manages what it pays. @throws BillingOffError */
  portal(userId: string, returnUrl: string): Promise<{ readonly url: string } | BillingRefusal>;
  /**
   * Takes in what whoever takes the money tells. @returns once it is stored, or known to be nothing of ours
   * @throws BillingOffError, ForgedEventError, PaymentsUnavailableError
   */
  takeEvent(body: Uint8Array, signature: string): Promise<Taken>;
  /** Reads again what a customer pays for, when an event may have been lost. */
  refresh(userId: string): Promise<void>;
  /** The same of some whose period ended and of whose next one nothing was heard. Nothing while billing is off. */
  refreshOverdue(): Promise<void>;
  readonly endSubscription: EndSubscription;
}

/** So long behind a period's end Stripe has told of the next one: it makes the bill an hour before it is paid. */
const OVERDUE_AFTER_MS = DAY_MS;
/** Read again at one time, one behind the other. */
const MOST_OVERDUE = 50;

export interface BillingOptions {
  readonly table: BillingTable;
  /** Without it billing is off. */
  readonly payments?: Payments | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export function createBilling({ table, payments, clock, log }: BillingOptions): Billing {
  const on = (): Payments => {
    if (payments === undefined) throw new BillingOffError("Billing is off here.");
    return payments;
  };

  return {
    isOn: payments !== undefined,
    async state(userId) {
      const [standing, customer] = await Promise.all([table.standing(userId), table.customerOf(userId)]);
      return standing && { ...tell(standing, clock), hasPortal: payments !== undefined && customer !== undefined };
    },

    async checkout(userId, plan, urls) {
      return openCheckout({ table, payments: on(), log }, { userId, plan, ...urls });
    },

    async portal(userId, returnUrl) {
      const running = on();
      const customer = await table.customerOf(userId);
      if (customer === undefined) return "no-customer";
      try {
        return { url: await running.openPortal(customer.customerId, returnUrl) };
      } catch (error) {
        if (error instanceof NoSuchCustomerError) return "no-customer";
        throw error;
      }
    },

    async takeEvent(body, signature) {
      const running = on();
      const { id, customerId } = await running.readEvent(body, signature);
      if (customerId === undefined) return "not-ours";
      return readAgain({ table, payments: running, log }, { customerId, eventId: id });
    },

    async refresh(userId) {
      const running = on();
      const customer = await table.customerOf(userId);
      if (customer) await readAgain({ table, payments: running, log }, { customerId: customer.customerId });
    },

    async refreshOverdue() {
      if (payments === undefined) return;
      for (const customerId of await table.overdue(clock.now() - OVERDUE_AFTER_MS, MOST_OVERDUE))
        await readAgain({ table, payments, log }, { customerId });
    },

    async endSubscription(userId) {
      const customer = await table.customerOf(userId);
      if (customer === undefined) return;
      const running = on();
      if (customer.checkoutId !== null) await running.closeCheckout(customer.checkoutId);
      await running.deleteCustomer(customer.customerId);
    },
  };
}

function tell({ plan, status, periodEnd, endsAt }: AccountStanding, clock: Clock) {
  return { plan, status, periodEnd, endsAt, active: isActive({ status, endsAt }, clock.now()) };
}
