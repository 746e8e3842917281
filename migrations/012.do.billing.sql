-- What is paid for, and who changed accounts. docs/decisions/0028-billing.md says why.

-- An account's customer at Stripe, made at its first checkout. `api_subscriptions` is what became of it.
CREATE TABLE billing_customers (
  user_id             uuid        PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  stripe_customer_id  text        NOT NULL UNIQUE CHECK (stripe_customer_id <> ''),
  -- Counts what was written of the customer's subscriptions: whoever read before another wrote, reads again.
  revision            integer     NOT NULL DEFAULT 0,
  -- The one checkout that may be paid.
  checkout_id         text        CHECK (checkout_id <> ''),
  created_at          timestamptz NOT NULL DEFAULT now()
);

-- Events of Stripe that were taken in: one that is sent again is not looked at again. Kept for 30 days; Stripe tries for 3.
CREATE TABLE stripe_events (
  id           text        PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
  received_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stripe_events_received_at ON stripe_events (received_at);

-- What operators changed, for a year. Ids alone: whoever is deleted is named nowhere.
CREATE TABLE operator_log (
  id           bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  at           timestamptz NOT NULL DEFAULT now(),
  -- Null: by the command.
  operator_id  uuid,
  account_id   uuid        NOT NULL,
  action       text        NOT NULL CHECK (length(action) BETWEEN 1 AND 40),
  detail       jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX operator_log_at ON operator_log (at);

-- Operators page through accounts, the newest first, and look for the beginning of an address.
CREATE INDEX users_created_at ON users (created_at DESC, id DESC);
CREATE INDEX users_email_prefix ON users (lower(email) text_pattern_ops);
