-- What is still to be counted, and what need not be read again, so that counting goes on where it was cut off and reads what changed.

-- Cells of the log of which the change feed told, up to score_state.counted_until, and whose days have not been counted since.
-- A cell is taken away by the statement that writes its counts, unless it was told again meanwhile.
CREATE TABLE cells_to_count (
  geohash5  text   COLLATE "C" NOT NULL CHECK (geohash5 ~ '^[0-9b-hjkmnp-z]{5}$'),
  layer     text   NOT NULL CHECK (layer IN ('safety', 'vibe', 'infrastructure', 'opportunity')),
  -- Unix milliseconds: reports made before have not changed.
  from_ms   bigint NOT NULL,
  -- Another one each time the cell is told.
  told      bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (geohash5, layer)
);

COMMENT ON TABLE cells_to_count IS 'Cells of the report log whose report_counts are not complete.';

-- Of cells with many reports a day: what the part of a day before some minute holds, as long as nothing of it changes.
CREATE TABLE counted_parts (
  geohash5  text   COLLATE "C" NOT NULL,
  layer     text   NOT NULL,
  -- Unix milliseconds: the part's end. It begins with the UTC day that the end lies in.
  until_ms  bigint NOT NULL,
  -- By neighbourhood: number of reports, sum of their severities.
  counts    jsonb  NOT NULL,
  PRIMARY KEY (geohash5, layer)
);

COMMENT ON TABLE counted_parts IS 'Counts of the reports that were made in part of a day, which are added to those of the rest.';
