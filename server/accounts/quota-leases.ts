import type { RunSql } from "../ports/sql.ts";

/** What a process asks of one quota. Times are Unix milliseconds. */
export interface LeaseRequest {
  readonly userId: string;
  readonly pool: string;
  /** UTC days, `2026-06-01`: the first of the period, and the first after it. */
  readonly period: string;
  readonly periodEnd: string;
  /** Whose calls of before are counted, where nothing was leased yet. */
  readonly kinds: readonly string[];
  readonly lease: string;
  /** Calls answered since the lease began, and as many of them as PostgreSQL is known to have. */
  readonly total: number;
  readonly confirmed: number;
  /** What is held yet, and may be answered while this is asked. */
  readonly left: number;
  readonly reserve: number;
  readonly limit: number;
  /** What all processes together may ever answer. */
  readonly most: number;
  /** Requests that wait. */
  readonly need: number;
  /** To hold so many. */
  readonly want: number;
  readonly wantReserve: number;
}

/** What comes to what is held. */
export interface Lease {
  readonly calls: number;
  /** To be answered while more is on its way, and only then. */
  readonly reserve: number;
  /** Of the quota, as far as PostgreSQL was told. */
  readonly used: number;
  /** Of the quota, by others: they may use it or give it back. */
  readonly held: number;
}

/** Asks for any number of slices by one statement. In one order, so that no two statements wait for each other. @throws DatabaseUnavailableError */
export async function leaseQuotas(
  sql: RunSql,
  requests: readonly LeaseRequest[],
  { nowMs, forMs }: { readonly nowMs: number; readonly forMs: number },
): Promise<Lease[]> {
  const column = <K extends keyof LeaseRequest>(name: K) => requests.map((request) => request[name]);
  const rows = await sql<Lease & { readonly n: number }>(LEASE, [
    column("userId"),
    column("pool"),
    column("period"),
    column("periodEnd"),
    requests.map(({ kinds }) => kinds.join()),
    column("lease"),
    column("total"),
    column("confirmed"),
    column("left"),
    column("reserve"),
    column("limit"),
    column("most"),
    column("need"),
    column("want"),
    column("wantReserve"),
    nowMs / 1000,
    forMs / 1000,
  ]);
  return rows.map(({ calls, reserve, used, held }) => ({ calls, reserve, used, held }));
}

const LEASE = `
  SELECT n::integer AS n, l.calls::float8 AS calls, l.reserve::float8 AS reserve, l.used::float8 AS used, l.held::float8 AS held
  FROM (
    SELECT * FROM unnest(
      $1::uuid[], $2::text[], $3::date[], $4::date[], $5::text[], $6::text[],
      $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[]
    ) WITH ORDINALITY AS t (
      user_id, pool, period, period_end, kinds, lease, total, confirmed, had, had_reserve, quota, most, need, want, want_reserve, n)
    ORDER BY user_id, pool, period, n
  ) AS t, LATERAL lease_quota(
    user_id, pool, period, period_end, string_to_array(kinds, ','), lease, total, confirmed, had, had_reserve, quota, most,
    need, want, want_reserve, $16::float8, $17::float8) AS l
  ORDER BY n`;
