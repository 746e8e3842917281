import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { hashKey, makeKey } from "../../../../server/accounts/key.ts";
import { EXPORT_LIMITS } from "../../../../server/accounts/limits.ts";
import { createUsageLog } from "../../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../../server/console/log.ts";
import type { RunSql } from "../../../../server/ports/sql.ts";
import { type Listener, openListener } from "../../../../server/runtime/node/listener.ts";
import { createTestApp } from "../../../kit/app-fixture.ts";

const EXPORT = "/api/exports/scores.csv";
const KEY = makeKey();
const OTHER_KEY = makeKey();
/** Scores without an end, a few pages of which no system's buffers take. */
const PAGE = Array.from({ length: 5_000 }, () => ({ geohash: "9q8yyk", city: "x".repeat(500), report_count_7d: 1 }));

const sql: RunSql = async <Row extends object>(text: string, values: readonly unknown[] = []) => {
  if (text.includes("FROM neighborhood_scores")) return PAGE as unknown as Row[];
  if (text.includes("lease_quota")) return [{ calls: 1_000, reserve: 0, used: 0, held: 0 }] as unknown as Row[];
  const userId = [KEY, OTHER_KEY].findIndex((key) => hashKey(key) === values[0]);
  if (!text.includes("FROM api_keys") || userId < 0) return [];
  const account = { plan: "agent", status: "active", endsAt: null, monthlyCallsLimit: 1e6 };
  const ofKey = { expiresAt: null, origins: null, layers: null, kinds: null };
  return [{ keyId: `${userId}`, userId: `${userId}`, ...account, ...ofKey }] as unknown as Row[];
};

let listener: Listener;
let sockets: Socket[];
beforeEach(async () => {
  sockets = [];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { app } = createTestApp({ sql, usage: createUsageLog({ sql, log: silentLog }) });
  listener = await openListener("127.0.0.1", 0, app.fetch);
});
afterEach(async () => {
  vi.useRealTimers();
  for (const socket of sockets) socket.destroy();
  await listener.close(0);
});

/** Asks for an export over a socket, reads its first bytes and nothing any more. */
async function fallAsleep(address: string, key?: string): Promise<number> {
  const { hostname, port } = new URL(listener.url);
  const socket = connect(Number(port), hostname).on("error", () => {});
  sockets.push(socket);
  const authorization = key === undefined ? "" : `Authorization: Bearer ${key}\r\n`;
  socket.write(`GET ${EXPORT} HTTP/1.1\r\nHost: test\r\nX-Test-Address: ${address}\r\n${authorization}\r\n`);
  const head = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  socket.pause();
  return Number(head.toString("latin1").split(" ")[1]);
}

/** Asks for an export, and hangs up when it begins. */
async function begin(address: string, key?: string): Promise<Response> {
  const headers = { "X-Test-Address": address, ...(key && { Authorization: `Bearer ${key}` }) };
  const controller = new AbortController();
  const response = await fetch(listener.url + EXPORT, { headers, signal: controller.signal });
  controller.abort();
  return response;
}

const asleep = async (key?: string) =>
  Promise.all(["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"].map((address) => fallAsleep(address, key)));

it("sockets that do not read hold what is for everybody, and nothing of what is kept for keys", async () => {
  expect(await asleep()).toEqual([200, 200, 200, 200]);
  const [same, other, paying] = [await begin("192.0.2.1"), await begin("192.0.2.3"), await begin("192.0.2.1", KEY)];
  expect([same.status, other.status, paying.status]).toEqual([429, 503, 200]);
  for (const refused of [same, other]) expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
});

it("one account's sockets leave another account's slots alone", async () => {
  const own = [...(await asleep(KEY)), ...(await asleep(KEY))];
  expect(own.filter((status) => status === 200)).toHaveLength(EXPORT_LIMITS.perCustomer);
  expect((await begin("192.0.2.1", OTHER_KEY)).status).toBe(200);
  expect((await begin("192.0.2.9")).status).toBe(200);
});

it("who does not read is cut off long before the last minute of an export", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await asleep()).toEqual([200, 200, 200, 200]);
  let waitedMs = 0;
  await expect
    .poll(async () => {
      await vi.advanceTimersByTimeAsync(30_000);
      waitedMs += 30_000;
      return (await begin("192.0.2.3")).status;
    })
    .toBe(200);
  expect(waitedMs).toBeLessThan(600_000);
  printed.mockRestore();
});
