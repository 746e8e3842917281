import { type AreaSource, type FoundArea, findArea } from "../../areas/find-area.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";
import { refuseOthers } from "./filter-query.ts";

/**
 * The area that a query names by its id, as it is now, and where its corners are.
 * @param others what else chooses a place, and must not be there
 * @throws ProblemError 400 when there is no such area, or another place beside it
 */
export async function foundAreaOf(
  areas: AreaSource | undefined,
  id: string,
  others: object,
): Promise<FoundArea & Pick<AreaSource, "shapes">> {
  refuseOthers("area", others);
  const found = areas && (await findArea(areas, id));
  if (areas !== undefined && found !== undefined) return { ...found, shapes: areas.shapes };
  throw new ProblemError(invalidRequest([{ field: "area", message: "is not among /api/areas" }]));
}
