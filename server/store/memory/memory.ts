import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import type { Clock } from "../../ports/clock.ts";
import type { KeptFlag, PutOutcome, ReportStore } from "../../ports/report-store.ts";
import { cellOfReport, FROM_THE_BEGINNING } from "../keys.ts";
import { changesOf, isFresh, mergeChanges, parseCursor } from "../log-changes.ts";
import { createMemoryClaims } from "./memory-claims.ts";
import { createMemoryFeed, type MemoryFeed } from "./memory-feed.ts";
import { createMemoryLog, type MemoryLog } from "./memory-log.ts";

/** A report store that lives and dies with the process. The rest of the suite runs on it. */
export function createMemoryStore({ clock }: { clock: Clock }): ReportStore {
  const log = createMemoryLog({ clock });
  const feed = createMemoryFeed({ clock });
  /** Who flagged each report. */
  const flags = new Map<string, Map<string, KeptFlag>>();

  function put(report: Report): PutOutcome {
    const outcome = log.append(report);
    const rows = columnsOfReports([report]);
    const brings = outcome === "created" && isFresh(rows, report.layer, clock.now());
    feed.publish([{ ...cellOfReport(report), from: report.id, ...(brings && { rows }) }]);
    return outcome;
  }

  return {
    async migrate() {},

    async append(report) {
      put(report);
    },

    put: async (report) => put(report),

    async putMany(reports, { onMissing } = {}) {
      const missing = onMissing === undefined ? [] : reports.filter(({ id }) => !log.has(id));
      if (missing.length > 0) await onMissing?.(missing);
      const changes = changesOf(reports);
      const written = reports.filter((report) => log.append(report) === "created").length;
      feed.publish(changes);
      return { written, existing: reports.length - written };
    },

    async edit(id, change) {
      const edited = log.edit(id, change);
      const cell = parseReportId(id);
      if (edited === undefined || cell === undefined) return undefined;
      feed.publish([{ layer: cell.layer, geohash5: cell.geohash5, from: id }]);
      return edited;
    },

    shardFor: () => 0,

    get: async (id) => log.find(id),
    getMany: async (ids) => ids.flatMap((id) => log.find(id) ?? []),

    readCell: async (cell, range) => ({ reports: log.shownIn(cell, range), edited: log.editedIn(cell) }),

    async readNewest(cell, limit, range) {
      return log.shownIn(cell, range).reverse().slice(0, Math.max(0, limit));
    },

    async flag(reportId, { flagger, reason }) {
      const ofReport = flags.get(reportId) ?? new Map<string, KeptFlag>();
      flags.set(reportId, ofReport);
      if (!ofReport.has(flagger)) ofReport.set(flagger, { flagger, ...(reason && { reason }) });
      return [...ofReport.values()];
    },
    flagsOf: async (reportId) => [...(flags.get(reportId)?.values() ?? [])],

    async *cells() {
      yield* log.cells();
    },

    async isEmpty() {
      for (const _ of log.cells()) return false;
      return true;
    },

    readChanges: async (cursor) => changesSince(cursor, feed, log),

    async confirm() {},
    async recover() {},

    ...createMemoryClaims({ clock }),

    async ping() {},
    async close() {},
  };
}

/** What changed since a cursor, the number of a change: every cell, where changes since then were forgotten. */
function changesSince(cursor: string | undefined, feed: MemoryFeed, log: MemoryLog) {
  const next = String(feed.next());
  if (cursor === undefined) return { changes: [], cursor: next };
  const since =
    feed.since(parseCursor(cursor)) ?? [...log.cells()].map((cell) => ({ ...cell, from: FROM_THE_BEGINNING }));
  return { changes: mergeChanges(since), cursor: next };
}
