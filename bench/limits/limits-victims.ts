import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { READ_UNITS_PER_MINUTE } from "../../server/accounts/limits.ts";
import { CITIES } from "../../server/areas/cities.ts";
import { seededRandom } from "../../test/kit/random.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { type Contestant, environmentWith, startServerProcess, untilIdle } from "../kit/contestant.ts";
import { runLoad } from "../kit/load.ts";
import { percentile } from "../kit/measure.ts";
import type { Orders } from "./attacker-process.ts";
import { ATTACKS } from "./limits-attacks.ts";

const ACCOUNT = fileURLToPath(new URL("../../server/cli/account.ts", import.meta.url));
const VICTIMS = 12;
const PAUSE_MS = 25;
const ROUNDS = 3;

export interface AttackFigures {
  readonly attack: string;
  /** Of other clients: without the attack, and under it; medians of a few rounds that take turns. */
  readonly calmP99Ms: number;
  readonly p99Ms: number;
  readonly ratio: number;
  /** Answers to other clients under attack that are 5xx, or 429. */
  readonly refused: number;
  readonly answers: number;
  /** Exports of a customer under attack. */
  readonly exports: number;
  readonly exportsRefused: number;
}

interface Attacked {
  readonly server: Contestant;
  /** Of the customer who is to notice nothing, and of those who attack. */
  readonly key: string;
  readonly attackers: readonly string[];
  close(): Promise<void>;
}

/** A server with the demo's three cities, and customers. */
async function openServer(): Promise<Attacked> {
  const dataDir = await mkdtemp(join(tmpdir(), "stratum-limits-"));
  const settings = {
    DATA_DIR: dataDir,
    SEED: "on",
    TRUSTED_PROXIES: "1",
    READ_UNITS_PER_MINUTE: `${READ_UNITS_PER_MINUTE}`,
    PUBLIC_URL: undefined,
  };
  const server = await startServerProcess(settings);
  await untilIdle(server);
  const env = environmentWith(settings);
  const add = async (email: string): Promise<string> => {
    const args = [ACCOUNT, "add", email, "--plan", "agent"];
    return (await promisify(execFile)(process.execPath, args, { env })).stdout.trim();
  };
  const key = await add("a@example.org");
  const attackers = [await add("x@example.org"), await add("y@example.org")];
  const close = async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { server, key, attackers, close };
}

/** What people look at who know of no attack: tiles of three cities, each from an address of their own. */
function victimRequests() {
  const random = seededRandom(1);
  return Array.from({ length: 2_000 }, (_, i) => {
    const [lon, lat] = CITIES[i % CITIES.length]?.center ?? [0, 0];
    const z = 11 + (i % 6);
    const { x, y } = tileAt(worldX(lon + (random() - 0.5) / 10), worldY(lat + (random() - 0.5) / 10), z);
    return { path: `/tiles/safety/${z}/${x}/${y}.pbf`, headers: { "X-Forwarded-For": `203.0.113.${i % 200}` } };
  });
}

async function load({ url }: Contestant, durationMs: number) {
  const requests = victimRequests();
  const { latenciesMs, statuses } = await runLoad({
    url,
    requests,
    connections: VICTIMS,
    durationMs,
    pauseMs: PAUSE_MS,
  });
  const refused = [...statuses].filter(([status]) => status === 429 || status >= 500);
  return {
    p99Ms: percentile([...latenciesMs], 0.99),
    answers: latenciesMs.length,
    refused: refused.reduce((sum, [, count]) => sum + count, 0),
  };
}

/** One export after the other. @returns how many, and how many of these were refused or broke off */
async function exportFor({ url }: Contestant, key: string, durationMs: number) {
  const untilMs = performance.now() + durationMs;
  const headers = { Authorization: `Bearer ${key}`, "X-Forwarded-For": "203.0.113.250" };
  let [all, refused] = [0, 0];
  while (performance.now() < untilMs) {
    all++;
    const whole = await fetch(`${url}/api/exports/scores.csv?city=austin`, { headers })
      .then(async (response) => response.ok && (await response.text()).length > 0)
      .catch(() => false);
    if (!whole) refused++;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { all, refused };
}

/** Other clients' p99 without and under each attack, in turns on one server. */
export async function measureAttacks(durationMs: number): Promise<AttackFigures[]> {
  const { close, ...attacked } = await openServer();
  try {
    await load(attacked.server, durationMs);
    const figures: AttackFigures[] = [];
    for (const attack of Object.keys(ATTACKS)) figures.push(await measure(attacked, attack, durationMs));
    return figures;
  } finally {
    await close();
  }
}

async function measure(
  { server, key, attackers: keys }: Omit<Attacked, "close">,
  attack: string,
  durationMs: number,
): Promise<AttackFigures> {
  const [calm, under]: [number[], number[]] = [[], []];
  const sum = { refused: 0, answers: 0, exports: 0, exportsRefused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const [without] = await Promise.all([load(server, durationMs), exportFor(server, key, durationMs)]);
    calm.push(without.p99Ms);
    const { ended } = await attackFromElsewhere({ url: server.url, attack, durationMs: durationMs + 500, keys });
    const [found, exported] = await Promise.all([load(server, durationMs), exportFor(server, key, durationMs)]);
    await ended;
    under.push(found.p99Ms);
    sum.refused += found.refused;
    sum.answers += found.answers;
    sum.exports += exported.all;
    sum.exportsRefused += exported.refused;
  }
  const [calmP99Ms, p99Ms] = [percentile(calm, 0.5), percentile(under, 0.5)];
  return { attack, calmP99Ms, p99Ms, ratio: p99Ms / calmP99Ms, ...sum };
}

/** Begins an attack in another process. */
async function attackFromElsewhere(orders: Orders) {
  const child = fork(new URL("./attacker-process.ts", import.meta.url));
  const ended = once(child, "exit");
  await once(child, "message");
  child.send(orders);
  return { ended };
}
