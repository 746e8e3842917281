-- Who may moderate reports: operators everywhere, other accounts in the cities that an operator bound them to. No subscription
-- gives that. docs/decisions/0024-moderation.md says why.

ALTER TABLE users ADD COLUMN is_operator boolean NOT NULL DEFAULT false;

CREATE TABLE moderated_cities (
  user_id     uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
  -- As /api/cities has it, or imported areas.
  city        text        NOT NULL CHECK (city ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(city) <= 64),
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, city)
);

COMMENT ON COLUMN users.is_operator IS 'May moderate everywhere.';
