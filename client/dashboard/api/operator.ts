import type { PlanName } from "./account.ts";
import { addressOf, ask } from "./ask.ts";

export interface OperatedAccountJson {
  readonly id: string;
  readonly email: string;
  readonly plan: PlanName;
  readonly status: string | null;
  readonly active: boolean;
  readonly calls_this_month: number;
  readonly created_at: string;
  readonly keys: readonly {
    readonly id?: string;
    readonly prefix: string;
    readonly name: string;
    readonly last_used_at: string | null;
    readonly revoked_at: string | null;
    readonly calls_this_month: number;
  }[];
}

export interface OperatedPageJson {
  readonly accounts: readonly OperatedAccountJson[];
  readonly next_cursor: string | null;
}

export const accountsAddress = (q: string | undefined, cursor?: string): string =>
  addressOf("/api/operator/accounts", { q, cursor, limit: 50 });

const of = (id: string): string => `/api/operator/accounts/${encodeURIComponent(id)}`;

export const changePlan = (id: string, plan: string): Promise<unknown> =>
  ask(of(id), { method: "PATCH", json: { plan } });

export const revokeKeyOf = (id: string, keyId: string): Promise<void> =>
  ask(`${of(id)}/keys/${encodeURIComponent(keyId)}`, { method: "DELETE" });
