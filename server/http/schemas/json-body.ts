import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "../core/app-parts.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";

/**
 * Reads a JSON request body of at most `maxBytes`, counted as they arrive, so that a body without Content-Length is
 * bounded too.
 * @param also media types of JSON that are taken beside application/json
 * @throws ProblemError 415 for another media type or an encoded body, 413, 400 for what is not JSON in UTF-8.
 */
export async function readJsonBody(
  c: Context<AppEnv>,
  maxBytes: number,
  also: readonly string[] = [],
): Promise<unknown> {
  const mediaType = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== "application/json" && !also.includes(mediaType ?? "")) {
    throw new ProblemError({ status: 415, detail: `Send the body as ${["application/json", ...also].join(" or ")}.` });
  }
  const encoding = c.req.header("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity") throw new ProblemError({ status: 415, detail: "Send the body without encoding." });
  const bytes = await readBytes(c, maxBytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ProblemError(invalidRequest([{ field: "body", message: "must be JSON in UTF-8" }]));
  }
}

/**
 * Reads a body of at most `maxBytes` as it comes. Hono's limit counts; what fails while it reads is a client that hangs up half way, which is no fault
 * of ours. @throws ProblemError 413, 400
 */
export async function readBytes(c: Context<AppEnv>, maxBytes: number): Promise<ArrayBuffer> {
  const refuse = () => {
    throw new ProblemError({ status: 413, detail: `The body may have at most ${maxBytes} bytes.` });
  };
  let bytes = new ArrayBuffer();
  try {
    await bodyLimit({ maxSize: maxBytes, onError: refuse })(c, async () => {
      bytes = await c.req.raw.arrayBuffer();
    });
  } catch (error) {
    throw error instanceof ProblemError ? error : new ProblemError({ status: 400, detail: "The body broke off." });
  }
  return bytes;
}

/** Without a media type and without bytes there is none; a form that sends nothing sends no type either. */
export function hasBody({ headers }: Request): boolean {
  return headers.has("content-type") || Number(headers.get("content-length") ?? 0) > 0;
}
