import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import type { FaultRule } from "../kit/dynamo/fault-proxy.ts";
import { isRowKey, namesRow } from "../kit/dynamo/store-command.ts";
import { postReport } from "../kit/request.ts";
import { createTileReader } from "../kit/tile-reader.ts";
import { type FaultyServer, type FaultyServers, openFaultyServers } from "./faulty-servers.ts";

/** Every zoom at which reports are clustered differently, and the closest ones. */
const ZOOMS = Array.from({ length: 17 }, (_, z) => z);
/** A retry's report shows within the 2 s of any other; a busy machine is given time. */
const RETRIED_WITHIN_MS = 20_000;
/** What nobody tells of is found within a minute, with no command run by hand. */
const FOUND_WITHIN_MS = 60_000;
const POLL_EVERY_MS = 1000;
/** A server on a busy machine may answer 503 at first. */
const WARM = { timeout: 60_000, interval: POLL_EVERY_MS };

const PLACE = { lat: 30.267153, lon: -97.743057 };

const publishes = ({ name, keys }: Parameters<FaultRule>[0]): boolean =>
  name === "BatchWriteItem" || (name === "PutItem" && keys.some(({ pk }) => pk.startsWith("feed#")));

/** Requests that publish: what is written beside a report's row, in whatever way. */
const whatPublishes: FaultRule = (command) => (publishes(command) ? { kind: "throttled" } : undefined);

/** It is published, and whoever did it never hears of it. */
const answersToWhatPublishes: FaultRule = (command) => (publishes(command) ? { kind: "lost-after" } : undefined);

/** The row is stored, and whoever wrote it never hears of it. */
const answersToTheRow: FaultRule = (command) =>
  command.isWrite && namesRow(command) ? { kind: "lost-after" } : undefined;

/** The row is stored; from then on no write is taken, nor what comes in one batch with the row. */
function whatFollowsTheRow(): FaultRule {
  let isStored = false;
  return (command) => {
    if (command.isWrite && namesRow(command)) {
      isStored = true;
      return { kind: "unprocessed", isLeft: (key) => !isRowKey(key) };
    }
    return isStored && command.isWrite ? { kind: "throttled" } : undefined;
  };
}

/** The row is stored, and then the process is dead: `onStored` is told, and nothing gets to the store any more. */
function everythingAfterTheRow(onStored: () => void): FaultRule {
  let isStored = false;
  return (command) => {
    if (isStored) return { kind: "lost-before" };
    if (!command.isWrite || !namesRow(command)) return undefined;
    isStored = true;
    onStored();
    const isBatch = command.keys.length > 1;
    return isBatch ? { kind: "unprocessed", isLeft: (key) => !isRowKey(key) } : { kind: "lost-after" };
  };
}

describe.concurrent("a report that was answered 503 and is sent again with its key", () => {
  const cases = [
    { what: "what publishes it was throttled", rule: whatPublishes, retryAt: "the same" },
    { what: "what publishes it was throttled", rule: whatPublishes, retryAt: "another" },
    { what: "the answers to what publishes it were lost", rule: answersToWhatPublishes, retryAt: "the same" },
    { what: "the answers to what publishes it were lost", rule: answersToWhatPublishes, retryAt: "another" },
  ];
  eachWithOneFast(
    cases,
    "is shown and listed everywhere when $what and $retryAt server gets the retry",
    async ({ rule, retryAt }) => {
      await withServers(async (servers) => {
        const [writer, other] = [await servers.start(), await servers.start()];
        await vi.waitFor(() => readEveryTile(other), WARM);
        writer.faults.next(rule);
        const key = { "Idempotency-Key": `lost-${crypto.randomUUID()}` };
        const refused = await postReport(writer.url, PLACE, key);
        expect(refused.status).toBe(503);
        const sentence = await refused.text();
        writer.faults.end();

        const before = await servers.stored();
        const retried = await postReport(retryAt === "another" ? other.url : writer.url, PLACE, key);
        expect(retried.status).toBe(201);
        if (before.length > 0) expect(retried.headers.get("Idempotency-Replayed")).toBe("true");
        const { id } = (await retried.json()) as { id: string };
        expect(await servers.stored()).toEqual([id]);

        const both = [writer, other];
        for (const { url } of both) expect((await fetch(`${url}/api/reports/${id}`)).status).toBe(200);
        expect(await untilShown(servers, both, RETRIED_WITHIN_MS)).toEqual([]);
        await servers.rebuild();
        expect(await untilShown(servers, [...both, await servers.start()], RETRIED_WITHIN_MS)).toEqual([]);
        expect(sentence).not.toMatch(/nothing was stored/i);
      });
    },
  );
});

describe.concurrent("a row that was stored, and of which nobody hears again,", () => {
  const keyed = (): Record<string, string> => ({ "Idempotency-Key": `once-${crypto.randomUUID()}` });
  const unkeyed = (): Record<string, string> => ({});
  const keys = [
    { sent: "with a key", headers: keyed },
    { sent: "without a key", headers: unkeyed },
  ];
  const refusals = [
    { what: "nothing that follows it is taken", rule: whatFollowsTheRow },
    { what: "its answers are lost", rule: () => answersToTheRow },
  ].flatMap((refusal) => keys.map((key) => ({ ...refusal, ...key })));

  eachWithOneFast(refusals, "is shown everywhere within a minute when $what, sent $sent", async ({ rule, headers }) => {
    await withServers(async (servers) => {
      const [writer, other] = [await servers.start(), await servers.start()];
      await vi.waitFor(() => readEveryTile(other), WARM);
      writer.faults.next(rule());
      const { status } = await postReport(writer.url, PLACE, headers());
      writer.faults.end();
      // One that answers 201 all the same has made sure in another way that it is shown.
      expect([201, 503]).toContain(status);
      expect(await servers.stored()).toHaveLength(1);
      expect(await untilShown(servers, [writer, other, await servers.start()], FOUND_WITHIN_MS)).toEqual([]);
    });
  });

  eachWithOneFast(
    keys,
    "is shown everywhere within a minute when its process is killed, sent $sent",
    async ({ headers }) => {
      await withServers(async (servers) => {
        const [writer, other] = [await servers.start(), await servers.start()];
        await vi.waitFor(() => readEveryTile(other), WARM);
        const { promise: stored, resolve: onStored } = Promise.withResolvers<void>();
        writer.faults.next(everythingAfterTheRow(onStored));
        const answer = postReport(writer.url, PLACE, headers()).catch(() => undefined);
        await stored;
        await vi.waitFor(async () => expect(await servers.stored()).toHaveLength(1), 10_000);
        await writer.kill();
        await answer;
        expect(await untilShown(servers, [other, await servers.start()], FOUND_WITHIN_MS)).toEqual([]);
      });
    },
  );
});

/** Each starts servers and waits for seconds: after the first they are slow ones. */
function eachWithOneFast<T>([first, ...others]: readonly T[], name: string, run: (each: T) => Promise<void>): void {
  it.each([first as T])(name, run);
  it.each(others)(name, { tags: "slow" }, run);
}

async function withServers(use: (servers: FaultyServers) => Promise<void>): Promise<void> {
  const servers = await openFaultyServers();
  try {
    await use(servers);
  } finally {
    await servers.close();
  }
}

/** What is wrong in the end, when it is not all right before: the zooms and lists of the servers that do not show what is stored. */
async function untilShown(servers: FaultyServers, at: readonly FaultyServer[], withinMs: number): Promise<string[]> {
  const giveUpMs = performance.now() + withinMs;
  for (;;) {
    const stored = await servers.stored();
    const wrong = (await Promise.all(at.map((server, i) => wrongOf(server, `server ${i}`, stored)))).flat();
    if (wrong.length === 0 || performance.now() > giveUpMs) return wrong;
    await sleep(POLL_EVERY_MS);
  }
}

async function wrongOf(server: FaultyServer, name: string, stored: readonly string[]): Promise<string[]> {
  const counts = await readEveryTile(server).catch((error: Error) => error);
  if (counts instanceof Error) return [`${name} does not answer: ${counts.message}`];
  const zooms = ZOOMS.filter((z) => counts[z] !== stored.length).map((z) => `z${z}: ${counts[z]}`);
  const listed = (await listedAt(server)).sort();
  const wrong = [...zooms, ...(String(listed) === String(stored) ? [] : [`list: ${listed.length}`])];
  return wrong.length === 0 ? [] : [`of ${stored.length} stored ${name} shows ${wrong.join(", ")}`];
}

/** Reports in the place's tile of every zoom. */
function readEveryTile({ url }: FaultyServer): Promise<number[]> {
  const tiles = createTileReader(url);
  return Promise.all(
    ZOOMS.map(async (z) => {
      const features = await tiles.read(tileAt(worldX(PLACE.lon), worldY(PLACE.lat), z));
      return features.reduce((sum, { count }) => sum + count, 0);
    }),
  );
}

async function listedAt({ url }: FaultyServer): Promise<string[]> {
  const bbox = [PLACE.lon - 0.01, PLACE.lat - 0.01, PLACE.lon + 0.01, PLACE.lat + 0.01].join();
  const page = (await (await fetch(`${url}/api/reports?bbox=${bbox}`)).json()) as { features: { id: string }[] };
  return page.features.map(({ id }) => id);
}
