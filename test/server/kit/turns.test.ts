import { expect, it } from "vitest";
import { createTurns } from "../../../server/kit/turns.ts";

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

it("gives one client so many turns at once, in order, lets so many wait, and others not wait for it", async () => {
  const turns = createTurns({ atOnce: 2, waiting: 3 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const take = (who: string, i: number) =>
    turns.take(who)?.then((end) => {
      begun.push(i);
      ends.push(end);
    });
  const taken = [0, 1, 2, 3, 4, 5].map((i) => take("a", i));
  await settled();
  expect(begun).toEqual([0, 1]);
  expect(taken.map((turn) => turn !== undefined)).toEqual([true, true, true, true, true, false]);
  await take("b", 10);
  expect(begun).toEqual([0, 1, 10]);
  ends[0]?.();
  await settled();
  expect(begun).toEqual([0, 1, 10, 2]);
  expect(take("a", 6)).toBeDefined();
  for (let i = 1; i < ends.length; i++) {
    ends[i]?.();
    await settled();
  }
  expect(begun).toEqual([0, 1, 10, 2, 3, 4, 6]);
  // Nobody is remembered.
  await take("a", 7);
  await take("a", 8);
  expect(begun.slice(-2)).toEqual([7, 8]);
});
