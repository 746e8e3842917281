-- Accounts, their subscriptions, keys and usage. docs/decisions/0015-keys-and-usage.md says why.

CREATE TABLE users (
  id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  email       text        NOT NULL CHECK (length(email) <= 254 AND email ~ '^[^\s@]+@[^\s@]+$'),
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- At most one for each account; without a row it is a resident's. Nothing here goes with a deleted account by itself: what was
-- used is billed first.
CREATE TABLE api_subscriptions (
  user_id                 uuid        PRIMARY KEY REFERENCES users,
  plan                    text        NOT NULL DEFAULT 'resident' CHECK (plan IN ('resident', 'agent', 'city')),
  status                  text        NOT NULL DEFAULT 'active' CHECK (status IN (
    'incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused')),
  monthly_calls_limit     integer     NOT NULL DEFAULT 10000 CHECK (monthly_calls_limit >= 0),
  stripe_subscription_id  text        UNIQUE CHECK (stripe_subscription_id <> ''),
  current_period_end      timestamptz,
  ends_at                 timestamptz,
  created_at              timestamptz NOT NULL DEFAULT now(),
  updated_at              timestamptz NOT NULL DEFAULT now()
);

COMMENT ON COLUMN api_subscriptions.status IS 'As Stripe names it.';
COMMENT ON COLUMN api_subscriptions.ends_at IS 'When it ends for good; null while it renews.';

CREATE TABLE api_keys (
  id            uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id       uuid        NOT NULL REFERENCES users,
  name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  -- SHA-256 of the key. The key itself is nowhere.
  key_hash      text COLLATE "C" NOT NULL UNIQUE CHECK (key_hash ~ '^[0-9a-f]{64}$'),
  -- Its first characters, for people to tell keys apart.
  prefix        text        NOT NULL CHECK (length(prefix) BETWEEN 1 AND 16),
  created_at    timestamptz NOT NULL DEFAULT now(),
  last_used_at  timestamptz,
  revoked_at    timestamptz,
  UNIQUE (user_id, prefix)
);

-- Answered calls by UTC day. Only added to, a batch at a time.
CREATE TABLE usage_log (
  key_id      uuid    NOT NULL REFERENCES api_keys,
  day         date    NOT NULL,
  capability  text    NOT NULL CHECK (capability IN ('trends', 'exports')),
  calls       integer NOT NULL CHECK (calls > 0),
  PRIMARY KEY (key_id, day, capability)
);

-- Batches that usage_log holds already: one that is sent again, because its answer was lost, adds nothing.
CREATE TABLE usage_batches (
  id        uuid        PRIMARY KEY,
  added_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX usage_batches_added_at ON usage_batches (added_at);
