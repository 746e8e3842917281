import { expect, test } from "vitest";
import { digestedFields } from "../../../../server/import/fields/digested-fields.ts";
import { parseSource } from "../../../../server/import/fields/mapping.ts";
import { createRowDigest } from "../../../../server/import/ids/row-ids.ts";

const row = (...values: string[]) => ({ number: 1, values, raw: Buffer.alloc(0) });

test("a point is digested in whichever columns it stands, so that rows at two places are two", () => {
  const fields = digestedFields({ sources: {}, values: {}, point: parseSource("where") });
  const columns = ["where.type", "where.coordinates", "where.latitude", "where.longitude", "status"];
  const digestOf = createRowDigest(fields, columns);
  const digests = [
    row("Point", "[-73.95,40.71]"),
    row("Point", "[-73.95,40.72]"),
    row("", "", "40.71", "-73.95"),
    row("", "", "40.71", "-73.96"),
  ].map((found) => digestOf(found).toString("hex"));
  expect(new Set(digests).size).toBe(4);
  expect(digestOf(row("Point", "[-73.95,40.71]", "", "", "closed")).toString("hex")).toBe(digests[0]);
});
