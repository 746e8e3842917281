import { CALL_KINDS, type CallKind } from "../api/keys.ts";
import type { UsageJson } from "../api/usage.ts";

/** Calls of a key, or of whoever was signed in, by kind. */
export interface UsageRow {
  /** Undefined: browsers that were signed in. */
  readonly key: { readonly id: string; readonly name: string } | undefined;
  readonly calls: Readonly<Record<CallKind, number>>;
  readonly total: number;
}

/** What was called by each key, the busiest first, and by signed-in browsers: what of a day's calls is no key's. Together all calls of the month. */
export function usageRows({ days, keys }: Pick<UsageJson, "days" | "keys">): UsageRow[] {
  const rows = keys.map(({ id, name, days: ofKey = [] }) =>
    rowOf({ id, name }, (kind) => sum(ofKey.filter((day) => day.kind === kind).map((day) => day.calls))),
  );
  const rest = rowOf(
    undefined,
    (kind) => sum(days.map((day) => day[kind])) - sum(rows.map(({ calls }) => calls[kind])),
  );
  const sorted = rows.toSorted((a, b) => b.total - a.total);
  return rest.total > 0 ? [...sorted, rest] : sorted;
}

function rowOf(key: UsageRow["key"], count: (kind: CallKind) => number): UsageRow {
  const calls = Object.fromEntries(CALL_KINDS.map((kind) => [kind, count(kind)])) as UsageRow["calls"];
  return { key, calls, total: sum(Object.values(calls)) };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
