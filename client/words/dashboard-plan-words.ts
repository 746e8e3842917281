import { formatCount } from "./words.ts";

/** What is sold, and how a subscription stands. */
export const PLAN_WORDS = {
  month: "a month",
  free: "Free",
  for: {
    anonymous: "The map, reports and tiles, for everybody.",
    resident: "A taste of the data, with a key.",
    agent: "For estate agents and whoever works with places.",
    city: "For city governments.",
  },
  unlimited: "Tiles without a limit of their own",
  none: "none",
  perMinute: (calls: number): string => `${formatCount(calls)} questions a minute`,
  ownAreas: (count: number): string => `${formatCount(count)} own ${count === 1 ? "area" : "areas"}`,
  calls: {
    tiles: "tiles",
    trends: "trend questions",
    exports: "exports",
    dashboards: "dashboard questions",
  },
  shared: "trend questions and exports together",
  per: { day: "a day", month: "a month" },
  extra: {
    agent: ["Trend API and exports"],
    city: ["Infrastructure queue", "Moderation of your city"],
  } as Readonly<Record<string, readonly string[]>>,
  current: "Your plan",
  change: (plan: string): string => `Change to ${plan}`,
  choose: (plan: string): string => `Choose ${plan}`,
  start: "Create an account",
  billingOff: "Billing is off on this server: it has no keys of Stripe. Whoever runs it can set your plan.",
  demo: "The demo account buys nothing.",
  plansGone: "The plans cannot be shown just now.",
} as const;

export const BILLING_WORDS = {
  plan: "Your plan",
  status: "Status",
  manage: "Manage payment, invoices and cancelling",
  plans: "Plans",
  done: "Thank you. As soon as Stripe tells us of the payment, your plan is shown here; that takes a few seconds.",
  paid: "Thank you. Your plan is paid for, and works from now on.",
  cancelled: "The checkout was left. Nothing was charged.",
  none: "No subscription",
  period: (until: string): string => `Paid until ${until}, then renewed.`,
  ends: (until: string): string => `Cancelled. You keep it until ${until}.`,
  kept: (until: string): string => `You keep what it gives until ${until}.`,
  ended: (until: string): string => `It ended on ${until}.`,
  checkAgain: "Look again",
} as const;

/** Stripe's states of a subscription, in words, and what one has to do. */
export const STATUS_WORDS: Readonly<Record<string, readonly [label: string, advice: string]>> = {
  active: ["Active", ""],
  trialing: ["Trial", ""],
  past_due: [
    "Payment overdue",
    "The last payment failed, and Stripe tries it again. Change your card to keep what your plan gives.",
  ],
  unpaid: ["Unpaid", "The payment failed for good. Your keys stay, and work again with the payment."],
  incomplete: ["Waiting for payment", "The first payment is not through. Finish it at Stripe within a day."],
  incomplete_expired: ["Not paid", "The first payment did not come through. Choose a plan again."],
  paused: ["Paused", "It goes on when a card is there."],
  canceled: ["Cancelled", ""],
};
