import { adviseTimes } from "./time-advice.ts";
import { PROBLEMS, type TimeFormat, type TimeProblem } from "./time-format.ts";
import { readWritten } from "./time-written.ts";
import { createZone, findZone, type Zone } from "./zone.ts";
import { abbreviationsOf } from "./zone-abbreviations.ts";

export interface TimeReaderOptions {
  /** Default: `iso`, with all that can be read in one way only. */
  readonly format?: TimeFormat | undefined;
  /** IANA name of the zone of times that tell none; UTC by default. */
  readonly zone?: string | undefined;
}

/** Reads a text as Unix milliseconds, or says why it cannot. */
export interface TimeReader {
  (text: string): number | TimeProblem;
  /** Sentences about what was read so far: how many times were taken for what they do not say. */
  notes(): readonly string[];
}

/** A file that names more zones than there are is no reason to keep them. */
const MOST_ZONES = 1_000;
const [MOST_UNREAD, KEPT_LENGTH] = [200, 100];
const NO_SUCH_ZONE: TimeProblem = { problem: "names a time zone that is not known" };

/** @throws OperatorError when there is no such zone. */
export function createTimeReader({ format = "iso", zone }: TimeReaderOptions = {}): TimeReader {
  const own = zone === undefined ? undefined : createZone(zone);
  const zones = new Map<string, Zone | undefined>();
  /** The first texts that no shape fits. */
  const unread: string[] = [];
  let [readCount, unreadCount] = [0, 0];
  let [withoutZone, never, twice, monthAbove12] = [0, 0, 0, 0];

  function fromZone({ offsetsAt }: Zone, localMs: number): number {
    const { offsetMs, times } = offsetsAt(localMs);
    if (times === "never") never++;
    else if (times === "twice") twice++;
    return localMs - offsetMs;
  }

  function fromName(name: string, localMs: number): number | TimeProblem {
    if (!name.includes("/")) return fromAbbreviation(name, localMs, own);
    if (!zones.has(name)) {
      if (zones.size >= MOST_ZONES) zones.clear();
      zones.set(name, findZone(name));
    }
    const named = zones.get(name);
    return named ? fromZone(named, localMs) : NO_SUCH_ZONE;
  }

  function read(text: string): number | TimeProblem {
    const value = text.trim();
    if (value === "") return PROBLEMS.missing;
    const written = readWritten(value, format);
    if ("problem" in written) {
      if (written === PROBLEMS.monthAbove12) monthAbove12++;
      unreadCount++;
      if (unread.length < MOST_UNREAD) unread.push(value.slice(0, KEPT_LENGTH));
      return written;
    }
    readCount++;
    const { localMs, zone: said } = written;
    if (typeof said === "number") return localMs - said;
    if (said !== undefined) return fromName(said, localMs);
    if (own) return fromZone(own, localMs);
    withoutZone++;
    return localMs;
  }

  function notes(): readonly string[] {
    const name = own?.name ?? "a zone";
    // Where none was read, that is the whole import's failure, and told as such.
    const advice = readCount > 0 ? adviseTimes(unread) : undefined;
    return [
      ...(advice === undefined ? [] : [`${times(unreadCount)} could not be read. ${advice}`]),
      ...(withoutZone > 0
        ? [`${times(withoutZone)} without a zone read as UTC: say --timezone AREA/CITY if they are of another.`]
        : []),
      // Then the days up to 12 were read as months, and nothing else would tell.
      ...(monthAbove12 > 0
        ? [
            `${times(monthAbove12)} with a month above 12: if day and month change places, the others were read wrongly.`,
          ]
        : []),
      ...(never > 0 ? [`${times(never)} in an hour that ${name} leaves out moved forward by it.`] : []),
      ...(twice > 0 ? [`${times(twice)} in an hour that ${name} has twice read as the first.`] : []),
    ];
  }

  return Object.assign(read, { notes });
}

/** With blanks between thousands, as the summary's other counts. */
const times = (count: number): string =>
  count === 1 ? "1 time" : `${count.toLocaleString("en-US").replaceAll(",", " ")} times`;

/** Only a zone's own abbreviation, and only when its clocks show it then, tells which hour it is. */
function fromAbbreviation(abbreviation: string, localMs: number, own: Zone | undefined): number | TimeProblem {
  const meanings = abbreviationsOf(abbreviation);
  if (meanings === undefined) return NO_SUCH_ZONE;
  if (own === undefined) return { problem: `ends in ${abbreviation}: say with --timezone AREA/CITY whose that is` };
  const { offsetMs, laterMs } = own.offsetsAt(localMs);
  const minutes = meanings.flatMap((meaning) => meaning.minutes);
  const fitting = [offsetMs, laterMs].find((shown) => shown !== undefined && minutes.includes(shown / 60_000));
  if (fitting === undefined) return { problem: `ends in ${abbreviation}, which ${own.name} does not have then` };
  return localMs - fitting;
}
