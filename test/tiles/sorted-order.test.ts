import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sortedOrder } from "../../tiles/cells/sorted-order.ts";

describe("sortedOrder", () => {
  it("orders as a stable comparing sort does, over narrow and wide spreads of numbers", () => {
    const spread = fc.constantFrom(1, 100, 2048, 2049, 1e6, 2 ** 32 - 1, 2 ** 32, 2 ** 40);
    const keys = fc.tuple(fc.nat({ max: 2 ** 40 }), spread).chain(([least, most]) =>
      fc.array(
        fc.nat({ max: most }).map((n) => least + n),
        { maxLength: 300 },
      ),
    );
    fc.assert(
      fc.property(keys, (list) => {
        const expected = [...list.keys()].sort((a, b) => (list[a] ?? 0) - (list[b] ?? 0) || a - b);
        expect([...sortedOrder(Float64Array.from(list))]).toEqual(expected);
      }),
    );
  });
});
