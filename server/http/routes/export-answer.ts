import type { Context } from "hono";
import type { AdmittedCall } from "../../accounts/admission.ts";
import { EXPORT_LIMITS, EXPORT_PACE } from "../../accounts/limits.ts";
import { entityTag } from "../../kit/entity-tag.ts";
import { lineOf } from "../../kit/network-address.ts";
import { createSlots, type SlotHolder, type SlotRefusal } from "../../kit/slots.ts";
import { formatDay } from "../../kit/utc-time.ts";
import { namesTag } from "../../serving/content-encoding.ts";
import { createTextEncoder, type RowEncoder } from "../../trends/export-formats.ts";
import { createParquetEncoder } from "../../trends/export-parquet.ts";
import type { ExportRow } from "../../trends/export-rows.ts";
import type { ExportPage, ExportSource } from "../../trends/export-source.ts";
import { streamRows } from "../../trends/export-stream.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError, type ProblemInit } from "../core/problem.ts";
import { askedPath } from "../core/public-address.ts";
import { nextLink } from "../schemas/next-link.ts";
import { type Instant, resolveInstant } from "../schemas/report-query.ts";

/** Media types by the ending of the address. */
export const EXPORT_FORMATS = {
  csv: "text/csv; charset=utf-8; header=present",
  geojson: "application/geo+json",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
} as const;
export type ExportFormat = keyof typeof EXPORT_FORMATS;

/** What a request asks to be exported. */
export interface ExportRequest {
  readonly source: ExportSource;
  readonly format: ExportFormat;
  /** What the file's name tells of the place. */
  readonly place: readonly (string | undefined)[];
  /** Unix milliseconds, inclusive. */
  readonly fromMs?: number | undefined;
  /** Unix milliseconds, exclusive. */
  readonly toMs: number;
}

/** Rows of a statement: some milliseconds, so that others come in between on a database with one connection. */
const PAGE_ROWS = 5_000;
/** A call of the quota is so many rows: what a page of them costs PostgreSQL, and the next. */
export const ROWS_PER_CALL = 10_000;
const MAX_ROWS = 5_000_000;
const MAX_MS = 15 * 60_000;
const RETRY_AFTER_SECONDS = 15;

export type ExportAnswers = ReturnType<typeof createExportAnswers>;

/** Answers export requests, of whatever table: all of them share the slots. */
export function createExportAnswers({ log, clientAddress }: AppParts) {
  const slots = createSlots(EXPORT_LIMITS);
  const holderOf = (c: Context<AppEnv>): SlotHolder => {
    const caller = c.get("caller");
    return caller ? { who: caller.account.userId, isCustomer: true } : { who: lineOf(clientAddress(c) ?? "") };
  };

  return {
    /** One page, whole, with its tag and the link to the next. */
    async page(c: Context<AppEnv>, request: ExportRequest, limit: number): Promise<Response> {
      const { source, fromMs, toMs } = request;
      const { rows, next } = await source.first(limit);
      const bytes = encodeWhole(encoderOf(request), rows);
      const etag = entityTag(bytes);
      const headers = {
        ...headersOf(request),
        ETag: etag,
        ...nextLink(askedPath(c), next, { from: fromMs, to: toMs }),
      };
      if (namesTag(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
      return c.body(bytes, 200, headers);
    },

    /** Everything, as a stream. It has no tag: that would have to be known before the first byte. */
    async stream(c: Context<AppEnv>, request: ExportRequest): Promise<Response> {
      // Nobody reads the body of an answer to HEAD to its end.
      if (c.req.method === "HEAD") return c.body(null, 200, headersOf(request));
      const release = slots.take(holderOf(c));
      if (typeof release === "string") throw new ProblemError(TOO_MANY[release]);
      const onEnd = (error?: unknown) => {
        release();
        if (error !== undefined) log.warn("an export broke off", { requestId: c.get("requestId"), error });
      };
      const pages = payFor(request.source.pages(PAGE_ROWS), c.get("call"));
      try {
        const options = { encoder: encoderOf(request), maxRows: MAX_ROWS, maxMs: MAX_MS, pace: EXPORT_PACE, onEnd };
        return c.body(await streamRows(pages, options), 200, headersOf(request));
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

/** Takes a further call of the quota for every so many rows, before they are given out. @throws Error when it is used up */
async function* payFor(pages: AsyncGenerator<ExportPage, void>, call: AdmittedCall | undefined) {
  let paidFor = ROWS_PER_CALL;
  let lookedAt = 0;
  for await (const page of pages) {
    lookedAt += page.lookedAt;
    for (; lookedAt > paidFor; paidFor += ROWS_PER_CALL) {
      if (call !== undefined && !(await call.more()))
        throw new Error(`the account's quota ended after ${paidFor} rows`);
    }
    yield page.rows;
  }
}

const refusal = (status: number, detail: string) => ({
  status,
  kind: "too-many-exports",
  detail,
  headers: { "Retry-After": `${RETRY_AFTER_SECONDS}` },
});

const TOO_MANY = {
  client: refusal(429, "As many exports are under way as one client may have at once."),
  full: refusal(503, "As many exports are under way as this server runs at once; some it keeps for keys."),
} as const satisfies Readonly<Record<SlotRefusal, ProblemInit>>;

/** The span of `from` and `to`. @throws ProblemError 400 when it ends before it begins. */
export function spanOf(from: Instant | undefined, to: Instant | undefined, nowMs: number) {
  const toMs = to === undefined ? nowMs : resolveInstant(to, nowMs);
  const fromMs = from && resolveInstant(from, nowMs);
  if (fromMs !== undefined && fromMs >= toMs) {
    throw new ProblemError(invalidRequest([{ field: "from", message: "must be before to" }]));
  }
  return { toMs, ...(fromMs !== undefined && { fromMs }) };
}

function encoderOf({ source: { columns }, format }: ExportRequest): RowEncoder {
  return format === "parquet" ? createParquetEncoder(columns) : createTextEncoder(format, columns);
}

function encodeWhole(encoder: RowEncoder, rows: readonly ExportRow[]): Uint8Array<ArrayBuffer> {
  const parts = [encoder.begin(), encoder.rows(rows), encoder.end()];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function headersOf({ source, format, place, fromMs, toMs }: ExportRequest) {
  const days = [fromMs, toMs - 1].flatMap((timeMs) => (timeMs === undefined ? [] : [formatDay(timeMs)]));
  const parts = [source.name, ...place, ...days];
  const name = parts.filter((part) => part !== undefined).join("_");
  return {
    "Content-Type": EXPORT_FORMATS[format],
    "Content-Disposition": `attachment; filename="${name}.${format}"`,
    // May depend on who asks; a page is asked for again by its tag.
    "Cache-Control": "private, no-cache",
  };
}
