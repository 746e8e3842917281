import { REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { parseReportId, timeOfId } from "../../tiles/report-id.ts";
import type { Clock, KeyClaim, LogCell, LogChange, LogRange, PutOutcome, ReportStore } from "../ports.ts";
import { isFresh } from "./announcer.ts";
import { cellOfReport, FROM_THE_BEGINNING, idOfSortKey, logPartition, logSpan } from "./keys.ts";
import { CLAIM_LIFETIME_MS, FEED_LIFETIME_MS, isLive, mergeChanges, parseCursor } from "./log.ts";

/** A report store that lives and dies with the process. The rest of the suite runs on it. */
export function createMemoryStore({ clock }: { clock: Clock }): ReportStore {
  /** Rows of each cell, sorted by id; here nothing is gained by shards. */
  const partitions = new Map<string, Report[]>();
  const cells = new Map<ReportLayer, Set<string>>(REPORT_LAYERS.map((layer) => [layer, new Set()]));
  const claims = new Map<string, KeyClaim & { untilMs: number }>();
  const hidden = new Map<string, Set<string>>();
  const flags = new Map<string, Set<string>>();
  const remembered = new Map<string, { value: string; untilMs: number }>();
  /** Told changes by number; those before `firstChange` were forgotten, a day after they were told. */
  const changes: { change: LogChange; atMs: number }[] = [];
  let firstChange = 0;

  function append(report: Report, cell: LogCell): PutOutcome {
    const rows = rowsOf(cell);
    const at = lowerBound(rows, report.id);
    if (rows[at]?.id === report.id) return "exists";
    rows.splice(at, 0, { ...report });
    cells.get(cell.layer)?.add(cell.geohash5);
    return "created";
  }

  function rowsOf(cell: LogCell): Report[] {
    const partition = logPartition(cell);
    const rows = partitions.get(partition) ?? [];
    partitions.set(partition, rows);
    return rows;
  }

  function tell(told: Iterable<LogChange>): void {
    const atMs = clock.now();
    const kept = changes.findIndex((entry) => entry.atMs >= atMs - FEED_LIFETIME_MS);
    const forgotten = kept < 0 ? changes.length : kept;
    changes.splice(0, forgotten);
    firstChange += forgotten;
    for (const change of told) changes.push({ change, atMs });
  }

  function find(id: string): Report | undefined {
    const parts = parseReportId(id);
    const rows = parts && partitions.get(logPartition(parts));
    const report = rows?.[lowerBound(rows, id)];
    return report?.id === id && isShown(report) ? report : undefined;
  }

  function isShown(report: Report): boolean {
    return isLive(report, clock.now()) && !hidden.get(logPartition(cellOfReport(report)))?.has(report.id);
  }

  function liveRows(cell: LogCell, range?: LogRange): Report[] {
    const span = logSpan(range);
    const rows = partitions.get(logPartition(cell));
    if (span === undefined || rows === undefined) return [];
    return rows.slice(lowerBound(rows, idOfSortKey(span.from)), lowerBound(rows, idOfSortKey(span.to))).filter(isShown);
  }

  return {
    async migrate() {},

    async put(report) {
      const cell = cellOfReport(report);
      const outcome = append(report, cell);
      const rows = columnsOfReports([report]);
      tell([{ ...cell, from: report.id, ...(outcome === "created" && isFresh(rows, clock.now()) ? { rows } : {}) }]);
      return outcome;
    },

    async putMany(reports) {
      const rows = reports.map((report) => ({ report, cell: cellOfReport(report) }));
      const written = rows.filter(({ report, cell }) => append(report, cell) === "created").length;
      tell(mergeChanges(rows.map(({ report, cell }) => ({ ...cell, from: report.id }))));
      return { written, existing: reports.length - written };
    },

    shardFor: () => 0,

    get: async (id) => find(id),
    getMany: async (ids) => ids.flatMap((id) => find(id) ?? []),

    async readCell(cell, range) {
      return liveRows(cell, range);
    },

    async readNewest(cell, limit, range) {
      return liveRows(cell, range).reverse().slice(0, Math.max(0, limit));
    },

    readHidden: async (cell) => [...(hidden.get(logPartition(cell)) ?? [])].filter((id) => isInLife(id, clock.now())),

    async hide(report) {
      const cell = cellOfReport(report);
      const ids = hidden.get(logPartition(cell)) ?? new Set();
      hidden.set(logPartition(cell), ids.add(report.id));
      tell([{ ...cell, from: report.id }]);
    },

    async flag(reportId, { flagger }) {
      const flaggers = flags.get(reportId) ?? new Set();
      flags.set(reportId, flaggers.add(flagger));
      return flaggers.size;
    },

    async listCells(layer, prefix = "") {
      return [...(cells.get(layer) ?? [])].filter((geohash5) => geohash5.startsWith(prefix)).sort();
    },

    async readChanges(cursor) {
      const next = String(firstChange + changes.length);
      if (cursor === undefined) return { changes: [], cursor: next };
      const since = parseCursor(cursor);
      if (since >= firstChange) {
        return { changes: mergeChanges(changes.slice(since - firstChange).map(({ change }) => change)), cursor: next };
      }
      const everything = [...cells].flatMap(([layer, hashes]) =>
        [...hashes].map((geohash5) => ({ layer, geohash5, from: FROM_THE_BEGINNING })),
      );
      return { changes: everything, cursor: next };
    },

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

const isInLife = (id: string, nowMs: number): boolean => nowMs <= timeOfId(id) + REPORT_LIFETIME_MS;

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
