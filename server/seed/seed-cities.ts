import austin from "./cities/austin.json" with { type: "json" };
import brooklyn from "./cities/brooklyn.json" with { type: "json" };
import sanFrancisco from "./cities/san-francisco.json" with { type: "json" };
import type { CitySketch } from "./city-sketch.ts";

/** Where the life of the seeded cities is. Their data are drawn by hand; a test looks at what types of JSON cannot tell. */
export const SEED_CITIES = [sanFrancisco, brooklyn, austin] as unknown as readonly CitySketch[];
