import {
  isReportLayer,
  isTimeWindow,
  REPORT_LAYERS,
  type ReportLayer,
  TIME_WINDOWS,
  type TimeWindow,
} from "../../tiles/layers.ts";
import { SCORE_NAMES, type ScoreName } from "../../tiles/scores/scores.ts";
import { SCHEMES, type Scheme } from "./scheme.ts";

/** Every message in either direction carries this as `stratum`; a change that breaks a host counts it up. */
export const VERSION = 1;

/** Longitude and latitude in degrees. */
export type Position = readonly [lonDeg: number, latDeg: number];
/** West, south, east and north in degrees. */
export type Bounds = readonly [west: number, south: number, east: number, north: number];

/** What the frame shows, as it answers every request. */
export interface FrameState extends Look {
  readonly center: Position;
  readonly zoom: number;
  readonly bounds: Bounds;
  /** Empty only while scores show. */
  readonly layers: readonly ReportLayer[];
  readonly window: TimeWindow;
  /** The score that colours neighbourhoods; null when none does. */
  readonly scores: ScoreName | null;
}

/** How the frame looks, whatever it shows. */
export interface Look {
  readonly theme: Scheme;
  /** Whether the layers and their time are named in a corner. */
  readonly legend: boolean;
}

export interface ViewRequest {
  readonly center?: Position | undefined;
  readonly zoom?: number | undefined;
  readonly bounds?: Bounds | undefined;
}

/** What a host may ask of the frame. */
export type HostRequest =
  | ({ readonly type: "setView" | "flyTo" } & ViewRequest)
  | { readonly type: "setLayers"; readonly layers: readonly ReportLayer[] }
  | { readonly type: "setWindow"; readonly window: TimeWindow }
  | { readonly type: "setScores"; readonly scores: ScoreName | null }
  | { readonly type: "setTheme"; readonly theme: Scheme }
  | { readonly type: "setLegend"; readonly legend: boolean }
  | { readonly type: "getState" };

/** What the frame tells its host without being asked. */
export type FrameEvent =
  | { readonly type: "ready"; readonly state: FrameState }
  | { readonly type: "moved"; readonly state: FrameState }
  | {
      readonly type: "clicked";
      readonly kind: "report" | "cluster" | "neighbourhood";
      readonly at: Position;
      readonly layer?: ReportLayer;
      readonly properties: Readonly<Record<string, unknown>>;
    }
  | { readonly type: "changed"; readonly changes: readonly { readonly layer: ReportLayer; readonly geohash: string }[] }
  | ({ readonly type: "error" } & Fault);

/** Why a request was not followed, or what else is wrong. */
export interface Fault {
  readonly code: "version" | "unknown-type" | "invalid" | "busy" | "parameter" | "map";
  /** The member or parameter at fault. */
  readonly field?: string;
  readonly message: string;
}

/** Names an answer's request; hosts choose it. */
export type RequestId = string | number;

export interface ReadRequest {
  readonly id: RequestId | undefined;
  readonly request: HostRequest | undefined;
  /** There when `request` is not. */
  readonly fault: Fault | undefined;
}

const MAX_ID_LENGTH = 64;
const MAX_LATITUDE_DEG = 85.05;
const MAX_ZOOM = 22;

/** Reads a message to the frame; `undefined` when it is somebody else's, as pages send each other all sorts of things. */
export function readRequest(data: unknown): ReadRequest | undefined {
  if (!isRecord(data) || !("stratum" in data)) return undefined;
  const id = isRequestId(data.id) ? data.id : undefined;
  try {
    return { id, request: parseRequest(data), fault: undefined };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { id, request: undefined, fault: error.fault };
  }
}

class FaultError extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

function parseRequest(data: Readonly<Record<string, unknown>>): HostRequest {
  if (data.stratum !== VERSION) {
    throw new FaultError({ code: "version", field: "stratum", message: `stratum must be ${VERSION}` });
  }
  if (data.id !== undefined && !isRequestId(data.id)) {
    throw invalid("id", `a number, or a string of at most ${MAX_ID_LENGTH} characters`);
  }
  switch (data.type) {
    case "setView":
    case "flyTo":
      return { type: data.type, ...parseView(data) };
    case "setLayers":
      return { type: data.type, layers: parseLayers(data.layers) };
    case "setWindow":
      if (typeof data.window !== "string" || !isTimeWindow(data.window)) {
        throw invalid("window", `one of ${TIME_WINDOWS.join(", ")}`);
      }
      return { type: data.type, window: data.window };
    case "setScores": {
      const scores = SCORE_NAMES.find((name) => name === data.scores) ?? null;
      if (scores === null && data.scores !== null) throw invalid("scores", `null, or one of ${SCORE_NAMES.join(", ")}`);
      return { type: data.type, scores };
    }
    case "setTheme": {
      const theme = SCHEMES.find((scheme) => scheme === data.theme);
      if (theme === undefined) throw invalid("theme", `one of ${SCHEMES.join(", ")}`);
      return { type: data.type, theme };
    }
    case "setLegend":
      if (typeof data.legend !== "boolean") throw invalid("legend", "true or false");
      return { type: data.type, legend: data.legend };
    case "getState":
      return { type: data.type };
    default:
      throw new FaultError({
        code: "unknown-type",
        field: "type",
        message: "type must be one of setView, flyTo, setLayers, setWindow, setScores, setTheme, setLegend, getState",
      });
  }
}

function parseView({ center, zoom, bounds }: Readonly<Record<string, unknown>>): ViewRequest {
  if (center === undefined && zoom === undefined && bounds === undefined) {
    throw invalid("center", "there, or zoom, or bounds");
  }
  if (center !== undefined && !(isNumbers(center, 2) && isPosition(center[0], center[1]))) {
    throw invalid("center", `[longitude, latitude] within 180 and ${MAX_LATITUDE_DEG} degrees`);
  }
  if (zoom !== undefined && !(typeof zoom === "number" && zoom >= 0 && zoom <= MAX_ZOOM)) {
    throw invalid("zoom", `a number from 0 to ${MAX_ZOOM}`);
  }
  if (bounds !== undefined && !isBounds(bounds)) {
    throw invalid("bounds", "[west, south, east, north] in degrees, west < east and south < north");
  }
  return { center, zoom, bounds } as ViewRequest;
}

function parseLayers(layers: unknown): readonly ReportLayer[] {
  const isList = Array.isArray(layers) && layers.length <= REPORT_LAYERS.length;
  if (!isList || !layers.every((layer) => typeof layer === "string" && isReportLayer(layer))) {
    throw invalid("layers", `a list of some of ${REPORT_LAYERS.join(", ")}`);
  }
  return [...new Set(layers)];
}

const invalid = (field: string, wanted: string): FaultError =>
  new FaultError({ code: "invalid", field, message: `${field} must be ${wanted}` });

const isRecord = (data: unknown): data is Readonly<Record<string, unknown>> =>
  typeof data === "object" && data !== null && !Array.isArray(data);

const isRequestId = (id: unknown): id is RequestId =>
  Number.isFinite(id) || (typeof id === "string" && id.length <= MAX_ID_LENGTH);

const isNumbers = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every(Number.isFinite);

const isPosition = (lonDeg = Number.NaN, latDeg = Number.NaN): boolean =>
  Math.abs(lonDeg) <= 180 && Math.abs(latDeg) <= MAX_LATITUDE_DEG;

function isBounds(value: unknown): boolean {
  if (!isNumbers(value, 4)) return false;
  const [west = 0, south = 0, east = 0, north = 0] = value;
  return isPosition(west, south) && isPosition(east, north) && west < east && south < north;
}
