/** @module-tag random */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLastOfId } from "../../../../server/import/ids/last-of-id.ts";
import { createWordTable } from "../../../../server/import/ids/word-table.ts";
import { runs } from "../../../kit/runs.ts";

test("the last fit row of each id is found, and no other", () => {
  const rows = fc.array(fc.record({ id: fc.integer({ min: 0, max: 9 }).map(String), isFit: fc.boolean() }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(rows, (noted) => {
      const lasts = createLastOfId();
      for (const [i, { id, isFit }] of noted.entries()) lasts.note(id, i + 1, () => isFit);
      const isLast = ({ id }: { id: string }, i: number): boolean =>
        !noted.some((later, j) => j > i && later.id === id && later.isFit);
      expect(noted.map(({ id }, i) => lasts.isLast(id, i + 1))).toEqual(noted.map(isLast));
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
