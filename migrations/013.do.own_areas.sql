-- Areas of accounts: an agent's patch, a council's districts. docs/decisions/0029-own-areas.md says why they have tables of their own.

CREATE TABLE own_areas (
  -- 130 random bits: whoever does not know it does not find it, and whoever does must be its owner.
  id          text COLLATE "C" PRIMARY KEY CHECK (id ~ '^own-[0-9a-z]{26}$'),
  owner       uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
  -- Of the places that the account's plan gives one, so that two uploads at once do not take more than there are.
  slot        integer     NOT NULL CHECK (slot > 0),
  -- The order in which they came: of a smaller plan the first ones go on being counted.
  number      bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  -- Polygons of rings of corners, longitude and latitude in turn, in whole millionths of a degree. Never changed.
  polygons    jsonb       NOT NULL,
  -- Degrees.
  west        double precision NOT NULL,
  south       double precision NOT NULL CHECK (south <= north),
  east        double precision NOT NULL CHECK (west <= east),
  north       double precision NOT NULL,
  created_at  timestamptz NOT NULL,
  -- Whether it is beyond what the account's plan gives, when that was last looked at: what happens meanwhile is not counted.
  is_paused   boolean     NOT NULL DEFAULT false,
  -- Whether the days before it came have their scores.
  is_filled   boolean     NOT NULL DEFAULT false,
  -- When it is to be scored again.
  due_at      timestamptz NOT NULL DEFAULT '-infinity',
  UNIQUE (owner, slot)
);

COMMENT ON TABLE own_areas IS 'Areas of accounts, private to them.';

CREATE INDEX own_areas_owner ON own_areas (owner, number);
CREATE INDEX own_areas_due ON own_areas (due_at, west);
CREATE INDEX own_areas_unfilled ON own_areas (number) WHERE NOT is_filled;

-- Cells of the log that an own area meets.
CREATE TABLE own_area_cells (
  area      text COLLATE "C" NOT NULL REFERENCES own_areas ON DELETE CASCADE,
  geohash5  text COLLATE "C" NOT NULL CHECK (geohash5 ~ '^[0-9b-hjkmnp-z]{5}$'),
  -- A bit a layer, in the order safety, vibe, infrastructure, opportunity: whether all its reports of the cell are counted, but for changes.
  counted   smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (area, geohash5)
);

CREATE INDEX own_area_cells_geohash ON own_area_cells (geohash5, area);
CREATE INDEX own_area_cells_uncounted ON own_area_cells (area) WHERE counted <> 15;

-- The same cells by layer, each once, however many areas meet it: what of it is to be counted for these.
CREATE TABLE own_cells (
  geohash5    text   COLLATE "C" NOT NULL,
  layer       text   NOT NULL CHECK (layer IN ('safety', 'vibe', 'infrastructure', 'opportunity')),
  -- Unix milliseconds: reports made before have not changed since it was counted. Null: nothing has.
  from_ms     bigint,
  -- Another one each time the cell is told.
  told        bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  -- The hour in which it was counted last.
  counted_at  timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (geohash5, layer)
);

COMMENT ON TABLE own_cells IS 'Cells of the report log that own areas meet, and what of them is to be counted.';

CREATE INDEX own_cells_waiting ON own_cells (geohash5, layer) WHERE from_ms IS NOT NULL;

-- As area_scores.
CREATE TABLE own_area_scores (
  area             text COLLATE "C" NOT NULL REFERENCES own_areas ON DELETE CASCADE,
  safety           decimal(4, 1) CHECK (safety BETWEEN 0 AND 100),
  vibe             decimal(4, 1) CHECK (vibe BETWEEN 0 AND 100),
  infrastructure   decimal(4, 1) CHECK (infrastructure BETWEEN 0 AND 100),
  opportunity      decimal(4, 1) CHECK (opportunity BETWEEN 0 AND 100),
  overall          decimal(4, 1) CHECK (overall BETWEEN 0 AND 100),
  report_count_7d  integer       NOT NULL CHECK (report_count_7d >= 0),
  report_count_30d integer       NOT NULL CHECK (report_count_30d >= report_count_7d),
  safety_quarters         integer NOT NULL CHECK (safety_quarters >= 0),
  vibe_quarters           integer NOT NULL CHECK (vibe_quarters >= 0),
  infrastructure_quarters integer NOT NULL CHECK (infrastructure_quarters >= 0),
  opportunity_quarters    integer NOT NULL CHECK (opportunity_quarters >= 0),
  calculated_at    timestamptz   NOT NULL,
  PRIMARY KEY (area, calculated_at)
);

COMMENT ON TABLE own_area_scores IS 'Scores of areas of accounts, as area_scores has those of cities.';

CREATE INDEX own_area_scores_time ON own_area_scores USING brin (calculated_at) WITH (pages_per_range = 16);

-- As area_counts.
CREATE TABLE own_area_counts (
  area              text COLLATE "C" NOT NULL REFERENCES own_areas ON DELETE CASCADE,
  layer             text    NOT NULL CHECK (layer IN ('safety', 'vibe', 'infrastructure', 'opportunity')),
  day               date    NOT NULL,
  geohash           text COLLATE "C" NOT NULL CHECK (geohash ~ '^[0-9b-hjkmnp-z]{6}$'),
  report_count      integer NOT NULL CHECK (report_count > 0),
  severity_sum      integer NOT NULL CHECK (severity_sum >= report_count),
  worth_quarters    integer NOT NULL CHECK (worth_quarters BETWEEN 0 AND 4 * report_count),
  severity_quarters integer NOT NULL CHECK (severity_quarters BETWEEN worth_quarters AND 4 * severity_sum),
  PRIMARY KEY (area, layer, day, geohash)
);

COMMENT ON TABLE own_area_counts IS 'Reports of each area of an account by layer, day and neighbourhood, as area_counts has those of cities.';
