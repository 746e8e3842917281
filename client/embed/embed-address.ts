import { isReportLayer, isTimeWindow, REPORT_LAYERS, TIME_WINDOWS } from "../../tiles/layers.ts";
import { SCORE_NAMES, type ScoreName } from "../../tiles/scores/scores.ts";
import type { MapView, PageState } from "../page/address.ts";
import type { Look } from "./messages.ts";
import { SCHEMES } from "./scheme.ts";

export interface EmbedAddress {
  readonly state: PageState;
  readonly look: Look;
  /** What could not be used and why, for whoever wrote the address; the map shows the usual instead. */
  readonly faults: readonly AddressFault[];
}

interface AddressFault {
  /** The parameter. */
  readonly field: string;
  readonly message: string;
}

const ON = ["1", "on", "true"];
const OFF = ["0", "off", "false"];

/**
 * Reads `?layers=safety,vibe&scores=overall&center=-122.42,37.77&zoom=12&window=7d&theme=dark&legend=1`. What is missing or makes no sense
 * is taken from `fallback`. A centre with its latitude first is turned around where that can be told.
 */
export function parseEmbedAddress(search: string, fallback: PageState): EmbedAddress {
  const parameters = new URLSearchParams(search);
  const faults: AddressFault[] = [];
  const blame = (field: string, text: string, wanted: string) =>
    faults.push({ field, message: `${field}=${shortened(text)}: should be ${wanted}` });
  /** The parameter as `parse` understands it; `otherwise` when it is missing, or not understood. */
  function read<T>(name: string, otherwise: T, parse: (text: string) => T | undefined, wanted: string): T {
    const text = parameters.get(name);
    if (text === null) return otherwise;
    const value = parse(text);
    if (value === undefined) blame(name, text, wanted);
    return value ?? otherwise;
  }

  const center = read("center", undefined, parseCenter, "longitude,latitude, such as -122.42,37.77");
  const zoom = read("zoom", fallback.view.zoom, parseZoom, "a number from 0 to 22");
  const scores = read("scores", undefined, parseScore, `one of ${SCORE_NAMES.join(", ")}`);
  const layers = (parameters.get("layers") ?? "").split(",").filter((name) => name !== "");
  const unknown = layers.filter((name) => !isReportLayer(name));
  // Nothing but the scores.
  const isBare = scores !== undefined && parameters.get("layers") === "none";
  if ((unknown.length > 0 && !isBare) || (parameters.has("layers") && layers.length === 0)) {
    blame("layers", unknown.join(","), `some of ${REPORT_LAYERS.join(", ")}`);
  }
  const known = [...new Set(layers.filter(isReportLayer))];
  return {
    state: {
      ...fallback,
      view: { ...fallback.view, ...center, zoom },
      layers: known.length > 0 || isBare ? known : fallback.layers,
      ...(scores && { scores }),
      window: read(
        "window",
        fallback.window,
        (text) => (isTimeWindow(text) ? text : undefined),
        `one of ${TIME_WINDOWS.join(", ")}`,
      ),
    },
    look: {
      theme: read("theme", "auto", (text) => SCHEMES.find((scheme) => scheme === text), `one of ${SCHEMES.join(", ")}`),
      legend: read("legend", false, parseSwitch, "1 or 0"),
    },
    faults,
  };
}

const parseScore = (text: string): ScoreName | undefined => SCORE_NAMES.find((name) => name === text);

function parseSwitch(text: string): boolean | undefined {
  return ON.includes(text) || (OFF.includes(text) ? false : undefined);
}

function parseZoom(text: string): number | undefined {
  const zoom = Number(text);
  return text.trim() !== "" && zoom >= 0 && zoom <= 22 ? zoom : undefined;
}

function parseCenter(text: string): Omit<MapView, "zoom"> | undefined {
  const [first = Number.NaN, second = Number.NaN, ...more] = text.split(",").map(Number.parseFloat);
  if (more.length > 0) return undefined;
  if (Math.abs(first) <= 180 && Math.abs(second) <= 85.05) return { lonDeg: first, latDeg: second };
  if (Math.abs(second) <= 180 && Math.abs(first) <= 85.05) return { lonDeg: second, latDeg: first };
  return undefined;
}

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
