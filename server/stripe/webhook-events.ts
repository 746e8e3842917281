import { z } from "zod";
import { ForgedEventError, type Payments } from "../billing/payments.ts";
import type { Clock } from "../ports/clock.ts";
import { isLiveKey, type OpenStripe, type StripeConfig } from "./stripe-client.ts";

/** Events behind which a customer may stand elsewhere. The endpoint at Stripe is to send these; what else comes is of no matter. */
export const WATCHED_EVENTS = [
  "checkout.session.completed",
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
  "customer.subscription.paused",
  "customer.subscription.resumed",
  "customer.deleted",
  "invoice.paid",
  "invoice.payment_failed",
] as const;

/** Of events and customers: what can be stored, and compared with what is. */
const idSchema = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/** What we look at of an event: all else is read again. */
const eventSchema = z.object({
  id: idSchema,
  type: z.string(),
  livemode: z.boolean(),
  data: z.object({
    object: z.object({ id: z.string().optional(), object: z.string().optional(), customer: z.unknown().optional() }),
  }),
});

/** An event that was signed longer ago is one that somebody kept: Stripe signs anew whenever it sends one again. */
const TOLERANCE_SECONDS = 300;

/** Reads what Stripe sent and nobody else. */
export function createEventReader(config: StripeConfig, open: OpenStripe, clock: Clock): Payments["readEvent"] {
  return async (body, signature) => {
    const { webhooks } = await open();
    const read = await webhooks
      .constructEventAsync(body, signature, config.webhookSecret, TOLERANCE_SECONDS, undefined, clock.now())
      .catch((cause: unknown) => {
        throw new ForgedEventError("The signature does not fit the body, or is more than 5 minutes old.", { cause });
      });
    const parsed = eventSchema.safeParse(read);
    if (!parsed.success) throw new ForgedEventError("The body is no event of Stripe.");
    const { id, type, livemode, data } = parsed.data;
    if (livemode !== isLiveKey(config.secretKey)) {
      const sent = livemode ? "live" : "test";
      throw new ForgedEventError(`The event is of Stripe's ${sent} mode, and the key of this server is not.`);
    }
    const isWatched = WATCHED_EVENTS.some((watched) => watched === type);
    return { id, customerId: isWatched ? customerOf(data.object) : undefined };
  };
}

/** Objects name their customer by its id, or have it in them where an endpoint asks for that. */
function customerOf({ id, object, customer }: z.infer<typeof eventSchema>["data"]["object"]): string | undefined {
  const parsed = z.union([idSchema, z.object({ id: idSchema })]).safeParse(object === "customer" ? id : customer);
  if (!parsed.success) return undefined;
  return typeof parsed.data === "string" ? parsed.data : parsed.data.id;
}
