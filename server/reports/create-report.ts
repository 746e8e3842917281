import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { kept } from "../../tiles/kept.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { formatReportId, idTail, parseReportId } from "../../tiles/report-id.ts";
import { sha256Hex } from "../kit/sha256.ts";
import type { Moderation } from "../moderation/moderation.ts";
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
  reporterOf?(report: Report, watched: WatchedReport): Promise<number>;
  /** Looks at a report that is to be stored, and counts it: not one that was stored before. May refuse it by throwing. */
  watch?(): WatchedReport;
  /** Without it none was held back before. */
  moderation?: Pick<Moderation, "keepHeldBack" | "isHeldHere">;
}

/** What was seen of a report that came in. */
export interface WatchedReport {
  /** As `Verdict` says. */
  readonly isCrowd: boolean;
  /** Keeps it for a moderator to see, in place of storing it. */
  readonly holdBack?: ((report: Report) => Promise<void>) | undefined;
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
  parts: CreateReportParts,
  draft: ReportDraft,
  idempotencyKey?: string,
): Promise<CreateOutcome> {
  const { store, clock } = parts;
  const { createdAtMs, ...place } = kept(draft.layer, draft.category, { ...draft, createdAtMs: clock.now() });
  const coarse: ReportDraft = { ...draft, ...place };
  const cell = { layer: draft.layer, geohash5: encodeGeohash(place.lonDeg, place.latDeg, 5) };
  const ownId = formatReportId({
    ...cell,
    createdAtMs,
    shard: store.shardFor(cell),
    tail: idTail(crypto.getRandomValues(new Uint8Array(5))),
  });
  if (idempotencyKey === undefined) return storeFirst(parts, reportOf(coarse, ownId));

  const claim = { fingerprint: fingerprintOf(coarse), reportId: ownId };
  const claimed = await store.claimKey(sha256Hex(idempotencyKey), claim);
  if (claimed.fingerprint !== claim.fingerprint && claimed.fingerprint !== formerFingerprintOf(draft))
    return { outcome: "key-taken" };
  const report = reportOf(coarse, claimed.reportId);
  return claimed.reportId === ownId ? storeFirst(parts, report) : storeAgain(parts, report);
}

const UNWATCHED: WatchedReport = { isCrowd: false };

/** Of a report that nobody has sent before. */
async function storeFirst(parts: CreateReportParts, sent: Report): Promise<CreateOutcome> {
  const watched = parts.watch?.() ?? UNWATCHED;
  const report = await withReporter(parts, sent, watched);
  if (watched.holdBack !== undefined) return held(report, watched.holdBack);
  await parts.store.append(report);
  // Whoever repeated it at the same moment came as one too many. That one asked this process, mostly: a usual report costs no request for it.
  const { moderation } = parts;
  if (moderation?.isHeldHere(report.id) === true && (await moderation.keepHeldBack(report.id)) === "held")
    return { outcome: "held", report };
  parts.onReport(report);
  return { outcome: "created", report };
}

/**
 * Of a report that another request has claimed, which may be under way, done or dead. What is held back stays so in every order: whoever
 * holds it back hides its row after it made the case, and whoever puts the row asks for the case after that.
 */
async function storeAgain(parts: CreateReportParts, sent: Report): Promise<CreateOutcome> {
  const { store, moderation, onReport } = parts;
  const known = await moderation?.keepHeldBack(sent.id);
  if (known === "held") return { outcome: "held", report: sent };
  const before = await store.get(sent.id);
  // What is stored was taken, and is neither counted nor refused again.
  const isNew = before === undefined && known === undefined;
  const watched = (isNew ? parts.watch?.() : undefined) ?? UNWATCHED;
  const report = before ?? (await withReporter(parts, sent, watched));
  if (watched.holdBack !== undefined) return held(report, watched.holdBack);
  const outcome = await store.put(report);
  if (outcome === "created" && (await moderation?.keepHeldBack(report.id)) === "held")
    return { outcome: "held", report };
  if (outcome === "created") {
    onReport(report);
    return { outcome: "created", report };
  }
  const stored = before ?? (await store.get(report.id));
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

async function withReporter(
  { reporterOf }: CreateReportParts,
  report: Report,
  watched: WatchedReport,
): Promise<Report> {
  return reporterOf === undefined ? report : { ...report, reporter: await reporterOf(report, watched) };
}

/** Of the meaning, not of the bytes: a client may write its JSON anew for a retry. */
function fingerprintOf({ layer, category, severity, lonDeg, latDeg, text }: ReportDraft): string {
  return sha256Hex(JSON.stringify([layer, category, severity, lonDeg, latDeg, text ?? null]));
}

/** As programs claimed keys that kept six decimals; of the day on which this one took their place. It is never stored. */
const formerFingerprintOf = (draft: ReportDraft): string =>
  fingerprintOf({ ...draft, lonDeg: roundDegrees(draft.lonDeg) + 0, latDeg: roundDegrees(draft.latDeg) + 0 });
