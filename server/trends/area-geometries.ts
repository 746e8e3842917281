import type { Area } from "../../tiles/areas/area.ts";
import { simplifyAreas } from "../../tiles/areas/simplify.ts";
import { coordinatesOfArea } from "../areas/area-geometry.ts";
import { EXACT_LEVEL } from "../areas/area-pieces.ts";
import { type AreaSource, findArea } from "../areas/find-area.ts";
import type { ExportRow } from "./export-rows.ts";

/** Corners that a row has at the most: it repeats its area's polygons. */
const MOST_CORNERS = 500;
/** Degrees, about two metres; twice as much until few enough corners are left. */
const LEAST_TOLERANCE_DEG = 2e-5;
const MOST_TRIES = 24;

/** The name under which a row carries its geometry, as JSON. It is no column: only GeoJSON has it. */
export const GEOMETRY = "geometry";

/**
 * Adds the polygons of each row's area, as they are now; those of more corners than a row may have are simplified. An area that is gone from its
 * set has none. Rows ascend by area, so one is kept.
 */
export async function* withGeometries(
  pages: AsyncGenerator<readonly ExportRow[], void>,
  readArea: ReadArea,
): AsyncGenerator<ExportRow[], void> {
  let known: { readonly id: unknown; readonly geometry: string | null } = { id: undefined, geometry: null };
  for await (const page of pages) {
    const rows: ExportRow[] = [];
    for (const row of page) {
      if (known.id !== row.area) known = { id: row.area, geometry: await geometryOf(readArea, String(row.area)) };
      rows.push({ ...row, [GEOMETRY]: known.geometry });
    }
    yield rows;
  }
}

/** An area with all its corners, as it is now; undefined when it is gone. */
export type ReadArea = (id: string) => Promise<Area | undefined>;

/** Reads areas of cities. */
export const areaReader =
  (areas: AreaSource): ReadArea =>
  async (id) => {
    const found = await findArea(areas, id);
    if (found === undefined) return undefined;
    const { of, area } = found;
    const meeting = await areas.shapes.meeting(of, area.box, EXACT_LEVEL);
    return meeting.find(({ number }) => number === area.number);
  };

async function geometryOf(readArea: ReadArea, id: string): Promise<string | null> {
  const whole = await readArea(id);
  if (whole === undefined) return null;
  return JSON.stringify({ type: "MultiPolygon", coordinates: coordinatesOfArea(withFewCorners(whole)) });
}

function withFewCorners(area: Area): Area {
  let few = area;
  let toleranceDeg = LEAST_TOLERANCE_DEG;
  for (let tries = 0; cornersOf(few) > MOST_CORNERS && tries < MOST_TRIES; tries++, toleranceDeg *= 2) {
    const [simple] = simplifyAreas([area], toleranceDeg);
    // Of many islands the small ones go.
    if (simple === undefined) break;
    few = simple;
  }
  return few;
}

const cornersOf = ({ polygons }: Area): number => polygons.flat().reduce((sum, ring) => sum + ring.length / 2, 0);
