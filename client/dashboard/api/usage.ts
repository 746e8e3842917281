import type { CallKind } from "./keys.ts";

/** How much of a quota is used. */
export interface QuotaJson {
  readonly kind: CallKind;
  /** Null: not limited. */
  readonly calls: number | null;
  readonly per: "day" | "month";
  readonly used: number;
  readonly resets_at: string;
}

export interface UsageJson {
  readonly month?: string;
  readonly calls_this_month?: number;
  readonly quotas: readonly QuotaJson[];
  readonly days: readonly ({ readonly day: string; readonly calls: number } & Readonly<Record<CallKind, number>>)[];
  readonly keys: readonly KeyUsageJson[];
}

export interface KeyUsageJson {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly calls_this_month: number;
  readonly days?: readonly { readonly day: string; readonly kind: CallKind; readonly calls: number }[];
}

/** @param month `2026-06`; this one without it */
export const usageAddress = (month?: string): string => `/api/usage${month === undefined ? "" : `?month=${month}`}`;
