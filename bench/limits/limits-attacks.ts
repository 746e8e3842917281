import { connect, type Socket } from "node:net";
import { seededRandom } from "../../test/kit/random.ts";
import { type LoadRequest, runLoad } from "../kit/load.ts";

/** One client that takes all it can get, for a while. `keys`: of customers of its own, for what nobody gets without. */
export type Attack = (url: string, durationMs: number, keys: readonly string[]) => Promise<void>;

const FROM_ONE = { "X-Forwarded-For": "198.51.100.1" };
const STREAMS = 3_000;
const SLEEPERS = 60;
const CONNECTIONS = 8;

const load = (url: string, durationMs: number, requests: readonly LoadRequest[]): Promise<void> =>
  runLoad({ url, requests, connections: CONNECTIONS, durationMs, pauseMs: 1 }).then(() => {});

/** Sockets that ask for something and never read it; all are closed at the end. */
async function sleepers(url: string, durationMs: number, requests: readonly LoadRequest[]): Promise<void> {
  const { host, hostname, port } = new URL(url);
  const sockets = requests.map(({ path, headers = {} }): Socket => {
    const fields = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = connect(Number(port), hostname).on("error", () => {});
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\n${fields.join("")}\r\n`);
    return socket;
  });
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  for (const socket of sockets) socket.destroy();
}

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

export const ATTACKS: Readonly<Record<string, Attack>> = {
  "slow readers of exports, 2 customers": (url, durationMs, keys) =>
    sleepers(
      url,
      durationMs,
      times(SLEEPERS, (i) => ({
        path: "/api/exports/scores.csv",
        headers: { "X-Forwarded-For": `198.51.100.${i % 20}`, Authorization: `Bearer ${keys[i % keys.length]}` },
      })),
    ),

  "3 000 streams from one address": (url, durationMs) =>
    sleepers(
      url,
      durationMs,
      times(STREAMS, () => ({ path: "/api/live?zoom=12&bbox=-122.6,37.6,-122.2,37.9", headers: FROM_ONE })),
    ),

  "tiles at random addresses": (url, durationMs) => {
    const random = seededRandom(3);
    const anywhere = () => Math.floor(random() * 2 ** 12);
    const paths = times(
      50_000,
      () => `/tiles/safety,vibe,infrastructure,opportunity/12/${anywhere()}/${anywhere()}.pbf`,
    );
    return load(
      url,
      durationMs,
      paths.map((path) => ({ path, headers: FROM_ONE })),
    );
  },

  "heavy lists": (url, durationMs) =>
    load(
      url,
      durationMs,
      times(500, (i) => ({
        path: `/api/reports?bbox=-122.9,37.3,-121.95,38.2&limit=500&since=${90 * 24 - i}h`,
        headers: FROM_ONE,
      })),
    ),
};
