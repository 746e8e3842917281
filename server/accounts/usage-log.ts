import type { Log } from "../console/log.ts";
import { DAY_MS, formatDay } from "../kit/utc-time.ts";
import { settlesWithin } from "../kit/wait.ts";
import type { MetricSample } from "../ports/metrics.ts";
import type { RunSql } from "../ports/sql.ts";
import type { CallKind } from "./plans.ts";

/** A call that was answered. */
export interface UsedCall {
  /** Undefined: it was asked with a session. */
  readonly keyId: string | undefined;
  readonly userId: string;
  readonly capability: CallKind;
  /** Unix milliseconds. */
  readonly atMs: number;
  /** One unless it says so. */
  readonly calls?: number;
}

/** Counts calls in memory and adds them to `usage_log` a batch at a time. */
export interface UsageLog {
  add(call: UsedCall): void;
  /** Adds what waits. Rejects when PostgreSQL does not answer; what waits then goes on waiting. */
  flush(): Promise<void>;
  /** A last flush, which PostgreSQL may not hold up for long. */
  close(): Promise<void>;
  samples(): MetricSample[];
}

export interface UsageLogOptions {
  readonly sql: RunSql;
  readonly log: Log;
  /** Counts of a key, day and capability that may wait while PostgreSQL is away; further ones are lost, and counted as such. */
  readonly maxEntries?: number;
}

interface Entry {
  readonly keyId: string | undefined;
  readonly userId: string;
  /** Since 1970. */
  readonly day: number;
  readonly capability: CallKind;
  calls: number;
  lastMs: number;
}

/** Sent again as it is until it is known to be added. */
interface Batch {
  readonly id: string;
  readonly entries: readonly Entry[];
}

const CLOSE_WITHIN_MS = 3_000;

export function createUsageLog({ sql, log, maxEntries = 10_000 }: UsageLogOptions): UsageLog {
  /** By key, or by account where there is none; of each a few, by day and kind. */
  const pending = new Map<string, Entry[]>();
  let pendingEntries = 0;
  const unsent: Batch[] = [];
  let lost = 0;

  const callsOf = (entries: Iterable<Entry>): number => {
    let sum = 0;
    for (const { calls } of entries) sum += calls;
    return sum;
  };
  const waitingEntries = () => unsent.reduce((sum, { entries }) => sum + entries.length, pendingEntries);
  const waitingCalls = () =>
    unsent.reduce((sum, { entries }) => sum + callsOf(entries), 0) + callsOf([...pending.values()].flat());

  async function send(batch: Batch): Promise<void> {
    try {
      await addBatch(sql, batch);
    } catch (error) {
      unsent.push(batch);
      throw error;
    }
  }

  async function flush(): Promise<void> {
    for (let batch = unsent.shift(); batch !== undefined; batch = unsent.shift()) await send(batch);
    if (pending.size === 0) return;
    const entries = [...pending.values()].flat();
    pending.clear();
    pendingEntries = 0;
    await send({ id: crypto.randomUUID(), entries });
  }

  return {
    add({ keyId, userId, capability, atMs, calls = 1 }) {
      const day = Math.floor(atMs / DAY_MS);
      const id = keyId ?? userId;
      const known = pending.get(id);
      const entry = known?.find((each) => each.day === day && each.capability === capability);
      if (entry !== undefined) {
        entry.calls += calls;
        entry.lastMs = Math.max(entry.lastMs, atMs);
      } else if (waitingEntries() < maxEntries) {
        const made = { keyId, userId, day, capability, calls, lastMs: atMs };
        if (known === undefined) pending.set(id, [made]);
        else known.push(made);
        pendingEntries++;
      } else {
        lost += calls;
      }
    },
    flush,
    async close() {
      await settlesWithin(CLOSE_WITHIN_MS, flush());
      lost += waitingCalls();
      if (lost > 0) log.warn("calls were not counted: PostgreSQL was away too long", { calls: lost });
    },
    samples: () => [
      {
        name: "stratum_usage_calls_waiting",
        help: "Answered calls of accounts that usage_log does not hold yet.",
        type: "gauge",
        value: waitingCalls(),
      },
      {
        name: "stratum_usage_calls_lost_total",
        help: "Answered calls of accounts that were never counted.",
        type: "counter",
        value: lost,
      },
    ],
  };
}

async function addBatch(sql: RunSql, { id, entries }: Batch): Promise<void> {
  await sql(ADD_BATCH, [
    id,
    entries.map(({ userId }) => userId),
    entries.map(({ keyId }) => keyId ?? null),
    entries.map(({ day }) => formatDay(day * DAY_MS)),
    entries.map(({ capability }) => capability),
    entries.map(({ calls }) => calls),
    entries.map(({ lastMs }) => new Date(lastMs)),
  ]);
}

/**
 * One statement, so it is atomic; a batch that was added before adds nothing. Whoever adds locks accounts in their order first, so no two
 * wait for each other. Calls of an account that is gone are gone with it, those of a key that is forgotten stay the account's. A batch's
 * name is kept for a week: who could not send it for so long will not any more.
 */
const ADD_BATCH = `
  WITH fresh AS (
    INSERT INTO usage_batches (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id
  ), sent AS (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::integer[], $7::timestamptz[])
      AS t (user_id, key_id, day, capability, calls, last_at)
  ), locked AS MATERIALIZED (
    SELECT id FROM users WHERE id = ANY ($2::uuid[]) AND EXISTS (SELECT FROM fresh) ORDER BY id FOR NO KEY UPDATE
  ), used AS (
    SELECT sent.user_id, k.id AS key_id, day, capability, sum(calls)::integer AS calls, max(last_at) AS last_at
    FROM sent JOIN locked ON locked.id = sent.user_id LEFT JOIN api_keys AS k ON k.id = sent.key_id
    GROUP BY 1, 2, 3, 4
  ), touched AS (
    UPDATE api_keys AS k SET last_used_at = greatest(k.last_used_at, u.last_at)
    FROM (SELECT key_id, max(last_at) AS last_at FROM used GROUP BY key_id) u WHERE k.id = u.key_id
  ), forgotten AS (
    DELETE FROM usage_batches WHERE id IN (
      SELECT id FROM usage_batches WHERE added_at < now() - interval '7 days'
      ORDER BY added_at LIMIT 100 FOR UPDATE SKIP LOCKED)
  )
  INSERT INTO usage_log AS l (user_id, key_id, day, capability, calls)
  SELECT user_id, key_id, day, capability, calls FROM used ORDER BY 1, 3, 4, 2
  ON CONFLICT (user_id, day, capability, key_id) DO UPDATE SET calls = l.calls + excluded.calls`;
