import { ProvisionedThroughputExceededException, ThrottlingException } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import type { ConsumedUnits } from "../../../server/store/dynamo/requests.ts";
import type { DocumentClient } from "../../../server/store/dynamo/wire/document-client.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { intercept } from "../../kit/intercept.ts";
import { DAY_MS, idsOf, makeReport, makeReports } from "../../kit/make-report.ts";
import { connect } from "./emulators.ts";

const CELL = { layer: "safety", geohash5: "9v6kp" } as const;
/** Where an id names its shard. */
const SHARD_AT = 16;
const ALL_SHARDS = Array.from({ length: 16 }, (_, shard) => shard);

let server: Awaited<ReturnType<typeof startDynalite>>;
let clock: TestClock;
let table: string;
let tables = 0;
/** Two processes on the same table. */
let writerClient: DocumentClient;
let readerClient: DocumentClient;
let writer: ReportStore;
let reader: ReportStore;
let written: ConsumedUnits[];
let read: ConsumedUnits[];

beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());

beforeEach(async () => {
  clock = createTestClock(Date.now());
  table = `shards-${++tables}`;
  [writerClient, readerClient] = [connect(server.endpoint), connect(server.endpoint)];
  [written, read] = [[], []];
  writer = open(writerClient, written);
  reader = open(readerClient, read);
  await writer.migrate();
});
afterEach(async () => {
  await writer.close();
  await reader.close();
});

function open(client: DocumentClient, consumed: ConsumedUnits[]): ReportStore {
  return createDynamoStore({
    client,
    table,
    clock,
    hotRowsPerSecond: 1,
    onConsumed: (units) => consumed.push(units),
  });
}

const total = (units: readonly ConsumedUnits[], key: keyof ConsumedUnits) => units.reduce((n, one) => n + one[key], 0);

async function itemsOf(sortKeyPrefix: string) {
  const { Items = [] } = await writerClient.send("Scan", { TableName: table });
  return Items.filter(({ sk }) => String(sk).startsWith(sortKeyPrefix));
}

/** A report in each of the shards named, a millisecond apart. */
async function putInShards(shards: readonly number[], fields: { expiresAtMs?: number } = {}): Promise<Report[]> {
  const reports = shards.map((shard, i) => {
    clock.advance(1);
    return makeReport({ createdAtMs: clock.now(), seed: i, shard, ...fields });
  });
  for (const report of reports) await writer.put(report);
  return reports;
}

describe("writing", () => {
  it("stays in shard 0 as long as a cell is quiet", async () => {
    for (let i = 0; i < 30; i++) {
      clock.advance(2000);
      expect(writer.shardFor(CELL)).toBe(0);
    }
  });

  it("spreads over more shards the hotter a cell gets, and over none when it has cooled", async () => {
    const used = (count: number) => new Set(Array.from({ length: count }, () => writer.shardFor(CELL))).size;
    expect(used(5)).toBe(1);
    expect(used(15)).toBeGreaterThan(1);
    used(80);
    expect(used(300)).toBe(16);
    clock.advance(60_000);
    expect(used(3)).toBe(1);
  });

  it("stores a marker once a shard, before its first row, however many writers start at once", async () => {
    const stored: string[] = [];
    for (const client of [writerClient, readerClient]) {
      intercept(client, async (request) => {
        const output = await request.send();
        if (request.operation === "PutItem") stored.push((request.input.Item as { sk: string }).sk);
        return output;
      });
    }
    const reports = Array.from({ length: 20 }, (_, i) =>
      makeReport({ createdAtMs: clock.now(), seed: i, shard: 1 + (i % 4) }),
    );
    await Promise.all(reports.map((report, i) => (i < 10 ? writer : reader).put(report)));
    for (const { id } of reports) {
      expect(stored.indexOf(`R#${id}`)).toBeGreaterThan(stored.indexOf(`S#${id.charAt(SHARD_AT)}`));
    }
    expect(await itemsOf("S#")).toHaveLength(4);
    stored.length = 0;
    await putInShards([1, 2, 3, 4]);
    expect(stored.filter((sk) => sk.startsWith("S#"))).toEqual([]);
    expect((await writer.readCell(CELL)).reports).toHaveLength(24);
  });

  it("stores the marker first, so that a writer who dies in between loses no row", async () => {
    let dies = false;
    intercept(writerClient, async (request) => {
      if (dies) throw new Error("killed");
      dies = (request.input.Item as { sk?: string } | undefined)?.sk === "S#3";
      return request.send();
    });
    const report = makeReport({ createdAtMs: clock.now(), shard: 3 });
    await expect(writer.put(report)).rejects.toThrow("killed");
    expect((await reader.readCell(CELL)).reports).toEqual([]);
    expect(await reader.put(report)).toBe("created");
    expect((await reader.readCell(CELL)).reports).toEqual([report]);
  });

  it("spreads when DynamoDB says that the partition is too hot, and not when the table is", async () => {
    const reason = (limit: string) => [{ reason: `TableWrite${limit}Exceeded`, resource: "table" }];
    const $metadata = { httpStatusCode: 400 };
    let error: Error | undefined = new ThrottlingException({
      message: "slow down",
      throttlingReasons: reason("MaxOnDemandThroughput"),
      $metadata,
    });
    intercept(writerClient, async (request) => {
      const { sk = "" } = (request.input.Item ?? {}) as { sk?: string };
      if (error !== undefined && sk.startsWith("R#")) throw error;
      return request.send();
    });
    const put = () => writer.put(makeReport({ createdAtMs: clock.now() })).catch(() => undefined);
    const used = () => {
      const shards = new Set<number>();
      // Seconds apart, for the cell to be quiet as far as this process can tell.
      for (let i = 0; i < 20; i++, clock.advance(2000)) shards.add(writer.shardFor(CELL));
      return shards.size;
    };
    await put();
    expect(used()).toBe(1);
    error = new ProvisionedThroughputExceededException({
      message: "slow down",
      ThrottlingReasons: reason("KeyRangeThroughput"),
      $metadata,
    });
    await put();
    error = undefined;
    expect(used()).toBe(2);
  });
});

describe("reading", () => {
  it("finds other shards in the Query that it makes anyway, and at once when it knows them", async () => {
    await putInShards([0, 0, 0]);
    clock.advance(60_000);
    await reader.readCell(CELL);
    expect(total(read.splice(0), "requests")).toBe(1);
    const reports = await putInShards([1, 2, 3]);
    expect((await reader.readCell(CELL)).reports.slice(3)).toEqual(reports);
    expect(total(read.splice(0), "requests")).toBe(4);
    let underWay = 0;
    let most = 0;
    intercept(readerClient, async (request) => {
      most = Math.max(most, ++underWay);
      const output = await request.send();
      underWay--;
      return output;
    });
    await reader.readNewest(CELL, 2);
    // Four shards, and what tells of others.
    expect(most).toBe(5);
  });

  it("asks for markers only before an end, and not again within two seconds", async () => {
    const reports = await putInShards([0, 1, 0, 2]);
    const [, , third] = idsOf(reports);
    if (third === undefined) throw new Error("no reports");
    clock.advance(60_000);
    expect(idsOf(await reader.readNewest(CELL, 9, { before: third }))).toEqual(idsOf(reports.slice(0, 2)).reverse());
    expect(total(read.splice(0), "requests")).toBe(4);
    await reader.readCell(CELL, { before: third });
    expect(total(read.splice(0), "requests")).toBe(3);
    const late = makeReport({ createdAtMs: (reports[0]?.createdAtMs ?? 0) - 1000, shard: 3, seed: 9 });
    await writer.put(late);
    clock.advance(2001);
    expect(idsOf((await reader.readCell(CELL, { before: third })).reports)).toEqual(
      idsOf([late, ...reports.slice(0, 2)]),
    );
  });

  it("merges pages of shards that hold very different numbers", async () => {
    const start = clock.now() - DAY_MS;
    const reports = Array.from({ length: 400 }, (_, i) =>
      makeReport({ createdAtMs: start + i, seed: i, shard: i < 250 ? 0 : i % 50 === 0 ? 2 : 5 }),
    );
    await writer.putMany(reports);
    const newest = idsOf(reports).reverse();
    for (const limit of [1, 26, 140, 151, 399, 1000]) {
      expect(idsOf(await reader.readNewest(CELL, limit))).toEqual(newest.slice(0, limit));
      expect(idsOf(await reader.readNewest(CELL, limit, { before: newest[20] ?? "" }))).toEqual(
        newest.slice(21, 21 + limit),
      );
    }
    expect((await reader.readCell(CELL)).reports).toEqual(reports);
  });

  it("is told again of what it missed with a marker that had not reached it yet", async () => {
    let lagging = true;
    intercept(readerClient, async (request) => {
      const output = await request.send();
      const Items = (output.Items ?? []) as { sk?: { S: string } | string }[];
      const isMarker = (sk: unknown) => JSON.stringify(sk ?? "").includes("S#");
      return lagging && output.Items ? { ...output, Items: Items.filter(({ sk }) => !isMarker(sk)) } : output;
    });
    let { cursor } = await reader.readChanges();
    const seen = new Set<string>();
    const poll = async () => {
      const told = await reader.readChanges(cursor);
      cursor = told.cursor;
      for (const { from, ...cell } of told.changes) {
        for (const id of idsOf((await reader.readCell(cell, { from })).reports)) seen.add(id);
      }
    };
    await writer.put(makeReport({ createdAtMs: clock.now() }));
    clock.advance(900);
    const report = makeReport({ createdAtMs: clock.now(), shard: 1 });
    await writer.put(report);
    clock.advance(100);
    await poll();
    expect(seen.size).toBe(1);
    clock.advance(1000);
    lagging = false;
    await poll();
    expect(seen).toContain(report.id);
  });

  it("forgets shards when their last row has expired, and no marker expires before", async () => {
    const early = await putInShards([1]);
    clock.advance(5 * DAY_MS);
    const late = await putInShards([0, 1], { expiresAtMs: clock.now() + REPORT_LIFETIME_MS + 6 * DAY_MS });
    const fresh = open(connect(server.endpoint), []);
    clock.advance(REPORT_LIFETIME_MS + 5 * DAY_MS);
    expect(idsOf((await fresh.readCell(CELL)).reports)).toEqual(idsOf(late));
    expect(early).toHaveLength(1);
    clock.advance(20 * DAY_MS);
    await reader.readCell(CELL);
    expect(total(read, "requests")).toBe(1);
    await fresh.close();
  });
});

describe("what requests cost", () => {
  it("is two write units for a row in a shard, with the feed that brings it, and one more for the first of a week", async () => {
    await putInShards([0]);
    written.length = 0;
    await putInShards([7]);
    expect(total(written.splice(0), "write")).toBe(3);
    await putInShards([7, 7, 7, 7]);
    expect(total(written.splice(0), "write")).toBe(8);
  });

  it.each([1, 2, 4, 16])("is half a read unit a shard to refresh a cell of %d with nothing new", async (count) => {
    await writer.putMany(makeReports(100, clock.now()));
    const reports = await putInShards(ALL_SHARDS.slice(0, count));
    clock.advance(60_000);
    const [from = ""] = idsOf(reports);
    // The last row of each, because dynalite takes nothing for none, where DynamoDB takes half a unit.
    expect((await reader.readCell(CELL, { from })).reports).toEqual(reports);
    expect(total(read.splice(0), "read")).toBe(0.5 * count);
    expect((await reader.readCell(CELL, { from: `${idsOf(reports).at(-1)}0` })).reports).toEqual([]);
    expect(total(read, "read")).toBeLessThanOrEqual(0.5 * count);
    expect(total(read, "requests")).toBe(count);
  });

  it("is half a read unit a shard for the newest few", async () => {
    await writer.putMany(makeReports(200, clock.now()));
    await putInShards(ALL_SHARDS);
    clock.advance(60_000);
    expect(await reader.readNewest(CELL, 20)).toHaveLength(20);
    expect(total(read, "read")).toBeLessThanOrEqual(0.5 * 16 + 0.5);
    expect(total(read, "requests")).toBe(16 + 1);
  });
});
