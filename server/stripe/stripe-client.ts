import type { Stripe } from "stripe";
import { NoSuchCustomerError, PaymentsUnavailableError } from "../billing/payments.ts";

/** Where Stripe is, and who we are there. */
export interface StripeConfig {
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Another place than Stripe's own: a stand-in for it. */
  readonly apiBase?: string;
}

/** Stripe's SDK is large: it is loaded when somebody first comes to pay, not when the first tile is asked for. */
export type OpenStripe = () => Promise<Stripe>;

/** Of one request; a webhook is answered within what Stripe waits (10 s are usual). */
const TIMEOUT_MS = 8_000;
const RETRIES = 1;

export function createStripeClient({ secretKey, apiBase }: StripeConfig): OpenStripe {
  let opened: Promise<Stripe> | undefined;
  return () => {
    opened ??= import("stripe").then(
      ({ Stripe }) =>
        new Stripe(secretKey, {
          timeout: TIMEOUT_MS,
          maxNetworkRetries: RETRIES,
          telemetry: false,
          ...(apiBase !== undefined && placeOf(new URL(apiBase))),
        }),
    );
    return opened;
  };
}

function placeOf({ protocol, hostname, port }: URL) {
  const scheme = protocol === "http:" ? "http" : "https";
  return {
    protocol: scheme,
    host: hostname,
    port: port === "" ? (scheme === "http" ? 80 : 443) : Number(port),
  } as const;
}

/** Whether keys take real money. https://docs.stripe.com/keys */
export const isLiveKey = (secretKey: string): boolean => /^[rs]k_live_/.test(secretKey);

/** What Stripe's errors carry, whichever class of the SDK they have. */
interface StripeFault extends Error {
  readonly type: string;
  readonly code?: string;
  readonly param?: string;
}

const isStripeFault = (error: unknown): error is StripeFault =>
  error instanceof Error && "type" in error && typeof error.type === "string" && error.type.startsWith("Stripe");

/** It does not know what a request names. @param param only where that parameter names it */
export function isMissing(error: unknown, param?: string): boolean {
  return isStripeFault(error) && error.code === "resource_missing" && (param === undefined || error.param === param);
}

/** Somebody else made the same a moment ago. */
export const isThereAlready = (error: unknown): boolean =>
  isStripeFault(error) && error.code === "resource_already_exists";

/** A request that what it names is not, or not any more, in a state for. */
export const isRefused = (error: unknown): boolean =>
  isStripeFault(error) && error.type === "StripeInvalidRequestError";

/** Runs requests to Stripe; what fails on the way, or by our keys, is told as the port says. What is wrong with a request stays our bug. */
export async function ask<T>(open: OpenStripe, work: (stripe: Stripe) => Promise<T>): Promise<T> {
  try {
    return await work(await open());
  } catch (error) {
    if (isMissing(error, "customer")) throw new NoSuchCustomerError("There is no such customer", { cause: error });
    if (isStripeFault(error) && !isRefused(error)) {
      // Its kind tells a key that is wrong, or may not do this, from a Stripe that is away.
      throw new PaymentsUnavailableError(`Stripe gave no answer (${error.type})`, { cause: error });
    }
    throw error;
  }
}
