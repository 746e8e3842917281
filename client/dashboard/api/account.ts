import { AskError, ask } from "./ask.ts";

/** What an account may do: an operator's, or that of its plan while the subscription is active. */
export type Role = "resident" | "agent" | "city" | "operator";
export type PlanName = "resident" | "agent" | "city";

export interface AccountJson {
  readonly email: string;
  readonly name: string;
  readonly email_verified: boolean;
  readonly role: Role;
  readonly plan: PlanName;
  readonly is_operator: boolean;
  readonly is_demo: boolean;
  /** Ids of the cities that it moderates. */
  readonly cities: readonly string[];
  readonly subscription: SubscriptionJson;
  readonly created_at: string;
}

export interface SubscriptionJson {
  readonly status: string | null;
  readonly active: boolean;
  readonly current_period_end: string | null;
  readonly ends_at: string | null;
}

/** Whoever is signed in; undefined when nobody is. Asked of the sign-in first, which answers visitors without an error. @throws AskError */
export async function fetchAccount(): Promise<AccountJson | undefined> {
  const session = await ask<object | null>("/api/auth/get-session");
  if (session === null) return undefined;
  return ask<AccountJson>("/api/account").catch((error: unknown) => {
    // It has ended between the two.
    if (error instanceof AskError && error.status === 401) return undefined;
    throw error;
  });
}

export const EXPORT_MY_DATA = "/api/account/export";

/** Takes the account away, and all that is its. @throws AskError */
export const deleteAccount = (password: string): Promise<void> =>
  ask("/api/account", { method: "DELETE", json: { password } });

/** Operators have everything. */
const RANKS: Readonly<Record<Role, number>> = { resident: 0, agent: 1, city: 2, operator: 3 };

/** Whether an account has what a plan gives: by its role, for a plan that is not paid gives nothing. */
export const hasPlan = ({ role }: AccountJson, needed: PlanName): boolean => RANKS[role] >= RANKS[needed];

/** Whether there is anything that it moderates. */
export const isModerator = ({ is_operator, is_demo, cities }: AccountJson): boolean =>
  !is_demo && (is_operator || cities.length > 0);
