import { expect, test } from "vitest";
import { adviseOn } from "../../../../server/import/fields/advice.ts";

test.each([
  ["lon", ["-8238354.8", "1026839", "143.2"], /metres or feet .*EPSG:4326/],
  ["lat", ["40,712", "40,713"], /--decimal-comma/],
  ["lat", ["(40.7, -73.9)", "POINT (-73.9 40.7)"], /--point COLUMN/],
  ["lat", ["-95.4", "-95.5", "x"], /--lon and --lat swapped/],
  ["lon", ["a", "b"], undefined],
  ["place", ["0, 0", "0.0, -0", "1, 1"], /--allow-null-island/],
  ["place", ["-73.95, 40.71"], /right way round/],
  ["point", ["nowhere"], /--lon-first/],
  ["category", ["a?"], /--clean/],
  ["category", ["", ""], /--category =VALUE/],
  ["layer", ["Crime", "Crime"], /--map layer:Crime=LAYER, or --layer =safety/],
  ["layer", ["Safety"], /--map layer:Safety=safety/],
  ["severity", ["High", "3.5"], /--map severity:High=4 --map severity:3\.5=4.*severity:1\.\.3=2/],
  ["text", ["x"], undefined],
])("adviseOn %s %j", (field, values, advice) => {
  if (advice === undefined) expect(adviseOn(field, values)).toBeUndefined();
  else expect(adviseOn(field, values)).toMatch(advice);
});
