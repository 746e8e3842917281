import type { Challenge } from "altcha-lib";
import type { ReportLayer, TimeWindow } from "../../tiles/layers.ts";
import type { Confidence, ScoreName } from "../../tiles/scores/scores.ts";
import { BASE } from "./base.ts";

/** A report as the API answers it. */
export interface ReportJson {
  readonly id: string;
  readonly layer: ReportLayer;
  readonly category: string;
  readonly severity: number;
  readonly lat: number;
  readonly lon: number;
  readonly text?: string;
  readonly created_at: string;
}

export interface CityJson {
  readonly id: string;
  readonly name: string;
  /** West, south, east, north in degrees. */
  readonly bbox: readonly [number, number, number, number];
  readonly center: readonly [lonDeg: number, latDeg: number];
  readonly zoom: number;
}

/** A report as whoever sent it is answered. */
export interface SentReportJson extends ReportJson {
  /** Profanity of its text is kept as asterisks. */
  readonly text_masked?: true;
  /** Nobody sees it before a moderator has. */
  readonly held?: true;
}

export type ReportDraft = Pick<ReportJson, "layer" | "category" | "severity" | "lat" | "lon" | "text">;

/** What went wrong in words for a person, with messages per field where the server named fields. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  /** How long the server asked to wait; 0 when it did not. */
  readonly retryAfterSeconds: number;
  /** A puzzle with whose solution the request is taken at once. */
  readonly challenge: Challenge | undefined;
  constructor(
    message: string,
    status: number,
    fields: ReadonlyMap<string, string> = new Map(),
    retryAfterSeconds = 0,
    challenge?: Challenge,
  ) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.retryAfterSeconds = retryAfterSeconds;
    this.challenge = challenge;
  }
}

/** Whoever clicked waits so long for an answer before the map moves without it. */
const CLICK_PATIENCE_MS = 1_500;

interface Problem {
  readonly detail?: string;
  readonly title?: string;
  readonly challenge?: Challenge;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** @throws RequestError, or the signal's reason when aborted. */
export async function request<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(BASE + path, { ...init, signal: init?.signal ?? AbortSignal.timeout(15_000) });
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    throw new RequestError("The server cannot be reached. Check your connection and try again.", 0);
  }
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as Problem;
  const fields = new Map(problem.errors?.map(({ field, message }) => [field, message]));
  const wait = Number(response.headers.get("Retry-After")) || 0;
  throw new RequestError(messageOf(response, problem), response.status, fields, wait, problem.challenge);
}

function messageOf(response: Response, problem: Problem): string {
  const wait = response.headers.get("Retry-After");
  if (response.status === 429) return `That was a lot at once. Try again in ${wait ?? "60"} seconds.`;
  if (response.status >= 500) return "The server is having trouble. Try again in a moment.";
  return problem.detail ?? problem.title ?? `The server answered ${response.status}.`;
}

/** One report. @throws RequestError */
export function fetchReport(id: string): Promise<ReportJson> {
  return request(`/api/reports/${encodeURIComponent(id)}`);
}

/** The cities known by name. @throws RequestError */
export async function fetchCities(): Promise<readonly CityJson[]> {
  return (await request<{ cities: readonly CityJson[] }>("/api/cities")).cities;
}

/** A neighbourhood or landmark as people name it, at one point. */
export interface PlaceJson {
  readonly name: string;
  /** Name of the city that it lies in; towns next to ours are named, too. */
  readonly city?: string;
  readonly lat: number;
  readonly lon: number;
}

/** The places known by name. @throws RequestError */
export async function fetchPlaces(): Promise<readonly PlaceJson[]> {
  return (await request<{ places: readonly PlaceJson[] }>("/api/places")).places;
}

export interface ReportQuery {
  /** West, south, east, north in degrees. */
  readonly bbox: readonly [number, number, number, number];
  readonly layers: readonly ReportLayer[];
  /** A duration back from now, such as 7d. */
  readonly since: string;
  readonly limit: number;
}

interface ReportFeature {
  readonly geometry: { readonly coordinates: readonly [number, number] };
  readonly properties: Omit<ReportJson, "lat" | "lon">;
}

export interface ReportPage {
  readonly reports: readonly ReportJson[];
  /** Leads to the older ones; undefined after the last. */
  readonly nextCursor: string | undefined;
}

/** Reports of a box, newest first, from a page's `nextCursor` on. @throws RequestError, or the signal's reason when aborted. */
export function fetchReportPage(query: ReportQuery, cursor?: string, signal?: AbortSignal): Promise<ReportPage> {
  const parameters = new URLSearchParams({
    bbox: query.bbox.map((deg) => deg.toFixed(6)).join(","),
    layer: query.layers.join(","),
    since: query.since,
    limit: String(query.limit),
    ...(cursor !== undefined && { cursor }),
  });
  return requestPage(`/api/reports?${parameters}`, signal);
}

/** The first page of `fetchReportPage`. */
export async function fetchReports(query: ReportQuery, signal?: AbortSignal): Promise<readonly ReportJson[]> {
  return (await fetchReportPage(query, undefined, signal)).reports;
}

/** The zoom at which a cluster of a tile splits; undefined when all of it lies at one place. @throws RequestError */
export async function fetchExpansionZoom(clusterId: string): Promise<number | undefined> {
  const signal = AbortSignal.timeout(CLICK_PATIENCE_MS);
  const path = `/api/clusters/${encodeURIComponent(clusterId)}`;
  return (await request<{ expansion_zoom: number | null }>(path, { signal })).expansion_zoom ?? undefined;
}

/** Reports of a cluster, newest first, from a page's `nextCursor` on. @throws RequestError */
export function fetchClusterReports(clusterId: string, limit: number, cursor?: string): Promise<ReportPage> {
  const parameters = new URLSearchParams({ limit: String(limit), ...(cursor !== undefined && { cursor }) });
  return requestPage(`/api/clusters/${encodeURIComponent(clusterId)}/reports?${parameters}`);
}

async function requestPage(path: string, signal?: AbortSignal): Promise<ReportPage> {
  const init = signal === undefined ? {} : { signal };
  const page = await request<{ features: readonly ReportFeature[]; next_cursor?: string | null }>(path, init);
  const reports = page.features.map(({ geometry, properties }) => {
    const [lon, lat] = geometry.coordinates;
    return { ...properties, lon, lat };
  });
  return { reports, nextCursor: page.next_cursor ?? undefined };
}

/** Headers of a proof of work, for a request that was refused with a `challenge`. */
export type ProofHeaders = Readonly<Record<string, string>>;

/** Stores a report, also when the page is left meanwhile; the same key twice stores it once. @throws RequestError */
export function postReport(
  draft: ReportDraft,
  idempotencyKey: string,
  proof: ProofHeaders = {},
): Promise<SentReportJson> {
  return request("/api/reports", {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey, ...proof },
    body: JSON.stringify(draft),
  });
}

export type FlagReason = "spam" | "offensive" | "personal" | "untrue" | "wrong-place";

/**
 * Says that a report should not be there; `hidden` tells whether it is gone with that, `reviewed` that a moderator has said that it stays.
 * @throws RequestError
 */
export function flagReport(
  id: string,
  reason: FlagReason,
  proof: ProofHeaders = {},
): Promise<{ readonly hidden: boolean; readonly reviewed?: true }> {
  return request(`/api/reports/${encodeURIComponent(id)}/flag`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...proof },
    body: JSON.stringify({ reason }),
  });
}

/** A richer basemap's style URL, if the operator has set one. */
export async function fetchBasemapStyleUrl(): Promise<string | undefined> {
  const settings = await request<{ style_url?: string }>("/basemap.json");
  return settings.style_url;
}

/** Null where there are not enough reports. */
export type ScorePoints = Readonly<Record<ScoreName, number | null>>;

/** How a place is doing. */
interface ScoresJson {
  /** West, south, east, north in degrees. */
  readonly bbox: readonly [number, number, number, number];
  readonly city: { readonly id: string; readonly name: string } | null;
  /** 0 to 100. */
  readonly scores: ScorePoints;
  readonly confidence: Readonly<Record<ScoreName, Confidence | null>>;
  /** What the reports of the last 30 days weigh, and how many they are. */
  readonly worth: Readonly<Record<ReportLayer, number>>;
  readonly report_count_30d: Readonly<Record<ReportLayer, number>>;
  readonly report_count: number;
  readonly counts: Readonly<Record<ReportLayer, Readonly<Record<TimeWindow, number>>>>;
  /** Newest first. */
  readonly latest: readonly ReportJson[];
  readonly history: "available" | "unavailable";
  readonly change_7d: ScorePoints | null;
  /** Days ascending, today's last. */
  readonly series: readonly (ScorePoints & { readonly day: string })[];
}

/** Of a neighbourhood, or a larger cell. */
export interface CellCardJson extends ScoresJson {
  readonly geohash: string;
  readonly place: string | null;
}

/** Of an area with borders of its own. */
export interface AreaCardJson extends ScoresJson {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** Whether nobody drew its borders. */
  readonly approximate: boolean;
}

export type ScoreCardJson = CellCardJson | AreaCardJson;

/** The card of a cell of 4 to 6 characters, or of an area by its id. @throws RequestError, or the signal's reason when aborted. */
export function fetchScoreCard(card: string, signal: AbortSignal): Promise<ScoreCardJson> {
  return request(`/api/${card.includes("-") ? "areas" : "neighborhood"}/${encodeURIComponent(card)}`, { signal });
}
