import { createAccountTable } from "../../server/accounts/account-table.ts";
import { hashKey, makeKey, visiblePrefix } from "../../server/accounts/key.ts";
import { silentLog } from "../../server/console/log.ts";
import { createPool, type DatabaseAddress } from "../../server/postgres/pool.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { type Check, printTable } from "../../test/kit/output.ts";
import type { BareAnswer } from "../kit/bare-process.ts";
import { type Contestant, untilIdle } from "../kit/contestant.ts";
import {
  BROWSER_HEADERS,
  CONNECTIONS,
  raceServers,
  ratioOf,
  SAMPLE_HEAD,
  sampleRow,
  showRatio,
} from "./serve-sample.ts";

const WANTED_RATIO = 0.9;

/** Warm tiles with a key beside the same without, and whether each is counted. */
export async function measureKeyed(ours: Contestant, answers: readonly BareAnswer[], database: DatabaseAddress) {
  const pool = createPool(database, silentLog);
  try {
    const key = makeKey();
    const stored = { name: "bench", hash: hashKey(key), prefix: visiblePrefix(key) };
    await createAccountTable(sqlOfPool(pool)).add("bench@example.org", { plan: "city" }, stored);
    const withKey = (path: string) => `${path}${path.includes("?") ? "&" : "?"}key=${key}`;
    await untilIdle(ours);
    const requests = (headersOf: (answer: BareAnswer) => Record<string, string>, pathOf = (path: string) => path) =>
      answers.map((answer) => ({ path: pathOf(answer.path), headers: headersOf(answer) }));
    const plain = () => BROWSER_HEADERS;
    const unchanged = ({ etag }: BareAnswer) => ({ ...BROWSER_HEADERS, "If-None-Match": etag });
    const race = await raceServers({
      "tiles, no key": { server: ours, requests: requests(plain) },
      "tiles, a key": { server: ours, requests: requests(plain, withKey) },
      "304, no key": { server: ours, requests: requests(unchanged) },
      "304, a key": { server: ours, requests: requests(unchanged, withKey) },
    });
    printTable(
      `warm tiles with a key and without, ${CONNECTIONS} connections`,
      SAMPLE_HEAD,
      Object.entries(race).map(([name, standing]) => sampleRow(name, standing)),
    );
    const ratios = {
      tiles: ratioOf(race["tiles, a key"], race["tiles, no key"], ({ perSecond }) => perSecond),
      unchanged: ratioOf(race["304, a key"], race["304, no key"], ({ perSecond }) => perSecond),
    };
    const checks = Object.entries(ratios).map(([name, ratio]): Check => {
      const met = (ratio?.median ?? 0) >= WANTED_RATIO;
      return { what: `keyed ${name} against anonymous`, limit: `${WANTED_RATIO}`, found: showRatio(ratio), met };
    });
    return { figures: { keyed: { race, ratios } }, checks };
  } finally {
    await pool.end();
  }
}
