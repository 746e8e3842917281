import { siteOf } from "../kit/network-address.ts";
import { sha256Hex } from "../kit/sha256.ts";
import type { KeptFlag } from "../ports/report-store.ts";

/** A voice of full weight, in quarters. */
export const WHOLE_VOICE = 4;

/**
 * Who flagged a report: a hash of the network, with a salt of the report's own, which all processes share through the store. So one
 * table of flags does not tell whether two reports were flagged by the same network; hashes and salt are forgotten with the report.
 */
export const whoFlagged = (salt: string, address: string): string =>
  sha256Hex(`${salt} ${siteOf(address)}`).slice(0, 32);

/** Name of the salt among remembered values. */
export const saltName = (reportId: string): string => `flag-salt/${reportId}`;

/** As a flag is kept: what its voice weighs stands behind the hash, unless it weighs the usual. */
export const flaggerOf = (who: string, quarters: number): string =>
  quarters === WHOLE_VOICE ? who : `${who}.${quarters}`;

const readFlagger = (flagger: string): { readonly who: string; readonly quarters: number } => {
  const [who = "", quarters = WHOLE_VOICE] = flagger.split(".");
  return { who, quarters: Number(quarters) };
};

/** Quarters that flags weigh together; one that flagged twice, by what it weighed more. */
export function weighFlags(flags: readonly KeptFlag[]): number {
  const heaviest = new Map<string, number>();
  for (const { who, quarters } of flags.map(({ flagger }) => readFlagger(flagger))) {
    heaviest.set(who, Math.max(quarters, heaviest.get(who) ?? 0));
  }
  return [...heaviest.values()].reduce((sum, quarters) => sum + quarters, 0);
}

/** All who flagged. */
export const flaggersOf = (flags: readonly KeptFlag[]): string[] => [
  ...new Set(flags.map(({ flagger }) => readFlagger(flagger).who)),
];

/** Reasons, and how many gave each. */
export function countReasons(flags: readonly KeptFlag[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason = "none" } of flags) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
