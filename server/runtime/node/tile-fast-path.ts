import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { LRUCache } from "lru-cache";
import type { Log } from "../../console/log.ts";
import type { RequestMetrics } from "../../http/core/metrics.ts";
import { OPEN_HEADERS, SAFE_HEADERS } from "../../http/core/safe-headers.ts";
import { TILE_ROUTE } from "../../http/routes/tiles.ts";
import type { MetricSample } from "../../ports/metrics.ts";
import { type ContentCoding, chooseCoding, namesTag, tagWithoutCoding } from "../../serving/content-encoding.ts";
import { parseTilePath } from "../../serving/parse-tile-path.ts";
import { answerTile, type TileAnswer } from "../../serving/tile-answer.ts";
import type { KeptTile, KeptTiles, TileRequest } from "../../serving/tile-source.ts";

/**
 * The short way for tiles that are in memory and right: `node:http` answers them without the app, whose objects for request
 * and response and whose middleware cost five times as much as the answer itself.
 */
export interface TileFastPath {
  /** Answers a request as the app would, header for header; or does nothing, returns false and leaves it to the app. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  samples(): MetricSample[];
}

export interface TileFastPathOptions {
  readonly tiles: KeptTiles;
  readonly codings: readonly ContentCoding[];
  readonly metrics: RequestMetrics;
  readonly log: Log;
  /** Bound of the answers that are kept ready. Of large bodies they share the tile source's bytes, of others they hold a copy. */
  readonly maxBytes?: number;
}

/** What is ready for one address. */
interface Ready {
  readonly request: TileRequest;
  /** Whether it still is right. */
  kept: KeptTile;
  readonly answers: Map<ContentCoding | undefined, Answers>;
}

/** Answers in one coding. */
interface Answers {
  /** As clients name what they have from here. */
  readonly etag: string | undefined;
  readonly whole: Rendered;
  readonly unchanged: Rendered;
  readonly body: Body | undefined;
}

/** A string holds a byte in each character, which is latin1. */
type Body = string | Buffer;

interface Rendered {
  readonly status: number;
  /** Names and values in turn, as `writeHead` takes them. The last value is the request id: another for each answer. */
  readonly fields: string[];
  readonly observe: (seconds: number) => void;
}

const ENTRY_BYTES = 3000;

/**
 * Node writes head and body at once, by one plain write, when both are text: a quarter less work for 900 bytes than by
 * `writev`. From about 16 KiB on a string's copies cost more than that.
 */
export const MAX_TEXT_BYTES = 12 * 2 ** 10;

const ACCEPT_ENCODING = "accept-encoding";
const IF_NONE_MATCH = "if-none-match";
const REQUEST_ID = "x-request-id";
/** What browsers send is shorter. */
const MAX_ACCEPT_ENCODING = 64;
const MAX_ACCEPT_ENCODINGS = 100;
/** The last group of a UUID. */
const COUNT_DIGITS = 12;

export function createTileFastPath(options: TileFastPathOptions): TileFastPath {
  const { log } = options;
  const answersFor = createReadyAnswers(options);
  const nextRequestId = createRequestIds();
  let answered = 0;

  return {
    answer(incoming, outgoing) {
      const { method, url = "" } = incoming;
      if (method !== "GET" || !url.startsWith("/tiles/")) return false;
      const startMs = performance.now();
      const conditions = readConditions(incoming.rawHeaders);
      if (conditions === undefined) return false;
      const { acceptEncoding, ifNoneMatch } = conditions;
      const answers = answersFor(url, acceptEncoding);
      if (answers === undefined) return false;
      const isUnchanged = answers.etag !== undefined && isNamed(ifNoneMatch, answers.etag);
      const { status, fields, observe } = isUnchanged ? answers.unchanged : answers.whole;
      const requestId = nextRequestId();
      fields[fields.length - 1] = requestId;
      outgoing.writeHead(status, fields);
      outgoing.end(isUnchanged ? undefined : answers.body, "latin1");
      answered++;
      const seconds = (performance.now() - startMs) / 1000;
      observe(seconds);
      log.debug("request", { requestId, method, route: TILE_ROUTE, status, seconds });
      return true;
    },

    samples: () => [
      {
        name: "stratum_warm_tiles_total",
        help: "Tiles answered at once from memory.",
        type: "counter",
        value: answered,
      },
    ],
  };
}

/** Answers that are ready, or can be made at once, by address and coding. */
function createReadyAnswers({ tiles, codings, metrics, maxBytes = 32 * 2 ** 20 }: TileFastPathOptions) {
  const ready = new LRUCache<string, Ready>({
    maxSize: maxBytes,
    sizeCalculation: ({ answers }) =>
      [...answers.values()].reduce((sum, { body }) => sum + (body?.length ?? 0), ENTRY_BYTES),
  });
  const observers = new Map([200, 204, 304].map((status) => [status, metrics.observerOf("GET", TILE_ROUTE, status)]));
  const codingFor = createCodingCache(codings);

  /** What is ready for an address and right, or can be made so at once. */
  function find(url: string): Ready | undefined {
    const known = ready.get(url);
    if (known?.kept.isCurrent()) return known;
    const request = known?.request ?? parseTileUrl(url);
    const kept = request && tiles.peek(request);
    if (request === undefined || kept === undefined) return undefined;
    if (known !== undefined && known.kept.tile === kept.tile) {
      known.kept = kept;
      return known;
    }
    const made: Ready = { request, kept, answers: new Map() };
    ready.set(url, made);
    return made;
  }

  /** Makes answers for a coding, if the body is there in it. */
  function prepare(url: string, found: Ready, acceptEncoding: string): Answers | undefined {
    const { request, kept, answers } = found;
    const { tile } = kept;
    const whole = answerTile(request, tile, { acceptEncoding, ifNoneMatch: undefined, codings });
    const body = whole.coding === undefined ? tile?.bytes : tile?.coded(whole.coding);
    if (body instanceof Promise) return undefined;
    const unchanged = answerTile(request, tile, { acceptEncoding, ifNoneMatch: "*", codings });
    const made = {
      etag: whole.headers.ETag,
      whole: render(whole, body?.length),
      unchanged: render(unchanged),
      body: body && bodyOf(body),
    };
    answers.set(codingFor(acceptEncoding), made);
    // Only another object is measured again.
    ready.set(url, { ...found });
    return made;
  }

  function render({ status, headers }: TileAnswer, length?: number): Rendered {
    const sized = length === undefined ? {} : { "Content-Length": `${length}` };
    const fields = Object.entries({
      ...OPEN_HEADERS,
      ...SAFE_HEADERS,
      ...headers,
      ...sized,
      "X-Request-Id": "",
    }).flat();
    return { status, fields, observe: observers.get(status) ?? (() => {}) };
  }

  return (url: string, acceptEncoding: string): Answers | undefined => {
    const found = find(url);
    return found?.answers.get(codingFor(acceptEncoding)) ?? (found && prepare(url, found, acceptEncoding));
  };
}

function bodyOf(bytes: Uint8Array<ArrayBuffer>): Body {
  // Node would make a view for each answer.
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.length <= MAX_TEXT_BYTES ? view.toString("latin1") : view;
}

/** The tile that a plain address names. What is written otherwise, or wrong, is for the app to understand. */
function parseTileUrl(url: string): TileRequest | undefined {
  const named = /^\/tiles\/([a-z_,-]+)\/(\d+)\/(\d+)\/(\d+\.(?:pbf|mvt))(?:\?window=(\w+))?$/.exec(url);
  if (named === null) return undefined;
  const [, layers = "", z = "", x = "", file = "", window] = named;
  const parsed = parseTilePath({ layers, z, x, file, window });
  return "value" in parsed ? parsed.value : undefined;
}

interface Conditions {
  readonly acceptEncoding: string;
  readonly ifNoneMatch: string | undefined;
}

/**
 * What a tile's answer depends on, of names and values in turn; undefined when the app has to judge it. `incoming.headers`
 * would make an object of all that a browser sends.
 */
function readConditions(headers: readonly string[]): Conditions | undefined {
  let acceptEncoding: string | undefined;
  let ifNoneMatch: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    // Few names are as long as one of the three.
    if (name.length === ACCEPT_ENCODING.length && name.toLowerCase() === ACCEPT_ENCODING) {
      if (acceptEncoding !== undefined) return undefined;
      acceptEncoding = headers[i + 1] ?? "";
      if (acceptEncoding.length > MAX_ACCEPT_ENCODING) return undefined;
    } else if (name.length === IF_NONE_MATCH.length && name.toLowerCase() === IF_NONE_MATCH) {
      if (ifNoneMatch !== undefined) return undefined;
      ifNoneMatch = headers[i + 1] ?? "";
    } else if (name.length === REQUEST_ID.length && name.toLowerCase() === REQUEST_ID) {
      // A request id that the client chose.
      return undefined;
    }
  }
  return { acceptEncoding: acceptEncoding ?? "", ifNoneMatch };
}

/** Most clients name one tag, and the right one. */
function isNamed(ifNoneMatch: string | undefined, etag: string): boolean {
  return ifNoneMatch !== undefined && (ifNoneMatch === etag || namesTag(ifNoneMatch, tagWithoutCoding(etag)));
}

/** Ids that no other process gives: its random part, and a count. Random ones take longer than finding the tile. */
function createRequestIds(): () => string {
  const ofProcess = randomUUID().slice(0, -COUNT_DIGITS);
  let count = 0;
  return () => ofProcess + (++count).toString(16).padStart(COUNT_DIGITS, "0");
}

/** Browsers send a handful of different headers. */
function createCodingCache(codings: readonly ContentCoding[]) {
  const chosen = new Map<string, ContentCoding | undefined>();
  return (acceptEncoding: string): ContentCoding | undefined => {
    const known = chosen.get(acceptEncoding);
    if (known !== undefined || chosen.has(acceptEncoding)) return known;
    if (chosen.size >= MAX_ACCEPT_ENCODINGS) chosen.clear();
    const coding = chooseCoding(acceptEncoding, codings);
    chosen.set(acceptEncoding, coding);
    return coding;
  };
}
