import type { ReportLayer } from "../tiles/layers.ts";

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
  readonly center: readonly [lonDeg: number, latDeg: number];
  readonly zoom: number;
}

export type ReportDraft = Pick<ReportJson, "layer" | "category" | "severity" | "lat" | "lon" | "text">;

/** What went wrong in words for a person, with messages per field where the server named fields. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  constructor(message: string, status: number, fields: ReadonlyMap<string, string> = new Map()) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

interface Problem {
  readonly detail?: string;
  readonly title?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal: init?.signal ?? AbortSignal.timeout(15_000) });
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    throw new RequestError("The server cannot be reached. Check your connection and try again.", 0);
  }
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as Problem;
  const fields = new Map(problem.errors?.map(({ field, message }) => [field, message]));
  throw new RequestError(messageOf(response, problem), response.status, fields);
}

function messageOf(response: Response, problem: Problem): string {
  const wait = response.headers.get("Retry-After");
  if (response.status === 429) return `That was a lot at once. Try again in ${wait ?? "60"} seconds.`;
  if (response.status >= 500) return "The server is having trouble. Nothing was stored; try again in a moment.";
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

/** Reports of a box, newest first. @throws RequestError, or the signal's reason when aborted. */
export async function fetchReports(query: ReportQuery, signal?: AbortSignal): Promise<readonly ReportJson[]> {
  const parameters = new URLSearchParams({
    bbox: query.bbox.map((deg) => deg.toFixed(6)).join(","),
    layer: query.layers.join(","),
    since: query.since,
    limit: String(query.limit),
  });
  const init = signal === undefined ? {} : { signal };
  const page = await request<{ features: readonly ReportFeature[] }>(`/api/reports?${parameters}`, init);
  return page.features.map(({ geometry, properties }) => {
    const [lon, lat] = geometry.coordinates;
    return { ...properties, lon, lat };
  });
}

/** Stores a report; the same key twice stores it once. @throws RequestError */
export function postReport(draft: ReportDraft, idempotencyKey: string): Promise<ReportJson> {
  return request("/api/reports", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
    body: JSON.stringify(draft),
  });
}

/** A richer basemap's style URL, if the operator has set one. */
export async function fetchBasemapStyleUrl(): Promise<string | undefined> {
  const settings = await request<{ style_url?: string }>("/basemap.json");
  return settings.style_url;
}
