-- Scores by month and by hour, reports by day, and what the scorer must remember. docs/decisions/0005-scores.md says why.

-- The scorer writes at most one row per geohash and hour: calculated_at is the beginning of the hour, and the row says how the
-- cell stood when it was last scored in it. Every cell with live reports has at least one row a UTC day; hours are thinned to
-- each day's last after eight days.
-- Geohashes are compared by byte, so that all cells under a prefix are one range of an index.
ALTER TABLE neighborhood_scores RENAME TO neighborhood_scores_before;
ALTER TABLE neighborhood_scores_before DROP CONSTRAINT neighborhood_scores_pkey;
DROP INDEX neighborhood_scores_city_time;

CREATE TABLE neighborhood_scores (
  geohash         text COLLATE "C" NOT NULL CHECK (geohash ~ '^[0-9b-hjkmnp-z]{4,6}$'),
  precision       smallint      NOT NULL GENERATED ALWAYS AS (length(geohash)) STORED,
  safety          decimal(4, 1) NOT NULL CHECK (safety BETWEEN 0 AND 100),
  vibe            decimal(4, 1) NOT NULL CHECK (vibe BETWEEN 0 AND 100),
  infrastructure  decimal(4, 1) NOT NULL CHECK (infrastructure BETWEEN 0 AND 100),
  opportunity     decimal(4, 1) NOT NULL CHECK (opportunity BETWEEN 0 AND 100),
  overall         decimal(4, 1) NOT NULL CHECK (overall BETWEEN 0 AND 100),
  report_count_7d integer       NOT NULL CHECK (report_count_7d >= 0),
  -- Slug of the city that the cell's centre lies in; null outside all of them.
  city            text          CHECK (city <> ''),
  calculated_at   timestamptz   NOT NULL DEFAULT now(),
  PRIMARY KEY (geohash, calculated_at)
) PARTITION BY RANGE (calculated_at);

COMMENT ON TABLE neighborhood_scores IS 'Scores of geohash cells, at most one row per cell and hour; history is kept.';
COMMENT ON COLUMN neighborhood_scores.report_count_7d IS 'Live reports in the cell during the seven days before it was scored, all layers.';
COMMENT ON COLUMN neighborhood_scores.calculated_at IS 'The hour in which the cell was scored.';

-- Takes whatever no month was made for.
CREATE TABLE neighborhood_scores_other PARTITION OF neighborhood_scores DEFAULT;

-- A city's average over the last days, and its change week over week, at one precision: both read one range of this index
-- and, safety being in it, nothing of the table.
CREATE INDEX neighborhood_scores_city_time
  ON neighborhood_scores (city, precision, calculated_at) INCLUDE (geohash, safety)
  WHERE city IS NOT NULL;

-- Rows come in the order of time, so this small index finds what was scored since some hour.
CREATE INDEX neighborhood_scores_time ON neighborhood_scores USING brin (calculated_at) WITH (pages_per_range = 16);

INSERT INTO neighborhood_scores
  (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at)
SELECT geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at
FROM neighborhood_scores_before;
DROP TABLE neighborhood_scores_before;

-- Makes the partition of the month (UTC) that a time lies in, if it is not there.
CREATE FUNCTION ensure_score_month(at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  first timestamp := date_trunc('month', at AT TIME ZONE 'UTC');
  name text := 'neighborhood_scores_' || to_char(first, 'YYYY_MM');
BEGIN
  IF to_regclass(name) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format(
    'CREATE TABLE %I PARTITION OF neighborhood_scores FOR VALUES FROM (%L) TO (%L)',
    name, first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC'
  );
EXCEPTION
  -- Somebody else made it meanwhile, or rows of this month lie in the default partition, where they and the rest stay.
  WHEN duplicate_table OR unique_violation OR check_violation THEN NULL;
END $$;

-- Reports by the UTC day on which they were made. A day is counted again whenever something of it changed, and its counts
-- replaced; it is final when its first report may have expired.
CREATE TABLE report_counts (
  geohash       text COLLATE "C" NOT NULL CHECK (geohash ~ '^[0-9b-hjkmnp-z]{6}$'),
  layer         text        NOT NULL CHECK (layer IN ('safety', 'vibe', 'infrastructure', 'opportunity')),
  day           date        NOT NULL,
  -- Slug, as in neighborhood_scores.
  city          text        CHECK (city <> ''),
  report_count  integer     NOT NULL CHECK (report_count > 0),
  severity_sum  integer     NOT NULL CHECK (severity_sum >= report_count),
  -- When the reports were read: an older reading never replaces a newer one.
  counted_at    timestamptz NOT NULL,
  PRIMARY KEY (geohash, layer, day)
);

COMMENT ON TABLE report_counts IS 'Reports of each neighbourhood (geohash-6 cell) by layer and day.';

-- A city's reports of a layer over a span of days, by neighbourhood, without the table.
CREATE INDEX report_counts_city_layer_day
  ON report_counts (city, layer, day) INCLUDE (geohash, report_count, severity_sum)
  WHERE city IS NOT NULL;

-- From which slices the cells under a geohash-4 were last scored, and on which day: other versions, or another day, and they
-- are scored again.
CREATE TABLE scored_slices (
  geohash   text COLLATE "C" PRIMARY KEY CHECK (geohash ~ '^[0-9b-hjkmnp-z]{4}$'),
  versions  text NOT NULL,
  day       date NOT NULL
);

-- One row. `epoch` goes up whenever a score changes; `counted_until` is the cursor of the change feed up to which
-- report_counts are complete.
CREATE TABLE score_state (
  only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch          bigint  NOT NULL DEFAULT 0,
  counted_until  text
);
INSERT INTO score_state DEFAULT VALUES;
