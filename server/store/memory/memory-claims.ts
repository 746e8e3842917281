import type { Clock } from "../../ports/clock.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { CLAIM_LIFETIME_MS } from "../log-changes.ts";

/** Values that whoever comes first under a key decides. */
export function createMemoryClaims({ clock }: { clock: Clock }): Pick<ReportStore, "claimKey" | "remember"> {
  const claims = createKeptValues<{ readonly fingerprint: string; readonly reportId: string }>(clock);
  const values = createKeptValues<string>(clock);
  return {
    claimKey: async (keyHash, { fingerprint, reportId }) =>
      claims.keep(keyHash, { fingerprint, reportId }, clock.now() + CLAIM_LIFETIME_MS, false),
    remember: async (key, value, { untilMs, replace = false }) => values.keep(key, value, untilMs, replace),
  };
}

/** Values by key, each until a time. */
function createKeptValues<T>(clock: Clock) {
  const kept = new Map<string, { readonly value: T; readonly untilMs: number }>();
  return {
    /** What is kept: the value, or an earlier one that is not to be replaced. */
    keep(key: string, value: T, untilMs: number, replace: boolean): T {
      const held = kept.get(key);
      if (held !== undefined && held.untilMs > clock.now() && !replace) return held.value;
      kept.set(key, { value, untilMs });
      return value;
    },
  };
}
