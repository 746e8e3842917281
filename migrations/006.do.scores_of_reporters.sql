-- A layer without reports in 30 days has no score, and scores and counts say how many reporters' worth of reports is behind them.

ALTER TABLE neighborhood_scores
  ALTER COLUMN safety DROP NOT NULL,
  ALTER COLUMN vibe DROP NOT NULL,
  ALTER COLUMN infrastructure DROP NOT NULL,
  ALTER COLUMN opportunity DROP NOT NULL,
  ALTER COLUMN overall DROP NOT NULL,
  -- What the layer's reports of the 30 days before weigh, in quarters: a report that nobody else's bounds weighs four.
  ADD COLUMN safety_quarters         integer NOT NULL DEFAULT 0 CHECK (safety_quarters >= 0),
  ADD COLUMN vibe_quarters           integer NOT NULL DEFAULT 0 CHECK (vibe_quarters >= 0),
  ADD COLUMN infrastructure_quarters integer NOT NULL DEFAULT 0 CHECK (infrastructure_quarters >= 0),
  ADD COLUMN opportunity_quarters    integer NOT NULL DEFAULT 0 CHECK (opportunity_quarters >= 0);

COMMENT ON COLUMN neighborhood_scores.calculated_at IS
  'The beginning of the hour in which the cell was scored. The row says how the cell stood when it was last scored in that hour.';

-- Of a reporter's reports of a neighbourhood, layer and day the first weighs four quarters, then two, one, and none. Reports
-- that were counted before anybody told reporters apart weigh four each.
ALTER TABLE report_counts ADD COLUMN worth_quarters integer, ADD COLUMN severity_quarters integer;
UPDATE report_counts SET worth_quarters = 4 * report_count, severity_quarters = 4 * severity_sum;
ALTER TABLE report_counts
  ALTER COLUMN worth_quarters SET NOT NULL,
  ALTER COLUMN severity_quarters SET NOT NULL,
  ADD CHECK (worth_quarters BETWEEN 0 AND 4 * report_count),
  ADD CHECK (severity_quarters BETWEEN worth_quarters AND 4 * severity_sum);

COMMENT ON COLUMN report_counts.worth_quarters IS 'What the reports weigh, in quarters.';
COMMENT ON COLUMN report_counts.severity_quarters IS 'Sum of their severities times what each weighs, in quarters.';

-- The parts of days that are remembered know nothing of reporters: those days are read once more.
DELETE FROM counted_parts;

-- What is behind the scores of the past, as far as counts of those days are there.
CREATE TEMPORARY TABLE reports_behind ON COMMIT DROP AS
WITH counted AS (
  SELECT left(geohash, digits) COLLATE "C" AS geohash, layer, day, sum(worth_quarters) AS quarters
  FROM report_counts, (VALUES (4), (5), (6)) AS p (digits)
  GROUP BY left(geohash, digits), layer, day
), scored AS (
  SELECT DISTINCT geohash, (calculated_at AT TIME ZONE 'UTC')::date AS day FROM neighborhood_scores
)
SELECT scored.geohash, scored.day,
       coalesce(sum(quarters) FILTER (WHERE layer = 'safety'), 0)::integer AS safety,
       coalesce(sum(quarters) FILTER (WHERE layer = 'vibe'), 0)::integer AS vibe,
       coalesce(sum(quarters) FILTER (WHERE layer = 'infrastructure'), 0)::integer AS infrastructure,
       coalesce(sum(quarters) FILTER (WHERE layer = 'opportunity'), 0)::integer AS opportunity
FROM scored LEFT JOIN counted
  ON counted.geohash = scored.geohash AND counted.day BETWEEN scored.day - 30 AND scored.day
GROUP BY scored.geohash, scored.day;

-- A score that is not where it starts from was made of reports, also where no count tells of them any more.
UPDATE neighborhood_scores s SET
  safety = CASE WHEN b.safety > 0 OR s.safety <> 100 THEN s.safety END,
  vibe = CASE WHEN b.vibe > 0 OR s.vibe <> 50 THEN s.vibe END,
  infrastructure = CASE WHEN b.infrastructure > 0 OR s.infrastructure <> 100 THEN s.infrastructure END,
  opportunity = CASE WHEN b.opportunity > 0 OR s.opportunity <> 50 THEN s.opportunity END,
  safety_quarters = b.safety, vibe_quarters = b.vibe,
  infrastructure_quarters = b.infrastructure, opportunity_quarters = b.opportunity
FROM reports_behind b
WHERE b.geohash = s.geohash AND b.day = (s.calculated_at AT TIME ZONE 'UTC')::date;

UPDATE neighborhood_scores SET overall = round(
  (coalesce(safety, 0) + coalesce(vibe, 0) + coalesce(infrastructure, 0) + coalesce(opportunity, 0))
  / nullif(num_nonnulls(safety, vibe, infrastructure, opportunity), 0), 1)
WHERE num_nonnulls(safety, vibe, infrastructure, opportunity) < 4;

-- Everything is scored anew, and shown.
DELETE FROM scored_slices;
UPDATE score_state SET epoch = epoch + 1;
