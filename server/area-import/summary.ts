import type { CheckedAreas } from "./check-areas.ts";

const MOST_TOLD = 20;

/** What there is to say of a file's areas, as lines. */
export function formatChecked({ areas, faults, repairs, overlaps }: CheckedAreas): string {
  const lines = [`${areas.length} areas`];
  for (const [repair, count] of repairs) lines.push(`  ${count} mended: ${repair}`);
  if (overlaps.length > 0) {
    const [first] = overlaps;
    lines.push(
      `  ${overlaps.length} pairs overlap, such as ${first?.[0]} and ${first?.[1]}: a report in both counts for the one whose id sorts first`,
    );
  }
  for (const fault of faults.slice(0, MOST_TOLD)) lines.push(`  ${fault}`);
  if (faults.length > MOST_TOLD) lines.push(`  and ${faults.length - MOST_TOLD} more that cannot be imported`);
  return `${lines.join("\n")}\n`;
}
