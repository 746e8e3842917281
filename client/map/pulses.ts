import { type Map as MapLibreMap, Marker } from "maplibre-gl";
import { cellBounds, encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import { element, prefersReducedMotion } from "../ui/dom.ts";

export interface Pulses {
  /** Points at one's own new report. */
  own(layer: ReportLayer, lonDeg: number, latDeg: number): void;
  /** Points out that something is new in a cell, quietly: not outside of the view, and never more than a few at once. */
  told(layer: ReportLayer, geohash: string): void;
}

const OWN_MS = 5_000;
const TOLD_MS = 2_400;
const MAX_TOLD = 3;
/** The server tells of one's own report as well. */
const KNOWN_MS = 10_000;
/** Cells of single reports; larger ones stand for whatever happened somewhere inside. */
const REPORT_PRECISION = 8;

export function createPulses(map: MapLibreMap): Pulses {
  const own = new Set<string>();
  let told = 0;
  const pulse = (className: string, at: [number, number], ms: number, done?: () => void) => {
    const marker = new Marker({ element: element("div", { class: className, "aria-hidden": "true" }) });
    marker.setLngLat(at).addTo(map);
    setTimeout(() => {
      marker.remove();
      done?.();
    }, ms);
  };
  return {
    own(layer, lonDeg, latDeg) {
      const geohash = encodeGeohash(lonDeg, latDeg, REPORT_PRECISION);
      own.add(geohash);
      setTimeout(() => own.delete(geohash), KNOWN_MS);
      pulse(`pulse on-${layer}`, [lonDeg, latDeg], OWN_MS);
    },
    told(layer, geohash) {
      if (geohash.length < REPORT_PRECISION || own.has(geohash) || told >= MAX_TOLD) return;
      if (prefersReducedMotion() || document.hidden) return;
      const { west, south, east, north } = cellBounds(geohash);
      const at: [number, number] = [(west + east) / 2, (south + north) / 2];
      if (!map.getBounds().contains(at)) return;
      told++;
      pulse(`pulse quiet on-${layer}`, at, TOLD_MS, () => told--);
    },
  };
}
