import { createRateLimit } from "../kit/rate-limit.ts";
import { startOfNextMonth } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Caller } from "./key-lookup.ts";
import { type Capability, includes, isActive } from "./subscription.ts";
import type { UsageLog } from "./usage-log.ts";

/** A call that was let in: it counts when it is answered. */
export interface AdmittedCall {
  /** `X-RateLimit-*`: the month's limit, what is left of it, and when it begins anew (Unix seconds). */
  readonly headers: Readonly<Record<string, string>>;
  answered(): void;
  failed(): void;
}

/** Why a call was not let in. `waitSeconds`: after so long it may be. */
export interface Refusal {
  readonly kind: "plan" | "subscription-inactive" | "monthly-limit" | "minute-limit";
  readonly detail: string;
  readonly waitSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Admission {
  /** Lets a call in as far as its account's subscription goes. */
  admit(caller: Caller, capability: Capability): Promise<AdmittedCall | Refusal>;
  /** Counts something against the account's minute; a refusal when that is used up. */
  takeMinute(caller: Caller): Promise<Refusal | undefined>;
}

export const isRefusal = (outcome: AdmittedCall | Refusal): outcome is Refusal => "kind" in outcome;

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly usage: UsageLog;
  /** Calls of one account. */
  readonly perMinute: number;
}

export function createAdmission({ clock, usage, perMinute }: AdmissionOptions): Admission {
  const minutes = createRateLimit({ clock, perMinute });

  async function takeMinute({ account }: Caller): Promise<Refusal | undefined> {
    const waitSeconds = minutes.take(account.userId);
    if (waitSeconds === 0) return undefined;
    return {
      kind: "minute-limit",
      detail: `At most ${perMinute} calls a minute are answered to one account.`,
      waitSeconds,
    };
  }

  return {
    takeMinute,

    async admit(caller, capability) {
      const { keyId, account } = caller;
      const nowMs = clock.now();
      const unsubscribed = refusalBySubscription(caller, capability, nowMs);
      if (unsubscribed !== undefined) return unsubscribed;
      const nextMonth = startOfNextMonth(nowMs);
      const left = () => account.monthlyCallsLimit - account.calls - account.underWay;
      const headers = () => ({
        "X-RateLimit-Limit": `${account.monthlyCallsLimit}`,
        "X-RateLimit-Remaining": `${Math.max(0, left())}`,
        "X-RateLimit-Reset": `${nextMonth / 1000}`,
      });
      if (left() <= 0) {
        const detail = `The account's ${account.monthlyCallsLimit} calls of this month (UTC) are used up.`;
        const waitSeconds = Math.ceil((nextMonth - nowMs) / 1000);
        return { kind: "monthly-limit", detail, waitSeconds, headers: headers() };
      }
      // Before anything is waited for: of many at once no more come in than are left.
      account.underWay++;
      const failed = () => void account.underWay--;
      const refusal = await takeMinute(caller).catch((error: unknown) => {
        failed();
        throw error;
      });
      if (refusal !== undefined) {
        failed();
        return refusal;
      }
      const answered = () => {
        account.underWay--;
        account.calls++;
        usage.add({ keyId, userId: account.userId, capability, atMs: nowMs });
      };
      return { headers: headers(), answered, failed };
    },
  };
}

function refusalBySubscription({ account }: Caller, capability: Capability, nowMs: number): Refusal | undefined {
  const { plan, status } = account;
  if (!includes(plan, capability)) {
    return { kind: "plan", detail: `The plan "${plan}" does not include ${capability}.` };
  }
  if (isActive(account, nowMs)) return undefined;
  const detail = `The account's subscription is not active: its status is "${status}".`;
  return { kind: "subscription-inactive", detail };
}
