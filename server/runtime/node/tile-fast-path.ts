import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TileKeys } from "../../accounts/tile-keys.ts";
import type { Log } from "../../console/log.ts";
import { TILE_ROUTE } from "../../http/routes/tiles.ts";
import { lineOf } from "../../kit/network-address.ts";
import type { MetricSample } from "../../ports/metrics.ts";
import { namesTag } from "../../serving/content-encoding.ts";
import { createReadyAnswers, type ReadyAnswersOptions } from "./ready-answers.ts";
import { isHost, isHostName } from "./request-host.ts";

/**
 * The short way for tiles that are in memory and right: `node:http` answers them without the app, whose objects for request
 * and response and whose middleware cost five times as much as the answer itself.
 */
export interface TileFastPath {
  /** Answers a request as the app would, header for header; or does nothing, returns false and leaves it to the app. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  samples(): MetricSample[];
}

export interface TileFastPathOptions extends ReadyAnswersOptions {
  readonly log: Log;
  /** Judges keys in addresses; without it the app does. */
  readonly tileKeys?: TileKeys;
  /** Whose look-ups of keys are counted. */
  clientAddress?(incoming: IncomingMessage): string | undefined;
  /** Told of every answer. */
  onAnswer?(): void;
}

const ACCEPT_ENCODING = "accept-encoding";
const IF_NONE_MATCH = "if-none-match";
const REQUEST_ID = "x-request-id";
/** What browsers send is shorter. */
const MAX_ACCEPT_ENCODING = 64;
/** The last group of a UUID. */
const COUNT_DIGITS = 12;

export function createTileFastPath(options: TileFastPathOptions): TileFastPath {
  const { log } = options;
  const answersFor = createReadyAnswers(options);
  const nextRequestId = createRequestIds();
  const { tileKeys, clientAddress } = options;
  let answered = 0;

  /** Counts a tile for its key. What is refused is for the app to say. */
  function isLetIn(incoming: IncomingMessage, key: string, layers: readonly string[]): boolean {
    if (tileKeys === undefined) return false;
    const page = () => pageOf(incoming);
    const line = () => lineOf(clientAddress?.(incoming) ?? "");
    const verdict = tileKeys.judge({ key, layers, page, line }, NOBODY_WAITS);
    tileKeys.done(verdict, true);
    return verdict.outcome !== "refused";
  }

  return {
    answer(incoming, outgoing) {
      const { method, url = "" } = incoming;
      if (method !== "GET" || !url.startsWith("/tiles/")) return false;
      const startMs = performance.now();
      const conditions = readConditions(incoming);
      if (conditions === undefined) return false;
      const { acceptEncoding, ifNoneMatch } = conditions;
      const keyed = splitKey(url);
      const ready = answersFor(keyed?.url ?? url, acceptEncoding);
      if (ready === undefined) return false;
      const { answers, layers } = ready;
      if (keyed !== undefined && !isLetIn(incoming, keyed.key, layers)) return false;
      const isUnchanged = answers.etag !== undefined && isNamed(ifNoneMatch, answers.etag);
      const rendered = keyed === undefined ? answers : answers.keyed;
      const { status, fields, observe } = isUnchanged ? rendered.unchanged : rendered.whole;
      const requestId = nextRequestId();
      fields[fields.length - 1] = requestId;
      outgoing.writeHead(status, fields);
      outgoing.end(isUnchanged ? undefined : answers.body, "latin1");
      answered++;
      options.onAnswer?.();
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

interface Conditions {
  readonly acceptEncoding: string;
  readonly ifNoneMatch: string | undefined;
}

/**
 * What a tile's answer depends on, of names and values in turn; undefined when the app has to judge it. `incoming.headers`
 * would make an object of all that a browser sends.
 */
function readConditions({ rawHeaders: headers, httpVersionMinor }: IncomingMessage): Conditions | undefined {
  let acceptEncoding: string | undefined;
  let ifNoneMatch: string | undefined;
  let hosts = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    // Few names are as long as one of the four.
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
    } else if (isHostName(name)) {
      if (++hosts > 1 || !isHost(headers[i + 1] ?? "")) return undefined;
    }
  }
  if (hosts === 0 && httpVersionMinor > 0) return undefined;
  return { acceptEncoding: acceptEncoding ?? "", ifNoneMatch };
}

/** On Node what is begun goes on. */
const NOBODY_WAITS = () => {};

const KEY_PARAMETER = /[?&]key=(stratum_[0-9A-Za-z]{40})(?=&|$)/;

/** The address without the key in it; undefined when there is none, or one that the app has to judge. */
function splitKey(url: string): { readonly url: string; readonly key: string } | undefined {
  const at = url.indexOf("key=stratum_");
  if (at === -1) return undefined;
  const named = KEY_PARAMETER.exec(url);
  if (named?.index !== at - 1) return undefined;
  const [parameter, key = ""] = named;
  const before = url.slice(0, at - 1);
  const after = url.slice(at - 1 + parameter.length);
  // `?key=K&window=7d` is `?window=7d`.
  return { url: url[at - 1] === "?" && after !== "" ? `${before}?${after.slice(1)}` : before + after, key };
}

/** What browsers tell of the page that asks. */
function pageOf({ rawHeaders: headers }: IncomingMessage) {
  let origin: string | undefined;
  let referer: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    if (name.length === 6 && name.toLowerCase() === "origin") origin = headers[i + 1];
    else if (name.length === 7 && name.toLowerCase() === "referer") referer = headers[i + 1];
  }
  return { origin, referer };
}

/** Most clients name one tag, and the right one. */
function isNamed(ifNoneMatch: string | undefined, etag: string): boolean {
  return ifNoneMatch !== undefined && (ifNoneMatch === etag || namesTag(ifNoneMatch, etag));
}

/** Ids that no other process gives: its random part, and a count. Random ones take longer than finding the tile. */
function createRequestIds(): () => string {
  const ofProcess = randomUUID().slice(0, -COUNT_DIGITS);
  let count = 0;
  return () => ofProcess + (++count).toString(16).padStart(COUNT_DIGITS, "0");
}
