import { KEPT_OF_OVERLONG_BYTES } from "./row.ts";

/** An element that is passed over: what is kept of it for the operator, and what is wrong with it. */
export function createBrokenElement(problem: string) {
  let head: Buffer = Buffer.alloc(0);
  return {
    problem,
    head: () => head,
    add(bytes: Buffer): void {
      const room = KEPT_OF_OVERLONG_BYTES - head.length;
      if (room > 0) head = Buffer.concat([head, bytes.subarray(0, room)]);
    },
  };
}
