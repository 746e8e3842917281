import { OperatorError } from "../../console/operator-error.ts";
import { zonesLike } from "./zone-names.ts";
import { offsetReader, readTransitions } from "./zone-transitions.ts";

/** What a zone's clocks show when. Offsets are milliseconds ahead of UTC. */
export interface LocalOffsets {
  /** By which a time that a clock shows is read: of two, and where there is none, the one before the clocks changed. */
  readonly offsetMs: number;
  /** The one after, where a time is shown twice. */
  readonly laterMs?: number;
  readonly times: "once" | "twice" | "never";
}

export interface Zone {
  readonly name: string;
  /** Of a time as the zone's clocks show it, in Unix milliseconds as if it were UTC. */
  offsetsAt(localMs: number): LocalOffsets;
}

/** The table of a zone's changes is made in parts, when a time in one is asked for; whole days, as changes are at whole seconds. */
const PART_MS = 400 * 86_400_000;
/** Outside of these nothing can be imported; the offset of such a time is asked for alone. */
const [FIRST_PART, LAST_PART] = [Math.floor(Date.UTC(1900, 0) / PART_MS), Math.ceil(Date.UTC(2200, 0) / PART_MS)];
const FIXED = /^([+-])(\d\d):?(\d\d)$/;

/**
 * The zone of an IANA name, or a fixed offset such as `-05:00`. The doubled hour in autumn is read as its first time, and the missing one in spring is moved forward by its length:
 * the rule of RFC 5545 (3.3.5) and, as "compatible", of Temporal. Exact to the millisecond from 1900 to 2200.
 * @throws OperatorError, with names that are like it, on a name that is none.
 */
export function createZone(name: string): Zone {
  const zone = findZone(name.trim());
  if (zone) return zone;
  const like = zonesLike(name);
  const instead = like.length > 0 ? `say ${like.join(" or ")}` : "say one such as America/New_York or Europe/Oslo";
  throw new OperatorError(`--timezone ${name} is not the name of a time zone: ${instead}.`);
}

/** The name as the command line has it. @throws OperatorError as above. */
export const parseTimezone = (text: string): string => createZone(text).name;

/** The same as a zone, `undefined` when the name is none. Names without a slash are none but UTC: `EST` has no summer time, `IST` is in three countries. */
export function findZone(name: string): Zone | undefined {
  const fixed = FIXED.exec(name);
  if (fixed) return fixedZone(name, fixed);
  if (/^(?:utc|gmt|z)$/i.test(name)) return { name: "UTC", offsetsAt: () => UTC };
  if (!name.includes("/")) return undefined;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return zoneOfTransitions(name.toLowerCase() === timeZone.toLowerCase() ? timeZone : name);
  } catch {
    return undefined;
  }
}

const UTC: LocalOffsets = { offsetMs: 0, times: "once" };

function fixedZone(name: string, [, sign, hours, minutes]: RegExpExecArray): Zone | undefined {
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offsetMs = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const offsets: LocalOffsets = { offsetMs, times: "once" };
  return { name, offsetsAt: () => offsets };
}

interface Stretch {
  readonly fromLocalMs: number;
  readonly offsets: LocalOffsets;
}

function zoneOfTransitions(name: string): Zone {
  const offsetAt = offsetReader(name);
  const parts = new Map<number, readonly Stretch[]>();

  function stretchesOf(part: number): readonly Stretch[] {
    const { firstMs, transitions } = readTransitions(offsetAt, part * PART_MS, (part + 1) * PART_MS);
    const stretches: Stretch[] = [
      { fromLocalMs: Number.NEGATIVE_INFINITY, offsets: { offsetMs: firstMs, times: "once" } },
    ];
    for (const { atMs, beforeMs, afterMs } of transitions) {
      const changing: LocalOffsets =
        afterMs < beforeMs
          ? { offsetMs: beforeMs, laterMs: afterMs, times: "twice" }
          : { offsetMs: beforeMs, times: "never" };
      stretches.push(
        { fromLocalMs: atMs + Math.min(beforeMs, afterMs), offsets: changing },
        { fromLocalMs: atMs + Math.max(beforeMs, afterMs), offsets: { offsetMs: afterMs, times: "once" } },
      );
    }
    return stretches.reverse();
  }

  return {
    name,
    offsetsAt(localMs) {
      const part = Math.floor(localMs / PART_MS);
      if (part < FIRST_PART || part > LAST_PART) return { offsetMs: offsetAt(localMs), times: "once" };
      const stretches = parts.get(part) ?? stretchesOf(part);
      if (!parts.has(part)) parts.set(part, stretches);
      for (const { fromLocalMs, offsets } of stretches) if (localMs >= fromLocalMs) return offsets;
      return UTC;
    },
  };
}
