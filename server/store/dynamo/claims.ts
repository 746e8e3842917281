import type { Clock } from "../../ports/clock.ts";
import { type ReportStore, StoreUnavailableError } from "../../ports/report-store.ts";
import { idempotencyKey, type Key, memoKey } from "../keys.ts";
import { CLAIM_LIFETIME_MS } from "../log-changes.ts";
import { ttlSeconds } from "../rows.ts";
import type { Requests } from "./requests.ts";

const MAX_TRIES = 3;

export interface ClaimsOptions {
  readonly clock: Clock;
  readonly requests: Requests;
}

/** Values that whoever comes first under a key decides. */
export function createClaims({ clock, requests }: ClaimsOptions): Pick<ReportStore, "claimKey" | "remember"> {
  return {
    async claimKey(keyHash, { fingerprint, reportId }) {
      const untilMs = clock.now() + CLAIM_LIFETIME_MS;
      const value = { fingerprint, report_id: reportId };
      const held = await claim(requests, clock, idempotencyKey(keyHash), value, { untilMs });
      return { fingerprint: held.fingerprint, reportId: held.report_id };
    },

    remember: async (key, value, options) => (await claim(requests, clock, memoKey(key), { value }, options)).value,
  };
}

interface ClaimOptions {
  /** Unix milliseconds; from then on the key is free again. */
  readonly untilMs: number;
  /** Takes the key from whoever holds it. */
  readonly replace?: boolean;
}

/**
 * Stores a value under a key that nobody holds, and returns what is held: the caller's value or an earlier one.
 * @throws StoreUnavailableError
 */
async function claim<T extends object>(
  requests: Requests,
  clock: Clock,
  key: Key,
  value: T,
  { untilMs, replace = false }: ClaimOptions,
): Promise<T> {
  const Item = { ...value, ...key, until_ms: untilMs, expires_at: ttlSeconds(untilMs) };
  if (replace) {
    await requests.put({ Item });
    return value;
  }
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const isOurs = await requests.putIf({
      Item,
      // TTL deletes late, hence the second half.
      ConditionExpression: "attribute_not_exists(pk) OR until_ms <= :now",
      ExpressionAttributeValues: { ":now": clock.now() },
    });
    if (isOurs) return value;
    const held = await requests.get<Key & T>(key, true);
    // Gone only if TTL deleted it between the two requests.
    if (held !== undefined) return held;
  }
  throw new StoreUnavailableError(`${key.pk} came and went ${MAX_TRIES} times`);
}
