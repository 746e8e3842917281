import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Compressor } from "../../serving/content-encoding.ts";

const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/**
 * Compresses with workerd's own zlib, because Cloudflare compresses JSON and text but no vector tiles. Synchronous: tiles are
 * small, and a stream belongs to one request, while what is made here is kept for all.
 */
export const workerCompressor: Compressor = {
  codings: ["br", "gzip"],
  async compress(bytes, coding) {
    return new Uint8Array(coding === "br" ? brotliCompressSync(bytes, BROTLI) : gzipSync(bytes));
  },
};

/** Keeps workerd from encoding a body again that already is as its Content-Encoding says. */
export function asEncoded(response: Response): Response {
  if (!response.headers.has("Content-Encoding")) return response;
  const init: ResponseInit & { encodeBody: "manual" } = {
    status: response.status,
    headers: response.headers,
    encodeBody: "manual",
  };
  return new Response(response.body, init);
}

/**
 * The request with the client's own Accept-Encoding. Cloudflare puts `br, gzip` over it and keeps the client's beside, but
 * changes the coding of an answer for a client only if it knows the content type.
 */
export function withClientEncoding(request: Request): Request {
  const { clientAcceptEncoding } = (request as { cf?: { clientAcceptEncoding?: string } }).cf ?? {};
  if (clientAcceptEncoding === undefined) return request;
  const headers = new Headers(request.headers);
  if (clientAcceptEncoding === "") headers.delete("Accept-Encoding");
  else headers.set("Accept-Encoding", clientAcceptEncoding);
  return new Request(request, { headers });
}
