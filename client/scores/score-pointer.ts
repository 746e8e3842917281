import type { Map as MapLibreMap } from "maplibre-gl";
import type { Page } from "../page/page-state.ts";
import type { PointedPlace } from "./score-map.ts";

export interface PointerOptions {
  readonly map: MapLibreMap;
  readonly page: Page;
  /** Style layer with the colours. */
  readonly fill: string;
  readonly source: string;
  readonly sourceLayer: string;
  onPointed(place: PointedPlace | undefined): void;
}

/** Outlines the cell or area under the pointer, and tells which it is. */
export function bindPointer({ map, page, fill, source, sourceLayer, onPointed }: PointerOptions): void {
  let pointed: number | string | undefined;
  const point = (id: number | string | undefined) => {
    if (id === pointed) return;
    const of = (feature: number | string) => ({ source, sourceLayer, id: feature });
    if (pointed !== undefined) map.setFeatureState(of(pointed), { hover: false });
    if (id !== undefined) map.setFeatureState(of(id), { hover: true });
    pointed = id;
  };
  map.on("mousemove", fill, ({ features }) => {
    const [place] = features ?? [];
    const { scores } = page.get();
    point(place?.id);
    const score: unknown = scores && place?.properties[scores];
    const known = typeof score === "number" ? score : undefined;
    onPointed(place && scores && { score: known });
  });
  map.on("mouseleave", fill, () => {
    point(undefined);
    onPointed(undefined);
  });
}
