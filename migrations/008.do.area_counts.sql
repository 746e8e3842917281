-- Reports of areas by day: report_counts of the reports of each neighbourhood that lie in an area, by their own places.

CREATE TABLE area_counts (
  -- An area may be counted before anything else is known of it.
  area              text COLLATE "C" NOT NULL CHECK (area <> ''),
  layer             text    NOT NULL CHECK (layer IN ('safety', 'vibe', 'infrastructure', 'opportunity')),
  day               date    NOT NULL,
  -- The neighbourhood of which this is the part inside the area.
  geohash           text COLLATE "C" NOT NULL CHECK (geohash ~ '^[0-9b-hjkmnp-z]{6}$'),
  report_count      integer NOT NULL CHECK (report_count > 0),
  severity_sum      integer NOT NULL CHECK (severity_sum >= report_count),
  -- As in report_counts: a reporter's reports are told apart by neighbourhood, not by area.
  worth_quarters    integer NOT NULL CHECK (worth_quarters BETWEEN 0 AND 4 * report_count),
  severity_quarters integer NOT NULL CHECK (severity_quarters BETWEEN worth_quarters AND 4 * severity_sum),
  PRIMARY KEY (area, layer, day, geohash)
);

COMMENT ON TABLE area_counts IS 'Reports of each area by layer, day and neighbourhood (geohash-6 cell), written with report_counts.';

-- Counts of a cell of the log are replaced together.
CREATE INDEX area_counts_geohash ON area_counts (geohash, layer, day);

-- Of each city and kind the set of areas by which counting goes: where another version is live, its cells are counted again, as far back as
-- there are reports, and then the days before its areas' first scores are filled.
CREATE TABLE counted_area_sets (
  city        text    NOT NULL,
  kind        text    NOT NULL,
  version     bigint  NOT NULL,
  area_count  integer NOT NULL,
  is_filled   boolean NOT NULL DEFAULT false,
  PRIMARY KEY (city, kind)
);

COMMENT ON TABLE counted_area_sets IS 'Versions of sets of areas whose reports are counted by area.';

-- Versions of sets by whose areas a remembered part of a day was counted: by others it is counted again.
ALTER TABLE counted_parts ADD COLUMN areas_key text NOT NULL DEFAULT '';
