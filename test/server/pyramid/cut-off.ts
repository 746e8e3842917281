import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { cutToStep } from "../../../tiles/cells/micro-cells.ts";
import { decodeMicroCells } from "../../../tiles/codec/micro-cell-codec.ts";
import { BAND_COUNT, REPORT_LAYERS } from "../../../tiles/layers.ts";

/** Calls that a process may make before it is cut off, and those that it made. */
export interface Allowance {
  left: number;
  made: number;
  /** Whether the last call is done although nobody hears of it. */
  readonly isLastDone: boolean;
}

export const allow = (calls: number, isLastDone = false): Allowance => ({ left: calls, made: 0, isLastDone });

/** A store of a process that is cut off when its calls are used up: they, and all that follow, are never answered well. */
export function cutOff<T extends object>(port: T, allowance: Allowance): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        const died = new Error("cut off");
        if (allowance.left <= 0) return Promise.reject(died);
        allowance.left--;
        allowance.made++;
        const answer = allowance.left > 0 || allowance.isLastDone ? Reflect.apply(member, target, args) : undefined;
        return allowance.left > 0 ? answer : Promise.resolve(answer).then(() => Promise.reject(died));
      };
    },
  });
}

/** Every cell aggregate as text, by its geohash. */
export async function cellAggregatesOf(derived: DerivedStore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (group: string): Promise<void> => {
    for (const { name, body } of await derived.list(group)) {
      found.set(`${group} ${name}`, Buffer.from(body).toString("base64"));
      const [cellAggregates, layer] = group.split("/");
      if (name.length < 5) await visit(`${cellAggregates}/${layer}/${name}`);
    }
  };
  for (const layer of REPORT_LAYERS) await visit(`slices/${layer}/`);
  return found;
}

/** How many reports each micro cell of each cell aggregate has, whatever their ages, and which is the newest. */
export function contentsOf(cellAggregates: Map<string, string>): Map<string, unknown> {
  return new Map(
    [...cellAggregates].map(([key, body]) => {
      const { length, key: cells, bandCount, sumX, sumY, newest } = decodeMicroCells(Buffer.from(body, "base64"), key);
      const countOf = (_: unknown, cell: number) =>
        bandCount.subarray(cell * BAND_COUNT, (cell + 1) * BAND_COUNT).reduce((sum, count) => sum + count, 0);
      const counts = Array.from({ length }, countOf);
      const sums = [...sumX.subarray(0, length), ...sumY.subarray(0, length)];
      return [
        key,
        {
          cells: [...cells.subarray(0, length)],
          counts,
          sums,
          newest: Array.from(newest.createdAtMs.subarray(0, length), cutToStep),
        },
      ];
    }),
  );
}
