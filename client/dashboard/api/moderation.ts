import type { ReportJson } from "../../api/api.ts";
import { addressOf, ask } from "./ask.ts";

export const QUEUE_STATES = ["held", "hidden", "restored", "dismissed"] as const;
export type QueueState = (typeof QUEUE_STATES)[number];
export type Ruling = "hide" | "restore" | "dismiss" | "undo";

export interface DecisionJson {
  readonly at: string;
  readonly by: string;
  readonly what: Ruling | "hold";
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
}

export interface CaseJson {
  readonly report: ReportJson;
  readonly city: string | null;
  readonly state: QueueState | "shown";
  readonly cause: string;
  readonly flags?: Readonly<Record<string, number>>;
  readonly history: readonly (DecisionJson & { readonly undone?: true })[];
}

export interface QueueJson {
  readonly cases: readonly CaseJson[];
  readonly next_cursor: string | null;
}

export interface LogJson {
  readonly decisions: readonly (DecisionJson & { readonly id: string; readonly city: string | null })[];
  readonly next_cursor: string | null;
}

export const queueAddress = (city: string, state: QueueState, cursor?: string): string =>
  addressOf("/api/moderation/queue", { city, state, limit: 25, cursor });

export const logAddress = (city: string): string => addressOf("/api/moderation/log", { city, limit: 20 });

/** @throws AskError */
export const rule = (id: string, ruling: Ruling, reason: string): Promise<CaseJson> =>
  ask(`/api/moderation/${encodeURIComponent(id)}/${ruling}`, {
    method: "POST",
    json: reason === "" ? {} : { reason },
  });
