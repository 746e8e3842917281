import { expect, it } from "vitest";
import { createWorkerScores } from "../../server/runtime/worker/worker-scores.ts";
import { createScoreCache } from "../../server/scores/score-cache.ts";
import { createTestClock } from "../kit/clock.ts";
import { keepLog } from "../server/console/kept-log.ts";

it("asks PostgreSQL for scores again while it is away, and the log says so once", async () => {
  const clock = createTestClock();
  const { log, lines } = keepLog();
  let questions = 0;
  const sql = () => {
    questions++;
    return Promise.reject(new Error("away"));
  };
  const scores = createWorkerScores(createScoreCache({ sql, clock }), clock, log);
  for (let second = 0; second < 60; second++) {
    const later: Promise<unknown>[] = [];
    const work = scores.keepUp();
    if (work !== undefined) later.push(work);
    await Promise.all(later);
    clock.nowMs += 1_000;
  }
  expect(questions).toBe(6);
  expect(lines()).toEqual(["warn scores not read; it is tried again"]);
});
