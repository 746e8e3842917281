import { setTimeout as sleep } from "node:timers/promises";
import { cityReports } from "../../test/kit/cities/city.ts";
import type { Report } from "../../tiles/report.ts";

export interface WriteOptions {
  readonly count: number;
  readonly perSecond: number;
  /** Of the reports. */
  readonly seed?: number;
}

/** A server that falls behind is not buried. */
const MOST_UNDER_WAY = 64;

/**
 * Sends the made-up city's reports to a server at an even pace, which only slows down when many are under way.
 * @returns how many it took
 */
export async function writeReports(url: string, { count, perSecond, seed = 1 }: WriteOptions): Promise<number> {
  const startMs = performance.now();
  const underWay = new Set<Promise<void>>();
  let begun = 0;
  let taken = 0;
  for (const report of cityReports({ count, nowMs: Date.now(), seed })) {
    const waitMs = startMs + (begun++ / perSecond) * 1000 - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    while (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay);
    const sent = send(url, report)
      .then((isTaken) => {
        if (isTaken) taken++;
      })
      .finally(() => underWay.delete(sent));
    underWay.add(sent);
  }
  await Promise.all(underWay);
  return taken;
}

/** Whether it was taken; a connection that breaks is a no. */
async function send(url: string, { lonDeg: lon, latDeg: lat, layer, category, severity }: Report): Promise<boolean> {
  const body = JSON.stringify({ lon, lat, layer, category, severity });
  const headers = { "Content-Type": "application/json" };
  try {
    const response = await fetch(`${url}/api/reports`, { method: "POST", headers, body });
    await response.arrayBuffer();
    return response.status === 201;
  } catch {
    return false;
  }
}
