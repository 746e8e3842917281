import { once } from "node:events";
import { type ClientRequest, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { CITY_CENTER } from "../../test/kit/cities/city.ts";
import { printTable } from "../../test/kit/output.ts";
import { type Contestant, untilIdle } from "../kit/contestant.ts";
import { writeReports } from "../kit/write-reports.ts";
import { type Installation, withServer } from "./local-contestant.ts";
import type { Plan } from "./local-plan.ts";

/** Processor time of the server process for a report. */
export interface PostFigures {
  readonly viewers: string;
  readonly perSecond: number;
  readonly reports: number;
  /** All that the process took meanwhile, and without what it takes when no report comes. */
  readonly cpuMs: number;
  readonly netCpuMs: number;
}

const VIEWERS = 20;
/** The second shows what a report costs a busy process: how many one core takes. */
const PACES = [50, 400];
/** Compiled code: what runs a few times first is slower. */
const WARM_UP_PER_SECOND = 200;

/** Maps that are open elsewhere, and maps that look at where the reports fall. */
const VIEWS = { elsewhere: [-97.74, 30.27], "at the reports": CITY_CENTER } as const;

/** What a report costs while maps are open that nobody moves. */
export function measurePosts(installation: Installation, { loadSeconds }: Plan): Promise<PostFigures[]> {
  return withServer(installation, async (server) => {
    await writeReports(server.url, { count: WARM_UP_PER_SECOND * loadSeconds, perSecond: WARM_UP_PER_SECOND, seed: 4 });
    const found: PostFigures[] = [];
    for (const [viewers, center] of Object.entries(VIEWS)) {
      const streams = await openStreams(server.url, center);
      for (const perSecond of PACES) {
        await untilIdle(server);
        found.push({ viewers, perSecond, ...(await measure(server, perSecond, loadSeconds)) });
      }
      for (const stream of streams) stream.destroy();
    }
    printTable(
      `${installation.name}: CPU ms of the server process a report, ${VIEWERS} open maps`,
      ["maps", "reports/s", "reports", "all", "without what it takes idle"],
      found.map(({ viewers, perSecond, reports, cpuMs, netCpuMs }) => [viewers, perSecond, reports, cpuMs, netCpuMs]),
    );
    return found;
  });
}

async function measure(server: Contestant, perSecond: number, seconds: number) {
  const cpu = () => server.cpuSeconds() ?? Number.NaN;
  const idleFrom = cpu();
  await sleep(seconds * 1000);
  const idle = cpu() - idleFrom;
  const [from, startMs] = [cpu(), performance.now()];
  const count = Math.ceil(perSecond * seconds);
  const reports = await writeReports(server.url, { count, perSecond, seed: 5 });
  const taken = cpu() - from;
  const idleMeanwhile = (idle / seconds) * ((performance.now() - startMs) / 1000);
  return { reports, cpuMs: (taken * 1000) / reports, netCpuMs: ((taken - idleMeanwhile) * 1000) / reports };
}

/** Live streams of maps at zoom 13, whose events are read and forgotten. */
function openStreams(url: string, [lon, lat]: readonly [number, number]): Promise<ClientRequest[]> {
  const box = [lon - 0.05, lat - 0.03, lon + 0.05, lat + 0.03].map((edge) => edge.toFixed(4));
  return Promise.all(
    Array.from({ length: VIEWERS }, async () => {
      const sent = get(`${url}/api/live?bbox=${box}&layers=safety&zoom=13`);
      const [response] = await once(sent, "response");
      if (response.statusCode !== 200) throw new Error(`${response.statusCode} for a live stream`);
      // Ended by us.
      response.on("error", () => {}).resume();
      sent.on("error", () => {});
      return sent;
    }),
  );
}
