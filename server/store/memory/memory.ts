import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  EditedReport,
  KeyClaim,
  LogCell,
  LogChange,
  LogRange,
  PutOutcome,
  ReportStore,
} from "../../ports/report-store.ts";
import { type EditedVersion, editedReport, nextVersion } from "../edits.ts";
import { cellName, cellOfReport, FROM_THE_BEGINNING, idOfSortKey, logPartition, logSpan } from "../keys.ts";
import { CLAIM_LIFETIME_MS, FEED_LIFETIME_MS, isFresh, isLive, mergeChanges, parseCursor } from "../log-changes.ts";
import { rowOfReport } from "../rows.ts";

/** A report store that lives and dies with the process. The rest of the suite runs on it. */
export function createMemoryStore({ clock }: { clock: Clock }): ReportStore {
  /** Rows of each cell, sorted by id; here nothing is gained by shards. */
  const partitions = new Map<string, Report[]>();
  const cells = new Map<string, LogCell>();
  const claims = new Map<string, KeyClaim & { untilMs: number }>();
  /** What edits made of the reports of each cell, by id. */
  const versions = new Map<string, Map<string, EditedVersion>>();
  const flags = new Map<string, Set<string>>();
  const remembered = new Map<string, { value: string; untilMs: number }>();
  /** Published changes by number; those before `firstChange` were forgotten, a day after they were published. */
  const changes: { change: LogChange; atMs: number }[] = [];
  let firstChange = 0;

  function append(report: Report, cell: LogCell): PutOutcome {
    const rows = rowsOf(cell);
    const at = lowerBound(rows, report.id);
    if (rows[at]?.id === report.id) return "exists";
    rows.splice(at, 0, { ...report });
    cells.set(cellName(cell), { layer: cell.layer, geohash5: cell.geohash5 });
    return "created";
  }

  function rowsOf(cell: LogCell): Report[] {
    const partition = logPartition(cell);
    const rows = partitions.get(partition) ?? [];
    partitions.set(partition, rows);
    return rows;
  }

  function publish(published: Iterable<LogChange>): void {
    const atMs = clock.now();
    const kept = changes.findIndex((entry) => entry.atMs >= atMs - FEED_LIFETIME_MS);
    const forgotten = kept < 0 ? changes.length : kept;
    changes.splice(0, forgotten);
    firstChange += forgotten;
    for (const change of published) changes.push({ change, atMs });
  }

  function put(report: Report): PutOutcome {
    const cell = cellOfReport(report);
    const outcome = append(report, cell);
    const rows = columnsOfReports([report]);
    publish([{ ...cell, from: report.id, ...(outcome === "created" && isFresh(rows, clock.now()) ? { rows } : {}) }]);
    return outcome;
  }

  function rowOf(id: string): Report | undefined {
    const parts = parseReportId(id);
    const rows = parts && partitions.get(logPartition(parts));
    const row = rows?.[lowerBound(rows, id)];
    return row?.id === id ? row : undefined;
  }

  /** What a row says now; undefined when it is not shown. */
  function shown(row: Report): Report | undefined {
    const version = versions.get(cellName(cellOfReport(row)))?.get(row.id);
    const report = version === undefined ? row : editedReport(row.id, version, rowOfReport(row)).report;
    return report !== undefined && isLive(report, clock.now()) ? report : undefined;
  }

  function find(id: string): Report | undefined {
    const row = rowOf(id);
    return row && shown(row);
  }

  function rowsIn(cell: LogCell, range?: LogRange): Report[] {
    const span = logSpan(range);
    const rows = partitions.get(logPartition(cell));
    if (span === undefined || rows === undefined) return [];
    return rows.slice(lowerBound(rows, idOfSortKey(span.from)), lowerBound(rows, idOfSortKey(span.to)));
  }

  const shownIn = (cell: LogCell, range?: LogRange): Report[] => rowsIn(cell, range).flatMap((row) => shown(row) ?? []);

  function editedIn(cell: LogCell): Map<string, EditedReport> {
    const edited = new Map<string, EditedReport>();
    for (const [id, version] of versions.get(cellName(cell)) ?? []) {
      const row = rowOf(id);
      if (row !== undefined && isLive(row, clock.now())) edited.set(id, editedReport(id, version, rowOfReport(row)));
    }
    return edited;
  }

  return {
    async migrate() {},

    async append(report) {
      put(report);
    },

    put: async (report) => put(report),

    async putMany(reports) {
      const rows = reports.map((report) => ({ report, cell: cellOfReport(report) }));
      const written = rows.filter(({ report, cell }) => append(report, cell) === "created").length;
      publish(mergeChanges(rows.map(({ report, cell }) => ({ ...cell, from: report.id }))));
      return { written, existing: reports.length - written };
    },

    async edit(id, edit) {
      const row = rowOf(id);
      if (row === undefined) return undefined;
      const cell = cellOfReport(row);
      const ofCell = versions.get(cellName(cell)) ?? new Map<string, EditedVersion>();
      versions.set(cellName(cell), ofCell);
      const next = nextVersion(ofCell.get(id), edit);
      if (next === undefined) return undefined;
      ofCell.set(id, next);
      publish([{ ...cell, from: id }]);
      return editedReport(id, next, rowOfReport(row));
    },

    shardFor: () => 0,

    get: async (id) => find(id),
    getMany: async (ids) => ids.flatMap((id) => find(id) ?? []),

    readCell: async (cell, range) => ({ reports: shownIn(cell, range), edited: editedIn(cell) }),

    async readNewest(cell, limit, range) {
      return shownIn(cell, range).reverse().slice(0, Math.max(0, limit));
    },

    async flag(reportId, { flagger }) {
      const flaggers = flags.get(reportId) ?? new Set();
      flags.set(reportId, flaggers.add(flagger));
      return flaggers.size;
    },

    async *cells() {
      yield* cells.values();
    },

    isEmpty: async () => cells.size === 0,

    async readChanges(cursor) {
      const next = String(firstChange + changes.length);
      if (cursor === undefined) return { changes: [], cursor: next };
      const since = parseCursor(cursor);
      if (since >= firstChange) {
        return { changes: mergeChanges(changes.slice(since - firstChange).map(({ change }) => change)), cursor: next };
      }
      const everything = [...cells.values()].map((cell) => ({ ...cell, from: FROM_THE_BEGINNING }));
      return { changes: everything, cursor: next };
    },

    async confirm() {},
    async recover() {},

    async claimKey(keyHash, { fingerprint, reportId }) {
      const held = claims.get(keyHash);
      const now = clock.now();
      if (held !== undefined && held.untilMs > now) {
        return { fingerprint: held.fingerprint, reportId: held.reportId };
      }
      claims.set(keyHash, { fingerprint, reportId, untilMs: now + CLAIM_LIFETIME_MS });
      return { fingerprint, reportId };
    },

    async remember(key, value, { untilMs, replace = false }) {
      const held = remembered.get(key);
      if (held !== undefined && held.untilMs > clock.now() && !replace) return held.value;
      remembered.set(key, { value, untilMs });
      return value;
    },

    async ping() {},
    async close() {},
  };
}

/** Index of the first row whose id is not below `id`. */
function lowerBound(rows: readonly Report[], id: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.id ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
