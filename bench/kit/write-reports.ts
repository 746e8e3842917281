import { setTimeout as sleep } from "node:timers/promises";
import { cityReports } from "../../test/kit/cities/city.ts";

export interface WriteOptions {
  readonly count: number;
  readonly perSecond: number;
  /** Of the reports. */
  readonly seed?: number;
}

/** Sends the made-up city's reports to a server, at an even pace whatever it answers. @returns how many it took */
export async function writeReports(url: string, { count, perSecond, seed = 1 }: WriteOptions): Promise<number> {
  const startMs = performance.now();
  const sent: Promise<boolean>[] = [];
  const reports = cityReports({ count, nowMs: Date.now(), seed });
  for (const { lonDeg: lon, latDeg: lat, layer, category, severity } of reports) {
    const waitMs = startMs + (sent.length / perSecond) * 1000 - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const body = JSON.stringify({ lon, lat, layer, category, severity });
    const headers = { "Content-Type": "application/json" };
    sent.push(
      fetch(`${url}/api/reports`, { method: "POST", headers, body }).then(async (response) => {
        await response.arrayBuffer();
        return response.status === 201;
      }),
    );
  }
  return (await Promise.all(sent)).filter(Boolean).length;
}
