import type { MetricSample } from "../ports/metrics.ts";
import { ACTIONS, type Action, CAUSES, type Cause } from "./case.ts";

/** What this process has held back, and moderators have decided here, since it began. */
export interface CaseCounts {
  held(cause: Cause): void;
  ruled(action: Action | "undo"): void;
  samples(): MetricSample[];
}

export function createCaseCounts(): CaseCounts {
  const held = new Map<Cause, number>(CAUSES.filter((cause) => cause !== "moderator").map((cause) => [cause, 0]));
  const ruled = new Map<Action | "undo", number>([...ACTIONS, "undo" as const].map((action) => [action, 0]));
  return {
    held: (cause) => void held.set(cause, (held.get(cause) ?? 0) + 1),
    ruled: (action) => void ruled.set(action, (ruled.get(action) ?? 0) + 1),
    samples: () => [
      ...[...held].map(([cause, value]) => ({
        name: "stratum_reports_held_total",
        help: "Reports held back for a moderator.",
        type: "counter" as const,
        value,
        labels: { cause },
      })),
      ...[...ruled].map(([action, value]) => ({
        name: "stratum_moderator_decisions_total",
        help: "What moderators decided.",
        type: "counter" as const,
        value,
        labels: { action },
      })),
    ],
  };
}
