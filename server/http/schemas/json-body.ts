import { invalidRequest, ProblemError } from "../core/problem.ts";

/**
 * Reads a JSON request body of at most `maxBytes`, counted as they arrive, so that a body without Content-Length is
 * bounded too.
 * @throws ProblemError 415 for another media type or an encoded body, 413, 400 for what is not JSON in UTF-8.
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  const mediaType = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new ProblemError({ status: 415, detail: "Send the body as application/json." });
  }
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity") throw new ProblemError({ status: 415, detail: "Send the body without encoding." });
  const bytes = await readBytes(request, maxBytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ProblemError(invalidRequest([{ field: "body", message: "must be JSON in UTF-8" }]));
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new ProblemError({ status: 413, detail: `The body may have at most ${maxBytes} bytes.` });
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge;
  const bytes = new Uint8Array(maxBytes);
  let size = 0;
  const reader = request.body?.getReader();
  for (let part = await readPart(reader); part !== undefined; part = await readPart(reader)) {
    if (size + part.length > maxBytes) {
      await reader?.cancel();
      throw tooLarge;
    }
    bytes.set(part, size);
    size += part.length;
  }
  return bytes.subarray(0, size);
}

/** The next part of a body, `undefined` at its end. A client that hangs up half way is no fault of ours. */
async function readPart(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<Uint8Array | undefined> {
  try {
    return (await reader?.read())?.value;
  } catch {
    throw new ProblemError({ status: 400, detail: "The body broke off." });
  }
}
