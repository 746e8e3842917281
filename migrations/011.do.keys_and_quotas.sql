-- Restricted and expiring keys, usage by account and kind, and quotas that processes lease slices of.
-- docs/decisions/0027-quotas.md says why.

ALTER TABLE api_keys
  ADD COLUMN expires_at  timestamptz,
  ADD COLUMN origins     text[] CHECK (cardinality(origins) BETWEEN 1 AND 20),
  ADD COLUMN layers      text[] CHECK (cardinality(layers) BETWEEN 1 AND 10),
  ADD COLUMN kinds       text[] CHECK (cardinality(kinds) BETWEEN 1 AND 4);

COMMENT ON COLUMN api_keys.expires_at IS 'Of a key that another took the place of; null: none did.';
COMMENT ON COLUMN api_keys.origins IS 'Where pages that send it may come from, as https://example.com or https://*.example.com; null: anywhere.';

-- Volatile, so that whoever has locked the account counts what others added while it waited.
CREATE FUNCTION working_keys(in_user uuid, in_now timestamptz) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (
    SELECT count(*) FROM api_keys WHERE user_id = in_user AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > in_now));
END $$;

-- Null is what the plan gives. 10 000 was the default of every plan.
ALTER TABLE api_subscriptions ALTER COLUMN monthly_calls_limit DROP NOT NULL, ALTER COLUMN monthly_calls_limit DROP DEFAULT;
UPDATE api_subscriptions SET monthly_calls_limit = NULL WHERE monthly_calls_limit = 10000;

-- Usage is an account's: of a key, or of its sessions. Rows: keys x days x kinds with calls, about 100 bytes each.
ALTER TABLE usage_log ADD COLUMN user_id uuid REFERENCES users ON DELETE CASCADE;
UPDATE usage_log AS u SET user_id = k.user_id FROM api_keys AS k WHERE k.id = u.key_id;
ALTER TABLE usage_log
  ALTER COLUMN user_id SET NOT NULL,
  DROP CONSTRAINT usage_log_pkey,
  ALTER COLUMN key_id DROP NOT NULL,
  DROP CONSTRAINT usage_log_capability_check,
  ADD CONSTRAINT usage_log_capability_check CHECK (capability IN ('tiles', 'trends', 'exports', 'dashboards'));
-- A month of an account lies together.
CREATE UNIQUE INDEX usage_log_calls ON usage_log (user_id, day, capability, key_id) NULLS NOT DISTINCT;
-- For a key that is forgotten.
CREATE INDEX usage_log_key ON usage_log (key_id);
COMMENT ON COLUMN usage_log.key_id IS 'Null: the account''s sessions, and keys that are forgotten.';

-- What is used of a quota, and what processes may still answer of it without asking.
CREATE TABLE quota_use (
  user_id  uuid    NOT NULL REFERENCES users ON DELETE CASCADE,
  pool     text    NOT NULL CHECK (pool IN ('tiles', 'calls', 'trends', 'exports', 'dashboards')),
  -- First day of the month, or the day.
  period   date    NOT NULL,
  used     bigint  NOT NULL CHECK (used >= 0),
  -- By lease id: {"calls": of the limit, "reserve": beyond it, "told": what it said that it used, "until": Unix seconds}.
  leases   jsonb   NOT NULL DEFAULT '{}',
  PRIMARY KEY (user_id, pool, period)
);

/*
 * Takes what a lease used, and gives it more: an eighth of what nobody holds, or
 * as much as `need` requests wait for, until it holds `want`; a `want` of 0 gives back what it
 * held. `reserve` is of what lies between the limit and `most`, for the moments in which more is on its way. What it used is told as a sum
 * since the lease began, so that what is told again, because an answer got lost, does not count twice; `known` is the sum that was
 * confirmed last, for a lease that has expired meanwhile. The row is locked first: leases of one quota come one by one.
 */
CREATE FUNCTION lease_quota(
  in_user uuid, in_pool text, in_period date, in_period_end date, in_kinds text[], in_lease text, in_total bigint, in_known bigint,
  in_left bigint, in_reserve bigint, in_limit bigint, in_most bigint, in_need bigint, in_want bigint, in_want_reserve bigint,
  in_now double precision, in_seconds double precision,
  OUT calls bigint, OUT reserve bigint, OUT used bigint, OUT held bigint
) LANGUAGE plpgsql AS $$
DECLARE
  leases_now jsonb;
  held_all bigint;
  free bigint;
BEGIN
  calls := 0; reserve := 0; used := in_total; held := 0;
  IF NOT EXISTS (SELECT FROM users WHERE id = in_user) THEN RETURN; END IF;
  INSERT INTO quota_use AS q (user_id, pool, period, used)
    SELECT in_user, in_pool, in_period, coalesce(sum(u.calls), 0) FROM usage_log AS u
    WHERE u.user_id = in_user AND u.day >= in_period AND u.day < in_period_end AND u.capability = ANY (in_kinds)
    ON CONFLICT DO NOTHING;
  SELECT q.used, q.leases INTO used, leases_now FROM quota_use AS q
    WHERE q.user_id = in_user AND q.pool = in_pool AND q.period = in_period FOR UPDATE;
  used := greatest(0, used + in_total - coalesce((leases_now -> in_lease ->> 'told')::bigint, in_known));
  SELECT coalesce(jsonb_object_agg(l.key, l.value), '{}'), coalesce(sum((l.value ->> 'calls')::bigint), 0),
      coalesce(sum((l.value ->> 'calls')::bigint + (l.value ->> 'reserve')::bigint), 0)
    INTO leases_now, held, held_all
    FROM jsonb_each(leases_now) AS l WHERE l.key <> in_lease AND (l.value ->> 'until')::double precision > in_now;
  IF in_want > 0 THEN
    free := in_limit - used - held - in_left;
    calls := greatest(0, least(in_want - in_left, free, greatest(ceil(free / 8.0), in_need)));
    IF in_left + calls > 0 THEN
      reserve := greatest(0, least(in_want_reserve - in_reserve, (in_most - used - held_all - in_left - calls - in_reserve) / 8));
    END IF;
  END IF;
  leases_now := leases_now || jsonb_build_object(in_lease, jsonb_build_object(
    'calls', in_left + calls, 'reserve', in_reserve + reserve, 'told', in_total, 'until', in_now + in_seconds));
  UPDATE quota_use AS q SET used = lease_quota.used, leases = leases_now
    WHERE q.user_id = in_user AND q.pool = in_pool AND q.period = in_period;
END $$;
