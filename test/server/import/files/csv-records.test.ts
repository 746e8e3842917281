import { expect, test } from "vitest";
import { createRecordReader, type RecordMaker } from "../../../../server/import/files/csv-records.ts";

const LINES = 20_000;

test.each([
  ['a","', 'a","\n'],
  ['"', '"\n'],
  ['"a', '"a\n'],
  ['a,"b', 'a,"b\n'],
  ['"",', '"",\n'],
  ["a quote only now and then", `${"x,y\n".repeat(50)}a,"b\n`],
])("looks twice at each byte of lines such as %s, however many are broken", (_name, line) => {
  let rows = 0;
  const row = (): ReturnType<RecordMaker["reject"]> => ({ number: ++rows, values: [], raw: Buffer.alloc(0) });
  const reader = createRecordReader(() => 0x2c, {
    make: row,
    reject: row,
    countProblem: (fields) => (fields === 2 ? undefined : "not two"),
  });
  const lines = line.repeat(LINES / line.split("\n").length).match(/.*\n/g) ?? [];
  let bytes = 0;
  for (const text of lines) {
    bytes += text.length;
    for (const _ of reader.read({ bytes: Buffer.from(text), overlong: false }));
  }
  for (const _ of reader.end());
  expect(rows).toBeGreaterThan(0);
  expect(reader.scannedBytes).toBeLessThanOrEqual(2 * bytes);
});
