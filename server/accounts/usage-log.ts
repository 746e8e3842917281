import type { Log } from "../console/log.ts";
import { formatDay } from "../kit/utc-time.ts";
import { settlesWithin } from "../kit/wait.ts";
import type { MetricSample } from "../ports/metrics.ts";
import type { RunSql } from "../ports/sql.ts";
import type { Capability } from "./subscription.ts";

/** A call that was answered. */
export interface UsedCall {
  readonly keyId: string;
  readonly userId: string;
  readonly capability: Capability;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** Counts calls in memory and adds them to `usage_log` a batch at a time. */
export interface UsageLog {
  add(call: UsedCall): void;
  /** Calls of an account that wait here to be added, of one day (`2026-06-01`) and later. */
  pendingOf(userId: string, fromDay: string): number;
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
  readonly keyId: string;
  readonly userId: string;
  readonly day: string;
  readonly capability: Capability;
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
  const pending = new Map<string, Entry>();
  const unsent: Batch[] = [];
  let lost = 0;

  const waiting = (): Entry[] => [...unsent.flatMap(({ entries }) => entries), ...pending.values()];
  const callsOf = (entries: readonly Entry[]): number => entries.reduce((sum, { calls }) => sum + calls, 0);

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
    const entries = [...pending.values()];
    pending.clear();
    await send({ id: crypto.randomUUID(), entries });
  }

  return {
    add({ keyId, userId, capability, atMs }) {
      const day = formatDay(atMs);
      const name = `${keyId} ${day} ${capability}`;
      const entry = pending.get(name);
      if (entry !== undefined) {
        entry.calls++;
        entry.lastMs = Math.max(entry.lastMs, atMs);
      } else if (waiting().length < maxEntries) {
        pending.set(name, { keyId, userId, day, capability, calls: 1, lastMs: atMs });
      } else {
        lost++;
      }
    },
    pendingOf: (userId, fromDay) => callsOf(waiting().filter((each) => each.userId === userId && each.day >= fromDay)),
    flush,
    async close() {
      await settlesWithin(CLOSE_WITHIN_MS, flush());
      lost += callsOf(waiting());
      if (lost > 0) log.warn("calls were not counted: PostgreSQL was away too long", { calls: lost });
    },
    samples: () => [
      {
        name: "stratum_usage_calls_waiting",
        help: "Answered calls with a key that usage_log does not hold yet.",
        type: "gauge",
        value: callsOf(waiting()),
      },
      {
        name: "stratum_usage_calls_lost_total",
        help: "Answered calls with a key that were never counted.",
        type: "counter",
        value: lost,
      },
    ],
  };
}

async function addBatch(sql: RunSql, { id, entries }: Batch): Promise<void> {
  await sql(ADD_BATCH, [
    id,
    entries.map(({ keyId }) => keyId),
    entries.map(({ day }) => day),
    entries.map(({ capability }) => capability),
    entries.map(({ calls }) => calls),
    entries.map(({ lastMs }) => new Date(lastMs)),
  ]);
}

/**
 * One statement, so it is atomic; a batch that was added before adds nothing. Whoever adds locks keys in their order first, so no two
 * wait for each other. A batch's name is kept for a week: who could not send it for so long will not any more.
 */
const ADD_BATCH = `
  WITH fresh AS (
    INSERT INTO usage_batches (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id
  ), used AS (
    SELECT * FROM unnest($2::uuid[], $3::date[], $4::text[], $5::integer[], $6::timestamptz[])
      AS t (key_id, day, capability, calls, last_at)
  ), locked AS MATERIALIZED (
    SELECT id FROM api_keys WHERE id = ANY ($2::uuid[]) AND EXISTS (SELECT FROM fresh) ORDER BY id FOR NO KEY UPDATE
  ), touched AS (
    UPDATE api_keys AS k SET last_used_at = greatest(k.last_used_at, u.last_at)
    FROM locked JOIN (SELECT key_id, max(last_at) AS last_at FROM used GROUP BY key_id) u ON u.key_id = locked.id
    WHERE k.id = locked.id
  ), forgotten AS (
    DELETE FROM usage_batches WHERE id IN (
      SELECT id FROM usage_batches WHERE added_at < now() - interval '7 days'
      ORDER BY added_at LIMIT 100 FOR UPDATE SKIP LOCKED)
  )
  INSERT INTO usage_log AS l (key_id, day, capability, calls)
  SELECT key_id, day, capability, calls FROM used JOIN locked ON locked.id = used.key_id ORDER BY 1, 2, 3
  ON CONFLICT (key_id, day, capability) DO UPDATE SET calls = l.calls + excluded.calls`;
