import { LRUCache } from "lru-cache";
import type { RequestMetrics } from "../../http/core/metrics.ts";
import { OPEN_HEADERS, SAFE_HEADERS } from "../../http/core/safe-headers.ts";
import { TILE_ROUTE } from "../../http/routes/tiles.ts";
import { keyedHeaders } from "../../serving/cache-policy.ts";
import { type ContentCoding, chooseCoding } from "../../serving/content-encoding.ts";
import { parseTilePath } from "../../serving/parse-tile-path.ts";
import { answerTile, type TileAnswer } from "../../serving/tile-answer.ts";
import type { KeptTile, KeptTiles, TileRequest } from "../../serving/tile-source.ts";

export interface ReadyAnswersOptions {
  readonly tiles: KeptTiles;
  readonly codings: readonly ContentCoding[];
  readonly metrics: RequestMetrics;
  /** Bound of the answers that are kept ready. Of large bodies they share the tile source's bytes, of others they hold a copy. */
  readonly maxBytes?: number;
  /** Of every answer, beside those that all have. */
  readonly headers?: Readonly<Record<string, string>>;
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
  /** For an address with a key. */
  readonly keyed: { readonly whole: Rendered; readonly unchanged: Rendered };
  readonly body: Body | undefined;
}

interface ReadyAnswer {
  readonly answers: Answers;
  readonly layers: readonly string[];
}

/** A string holds a byte in each character, which is latin1. */
type Body = string | Buffer;

interface Rendered {
  readonly status: number;
  /** Names and values in turn, as `writeHead` takes them. The last value is the request id: another for each answer. */
  readonly fields: string[];
  readonly observe: (seconds: number) => void;
}

const ENTRY_BYTES = 4500;

/**
 * Node writes head and body at once, by one plain write, when both are text: a quarter less work for 900 bytes than by
 * `writev`. From about 16 KiB on a string's copies cost more than that.
 */
export const MAX_TEXT_BYTES = 12 * 2 ** 10;

const MAX_ACCEPT_ENCODINGS = 100;

/** Finds answers that are ready, or can be made at once, by address and `Accept-Encoding`; undefined leaves them to the app. */
export function createReadyAnswers({
  tiles,
  codings,
  metrics,
  maxBytes = 32 * 2 ** 20,
  headers: further = {},
}: ReadyAnswersOptions) {
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
      keyed: {
        whole: render({ ...whole, headers: keyedHeaders(whole.headers) }, body?.length),
        unchanged: render({ ...unchanged, headers: keyedHeaders(unchanged.headers) }),
      },
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
      ...further,
      ...headers,
      ...sized,
      "X-Request-Id": "",
    }).flat();
    return { status, fields, observe: observers.get(status) ?? (() => {}) };
  }

  return (url: string, acceptEncoding: string): ReadyAnswer | undefined => {
    const found = find(url);
    const answers = found?.answers.get(codingFor(acceptEncoding)) ?? (found && prepare(url, found, acceptEncoding));
    return answers && { answers, layers: found?.request.layers ?? [] };
  };
}

function bodyOf(bytes: Uint8Array<ArrayBuffer>): Body {
  // Node would make a view for each answer.
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.length <= MAX_TEXT_BYTES ? view.toString("latin1") : view;
}

/** The tile that a plain address names. What is written otherwise, or wrong, is for the app to understand. */
function parseTileUrl(url: string): TileRequest | undefined {
  const named = /^\/tiles\/([a-z_,-]+)\/(\d+)\/(\d+)\/(\d+\.(?:pbf|mvt))(?:\?([\w=&]+))?$/.exec(url);
  const asked = named && /^(?:window=(\w+))?(?:(?:^|&)buffer=(\d+))?$/.exec(named[5] ?? "");
  if (named === null || asked === null) return undefined;
  const [, layers = "", z = "", x = "", file = ""] = named;
  const [, window, buffer] = asked;
  const parsed = parseTilePath({ layers, z, x, file, window, buffer });
  return "value" in parsed ? parsed.value : undefined;
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
