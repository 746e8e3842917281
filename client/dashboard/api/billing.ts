import type { PlanName } from "./account.ts";
import { ask } from "./ask.ts";
import type { CallKind } from "./keys.ts";

/** So many calls of a kind; null is no limit but that of the reads of an address. */
export type QuotaOfPlan = { readonly calls: number; readonly per: "day" | "month" } | null;

export interface PlanJson {
  readonly plan: PlanName | "anonymous";
  readonly dollars: number;
  readonly calls: Readonly<Record<CallKind, QuotaOfPlan>>;
  readonly per_minute: number;
  readonly own_areas: number;
}

export interface PlansJson {
  readonly billing: "on" | "off";
  readonly plans: readonly PlanJson[];
}

export const PLANS_PATH = "/api/plans";
export const BILLING_PATH = "/api/billing";

export interface BillingJson {
  readonly billing: "on" | "off";
  readonly plan: PlanName;
  /** Stripe's word; null without a subscription. */
  readonly status: string | null;
  readonly active: boolean;
  readonly current_period_end: string | null;
  readonly ends_at: string | null;
  /** Whether there is anything to change at Stripe's portal. */
  readonly portal: boolean;
}

/** Where to pay. @throws AskError, of the kind `billing-off` */
export const openCheckout = async (plan: string): Promise<string> =>
  (await ask<{ url: string }>("/api/billing/checkout", { method: "POST", json: { plan } })).url;

/** Where cards, invoices and cancelling are. */
export const openPortal = async (): Promise<string> =>
  (await ask<{ url: string }>("/api/billing/portal", { method: "POST", json: {} })).url;
