import { printTable } from "../../test/kit/output.ts";
import type { BareAnswer } from "../kit/bare-process.ts";
import type { Contestant } from "../kit/contestant.ts";
import { runLoad } from "../kit/load.ts";
import type { TileCensus } from "../kit/sample-tiles.ts";
import { writeReports } from "../kit/write-reports.ts";
import { BROWSER_HEADERS, expectStatuses, latencyOf } from "./serve-sample.ts";
import { pathsOf } from "./serve-warm.ts";

const USERS = 32;
const COLD_TILES_PER_ZOOM = 60;
const WRITES_PER_SECOND = 50;
const WRITE_SECONDS = 15;

/** Each tile once, on a process that has none: it builds them all. Refusals are counted, and fail the target. */
export async function measureCold(server: Contestant, census: TileCensus) {
  const requests = pathsOf(census, COLD_TILES_PER_ZOOM, ["safety"]).map((path) => ({ path, headers: BROWSER_HEADERS }));
  const bounds = { durationMs: 60_000, maxRequests: requests.length, connections: USERS };
  const result = await runLoad({ url: server.url, requests, ...bounds });
  // On a machine that is busy with other things the embedded DynamoDB may not be had within a second.
  expectStatuses(result, [200, 204, 503]);
  const found = { tiles: result.requests, refused: result.statuses.get(503) ?? 0, ...latencyOf(result) };
  printTable(
    `cold tiles, ${USERS} users at once`,
    ["tiles", "refused", "tiles/s", "p50 ms", "p99 ms"],
    [[found.tiles, found.refused, found.perSecond, found.p50Ms, found.p99Ms]],
  );
  return found;
}

/** Readers that pan while reports come in. */
export async function measureWriting(server: Contestant, answers: readonly BareAnswer[]) {
  const requests = answers.map(({ path }) => ({ path, headers: BROWSER_HEADERS }));
  const before = await hitsOf(server);
  const writing = writeReports(server.url, {
    count: WRITES_PER_SECOND * WRITE_SECONDS,
    perSecond: WRITES_PER_SECOND,
  });
  const durationMs = WRITE_SECONDS * 1000;
  const result = await runLoad({ url: server.url, requests, connections: USERS, durationMs, pauseMs: 50 });
  const written = await writing;
  expectStatuses(result, [200, 204]);
  const after = await hitsOf(server);
  const hitRate = (after.hits - before.hits) / (after.all - before.all);
  const found = { written, hitRate, ...latencyOf(result) };
  printTable(
    `${USERS} readers and ${WRITES_PER_SECOND} reports a second`,
    ["reports", "requests/s", "hit rate", "p50 ms", "p99 ms"],
    [[written, found.perSecond, `${(hitRate * 100).toFixed(1)} %`, found.p50Ms, found.p99Ms]],
  );
  return found;
}

/** Tiles answered from memory and all tiles, by the server's own count. */
async function hitsOf({ url }: Contestant): Promise<{ hits: number; all: number }> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const sum = (pattern: RegExp) =>
    [...metrics.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    hits: sum(/^stratum_warm_tiles_total (\d+)$/gm),
    all: sum(
      /^stratum_http_request_duration_seconds_count\{[^}]*route="\/tiles\/:layers\/:z\/:x\/:file"[^}]*\} (\d+)$/gm,
    ),
  };
}
