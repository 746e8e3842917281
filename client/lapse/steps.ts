import { REPORT_LAYERS, type ReportLayer, type TimeWindow } from "../../tiles/layers.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Length of a step, and how many whole ones the window has. */
const STEPS: Readonly<Record<TimeWindow, readonly [stepMs: number, count: number]>> = {
  "24h": [HOUR_MS, 24],
  "7d": [HOUR_MS, 7 * 24],
  "30d": [DAY_MS, 30],
  "90d": [DAY_MS, 90],
};

/** A window cut into hours or days of the local clock. */
export interface Steps {
  readonly startMs: number;
  readonly stepMs: number;
  /** One more than the window has: its first and its last are cut by its ends. */
  readonly count: number;
}

/** Steps of the window that ends now. `offsetMinutes` is local time less UTC. */
export function stepsOf(window: TimeWindow, nowMs: number, offsetMinutes: number): Steps {
  const [stepMs, whole] = STEPS[window];
  const offsetMs = offsetMinutes * 60_000;
  const endMs = (Math.floor((nowMs + offsetMs) / stepMs) + 1) * stepMs - offsetMs;
  const count = whole + 1;
  return { startMs: endMs - count * stepMs, stepMs, count };
}

export interface TimedReport {
  readonly layer: ReportLayer;
  readonly atMs: number;
}

/** Reports of each step, layer by layer. What lies outside of the steps is left out. */
export function countSteps(
  { startMs, stepMs, count }: Steps,
  reports: Iterable<TimedReport>,
): Readonly<Record<ReportLayer, Uint32Array>> {
  const counts = Object.fromEntries(REPORT_LAYERS.map((layer) => [layer, new Uint32Array(count)]));
  for (const { layer, atMs } of reports) {
    const step = Math.floor((atMs - startMs) / stepMs);
    const of = counts[layer];
    if (of && step >= 0 && step < count) of[step] = (of[step] ?? 0) + 1;
  }
  return counts as Record<ReportLayer, Uint32Array>;
}

const day = new Intl.DateTimeFormat("en", { weekday: "short", day: "numeric", month: "short" });
const hour = new Intl.DateTimeFormat("en", { weekday: "short", hour: "numeric", minute: "2-digit", hour12: false });

/** "Tue, Mar 3", or "Tue 14:00". */
export function stepWords({ startMs, stepMs }: Steps, step: number): string {
  // The middle of a day is that day also when the clock was set forward or back meanwhile.
  if (stepMs === DAY_MS) return day.format(startMs + (step + 0.5) * stepMs);
  return hour.format(startMs + step * stepMs).replace(",", "");
}

export const stepName = ({ stepMs }: Steps): "day" | "hour" => (stepMs === DAY_MS ? "day" : "hour");
