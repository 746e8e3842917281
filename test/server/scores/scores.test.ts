import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import { SCORE_TABLES } from "../../kit/score-world.ts";
import { describeOwnAreaScorer } from "../own-areas/own-area-scorer.suite.ts";
import { describeOwnAreasApi } from "../own-areas/own-areas-api.suite.ts";
import { describeAreaCounts } from "./area-counts.suite.ts";
import { describeAreaScores } from "./area-scores.suite.ts";
import { describePastScores } from "./past-scores.suite.ts";
import { describeReportCounter } from "./report-counter.suite.ts";
import { describeScoreCache } from "./score-cache.suite.ts";
import { describeScoreHistory } from "./score-history.suite.ts";
import { describeScoreThinning } from "./score-thinning.suite.ts";
import { describeScorer } from "./scorer.suite.ts";

// One start of each database for all of them.
describeOnEachPostgres("scores", SCORE_TABLES, (pool, address) => {
  describeAreaScores(pool);
  describeAreaCounts(pool);
  describeScorer(pool);
  describeReportCounter(pool);
  describePastScores(pool);
  describeScoreCache(pool);
  describeScoreHistory(pool);
  describeScoreThinning(pool, () => (address().embedded ? 60 : 700));
  describeOwnAreaScorer(pool);
  describeOwnAreasApi(pool);
});
