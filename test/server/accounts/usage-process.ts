import { Pool } from "pg";
import { createUsageLog } from "../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../server/console/log.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { seededRandom } from "../../kit/random.ts";
import { failAtRandom } from "../../kit/score-world.ts";

/**
 * A process of its own that counts, for a test to run beside others or to kill: `ROUNDS` times a call of each key, and a flush
 * after each, of which a share fails. Prints a line when a round is known to be added, and leaves nothing waiting at its end.
 */
const { DATABASE_URL = "", KEYS = "", USERS = "", ROUNDS = "", SEED = "", FAULTS = "0" } = process.env;
const pool = new Pool({ connectionString: DATABASE_URL, max: 1 });
const random = seededRandom(Number(SEED));
const { sql } = failAtRandom(sqlOfPool(pool), random, Number(FAULTS));
const usage = createUsageLog({ sql, log: silentLog });
const flush = () =>
  usage.flush().then(
    () => true,
    () => false,
  );
for (let round = 1; round <= Number(ROUNDS); round++) {
  // In an order of its own, which must not make two wait for each other.
  const users = USERS.split(",");
  const keys = KEYS.split(",").map((keyId, i) => ({ keyId, userId: users[i] ?? "" }));
  for (const { keyId, userId } of keys.sort(() => random() - 0.5)) {
    usage.add({ keyId, userId, capability: round % 2 ? "trends" : "exports", atMs: Date.UTC(2026, 5, round % 3) });
  }
  if (await flush()) console.log(round);
}
while (!(await flush()));
await pool.end();
