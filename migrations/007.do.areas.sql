-- Areas, such as a city's neighbourhoods, and their scores over time. Their boundaries are kept where tiles are made, not here.

-- What is known of areas, those of sets that are live and those that were: a history outlives its area.
CREATE TABLE areas (
  id       text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  -- Slug of its city, which need not be one of those in neighborhood_scores.
  city     text   NOT NULL CHECK (city <> ''),
  kind     text   NOT NULL CHECK (kind <> ''),
  name     text   NOT NULL CHECK (name <> ''),
  -- Of its set when it was last seen there: an area of an older one than the others of its city and kind is gone.
  version  bigint NOT NULL,
  -- Degrees.
  west     double precision NOT NULL,
  south    double precision NOT NULL CHECK (south <= north),
  east     double precision NOT NULL CHECK (west <= east),
  north    double precision NOT NULL
);

COMMENT ON TABLE areas IS 'Areas with real boundaries, such as neighbourhoods, by city and kind.';

CREATE INDEX areas_city_kind ON areas (city, kind);

-- As neighborhood_scores: at most one row an area and hour, which says how the area stood when it was last scored in it; at least one a
-- UTC day; hours are thinned to each day's last after eight days. A score that is not known is null.
CREATE TABLE area_scores (
  area             text COLLATE "C" NOT NULL REFERENCES areas (id),
  safety           decimal(4, 1) CHECK (safety BETWEEN 0 AND 100),
  vibe             decimal(4, 1) CHECK (vibe BETWEEN 0 AND 100),
  infrastructure   decimal(4, 1) CHECK (infrastructure BETWEEN 0 AND 100),
  opportunity      decimal(4, 1) CHECK (opportunity BETWEEN 0 AND 100),
  overall          decimal(4, 1) CHECK (overall BETWEEN 0 AND 100),
  report_count_7d  integer       NOT NULL CHECK (report_count_7d >= 0),
  report_count_30d integer       NOT NULL CHECK (report_count_30d >= report_count_7d),
  -- As in neighborhood_scores: what the layer's reports of the 30 days before weigh, in quarters.
  safety_quarters         integer NOT NULL CHECK (safety_quarters >= 0),
  vibe_quarters           integer NOT NULL CHECK (vibe_quarters >= 0),
  infrastructure_quarters integer NOT NULL CHECK (infrastructure_quarters >= 0),
  opportunity_quarters    integer NOT NULL CHECK (opportunity_quarters >= 0),
  calculated_at    timestamptz   NOT NULL,
  PRIMARY KEY (area, calculated_at)
);

COMMENT ON TABLE area_scores IS 'Scores of areas, at most one row per area and hour; history is kept.';
COMMENT ON COLUMN area_scores.calculated_at IS
  'The beginning of the hour in which the area was scored. The row says how the area stood when it was last scored in that hour.';

-- Rows come in the order of time, so this small index finds the days that are due to be thinned.
CREATE INDEX area_scores_time ON area_scores USING brin (calculated_at) WITH (pages_per_range = 16);
