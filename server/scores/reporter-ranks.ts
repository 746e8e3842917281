import { quartersOfRank, REPORTERS } from "../../tiles/weigh-rows.ts";

/** How many reports each reporter has sent from a neighbourhood on a day, as far as it matters: up to three. */
export interface ReporterRanks {
  /** What the reporter's next report weighs, in quarters. 0 is nobody: whose report counts by itself. */
  next(reporter: number): number;
  /** Two bits a reporter, base64; empty without any. */
  text(): string;
}

const MOST = 3;

/** @param text of earlier ones */
export function createReporterRanks(text: string): ReporterRanks {
  let bits = text === "" ? undefined : Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return {
    next(reporter) {
      if (reporter === 0) return quartersOfRank(0);
      bits ??= new Uint8Array(REPORTERS / 4);
      const shift = 2 * (reporter % 4);
      const byte = bits[reporter >> 2] as number;
      const rank = (byte >> shift) & MOST;
      if (rank < MOST) bits[reporter >> 2] = byte + (1 << shift);
      return quartersOfRank(rank);
    },
    text: () => (bits === undefined ? "" : btoa(String.fromCharCode(...bits))),
  };
}
