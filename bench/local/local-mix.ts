import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { cityReports } from "../../test/kit/cities/city.ts";
import { randomOf } from "../../test/kit/random.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { type CityFile, pathOf, sampleTiles } from "./local-city.ts";

/** What is due while so many are under way is left out: a server that stops must not pile up what it never sees. */
const MOST_UNDER_WAY = 64;
const SOCKETS = 16;
const TILES_PER_ZOOM = 40;
const BOX_DEGREES = 0.02;
const PLACES = 5_000;

interface Question {
  readonly kind: "tiles" | "lists" | "cards" | "posts";
  readonly path: string;
  readonly body?: string;
}

/** Lists, tiles, score cards and reports at an even pace, from one seed. */
export function createMixedLoad(url: string, city: CityFile, zooms: readonly number[]) {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  const counts: Record<Question["kind"], number> = { tiles: 0, lists: 0, cards: 0, posts: 0 };
  let failed = 0;
  let underWay = 0;
  const next = createQuestions(city, zooms);

  async function put(question: Question): Promise<void> {
    underWay++;
    counts[question.kind]++;
    const status = await send(agent, url, question).catch(() => 0);
    if (status < 200 || status >= 400) failed++;
    underWay--;
  }

  return {
    async run(durationMs: number, perSecond: number): Promise<void> {
      const startMs = performance.now();
      const sent = new Set<Promise<void>>();
      for (let n = 0; (n * 1000) / perSecond < durationMs; n++) {
        await sleep(Math.max(0, startMs + (n * 1000) / perSecond - performance.now()));
        if (underWay >= MOST_UNDER_WAY) continue;
        const one = put(next()).finally(() => sent.delete(one));
        sent.add(one);
      }
      await Promise.all(sent);
    },
    close: () => agent.destroy(),
    requests: (): Readonly<Record<string, number>> => counts,
    failed: () => failed,
  };
}

function createQuestions(city: CityFile, zooms: readonly number[]): () => Question {
  const random = randomOf("mixed load");
  const tiles = zooms.flatMap((z) => sampleTiles(city.census, z, TILES_PER_ZOOM).map(pathOf));
  const places = [...cityReports({ count: PLACES, nowMs: Date.now(), seed: 3 })];
  return () => {
    const { lonDeg: lon, latDeg: lat, layer, category, severity } = random.pick(places);
    const share = random.next();
    if (share < 0.6) return { kind: "tiles", path: random.pick(tiles) };
    if (share < 0.8) {
      const box = [lon - BOX_DEGREES / 2, lat - BOX_DEGREES / 2, lon + BOX_DEGREES / 2, lat + BOX_DEGREES / 2];
      return { kind: "lists", path: `/api/reports?bbox=${box.map((edge) => edge.toFixed(5))}&limit=20` };
    }
    if (share < 0.9) {
      return { kind: "cards", path: `/api/neighborhood/${encodeGeohash(lon, lat, 5 + random.below(3))}` };
    }
    return { kind: "posts", path: "/api/reports", body: JSON.stringify({ lon, lat, layer, category, severity }) };
  };
}

/** @returns the status, when the answer has come to its end */
function send(agent: Agent, url: string, { path, body }: Question): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = body === undefined ? { "Accept-Encoding": "gzip" } : { "Content-Type": "application/json" };
  const sent = request(url + path, { agent, headers, method: body === undefined ? "GET" : "POST" }, (response) => {
    response.on("end", () => resolve(response.statusCode ?? 0)).on("error", reject);
    response.resume();
  });
  sent.on("error", reject).end(body);
  return promise;
}
