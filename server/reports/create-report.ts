import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { kept } from "../../tiles/kept.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { formatReportId, idTail, parseReportId } from "../../tiles/report-id.ts";
import { sha256Hex } from "../kit/sha256.ts";
import type { Clock } from "../ports/clock.ts";
import type { ReportStore } from "../ports/report-store.ts";

/** What a resident sends, already validated. Degrees are WGS 84. */
export interface ReportDraft {
  readonly layer: ReportLayer;
  readonly category: string;
  readonly severity: number;
  readonly lonDeg: number;
  readonly latDeg: number;
  readonly text?: string;
}

export interface CreateReportParts {
  readonly store: ReportStore;
  readonly clock: Clock;
  onReport(report: Report): void;
  /** The bucket of whoever reports; without it every report counts by itself. */
  reporterOf?(report: Report): Promise<number>;
  /** Keeps a report for a moderator to see, in place of storing it. */
  holdBack?: ((report: Report) => Promise<void>) | undefined;
  /** Whether a report was held back, and is not to be stored; only asked of one that was sent before. Without it none is. */
  isHeldBack?(id: string): Promise<boolean>;
}

/** "replayed": an earlier request with the same key and draft had stored it; "held": nobody sees it before a moderator has. */
export type CreateOutcome =
  | { readonly outcome: "created" | "replayed" | "held"; readonly report: Report }
  | { readonly outcome: "key-taken" };

/**
 * Stores a report. With an idempotency key any number of requests, at once or after a crash of an earlier one, store it
 * once: the claim remembers the id before the report is appended, and whoever finds another one's claim puts the report under that
 * id, also when it is there, for a put publishes what it finds: whoever stored it may have died, or been refused, before anybody was
 * told.
 *
 * Keys belong to everybody. Whoever sends somebody else's key learns nothing but that it was used: a replay answers what was sent,
 * and another draft is refused. Keys of our page are UUIDs.
 * @throws StoreUnavailableError when it is not known to be stored: it may be, and the same key will tell.
 */
export async function createReport(
  { store, clock, onReport, reporterOf, holdBack, isHeldBack = async () => false }: CreateReportParts,
  draft: ReportDraft,
  idempotencyKey?: string,
): Promise<CreateOutcome> {
  const { createdAtMs, ...place } = kept(draft.layer, draft.category, { ...draft, createdAtMs: clock.now() });
  const coarse: ReportDraft = { ...draft, ...place };
  const cell = { layer: draft.layer, geohash5: encodeGeohash(place.lonDeg, place.latDeg, 5) };
  const ownId = formatReportId({
    ...cell,
    createdAtMs,
    shard: store.shardFor(cell),
    tail: idTail(crypto.getRandomValues(new Uint8Array(5))),
  });
  if (idempotencyKey === undefined) {
    const report = await withReporter(reportOf(coarse, ownId), reporterOf);
    if (holdBack !== undefined) return held(report, holdBack);
    await store.append(report);
    onReport(report);
    return { outcome: "created", report };
  }

  const claim = { fingerprint: fingerprintOf(coarse), reportId: ownId };
  const claimed = await store.claimKey(sha256Hex(idempotencyKey), claim);
  if (claimed.fingerprint !== claim.fingerprint && claimed.fingerprint !== formerFingerprintOf(draft))
    return { outcome: "key-taken" };
  const report = await withReporter(reportOf(coarse, claimed.reportId), reporterOf);
  const isFirst = claimed.reportId === ownId;
  if (isFirst && holdBack !== undefined) return held(report, holdBack);
  if (!isFirst && (await isHeldBack(report.id))) return { outcome: "held", report };
  if (isFirst) await store.append(report);
  if (isFirst || (await store.put(report)) === "created") {
    onReport(report);
    return { outcome: "created", report };
  }
  const stored = await store.get(report.id);
  if (stored !== undefined) onReport(stored);
  return { outcome: "replayed", report: stored ?? report };
}

async function held(report: Report, holdBack: (report: Report) => Promise<void>): Promise<CreateOutcome> {
  await holdBack(report);
  return { outcome: "held", report };
}

function reportOf({ text, ...draft }: ReportDraft, id: string): Report {
  const createdAtMs = parseReportId(id)?.createdAtMs;
  if (createdAtMs === undefined) throw new RangeError(`a claim remembers what is not a report id: ${id}`);
  const times = { createdAtMs, expiresAtMs: createdAtMs + REPORT_LIFETIME_MS };
  return { id, ...draft, ...(text !== undefined && { text }), ...times };
}

async function withReporter(report: Report, reporterOf: CreateReportParts["reporterOf"]): Promise<Report> {
  return reporterOf === undefined ? report : { ...report, reporter: await reporterOf(report) };
}

/** Of the meaning, not of the bytes: a client may write its JSON anew for a retry. */
function fingerprintOf({ layer, category, severity, lonDeg, latDeg, text }: ReportDraft): string {
  return sha256Hex(JSON.stringify([layer, category, severity, lonDeg, latDeg, text ?? null]));
}

/** As programs claimed keys that kept six decimals; of the day on which this one took their place. It is never stored. */
const formerFingerprintOf = (draft: ReportDraft): string =>
  fingerprintOf({ ...draft, lonDeg: roundDegrees(draft.lonDeg) + 0, latDeg: roundDegrees(draft.latDeg) + 0 });
