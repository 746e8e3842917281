import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { CATEGORY_TABLE, isReportLayer } from "../../tiles/layers.ts";

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As it came over the wire, not decoded. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A request with these headers and no others, which `fetch` cannot make: it has its own Accept-Encoding and decodes. */
export function requestRaw(
  url: string,
  headers: Record<string, string> | readonly string[] = {},
  method = "GET",
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers }, async (response) => {
      const chunks: Buffer[] = [];
      response.on("error", reject);
      for await (const chunk of response) chunks.push(chunk);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: new Uint8Array(Buffer.concat(chunks)),
      });
    });
    request.on("error", reject);
    request.end();
  });
}

/** Of servers that tests start, where they have one. */
export const METRICS_TOKEN = "for-tests";

/** What a server tells of itself. */
export const readMetrics = async (url: string): Promise<string> =>
  (await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } })).text();

/** What a resident sends. */
export interface SentReport {
  readonly layer?: string;
  readonly category?: string;
  readonly severity?: number;
  readonly lat: number;
  readonly lon: number;
  readonly text?: string;
}

/** A layer's first category that is kept where it is, where the test does not say one. */
export function postReport(
  url: string,
  { layer = "safety", ...report }: SentReport,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  return fetch(`${url}/api/reports`, {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({
      layer,
      category: isReportLayer(layer) ? CATEGORY_TABLE[layer].find(({ sensitive }) => !sensitive)?.name : "theft",
      severity: 3,
      ...report,
    }),
  });
}

/** Posts a report and returns its id. @throws Error when it is not stored. */
export async function drop(url: string, report: SentReport): Promise<string> {
  const response = await postReport(url, report);
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

/** Path of the tile of a zoom in which a place lies, without its extension. */
export function tilePath(layers: string, z: number, { lon, lat }: { lon: number; lat: number }): string {
  const x = Math.floor(((lon + 180) / 360) * 2 ** z);
  const y = Math.floor(((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * 2 ** z);
  return `/tiles/${layers}/${z}/${x}/${y}`;
}
