import { setTimeout as sleep } from "node:timers/promises";
import { printTable } from "../../test/kit/output.ts";
import type { Contestant } from "../kit/contestant.ts";
import { countFileDescriptors, readProcessFigures } from "../kit/process-figures.ts";
import { fitSlope, type Slope } from "../kit/slope.ts";
import { type Installation, withServer } from "./local-contestant.ts";
import { createMixedLoad } from "./local-mix.ts";
import type { Plan } from "./local-plan.ts";

interface EnduranceSample {
  readonly minute: number;
  readonly rssMb: number;
  readonly fileDescriptors: number;
}

export interface Endurance {
  readonly seconds: number;
  /** Requests by what they ask for, and those that failed. */
  readonly requests: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly samples: readonly EnduranceSample[];
  /** Megabytes a minute, and file descriptors a minute, over the second half. */
  readonly memory: Slope;
  readonly fileDescriptors: Slope;
}

const PER_SECOND = 50;
/** Caches grow to their bounds first, which is no leak: at the measured pace alone that takes most of an hour. */
const FILL_SHARE = 0.25;
const FILL_PER_SECOND = 500;
const SAMPLES = 240;
const MOST_MS = 5_000;

/** A server under lists, tiles, cards and posts: its memory and its file descriptors over time. */
export function endure(installation: Installation, { enduranceSeconds, zooms }: Plan): Promise<Endurance> {
  return withServer(installation, async (server) => {
    const load = createMixedLoad(server.url, installation.city, zooms);
    await load.run(enduranceSeconds * 1000 * FILL_SHARE, FILL_PER_SECOND);
    const timed = load.run(enduranceSeconds * 1000, PER_SECOND);
    const [samples] = await Promise.all([watch(server, enduranceSeconds), timed]);
    load.close();
    const later = samples.slice(samples.length >> 1);
    const found: Endurance = {
      seconds: enduranceSeconds,
      requests: load.requests(),
      failed: load.failed(),
      samples,
      memory: fitSlope(later.map(({ minute, rssMb }) => [minute, rssMb])),
      fileDescriptors: fitSlope(later.map(({ minute, fileDescriptors }) => [minute, fileDescriptors])),
    };
    print(found);
    return found;
  });
}

async function watch(server: Contestant, seconds: number): Promise<EnduranceSample[]> {
  const everyMs = Math.min(MOST_MS, (seconds * 1000) / SAMPLES);
  const samples: EnduranceSample[] = [];
  const startMs = performance.now();
  for (let n = 1; n * everyMs <= seconds * 1000; n++) {
    await sleep(Math.max(0, startMs + n * everyMs - performance.now()));
    samples.push({
      minute: (performance.now() - startMs) / 60_000,
      rssMb: (readProcessFigures(server.pid)?.rssBytes ?? Number.NaN) / 1e6,
      fileDescriptors: countFileDescriptors(server.pid) ?? Number.NaN,
    });
  }
  return samples;
}

function print({ seconds, requests, failed, samples }: Endurance): void {
  const step = Math.max(1, Math.floor(samples.length / 10));
  printTable(
    `${seconds} s of mixed load: ${Object.entries(requests).map((each) => each.join(" "))}, failed ${failed}`,
    ["minute", "RSS MB", "file descriptors"],
    samples
      .filter((_, i) => i % step === step - 1)
      .map(({ minute, rssMb, fileDescriptors }) => [minute.toFixed(1), rssMb, fileDescriptors]),
  );
}
