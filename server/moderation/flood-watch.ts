import { LRUCache } from "lru-cache";
import { lineOf, siteOf } from "../kit/network-address.ts";
import { sha256Hex } from "../kit/sha256.ts";
import { formatDay } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cause } from "./case.ts";

/**
 * From where on reports are a flood. Those are held that come from a network which has sent more than `ofNetwork` of more than
 * `reports` alike within a span: many people who see the same thing come from many networks. docs/moderation.md has this table.
 */
export const FLOODS = {
  /** In one cell of precision 7, about 150 m. */
  place: { withinMs: 600_000, reports: 40, ofNetwork: 8 },
  /** With the same words, whatever their case, spaces and punctuation; few words in one cell of precision 5, many anywhere. */
  text: { withinMs: 3_600_000, reports: 20, ofNetwork: 4 },
  /** Anywhere: as many as one client address may send a minute (`REPORTS_PER_MINUTE`). */
  network: { withinMs: 600_000, reports: 600, ofNetwork: 600 },
} as const satisfies Readonly<Record<string, Flood>>;

interface Flood {
  readonly withinMs: number;
  readonly reports: number;
  readonly ofNetwork: number;
}

/** Reports of one network that are held within the span of `FLOODS.network`; more are refused, or nobody could look at them all. */
export const MOST_HELD = 200;
/** First clients of networks that are known: some megabytes. */
const MOST_FIRSTS = 20_000;
/** Letters and digits from which on a text is somebody's own in a part of a city: "Flooded" is everybody's. */
export const OWN_TEXT_LETTERS = 12;
/** From which on it is so everywhere: "Street is under water" is said of many streets on one day. */
export const OWN_ANYWHERE_LETTERS = 24;

export interface WatchedReport {
  readonly address: string;
  readonly layer: string;
  readonly geohash7: string;
  readonly text?: string | undefined;
}

export interface Verdict {
  /** Why it is to be held. */
  readonly hold?: Cause;
  /** More of its network are not even held: so many seconds. */
  readonly waitSeconds?: number;
  /**
   * Another client of its network was first in this neighbourhood, layer and day: it counts as one client's with all further ones, so that
   * what a network's reports weigh is bounded by two clients', however many addresses it has.
   */
  readonly isCrowd: boolean;
}

export interface FloodWatchOptions {
  readonly clock: Clock;
  /** What one client address may send. */
  readonly reportsPerMinute: number;
}

/** Looks at each report before it is stored. In memory, as `createRateLimit` is: no process knows what another was sent. */
export function createFloodWatch({
  clock,
  reportsPerMinute: most,
}: FloodWatchOptions): (report: WatchedReport) => Verdict {
  const counts = {
    place: createCounts(clock, FLOODS.place),
    text: createCounts(clock, FLOODS.text),
    network: createCounts(clock, { ...FLOODS.network, reports: most, ofNetwork: most }),
    held: createCounts(clock, { ...FLOODS.network, reports: MOST_HELD, ofNetwork: MOST_HELD }),
  };
  const firsts = new LRUCache<string, string>({ max: MOST_FIRSTS });
  let salt: string | undefined;

  return ({ address, layer, geohash7, text }) => {
    // Not before the first request: workerd gives no randomness while it starts.
    salt ??= crypto.getRandomValues(new Uint8Array(16)).join();
    const nameOf = (what: string) => sha256Hex(salt + what).slice(0, 16);
    const network = nameOf(siteOf(address));
    const words = ownWords(text, geohash7);
    const found = [
      counts.network.note(network, network) && "network",
      counts.place.note(geohash7, network) && "place",
      words !== undefined && counts.text.note(nameOf(words), network) && "text",
    ] as const;
    const where = `${network} ${layer} ${geohash7.slice(0, 6)} ${formatDay(clock.now())}`;
    const client = nameOf(lineOf(address));
    const first = firsts.get(where) ?? client;
    firsts.set(where, first);
    const isCrowd = first !== client;
    const hold = found.find((cause) => cause !== false);
    if (hold === undefined) return { isCrowd };
    const isTooMany = counts.held.note(network, network);
    return { hold, isCrowd, ...(isTooMany && { waitSeconds: counts.held.secondsLeft(network) }) };
  };
}

/** What a text says, and where if it is short; undefined if it is too short to be somebody's own. */
function ownWords(text = "", geohash7: string): string | undefined {
  const words = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
  if (words.length < OWN_TEXT_LETTERS) return undefined;
  return words.length < OWN_ANYWHERE_LETTERS ? `${words} ${geohash7.slice(0, 5)}` : words;
}

interface Count {
  endsAtMs: number;
  all: number;
  readonly byNetwork: Map<string, number>;
}

/** Networks, over all that is counted of one kind: a few megabytes. */
const MOST_NETWORKS = 50_000;
const NETWORKS_OF_ONE = 1_000;

function createCounts(clock: Clock, { withinMs, reports, ofNetwork }: Flood) {
  const counts = new LRUCache<string, Count>({
    maxSize: MOST_NETWORKS,
    sizeCalculation: ({ byNetwork }) => byNetwork.size + 1,
  });
  return {
    /** Counts one; whether it is of a flood. */
    note(name: string, network: string): boolean {
      const held = counts.get(name);
      const isOver = held === undefined || clock.now() >= held.endsAtMs || clock.now() < held.endsAtMs - withinMs;
      const count = isOver ? { endsAtMs: clock.now() + withinMs, all: 0, byNetwork: new Map<string, number>() } : held;
      const own = (count.byNetwork.get(network) ?? 0) + 1;
      count.all++;
      if (own > 1 || count.byNetwork.size < NETWORKS_OF_ONE) count.byNetwork.set(network, own);
      // The cache takes no new size of a value that it has: as a new one it counts by what it is now.
      counts.delete(name);
      counts.set(name, count);
      return count.all > reports && own > ofNetwork;
    },
    secondsLeft: (name: string): number =>
      Math.max(1, Math.ceil(((counts.get(name)?.endsAtMs ?? 0) - clock.now()) / 1000)),
  };
}
