import { encodeGeohash } from "../../tiles/geohash.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { formatReportId, idTail, parseReportId } from "../../tiles/report-id.ts";
import type { Clock, ReportStore } from "../ports.ts";
import { sha256Hex } from "../sha256.ts";

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
}

/** "replayed": an earlier request with the same key and draft had stored it. */
export type CreateOutcome =
  | { readonly outcome: "created" | "replayed"; readonly report: Report }
  | { readonly outcome: "key-taken" };

/**
 * Stores a report. With an idempotency key any number of requests, at once or after a crash of an earlier one, store it
 * once: the claim remembers the id before the report is written, and whoever finds the claim without its report writes the
 * report under that id; the log's conditional put makes the second writer harmless.
 * @throws StoreUnavailableError when it is not known to be stored.
 */
export async function createReport(
  { store, clock, onReport }: CreateReportParts,
  draft: ReportDraft,
  idempotencyKey?: string,
): Promise<CreateOutcome> {
  const place = { lonDeg: resolution(draft.lonDeg), latDeg: resolution(draft.latDeg) };
  const rounded: ReportDraft = { ...draft, ...place };
  const cell = { layer: draft.layer, geohash5: encodeGeohash(place.lonDeg, place.latDeg, 5) };
  const ownId = formatReportId({
    ...cell,
    createdAtMs: clock.now(),
    shard: store.shardFor(cell),
    tail: idTail(crypto.getRandomValues(new Uint8Array(5))),
  });

  const claim = { fingerprint: await fingerprintOf(rounded), reportId: ownId };
  const held = idempotencyKey === undefined ? claim : await store.claimKey(await sha256Hex(idempotencyKey), claim);
  if (held.fingerprint !== claim.fingerprint) return { outcome: "key-taken" };

  const isOwnClaim = held.reportId === ownId;
  const earlier = isOwnClaim ? undefined : await store.get(held.reportId);
  if (earlier !== undefined) return { outcome: "replayed", report: earlier };

  const report = reportOf(rounded, held.reportId);
  const put = await store.put(report);
  // An own id that "exists" was written by a lost first attempt of the store's client, or by a request with the same key.
  if (put === "created" || isOwnClaim) onReport(report);
  return { outcome: put === "created" || isOwnClaim ? "created" : "replayed", report };
}

function reportOf({ text, ...draft }: ReportDraft, id: string): Report {
  const createdAtMs = parseReportId(id)?.createdAtMs;
  if (createdAtMs === undefined) throw new RangeError(`a claim remembers what is not a report id: ${id}`);
  const times = { createdAtMs, expiresAtMs: createdAtMs + REPORT_LIFETIME_MS };
  return { id, ...draft, ...(text !== undefined && { text }), ...times };
}

/** Adding zero turns -0, which JSON does not know, into 0. */
const resolution = (deg: number): number => roundDegrees(deg) + 0;

/** Of the meaning, not of the bytes: a client may write its JSON anew for a retry. */
function fingerprintOf({ layer, category, severity, lonDeg, latDeg, text }: ReportDraft): Promise<string> {
  return sha256Hex(JSON.stringify([layer, category, severity, lonDeg, latDeg, text ?? null]));
}
