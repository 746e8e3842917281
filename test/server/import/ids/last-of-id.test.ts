/** @module-tag random */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLastOfId } from "../../../../server/import/ids/last-of-id.ts";
import { createWordTable } from "../../../../server/import/ids/word-table.ts";
import { runs } from "../../../kit/runs.ts";

test("the last row of each id is found, and no other", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }).map(String), { maxLength: 60 }), (ids) => {
      const lasts = createLastOfId();
      for (const id of ids) lasts.note(id);
      expect(ids.map((id) => lasts.isLast(id))).toEqual(ids.map((id, i) => ids.lastIndexOf(id) === i));
    }),
    runs(1000),
  );
});

test("a table of records finds each of many by its key", () => {
  const table = createWordTable({ words: 3, keyWords: 2 });
  const keyOf = (i: number): [number, number] => [i % 97, Math.imul(i, 0x9e3779b1) >>> 0];
  for (let i = 0; i < 20_000; i++) table.set(table.add(keyOf(i)), 2, i);
  for (let i = 0; i < 20_000; i++) if (table.get(table.find(keyOf(i)), 2) !== i) throw new Error(`lost ${i}`);
  expect([table.size, table.add(keyOf(7)) === table.find(keyOf(7)), table.find([97, 0])]).toEqual([20_000, true, -1]);
});
