import type { Cell } from "../../test/kit/output.ts";
import type { Contestant } from "../kit/contestant.ts";
import { type LoadRequest, type LoadResult, runLoad } from "../kit/load.ts";
import { median, percentile, type Spread, spreadOf } from "../kit/measure.ts";

/** Many short turns: on a shared machine both of a pair then meet the same moment. */
const ROUNDS = 31;
const ROUND_MS = 400;
export const CONNECTIONS = 16;

/** What browsers send with a map's requests to another origin, Chromium's here. */
export const BROWSER_HEADERS = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36",
  Accept: "*/*",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Accept-Language": "en-US,en;q=0.9",
  Origin: "https://map.example",
  Referer: "https://map.example/",
  "Sec-CH-UA": '"Chromium";v="153", "Not/A)Brand";v="24"',
  "Sec-CH-UA-Mobile": "?0",
  "Sec-CH-UA-Platform": '"Linux"',
  "Sec-Fetch-Dest": "empty",
  "Sec-Fetch-Mode": "cors",
  "Sec-Fetch-Site": "cross-site",
};

export interface Sample {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The server's processor time per request. */
  readonly cpuMicros: number | undefined;
}

/** Medians of several rounds. */
export interface Standing extends Sample {
  readonly rounds: readonly Sample[];
}

/** A server and what it is asked for. */
export interface Entrant {
  readonly server: Contestant;
  readonly requests: readonly LoadRequest[];
}

/** They take turns, so that a slow moment of the machine hits all of them; the first round warms up. */
export async function raceServers<Name extends string>(
  entrants: Readonly<Record<Name, Entrant>>,
): Promise<Record<Name, Standing>> {
  const names = Object.keys(entrants) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of names) {
      const sample = await sampleOf(entrants[name]);
      if (round >= 0) samples[name].push(sample);
    }
  }
  const standings = names.map((name) => [name, { ...medians(samples[name]), rounds: samples[name] }]);
  return Object.fromEntries(standings) as Record<Name, Standing>;
}

/** One's figure against the other's in the same round, over all rounds; undefined where one of them has none. */
export function ratioOf(ours: Standing, theirs: Standing, of: (sample: Sample) => number | undefined) {
  const ratios = ours.rounds.map(
    (sample, i) => (of(sample) ?? Number.NaN) / (of(theirs.rounds[i] ?? sample) ?? Number.NaN),
  );
  return ratios.some(Number.isNaN) ? undefined : spreadOf(ratios);
}

export const showRatio = (ratio: Spread | undefined): string =>
  ratio === undefined ? "" : `${ratio.median.toFixed(3)} (${ratio.low.toFixed(2)}..${ratio.high.toFixed(2)})`;

async function sampleOf({ server, requests }: Entrant): Promise<Sample> {
  const before = server.cpuSeconds();
  const result = await runLoad({ url: server.url, requests, connections: CONNECTIONS, durationMs: ROUND_MS });
  const after = server.cpuSeconds();
  expectStatuses(result, [200, 304]);
  return {
    ...latencyOf(result),
    cpuMicros: before === undefined || after === undefined ? undefined : ((after - before) / result.requests) * 1e6,
  };
}

export function latencyOf({ requests, seconds, latenciesMs }: LoadResult) {
  const sorted = [...latenciesMs];
  return { perSecond: requests / seconds, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}

function medians(samples: readonly Sample[]): Sample {
  const of = (value: (sample: Sample) => number) => median(samples.map(value));
  const cpuMicros = of((sample) => sample.cpuMicros ?? Number.NaN);
  return {
    perSecond: of(({ perSecond }) => perSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    cpuMicros: Number.isNaN(cpuMicros) ? undefined : cpuMicros,
  };
}

/** @throws Error on the first answer that is none of these. */
export function expectStatuses({ statuses }: LoadResult, allowed: readonly number[]): void {
  for (const status of statuses.keys()) if (!allowed.includes(status)) throw new Error(`answered ${status}`);
}

export const SAMPLE_HEAD = ["", "requests/s", "p50 ms", "p99 ms", "CPU us"];

export const sampleRow = (name: string, { perSecond, p50Ms, p99Ms, cpuMicros }: Sample): Cell[] => [
  name,
  perSecond,
  p50Ms,
  p99Ms,
  cpuMicros,
];
