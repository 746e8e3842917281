import { expect, it } from "vitest";
import { createLimiter } from "../../../server/kit/limiter.ts";

it("runs as many at once as it may, the others in their order, also behind one that fails", async () => {
  const limit = createLimiter(3);
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      limit(async () => {
        begun.push(i);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, (i * 7) % 5));
        running--;
        if (i % 6 === 0) throw new Error(`${i}`);
        return i;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(results.map((result) => (result.status === "fulfilled" ? result.value : result.reason.message))).toEqual(
    Array.from({ length: 20 }, (_, i) => (i % 6 === 0 ? `${i}` : i)),
  );
  expect(running).toBe(0);
});
