import { allocateLacking, type LackingWeights } from "../cells/micro-cells.ts";
import type { ByteReader, Bytes } from "./bytes.ts";

/** What reports of some cells lack of a whole weight: few bands of few cells, so each stands with the step from the one before. */
export function writeLacking(out: Bytes, { quarters, severityQuarters }: LackingWeights): void {
  const bands = [...quarters.keys()].filter((at) => quarters[at] !== 0);
  out.varint(bands.length);
  let before = 0;
  for (const at of bands) {
    out.varint(at - before);
    out.varint(quarters[at] as number);
    out.varint(severityQuarters[at] as number);
    before = at;
  }
}

/** @throws RangeError on a cell that is not among so many */
export function readLacking(from: ByteReader, cells: number): LackingWeights {
  const lacking = allocateLacking(cells);
  let at = 0;
  for (let left = from.varint(); left > 0; left--) {
    at += from.varint();
    if (at >= lacking.quarters.length) throw new RangeError(`band ${at} of ${lacking.quarters.length}`);
    lacking.quarters[at] = from.varint();
    lacking.severityQuarters[at] = from.varint();
  }
  return lacking;
}
