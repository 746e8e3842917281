import { printTable } from "../../test/kit/output.ts";
import type { BareAnswer } from "../kit/bare-process.ts";
import { type Contestant, untilIdle } from "../kit/contestant.ts";
import { type LoadRequest, runLoad } from "../kit/load.ts";
import { writeReports } from "../kit/write-reports.ts";
import {
  BROWSER_HEADERS,
  CONNECTIONS,
  expectStatuses,
  latencyOf,
  SAMPLE_HEAD,
  type Sample,
  sampleRow,
} from "../serve/serve-sample.ts";
import { readAnswers } from "../serve/serve-warm.ts";
import { type Installation, withServer } from "./local-contestant.ts";
import type { Plan } from "./local-plan.ts";

const WRITES_PER_SECOND = 50;

export interface LoadFigures {
  readonly name: string;
  /** Reports that were taken meanwhile. */
  readonly written: number;
  /** Answers without a body, of all. */
  readonly notModified: number;
  readonly sample: Sample;
}

/** Tiles that were asked for before, and the same by their entity tags; then both while reports come in. */
export function measureWarmTiles(installation: Installation, { loadSeconds }: Plan): Promise<LoadFigures[]> {
  return withServer(installation, async (server) => {
    const answers = await readAnswers(server, installation.city.census);
    await untilIdle(server);
    const found: LoadFigures[] = [];
    for (const perSecond of [0, WRITES_PER_SECOND]) {
      for (const [name, requests] of Object.entries(requestsFor(answers))) {
        const title = perSecond === 0 ? name : `${name}, ${perSecond} reports/s`;
        found.push({ name: title, ...(await measure(server, { requests, perSecond, seconds: loadSeconds })) });
      }
    }
    printTable(
      `${installation.name}: ${answers.length} warm tiles, ${CONNECTIONS} connections`,
      SAMPLE_HEAD,
      found.map(({ name, sample }) => sampleRow(name, sample)),
    );
    return found;
  });
}

const requestsFor = (answers: readonly BareAnswer[]): Record<string, LoadRequest[]> => ({
  tiles: answers.map(({ path }) => ({ path, headers: BROWSER_HEADERS })),
  "by tag": answers.map(({ path, etag }) => ({ path, headers: { ...BROWSER_HEADERS, "If-None-Match": etag } })),
});

interface Measured {
  readonly requests: readonly LoadRequest[];
  readonly perSecond: number;
  readonly seconds: number;
}

async function measure(server: Contestant, { requests, perSecond, seconds }: Measured) {
  const count = Math.ceil(perSecond * seconds);
  const before = server.cpuSeconds() ?? Number.NaN;
  const [result, written] = await Promise.all([
    runLoad({ url: server.url, requests, connections: CONNECTIONS, durationMs: seconds * 1000 }),
    count === 0 ? 0 : writeReports(server.url, { count, perSecond, seed: 2 }),
  ]);
  const cpuMicros = (((server.cpuSeconds() ?? Number.NaN) - before) / result.requests) * 1e6;
  expectStatuses(result, [200, 204, 304]);
  const notModified = (result.statuses.get(304) ?? 0) / result.requests;
  return { written, notModified, sample: { ...latencyOf(result), cpuMicros } };
}
