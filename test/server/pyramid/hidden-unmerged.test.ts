import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, tilesAround } from "../../kit/tile-features.ts";
import { correctedReport, editReport } from "./edit-report.ts";

const ZOOMS = [0, 9, 12, 15];
/** A row of 152 comes by the feed while its cell must be read anyway. */
const SEEDS = [152, 1, 2, 3];
const PLACES = [-95.37, -95.1, -80, -79.8];

it("shows at every zoom what is not hidden, through any history of new reports, compactions and polls", async () => {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const clock = createTestClock(Date.UTC(2026, 5, 1, 12, 3));
    const store = createMemoryStore({ clock });
    const derived = createMemoryDerivedStore({ clock });
    const all: Report[] = [];
    const shown = new Map<string, Report>();
    const hidden: Report[] = [];
    const open = () => {
      const pyramid = createPyramid({ store, derived, clock, log: silentLog });
      return { pyramid, tiles: createTileSource({ pyramid }) };
    };
    const check = async ({ pyramid, tiles }: ReturnType<typeof open>, what: string) => {
      await pyramid.poll();
      const found: number[] = [];
      for (const z of ZOOMS) found.push(countOf(await featuresOfZoom(tiles, tilesAround(all, z), "safety")));
      expect(found, what).toEqual(ZOOMS.map(() => shown.size));
    };
    const reader = open();
    const writer = open();
    await reader.pyramid.poll();
    await writer.pyramid.poll();
    for (let step = 0; step < 30; step++) {
      const what = `seed ${seed}, step ${step}`;
      const dice = random();
      clock.nowMs += Math.floor(random() * 25_000);
      if (dice < 0.45) {
        const lonDeg = (PLACES[Math.floor(random() * PLACES.length)] as number) + random() * 0.01;
        for (let i = random() < 0.1 ? 30 : 1; i > 0; i--) {
          const report = makeReport({ lonDeg, latDeg: 29.76, createdAtMs: clock.nowMs }, random);
          await store.put(report);
          writer.pyramid.noteReport(report);
          shown.set(report.id, report);
          all.push(report);
        }
      } else if (dice < 0.65 && shown.size > 0) {
        const victim = [...shown.values()][Math.floor(random() * shown.size)] as Report;
        const kind = (["hide", "hide", "remove", "replace"] as const)[Math.floor(random() * 4)] ?? "hide";
        const edit = kind === "replace" ? { kind, report: correctedReport(victim, random) } : { kind };
        const now = await editReport(store, victim, edit, writer.pyramid);
        if (now === undefined) shown.delete(victim.id);
        else shown.set(now.id, now);
        if (kind === "hide") hidden.push(victim);
      } else if (dice < 0.7 && hidden.length > 0) {
        const [back] = hidden.splice(Math.floor(random() * hidden.length), 1) as [Report];
        const now = await editReport(store, back, { kind: "restore" }, writer.pyramid);
        if (now !== undefined) shown.set(now.id, now);
      } else if (dice < 0.9) {
        let writes = 0;
        const limit = random() < 0.5 ? Infinity : Math.floor(random() * 12);
        const mortal =
          <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
          (...args: A): Promise<R> =>
            writes++ >= limit ? Promise.reject(new Error("died")) : write(...args);
        const on = { ...derived, put: mortal(derived.put), remove: mortal(derived.remove) };
        await createCompactor({ store, derived: on, clock, log: silentLog })
          .run()
          .catch(() => undefined);
      } else clock.nowMs += 120_000;
      if (all.length === 0) continue;
      await check(writer, `${what}, writer`);
      if (random() < 0.4) await check(reader, `${what}, reader`);
      if (random() < 0.2) await check(open(), `${what}, new process`);
    }
  }
});
