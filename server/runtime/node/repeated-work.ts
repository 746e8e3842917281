import type { Log } from "../../console/log.ts";
import type { Background } from "../../kit/background.ts";
import { compactInBackground } from "../../pyramid/compact-in-background.ts";
import type { Pyramid } from "../../pyramid/pyramid.ts";
import type { wireDomain } from "../app-wiring.ts";
import type { OpenedReports } from "../stores/opened-reports.ts";

/**
 * How often a process compacts everything; what was edited waits some seconds. At ten reports a second in one city, five minutes keep the cost of rewriting its cell aggregates
 * under one write unit a report; until then what is new is read from the log and kept in memory.
 */
const COMPACT_EVERY_MS = 300_000;
/** How often what other processes wrote is read: half of the promised two seconds in which every process shows a report. */
const POLL_EVERY_MS = 1_000;
/** How often it is looked whether stored rows wait to be confirmed: they should be before the next poll of the others. */
const CONFIRM_EVERY_MS = 100;
/** How often some of what has expired is deleted: a few milliseconds of the writing thread. */
const SWEEP_EVERY_MS = 5_000;
/** How often it is looked whether there is something to score: new cell aggregates, or a new day. */
const SCORE_EVERY_MS = 5_000;
/** How often tiles' scores are brought up to date. */
const READ_SCORES_EVERY_MS = 2_000;
/** How long an answered call may be missing in usage_log, and how many are lost with a process that is killed. */
const ADD_USAGE_EVERY_MS = 5_000;

/** How often it is looked whose next period nothing was heard of: seldom, for an idle PostgreSQL may sleep. */
const READ_PAYMENTS_EVERY_MS = 6 * 3_600_000;

/** What goes on beside requests: while a store is away it is tried again and again. */
export interface RepeatedWork {
  readonly background: Background;
  readonly reports: OpenedReports;
  readonly domain: ReturnType<typeof wireDomain>;
  /** When PostgreSQL is there. */
  readonly opened: Promise<void>;
  readonly log: Log;
}

/** What every process that answers requests does for itself: it keeps up with the others, and stores what it counted. */
export function repeatOwnWork(work: RepeatedWork, pyramid: Pick<Pyramid, "poll">): void {
  const { background, reports, domain, opened: from } = work;
  const { accounts, scores } = domain;
  background.repeat(() => reports.store.confirm(), { name: "confirming changes", everyMs: CONFIRM_EVERY_MS });
  background.repeat(pyramid.poll, { name: "reading changes", everyMs: POLL_EVERY_MS });
  background.repeat(accounts.flush, { name: "adding usage", everyMs: ADD_USAGE_EVERY_MS, from });
  background.repeat(scores.refresh, { name: "reading scores", everyMs: READ_SCORES_EVERY_MS, from });
}

/** What one process of a machine does for all: any may, and several do no harm. */
export function repeatSharedWork({ background, reports, domain, opened: from, log }: RepeatedWork): void {
  const { scores, scoring, compactor, hurried, clock, billing } = domain;
  const score = async () => {
    await scoring.run();
    await scores.refresh();
  };
  const { sweep } = reports;
  if (sweep !== undefined) background.repeat(sweep, { name: "deleting what expired", everyMs: SWEEP_EVERY_MS });
  background.start(compactInBackground({ compactor, hurried, clock, everyMs: COMPACT_EVERY_MS, log }));
  background.repeat(score, { name: "scoring", everyMs: SCORE_EVERY_MS, from });
  if (billing.isOn) {
    background.repeat(billing.refreshOverdue, { name: "reading payments", everyMs: READ_PAYMENTS_EVERY_MS, from });
  }
}
