import { CALL_KINDS } from "../api/keys.ts";
import type { UsageJson } from "../api/usage.ts";

type UsageDay = UsageJson["days"][number];

const NO_CALLS = { calls: 0, ...Object.fromEntries(CALL_KINDS.map((kind) => [kind, 0])) } as Omit<UsageDay, "day">;
const DAY_MS = 86_400_000;

/** Every day of a month, up to today, UTC: the answer has only those with calls. @param month `2026-06` */
export function wholeMonth(days: readonly UsageDay[], month: string, nowMs: number): UsageDay[] {
  const known = new Map(days.map((day) => [day.day, day]));
  const first = Date.parse(`${month}-01T00:00:00Z`);
  const all: UsageDay[] = [];
  for (let atMs = first; atMs <= nowMs; atMs += DAY_MS) {
    const day = new Date(atMs).toISOString().slice(0, 10);
    if (!day.startsWith(month)) break;
    all.push(known.get(day) ?? { day, ...NO_CALLS });
  }
  return all;
}
