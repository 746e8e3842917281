import type { Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAccountTable } from "../../server/accounts/account-table.ts";
import { silentLog } from "../../server/console/log.ts";
import { migrateDatabase } from "../../server/postgres/migrate.ts";
import type { DatabaseAddress } from "../../server/postgres/pool.ts";
import { createPool } from "../../server/postgres/pool.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { addAccount, type TestAccount } from "../kit/accounts-fixture.ts";
import { drop, postReport, requestRaw, tilePath } from "../kit/request.ts";

interface Place {
  readonly lat: number;
  readonly lon: number;
}

/** What moderation promises over HTTP, on any runtime. */
export function testModeration(url: () => string, database: () => DatabaseAddress, newPlace: () => Place): void {
  let pool: Pool;
  let operator: TestAccount;
  beforeAll(async () => {
    pool = createPool(database(), silentLog);
    // The Worker leaves that to operators.
    await migrateDatabase(pool);
    operator = await addAccount(pool, `${crypto.randomUUID()}@example.org`);
    await createAccountTable(sqlOfPool(pool)).setOperator(operator.userId, true);
  });
  afterAll(() => pool?.end());

  const from = (address: string) => ({ "X-Forwarded-For": address, "CF-Connecting-IP": address });
  const flag = (id: string, address: string) =>
    fetch(`${url()}/api/reports/${id}/flag`, { method: "POST", headers: from(address) });
  const ask = async <T>(path: string, method = "GET"): Promise<T> => {
    const headers = { Authorization: `Bearer ${operator.key}` };
    const answer = await fetch(`${url()}/api/moderation/${path}`, { method, headers });
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as T;
  };
  const queued = async (): Promise<string[]> =>
    (await ask<{ cases: { report: { id: string } }[] }>("queue?limit=100")).cases.map(({ report }) => report.id);

  /** All that tells of a place: tiles at several zooms, the list, the card. */
  async function told(place: Place) {
    const tiles = [3, 12, 14, 18].map(async (z) => {
      const { status, headers } = await requestRaw(`${url()}${tilePath("safety", z, place)}.pbf`);
      return [z, status, headers.etag];
    });
    const bbox = [place.lon - 0.01, place.lat - 0.01, place.lon + 0.01, place.lat + 0.01].join();
    const list = (await (await fetch(`${url()}/api/reports?bbox=${bbox}`)).json()) as { features: { id: string }[] };
    const cell = encodeGeohash(place.lon, place.lat, 6);
    const card = (await (await fetch(`${url()}/api/neighborhood/${cell}`)).json()) as { scores: object };
    return { tiles: await Promise.all(tiles), list: list.features.map(({ id }) => id), scores: card.scores };
  }

  it("brings what flags hid back into every tile, list and card, for good, and undoes that", async () => {
    const place = newPlace();
    await drop(url(), place);
    const without = await told(place);
    const id = await drop(url(), { ...place, lon: place.lon + 1e-4 });
    const withIt = await told(place);
    for (const address of ["198.51.100.1", "203.0.113.1", "2001:db8::1"]) await flag(id, address);
    expect(await told(place)).toEqual(without);
    expect(await queued()).toContain(id);
    expect(await ask(`${id}/restore`, "POST")).toMatchObject({ state: "restored" });
    expect(await told(place)).toEqual(withIt);
    expect(await queued()).not.toContain(id);
    for (const address of ["192.0.2.1", "198.18.0.1", "198.18.1.1", "198.18.2.1"]) {
      expect(await (await flag(id, address)).json()).toMatchObject({ hidden: false, reviewed: true });
    }
    expect(await told(place)).toEqual(withIt);
    expect(await ask(`${id}/undo`, "POST")).toMatchObject({ state: "held" });
    expect(await told(place)).toEqual(without);
  });

  it("holds a flood of one network, which nobody sees until a moderator lets it out", async () => {
    const place = newPlace();
    const post = async (i: number) => {
      const text = `${i} is what somebody says`;
      const answer = await postReport(url(), { ...place, text }, from(`198.18.9.${i}`));
      return (await answer.json()) as { id: string; held?: true };
    };
    const first = await Promise.all(Array.from({ length: 40 }, (_, i) => post(i)));
    expect(first.filter(({ held }) => held)).toEqual([]);
    const before = await told(place);
    const { id, held } = await post(41);
    expect([held, await told(place)]).toEqual([true, before]);
    expect((await fetch(`${url()}/api/reports/${id}`)).status).toBe(404);
    expect(await queued()).toContain(id);
    await ask(`${id}/dismiss`, "POST");
    const after = await told(place);
    expect(after.list).toContain(id);
    for (const [i, tile] of after.tiles.entries()) expect(tile, `of ${tile[0]}`).not.toEqual(before.tiles[i]);
  });
}
