import { setTimeout as sleep } from "node:timers/promises";
import { printTable } from "../../test/kit/output.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { percentile } from "./measure.ts";

/** A server by its address. */
interface Place {
  readonly url: string;
}

/** Trials under way at once, so that they fall on any moment between two polls. */
const LANES = 10;
const ASK_EVERY_MS = 10;
const GIVE_UP_MS = 20_000;
const ZOOM = 16;

/**
 * Time from the acknowledgement of a report by one process until its tile comes from another. Every trial reports in a tile of
 * its own, which is empty before.
 */
export async function measureFreshness(writer: Place, reader: Place, trials: number, title: string) {
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    const found: number[] = [];
    for (let trial = lane; trial < trials; trial += LANES) {
      found.push(await timeUntilSeen(writer.url, reader.url, { lon: -120 + 0.02 * trial, lat: -30 }));
      await sleep(1000 * Math.random());
    }
    return found;
  });
  const samples = (await Promise.all(lanes)).flat();
  const found = { p50Ms: percentile(samples, 0.5), p99Ms: percentile(samples, 0.99), worstMs: Math.max(...samples) };
  printTable(
    `${title}, ${samples.length} trials`,
    ["p50 ms", "p99 ms", "worst ms"],
    [[found.p50Ms, found.p99Ms, found.worstMs]],
  );
  return found;
}

async function timeUntilSeen(writer: string, reader: string, { lon, lat }: { lon: number; lat: number }) {
  const { x, y } = tileAt(worldX(lon), worldY(lat), ZOOM);
  const tile = `${reader}/tiles/safety/${ZOOM}/${x}/${y}.pbf`;
  if ((await fetch(tile)).status !== 204) throw new Error(`${tile} is not empty before the trial`);
  const response = await fetch(`${writer}/api/reports`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ layer: "safety", category: "theft", severity: 3, lon, lat }),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  const startMs = performance.now();
  while (performance.now() - startMs < GIVE_UP_MS) {
    const { status } = await fetch(tile);
    if (status === 200) return performance.now() - startMs;
    await sleep(ASK_EVERY_MS);
  }
  throw new Error(`${tile} shows nothing after ${GIVE_UP_MS} ms`);
}
