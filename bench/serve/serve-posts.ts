import { cityReports } from "../../test/kit/cities/city.ts";
import { type Check, printTable } from "../../test/kit/output.ts";
import type { Contestant } from "../kit/contestant.ts";
import { type Spread, spreadOf } from "../kit/measure.ts";

const ROUNDS = 9;
const POSTS = 500;
const AT_ONCE = 4;
const LIMIT_MS = 4;

/** What a report costs the server's process, with its work beside requests, while DynamoDB is elsewhere. */
export async function measurePosts(server: Contestant) {
  const cpuMs: number[] = [];
  const requests: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const before = await countsOf(server);
    await postAll(server, round);
    const after = await countsOf(server);
    if (round < 0) continue;
    cpuMs.push(((after.cpuSeconds - before.cpuSeconds) * 1000) / POSTS);
    requests.push((after.requests - before.requests) / POSTS);
  }
  const found = { cpuMs: spreadOf(cpuMs), requests: spreadOf(requests) };
  printTable(
    `POST of a report, ${AT_ONCE} at once`,
    ["", "median", "quartiles"],
    [
      ["CPU of the server's process, ms", found.cpuMs.median, quartiles(found.cpuMs)],
      ["requests to DynamoDB", found.requests.median, quartiles(found.requests)],
    ],
  );
  const { median } = found.cpuMs;
  const check: Check = {
    what: "CPU of a POST, median",
    limit: `${LIMIT_MS} ms`,
    found: `${median.toFixed(2)} ms`,
    met: median <= LIMIT_MS,
  };
  return { posts: found, check };
}

async function postAll({ url }: Contestant, round: number): Promise<void> {
  const bodies = [...cityReports({ count: POSTS, nowMs: Date.now(), seed: 100 + round })].map(
    ({ lonDeg: lon, latDeg: lat, layer, category, severity }) =>
      JSON.stringify({ lon, lat, layer, category, severity }),
  );
  const headers = { "Content-Type": "application/json" };
  const drive = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const { status } = await fetch(`${url}/api/reports`, { method: "POST", headers, body });
      if (status !== 201) throw new Error(`a report was answered with ${status}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, drive));
}

async function countsOf(server: Contestant): Promise<{ cpuSeconds: number; requests: number }> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const requests = Number(/^dynamodb_requests_total (\d+)$/m.exec(metrics)?.[1]);
  return { cpuSeconds: server.cpuSeconds() ?? Number.NaN, requests };
}

const quartiles = ({ low, high }: Spread): string => `${low.toFixed(2)} to ${high.toFixed(2)}`;
