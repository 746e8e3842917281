import { expect, test } from "vitest";
import { nameOfCell } from "../../../server/areas/name-of-cell.ts";

test.each([
  ["9q8yym", "Tenderloin"],
  // On the water, where no name is near.
  ["9q8zp3", "Part of San Francisco"],
  ["9q8yy", "Part of San Francisco"],
  ["u33dc0", "u33dc0"],
])("calls %s %s", (geohash, name) => {
  expect(nameOfCell(geohash)).toBe(name);
});
