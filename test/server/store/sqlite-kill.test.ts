import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { openSqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { randomOf } from "../../kit/random.ts";
import { scaled } from "../../kit/runs.ts";
import { type Acknowledgement, acknowledgementsIn } from "./sqlite/acknowledgement.ts";
import { checkInFreshProcess, startWriting } from "./sqlite/processes.ts";

const dir = mkdtempSync(join(tmpdir(), "sqlite-kill-"));
afterAll(() => rmSync(dir, { recursive: true }));

const KILLS = scaled(50, 3);
/** Lines after which a process is killed, and milliseconds behind the last of them. */
const MOST_LINES = 150;
const MOST_MS = 20;

async function cursorOf(path: string): Promise<string> {
  const { store } = openSqliteStores({ path, clock: { now: Date.now } });
  const { cursor } = await store.readChanges();
  await store.close();
  return cursor;
}

describe("writing processes that are killed", () => {
  it(`lose nothing that was acknowledged, and double nothing, in ${KILLS} rounds`, { tags: ["random"] }, async () => {
    const path = join(dir, "kill.sqlite");
    const earlier: Acknowledgement[] = [];
    for (let round = 0; round < KILLS; round++) {
      const random = randomOf(`kill ${round}`);
      const cursor = await cursorOf(path);
      // Every other time two write to the same file, and the one goes on while the other is killed.
      const processes = Array.from({ length: 1 + (round % 2) }, (_, n) => startWriting(path, `kill ${round}.${n}`));
      for (const each of processes) {
        await each.lines(1 + random.below(MOST_LINES));
        await sleep(random.below(MOST_MS));
        await each.kill();
      }
      const acknowledged = processes.flatMap(({ said }) => acknowledgementsIn(said()));
      const [faults] = checkInFreshProcess(join(dir, "job.json"), [{ path, acknowledged, cursor, earlier }]);
      expect(faults, `after kill ${round}`).toEqual([]);
      earlier.push(...acknowledged);
    }
    expect(earlier.length).toBeGreaterThan(KILLS * 20);
  });
});
