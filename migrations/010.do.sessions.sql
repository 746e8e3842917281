-- Sign-up, sign-in and sessions, in the same table of users that keys and subscriptions hang on. docs/decisions/0026-accounts.md says why.

-- One account for an address however it is spelled: better-auth looks for the lower one.
UPDATE users SET email = lower(email) WHERE email <> lower(email);

ALTER TABLE users
  ADD COLUMN name            text        NOT NULL DEFAULT '' CHECK (length(name) <= 100),
  ADD COLUMN email_verified  boolean     NOT NULL DEFAULT false,
  ADD COLUMN image           text        CHECK (length(image) <= 2000),
  ADD COLUMN updated_at      timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN is_demo         boolean     NOT NULL DEFAULT false,
  ADD CONSTRAINT users_demo_is_no_operator CHECK (NOT (is_demo AND is_operator));

COMMENT ON COLUMN users.is_demo IS 'The account whose password anybody may know: on embedded stores of one machine only.';

-- A sign-up forgets those that are too old.
CREATE INDEX users_unverified ON users (created_at) WHERE NOT email_verified;

CREATE TABLE sessions (
  id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id     uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
  -- SHA-256 of the token. The token itself is in the browser's cookie alone.
  token       text COLLATE "C" NOT NULL UNIQUE CHECK (token ~ '^[0-9a-f]{64}$'),
  user_agent  text        CHECK (length(user_agent) <= 200),
  expires_at  timestamptz NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_user_id ON sessions (user_id, created_at);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- How an account is signed in to: by its password. better-auth calls this an account, and means a way to sign in.
CREATE TABLE credentials (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id      uuid        NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
  account_id   text        NOT NULL,
  provider_id  text        NOT NULL CHECK (provider_id = 'credential'),
  -- scrypt with its parameters and salt.
  password     text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now()
);

-- What was sent by mail and is waited for: resets of passwords. The identifier is a hash of what the mail says.
CREATE TABLE verifications (
  id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  identifier  text        NOT NULL,
  value       text        NOT NULL,
  expires_at  timestamptz NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX verifications_identifier ON verifications (identifier);
CREATE INDEX verifications_value ON verifications (value);
CREATE INDEX verifications_expires_at ON verifications (expires_at);

-- Tries at passwords and mails sent, counted for all processes. Who it was about is an HMAC. Lost with a crash: nobody minds.
CREATE UNLOGGED TABLE auth_attempts (
  who       text COLLATE "C" PRIMARY KEY CHECK (length(who) = 64),
  since     timestamptz NOT NULL DEFAULT now(),
  attempts  integer     NOT NULL CHECK (attempts >= 0)
);
CREATE INDEX auth_attempts_since ON auth_attempts (since);

-- Deleting an account deletes all of it. Whoever deletes one ends its subscription first.
ALTER TABLE api_subscriptions
  DROP CONSTRAINT api_subscriptions_user_id_fkey,
  ADD CONSTRAINT api_subscriptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE api_keys
  DROP CONSTRAINT api_keys_user_id_fkey,
  ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE usage_log
  DROP CONSTRAINT usage_log_key_id_fkey,
  ADD CONSTRAINT usage_log_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys ON DELETE CASCADE;
