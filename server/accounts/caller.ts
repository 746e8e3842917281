import type { ModeratorRights } from "../moderation/may-moderate.ts";
import type { CallKind } from "./plans.ts";
import type { Subscription } from "./subscription.ts";

/** An account as it was read a moment ago. */
export interface Account extends Subscription, ModeratorRights {
  readonly userId: string;
  readonly email: string;
}

/** What a key is for; null: for everything. */
export interface KeyRestrictions {
  /** As `isOriginRule` takes them. */
  readonly origins: readonly string[] | null;
  /** Layers of tiles. */
  readonly layers: readonly string[] | null;
  readonly kinds: readonly CallKind[] | null;
}

/** Who sent a request: an account, by a key or by a session. */
export interface Caller {
  readonly account: Account;
  /** Undefined: by a session. */
  readonly key?: KeyRestrictions & { readonly id: string };
  /** The account that shows the product. */
  readonly isDemo?: boolean;
}
