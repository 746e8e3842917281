import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import type { AreaCatalogue } from "./area-catalogue.ts";
import type { AreaSetVersion } from "./area-sets.ts";
import type { AreaShapes } from "./area-shapes.ts";

/** Where areas are looked for. */
export interface AreaSource {
  readonly catalogue: AreaCatalogue;
  readonly shapes: AreaShapes;
}

/** An area in the live version of its set. */
export interface FoundArea {
  readonly of: AreaSetVersion;
  /** Without its corners. */
  readonly area: NumberedArea;
}

/** The area of an id; undefined when there is none. */
export async function findArea({ catalogue, shapes }: AreaSource, id: string): Promise<FoundArea | undefined> {
  // Ids begin with their city, so mostly one set is asked.
  const sets = (await catalogue.live()).filter(({ set }) => id.startsWith(`${set.city.id}-`));
  for (const of of sets) {
    const area = await shapes.find(of, id);
    if (area !== undefined) return { of, area };
  }
  return undefined;
}
