import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import type { KeyRestrictions } from "../../../server/accounts/caller.ts";
import { createUsageLog } from "../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../server/console/log.ts";
import { OWN_AREA_CALLS } from "../../../server/http/core/route-limits.ts";
import { OWN_AREA_LIMITS } from "../../../server/own-areas/own-area.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createAreaScorer } from "../../../server/scores/area-scorer.ts";
import type { Area } from "../../../tiles/areas/area.ts";
import { ACCOUNT_TABLES, addAccount, addRestrictedKey, bearer, type TestAccount } from "../../kit/accounts-fixture.ts";
import { openAreas } from "../../kit/area-world.ts";
import { featureOf, openOwnAreas, squareAround as square } from "../../kit/own-areas-fixture.ts";
import { createWorld, HOUR, MISSION } from "../../kit/score-world.ts";
import { createRelationalApp } from "../../kit/trends-fixture.ts";

const SITE = "http://localhost";

const PATCH_AREA = square("Patch", MISSION.lonDeg, MISSION.latDeg);
const SECRET = square("Secret", MISSION.lonDeg + 0.001, MISSION.latDeg);

export const describeOwnAreasApi = (pool: () => Pool) =>
  describe("own areas over HTTP", () => {
    let test: Awaited<ReturnType<typeof open>>;
    beforeEach(async () => {
      await pool().query(`TRUNCATE ${ACCOUNT_TABLES.join(", ")} CASCADE`);
      await pool().query("UPDATE score_state SET epoch = 0, counted_until = NULL");
      test = await open(pool());
    });

    async function open(pool: Pool) {
      const sql = sqlOfPool(pool);
      const world = createWorld();
      const { catalogue, shapes, bring } = openAreas(world);
      const pyramid = createPyramid({ ...world, log: silentLog, shapes });
      const app = createRelationalApp(pool, {
        store: world.store,
        clock: world.clock,
        pyramid,
        areas: { catalogue, shapes, reports: pyramid.areaReports },
        usage: createUsageLog({ sql, log: silentLog }),
        sessions: {
          async of(headers) {
            const userId = headers.get("x-test-user");
            if (userId === null) return undefined;
            return { sessionId: "s", userId, email: "a@example.com", isEmailVerified: true, isDemo: false };
          },
        },
      });
      const [agent, other] = [await addAccount(pool, "agent@example.com"), await addAccount(pool, "other@example.com")];
      const as = ({ userId }: TestAccount, method = "GET", body?: unknown): RequestInit => ({
        method,
        headers: {
          "x-test-user": userId,
          Origin: SITE,
          ...(body !== undefined && { "Content-Type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const own = openOwnAreas(world, sql);
      return { ...app, world, bring, pyramid, agent, other, as, sql, own };
    }

    const areasPath = "/api/account/areas";
    const json = async (response: Response | Promise<Response>) => (await (await response).json()) as never;

    async function upload(account: TestAccount, areas: readonly Area[]): Promise<string[]> {
      const body = { type: "FeatureCollection", features: areas.map(featureOf) };
      const response = await test.get(areasPath, test.as(account, "POST", body));
      expect(response.status, await response.clone().text()).toBe(201);
      return ((await response.json()) as { areas: { id: string }[] }).areas.map(({ id }) => id);
    }

    /** Reports around the Mission, all counted and scored. */
    async function fill() {
      const { world, own, sql, pyramid } = test;
      await world.add({ ...MISSION, severity: 5, layer: "safety", ageMs: HOUR }, 4);
      await world.add({ ...MISSION, severity: 2, layer: "infrastructure", ageMs: 30 * HOUR }, 11);
      await world.compact();
      await world.scorer(sql).run();
      await createAreaScorer({ ...world, sql, log: silentLog }).run();
      await own.settle();
      await pyramid.poll();
    }

    describe("are kept", () => {
      it("whole, in their order, under names without what nobody sees", async () => {
        const { agent, as } = test;
        const ids = await upload(agent, [{ ...PATCH_AREA, name: "  My\u202e  patch\n" }, SECRET]);
        const list = await json(test.get(areasPath, as(agent)));
        expect(list).toMatchObject({
          limit: 20,
          areas: [
            { id: ids[0], name: "My patch", state: "counting", west: PATCH_AREA.box.west / 1e6 },
            { id: ids[1], name: "Secret" },
          ],
        });
        expect(ids.every((id) => /^own-[0-9a-z]{26}$/.test(id))).toBe(true);
        const feature = await test.get(`${areasPath}/${ids[0]}`, as(agent));
        expect(feature.headers.get("Content-Type")).toBe("application/geo+json");
        expect(feature.headers.get("Cache-Control")).toBe("private, no-store");
        expect(await json(feature)).toMatchObject({ id: ids[0], geometry: featureOf(PATCH_AREA).geometry });
        const held = await test.own.table.all(agent.userId);
        expect(held.map(({ name, polygons }) => featureOf({ name, polygons }))).toEqual(
          [{ ...PATCH_AREA, name: "My patch" }, SECRET].map(featureOf),
        );
        expect(await test.own.table.all(test.other.userId)).toEqual([]);
        const one = await test.get(areasPath, as(agent, "POST", featureOf(PATCH_AREA)));
        expect(one.status).toBe(201);
      });

      it("from who found a key in a page, unless it names trends", async () => {
        const { agent } = test;
        const [id = ""] = await upload(agent, [SECRET]);
        await fill();
        const origins = ["https://news.example"];
        const ask = async (restrictions: Partial<KeyRestrictions>) => {
          const { key } = await addRestrictedKey(pool(), agent, restrictions);
          const headers = { Authorization: `Bearer ${key}`, Origin: "https://news.example" };
          return (await test.get(`/api/areas/${id}`, { headers })).status;
        };
        expect(await ask({ origins })).toBe(404);
        expect(await ask({ kinds: ["tiles"] })).toBe(404);
        expect(await ask({ origins, kinds: ["trends"] })).toBe(200);
        expect(await ask({ layers: ["safety"] })).toBe(200);
      });

      it("until they are renamed or removed, with all that was counted of them", async () => {
        const { agent, as, sql } = test;
        const [id = ""] = await upload(agent, [PATCH_AREA]);
        await fill();
        expect(await json(test.get(`${areasPath}/${id}`, as(agent, "PATCH", { name: "New" })))).toEqual({
          id,
          name: "New",
        });
        expect(await json(test.get(`/api/areas/${id}`, as(agent)))).toMatchObject({ name: "New" });
        const wrong = await test.get(`${areasPath}/${id}`, as(agent, "PATCH", { name: " \u200b " }));
        expect(wrong.status).toBe(400);
        expect(await json(wrong)).toMatchObject({ errors: [{ field: "name" }] });
        expect((await sql("SELECT FROM own_area_counts")).length).toBeGreaterThan(0);
        expect((await test.get(`${areasPath}/${id}`, as(agent, "DELETE"))).status).toBe(204);
        for (const table of ["own_areas", "own_area_cells", "own_area_counts", "own_area_scores"])
          expect(await sql(`SELECT * FROM ${table}`), table).toEqual([]);
        for (const method of ["GET", "DELETE"])
          expect((await test.get(`${areasPath}/${id}`, as(agent, method))).status).toBe(404);
        expect((await test.get(`/api/areas/${id}`, as(agent))).status).toBe(404);
      });

      it("no more of than the plan gives, all of an upload or none", async () => {
        const { agent, as, sql } = test;
        const eleven = Array.from({ length: 11 }, () => PATCH_AREA);
        await upload(agent, eleven);
        const full = await test.get(
          areasPath,
          as(agent, "POST", { type: "FeatureCollection", features: eleven.map(featureOf) }),
        );
        expect(full.status).toBe(403);
        expect(await json(full)).toMatchObject({
          type: "urn:stratum:problem:own-areas-limit",
          errors: [{ field: "features", limit: 20 }],
        });
        await upload(agent, eleven.slice(0, 9));
        await sql("UPDATE api_subscriptions SET plan = 'resident' WHERE user_id = $1", [agent.userId]);
        const list = await json(test.get(areasPath, as(agent)));
        const { areas, limit } = list as { areas: { id: string; state: string }[]; limit: number };
        expect([limit, areas.length]).toEqual([1, 20]);
        expect(areas.map(({ state }) => state).slice(0, 3)).toEqual(["counting", "paused", "paused"]);
        expect((await test.get(`/api/areas/${areas[0]?.id}`, as(agent))).status).toBe(200);
        const paused = await test.get(`/api/areas/${areas[1]?.id}`, as(agent));
        expect(paused.status).toBe(403);
        expect(await json(paused)).toMatchObject({ type: "urn:stratum:problem:own-area-paused" });
      });

      it("not of what is wrong: 400 that names the feature, the field and the limit", async () => {
        const features = [featureOf(PATCH_AREA), featureOf(square("Large", 10, 50, 0.2))];
        const response = await test.get(
          areasPath,
          test.as(test.agent, "POST", { type: "FeatureCollection", features }),
        );
        expect(response.status).toBe(400);
        expect(await json(response)).toMatchObject({
          type: "urn:stratum:problem:invalid-request",
          errors: [{ field: "features.1.geometry", limit: OWN_AREA_LIMITS.logCells }],
        });
        expect(await test.sql("SELECT * FROM own_areas")).toEqual([]);
      });

      it("within bounds of bodies and of calls", async () => {
        const { agent, as } = test;
        const large = { ...featureOf(PATCH_AREA), filling: "x".repeat(OWN_AREA_LIMITS.bodyBytes) };
        expect((await test.get(areasPath, as(agent, "POST", large))).status).toBe(413);
        const statuses = [];
        for (let i = 0; i < OWN_AREA_CALLS.addedPerMinute + 1; i++)
          statuses.push((await test.get(areasPath, as(agent, "POST", {}))).status);
        expect(statuses.at(-1)).toBe(429);
        expect((await test.get(areasPath, as(agent))).status).toBe(200);
      });
    });

    describe("are told", () => {
      const answers = (id: string) => [
        `/api/reports?area=${id}`,
        `/api/areas/${id}`,
        `/api/trends/daily?area=${id}`,
        `/api/trends/average?area=${id}`,
        `/api/trends/changes?area=${id}`,
        `/api/trends/rising?area=${id}&min_reports=0&min_change=0`,
        `/api/trends/areas?ids=${id}`,
        `/api/exports/scores.csv?area=${id}`,
        `/api/exports/reports-counts.geojson?area=${id}`,
        `/api/exports/scores.geojson?area=${id}&limit=10`,
        `/api/exports/reports-counts.csv?area=${id}&limit=10`,
        `/api/exports/reports.csv?area=${id}`,
        `/api/exports/reports.geojson?area=${id}&limit=10`,
      ];

      it("to their owner by key and by session alike, in all that public areas have", async () => {
        const { agent, as } = test;
        const [id = ""] = await upload(agent, [PATCH_AREA]);
        await test.bring([PATCH_AREA]);
        await fill();
        for (const path of answers(id)) {
          const byKey = await test.get(path, bearer(agent.key));
          const bySession = await test.get(path, as(agent));
          expect([byKey.status, bySession.status], path).toEqual([200, 200]);
          const text = await byKey.text();
          expect(text, path).toContain(
            path.includes("changes") ? "own" : path.includes("/reports?") ? "FeatureCollection" : "Patch",
          );
          expect(await bySession.text(), path).toBe(text);
          expect(byKey.headers.get("Cache-Control"), path).toMatch(/^private, no-(store|cache)$/);
        }
        const card = (await json(test.get(`/api/areas/${id}`, as(agent)))) as Record<string, unknown>;
        const ofCity = (await json(test.get(`/api/areas/${PATCH_AREA.id}`))) as Record<string, unknown>;
        const { id: _i, city: _c, kind: _k, series: _s, change_7d: _d, history: _h, ...rest } = card;
        expect(ofCity).toMatchObject(rest);
        expect(card).toMatchObject({ kind: "own", city: { id: "own" }, approximate: false });
        const daily = (await json(test.get(`/api/trends/daily?area=${id}`, bearer(agent.key)))) as {
          area: object;
          days: { reports: number }[];
        };
        expect(daily.area).toEqual({ id, name: "Patch" });
        expect(daily.days.reduce((sum, { reports }) => sum + reports, 0)).toBe(15);
        const rising = (await json(test.get(answers(id)[5] ?? "", bearer(agent.key)))) as {
          areas: object[];
          neighborhoods: { city: string }[];
        };
        expect(rising.areas).toMatchObject([{ id, name: "Patch", reports: 11 }]);
        expect(rising.neighborhoods[0]?.city).toBe("san-francisco");
        const compared = (await json(test.get(`/api/trends/areas?ids=${id},${PATCH_AREA.id}`, bearer(agent.key)))) as {
          areas: object[];
        };
        const [inCity, mine] = compared.areas;
        expect(mine).toMatchObject({ id, name: "Patch", scores: { safety: 40 } });
        expect({ ...mine, id: "", kind: "", city: {} }).toEqual({ ...inCity, id: "", kind: "", city: {} });
      });

      it("to nobody else: as if there were none", async () => {
        const { agent, other, as } = test;
        const [id = ""] = await upload(agent, [PATCH_AREA]);
        await upload(other, [SECRET]);
        await fill();
        const unknown = "own-00000000000000000000000000";
        const asks: [string, RequestInit][] = [
          ["nobody", {}],
          ["another's key", bearer(other.key)],
          ["another's session", as(other)],
        ];
        for (const [who, init] of asks) {
          for (const [i, path] of answers(id).entries()) {
            const response = await test.get(path, init);
            const never = await test.get(answers(unknown)[i] ?? "", init);
            expect(response.status, `${who} ${path}`).toBe(path.startsWith("/api/areas") ? 404 : 400);
            const text = (await response.text()).replaceAll(id, unknown);
            expect([response.status, text]).toEqual([never.status, await never.text()]);
            expect(text).not.toContain("Patch");
          }
        }
        for (const method of ["GET", "DELETE", "PATCH"]) {
          const response = await test.get(
            `${areasPath}/${id}`,
            as(other, method, method === "PATCH" ? { name: "Mine" } : undefined),
          );
          expect(response.status, method).toBe(404);
        }
        const mixed = await test.get(`/api/trends/areas?ids=${id}`, bearer(other.key));
        expect(mixed.status).toBe(400);
        expect(await json(test.get(areasPath, as(agent)))).toMatchObject({ areas: [{ id, name: "Patch" }] });
      });

      it("in no public list, and in no other account's", async () => {
        const { agent, other, as } = test;
        const [id = ""] = await upload(agent, [SECRET]);
        await test.bring([PATCH_AREA]);
        await fill();
        for (const path of [
          "/api/areas",
          "/api/areas?bbox=-123,37,-122,38",
          "/api/trends/areas",
          "/api/trends/areas?kind=own",
          "/api/trends/rising?min_reports=0&min_change=0",
          "/api/exports/scores.csv?areas=san-francisco",
          "/api/exports/scores.csv?areas=made-up",
          "/api/exports/scores.csv?areas=own",
          "/api/exports/reports-counts.ndjson?areas=own",
          "/api/places",
          "/api/cities",
          "/openapi.json",
          "/metrics",
        ])
          for (const init of [{}, bearer(other.key), as(other)]) {
            const text = await (await test.get(path, init)).text();
            expect(text.includes("Secret") || text.includes(id), path).toBe(false);
          }
        const mine = (await json(test.get("/api/trends/areas?kind=own", bearer(agent.key)))) as {
          areas: { name: string }[];
        };
        expect(mine.areas.map(({ name }) => name)).toEqual(["Secret"]);
      });

      it("and changed on pages of this site alone, by whoever is signed in", async () => {
        const { agent, other, as } = test;
        const [id = ""] = await upload(agent, [PATCH_AREA]);
        expect((await test.get(areasPath)).status).toBe(401);
        expect((await test.get(areasPath, bearer(agent.key))).status).toBe(401);
        for (const origin of [undefined, "https://evil.example", "null"]) {
          for (const [method, path] of [
            ["POST", areasPath],
            ["DELETE", `${areasPath}/${id}`],
            ["PATCH", `${areasPath}/${id}`],
          ] as const) {
            const init = as(agent, method, method === "DELETE" ? undefined : featureOf(PATCH_AREA));
            const headers = new Headers(init.headers);
            if (origin === undefined) headers.delete("Origin");
            else headers.set("Origin", origin);
            expect((await test.get(path, { ...init, headers })).status, `${method} ${origin}`).toBe(403);
          }
        }
        // What a body says of owner, id or plan is nothing.
        const body = {
          ...featureOf(SECRET),
          id,
          owner: other.userId,
          properties: { name: "Secret", owner: other.userId, id, slot: 7 },
        };
        const added = await test.get(areasPath, as(agent, "POST", body));
        expect(added.status).toBe(201);
        expect(((await added.json()) as { areas: { id: string }[] }).areas[0]?.id).not.toBe(id);
        expect(await json(test.get(areasPath, as(other)))).toMatchObject({ areas: [] });
      });
    });
  });
