-- Scores of every neighbourhood over time. A row is never updated: the newest calculated_at of a geohash is its score now,
-- older rows are its history. A geohash carries its precision, so (geohash, calculated_at) identifies a row.
-- Not partitioned: a primary key would have to hold the partition's month, and nothing here drops rows by month yet.
CREATE TABLE neighborhood_scores (
  geohash         text          NOT NULL CHECK (geohash ~ '^[0-9b-hjkmnp-z]{4,6}$'),
  precision       smallint      NOT NULL GENERATED ALWAYS AS (length(geohash)) STORED,
  safety          decimal(4, 1) NOT NULL CHECK (safety BETWEEN 0 AND 100),
  vibe            decimal(4, 1) NOT NULL CHECK (vibe BETWEEN 0 AND 100),
  infrastructure  decimal(4, 1) NOT NULL CHECK (infrastructure BETWEEN 0 AND 100),
  opportunity     decimal(4, 1) NOT NULL CHECK (opportunity BETWEEN 0 AND 100),
  overall         decimal(4, 1) NOT NULL CHECK (overall BETWEEN 0 AND 100),
  report_count_7d integer       NOT NULL CHECK (report_count_7d >= 0),
  -- Slug of the city that the cell lies in; null outside all of them.
  city            text          CHECK (city <> ''),
  calculated_at   timestamptz   NOT NULL DEFAULT now(),
  PRIMARY KEY (geohash, calculated_at)
);

COMMENT ON TABLE neighborhood_scores IS 'Scores of geohash cells, one row per cell and calculation; history is kept.';
COMMENT ON COLUMN neighborhood_scores.report_count_7d IS 'Live reports in the cell during the seven days before calculated_at, all layers.';

-- A city's average over the last days, and its change week over week, at one precision: both read one range of this index
-- and, safety being in it, nothing of the table.
CREATE INDEX neighborhood_scores_city_time
  ON neighborhood_scores (city, precision, calculated_at) INCLUDE (geohash, safety)
  WHERE city IS NOT NULL;
