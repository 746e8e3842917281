import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Median and quartiles of samples. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  return { median: percentile(samples, 0.5), low: percentile(samples, 0.25), high: percentile(samples, 0.75) };
}

/** The sample below which a fraction of the others lies, interpolated; NaN without samples. */
export function percentile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  return low + ((sorted[Math.ceil(at)] ?? Number.NaN) - low) * (at % 1);
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/**
 * Milliseconds of each contestant, `rounds` samples each. They take turns, so that a slow moment of the machine hits all of
 * them; a sample repeats its contestant until it lasts `minSampleMs`. Two rounds before that warm up and do not count.
 */
export function race<Name extends string>(
  contestants: Readonly<Record<Name, () => unknown>>,
  { rounds = 9, minSampleMs = 20 } = {},
): Record<Name, number[]> {
  const entries = Object.entries(contestants) as [Name, () => unknown][];
  const samples = Object.fromEntries(entries.map(([name]) => [name, [] as number[]])) as Record<Name, number[]>;
  const repeats = new Map(entries.map(([name, task]) => [name, repeatsFor(task, minSampleMs)]));
  for (let round = -2; round < rounds; round++) {
    for (const [name, task] of entries) {
      const n = repeats.get(name) ?? 1;
      const ms = timeOf(task, n) / n;
      if (round >= 0) samples[name].push(ms);
    }
  }
  return samples;
}

function repeatsFor(task: () => unknown, minSampleMs: number): number {
  timeOf(task, 1);
  return Math.max(1, Math.ceil(minSampleMs / Math.max(timeOf(task, 1), 1e-3)));
}

// What tasks return is kept where the compiler cannot prove it unused.
let sink: unknown;

function timeOf(task: () => unknown, times: number): number {
  const start = performance.now();
  for (let i = 0; i < times; i++) sink = task();
  return performance.now() - start;
}

/** Milliseconds of each of some steps that run one after the other. */
export function timed<T>(samples: number[], task: () => T): T {
  const start = performance.now();
  const result = task();
  samples.push(performance.now() - start);
  return result;
}

const COPIES = 8;

/** Bytes of heap and array buffers that stay reachable through what `make` returns; the mean of several, so that what is made on the first call only does not weigh in. */
export function retainedBytes<T>(make: () => T): { value: T; bytes: number } {
  const value = make();
  const copies = new Array<T>(COPIES).fill(value);
  const before = settledBytes();
  for (let i = 0; i < COPIES; i++) copies[i] = make();
  const bytes = (settledBytes() - before) / COPIES;
  sink = copies;
  return { value, bytes };
}

export const lastResult = (): unknown => sink;

function settledBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 4; i++) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
