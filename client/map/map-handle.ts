import type { Map as MapLibreMap } from "maplibre-gl";
import type { ReportJson } from "../api/api.ts";

/** The map as the rooms beside it know it: to be listened to, pointed at, and drawn on. */
export interface MapHandle {
  readonly map: MapLibreMap;
  /** Popups of reports and clusters. */
  readonly popups: { close(): void };
  /** Brings a report that was just stored onto the map: loads its tiles again and points at it. */
  showNew(report: ReportJson): void;
  /** Puts an element on a place of the map, until what is returned is called. */
  mark(at: [lonDeg: number, latDeg: number], mark: HTMLElement): () => void;
  /** Takes the marks of the reports away while something else stands for them. */
  hideReports(hidden: boolean): void;
}
