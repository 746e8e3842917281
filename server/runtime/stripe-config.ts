import { OperatorError } from "../console/operator-error.ts";
import { isLiveKey, type StripeConfig } from "../stripe/stripe-client.ts";

interface StripeVariables {
  readonly STRIPE_SECRET_KEY: string | undefined;
  readonly STRIPE_WEBHOOK_SECRET: string | undefined;
  readonly STRIPE_API_BASE: string | undefined;
}

/**
 * Where money is taken; undefined: nowhere. A key without the webhook's secret would take money and give nothing for it.
 * @throws OperatorError for what cannot be meant
 */
export function chooseStripe(variables: StripeVariables): StripeConfig | undefined {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret, STRIPE_API_BASE: apiBase } = variables;
  if (secretKey === undefined && webhookSecret === undefined) return undefined;
  if (secretKey === undefined) throw new OperatorError("STRIPE_WEBHOOK_SECRET needs STRIPE_SECRET_KEY beside it.");
  if (webhookSecret === undefined) {
    throw new OperatorError(
      "STRIPE_SECRET_KEY needs STRIPE_WEBHOOK_SECRET beside it: without it whoever pays would get nothing.",
    );
  }
  if (apiBase === undefined) return { secretKey, webhookSecret };
  if (isLiveKey(secretKey)) {
    throw new OperatorError("STRIPE_API_BASE is for tests: it takes a STRIPE_SECRET_KEY of Stripe's test mode alone.");
  }
  return { secretKey, webhookSecret, apiBase };
}
