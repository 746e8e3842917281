import { expect, it } from "vitest";
import { createRecentCells } from "../../../server/store/dynamo/recent.ts";

const cell = (geohash5: string) => ({ layer: "safety", geohash5 }) as const;

it("remembers the cells that were used last, and no others", () => {
  let made = 0;
  const cells = createRecentCells(() => ({ number: ++made }), 2);
  expect(cells.of(cell("9v6kp")).number).toBe(1);
  expect(cells.of(cell("dr5rm")).number).toBe(2);
  expect(cells.of(cell("9v6kp")).number).toBe(1);
  expect(cells.of(cell("s0000")).number).toBe(3);
  expect(cells.peek(cell("dr5rm"))).toBeUndefined();
  expect(cells.peek(cell("9v6kp"))).toEqual({ number: 1 });
  expect(cells.of(cell("dr5rm")).number).toBe(4);
});

it("keeps the layers of a place apart", () => {
  const cells = createRecentCells(() => ({}));
  expect(cells.of(cell("9v6kp"))).not.toBe(cells.of({ layer: "vibe", geohash5: "9v6kp" }));
});
