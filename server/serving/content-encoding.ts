/** Content codings that a runtime can make, best first. */
export type ContentCoding = "br" | "zstd" | "gzip";

export interface Compressor {
  readonly codings: readonly ContentCoding[];
  compress(bytes: Uint8Array<ArrayBuffer>, coding: ContentCoding): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * The coding to answer with: of those that the client takes with the greatest weight, the first of `codings`; undefined for
 * none (RFC 9110, section 12.5.3). A client that says nothing gets none: it may not know how to decode. `negotiator`
 * chooses alike, and would be a package for twenty lines.
 */
export function chooseCoding(
  acceptEncoding: string | undefined,
  codings: readonly ContentCoding[],
): ContentCoding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const entry of acceptEncoding.split(",", MAX_ENTRIES)) {
    const [name = "", ...parameters] = entry.trim().toLowerCase().split(";");
    const weight = parameters
      .map((text) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(text)?.[1])
      .find((q) => q !== undefined);
    weights.set(name === "x-gzip" ? "gzip" : name.trim(), weight === undefined ? 1 : Number(weight));
  }
  const weightOf = (name: string): number => weights.get(name) ?? weights.get("*") ?? 0;
  const identity = weights.get("identity") ?? 0;
  let best: ContentCoding | undefined;
  for (const coding of codings) if (weightOf(coding) > (best === undefined ? 0 : weightOf(best))) best = coding;
  return best !== undefined && weightOf(best) >= identity ? best : undefined;
}

/** Browsers send five; more is not looked at. */
const MAX_ENTRIES = 20;

/** The entity tag of a coded body: another representation, so another strong tag (RFC 9110, section 8.8.3). */
export function tagOfCoding(etag: string, coding: ContentCoding | undefined): string {
  return coding === undefined ? etag : `${etag.slice(0, -1)}-${coding}"`;
}

/**
 * Whether an If-None-Match header names the representation that would be sent; the comparison is weak (RFC 9110, section 13.1.2). The
 * tag of another coding is another representation's: a cache that is told 304 for it puts these headers on those bytes.
 */
export function namesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((entry) => entry.trim().replace(/^W\//, "") === etag);
}
