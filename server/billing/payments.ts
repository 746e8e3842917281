import type { Plan } from "../accounts/subscription.ts";
import type { PaidSubscription } from "./paid-subscription.ts";

/**
 * Whoever takes the money. What it tells is the truth of what is paid for; it is read again whenever an event says that it changed.
 * Everything rejects with a PaymentsUnavailableError when it does not answer.
 */
export interface Payments {
  /** Reads an event out of a body that came with a signature. @throws ForgedEventError */
  readEvent(body: Uint8Array, signature: string): Promise<PaymentEvent>;
  /** @returns its id */
  createCustomer(account: { readonly userId: string; readonly email: string }): Promise<string>;
  /** Ends what the customer pays for at once, and forgets who it was; nothing when there is no such customer. */
  deleteCustomer(customerId: string): Promise<void>;
  /** All of ours that the customer has and had, the newest hundred; none when there is no such customer. */
  subscriptionsOf(customerId: string): Promise<PaidSubscription[]>;
  /** @throws NoSuchCustomerError */
  openCheckout(order: Order): Promise<Checkout>;
  findCheckout(id: string): Promise<Checkout | undefined>;
  /** Nobody can pay it any more, unless it was paid before. @returns false when somebody pays it at this moment */
  closeCheckout(id: string): Promise<boolean>;
  /** Where a customer pays, changes the plan and cancels. @throws NoSuchCustomerError */
  openPortal(customerId: string, returnUrl: string): Promise<string>;
}

export interface Order {
  readonly customerId: string;
  readonly plan: Plan;
  readonly successUrl: string;
  readonly cancelUrl: string;
}

export interface Checkout {
  readonly id: string;
  readonly plan: Plan | undefined;
  readonly state: "open" | "complete" | "expired";
  /** Where it is paid; undefined when it is not open. */
  readonly url: string | undefined;
}

export interface PaymentEvent {
  readonly id: string;
  /** Whose subscriptions may have changed; undefined when it tells of something else. */
  readonly customerId: string | undefined;
}

export class PaymentsUnavailableError extends Error {
  override readonly name = "PaymentsUnavailableError";
}

export class NoSuchCustomerError extends Error {
  override readonly name = "NoSuchCustomerError";
}

/** Not sent by whoever takes the money, too old, or not for this service. The message is for whoever sent it. */
export class ForgedEventError extends Error {
  override readonly name = "ForgedEventError";
}
