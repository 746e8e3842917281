import { Pool } from "pg";
import { silentLog } from "../../../server/console/log.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createScorer } from "../../../server/scores/scorer.ts";
import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";

/** A process of its own that scores once, for a test to kill. Says "started" right before. */
const { ENDPOINT = "", TABLE = "", DATABASE_URL = "" } = process.env;
const client = createDocumentClient({ endpoint: ENDPOINT, region: "local", credentials: EMULATOR_CREDENTIALS });
const options = { client, table: TABLE, clock: { now: Date.now } };
const store = createDynamoStore(options);
const pool = new Pool({ connectionString: DATABASE_URL, max: 1 });
console.log("started");
await createScorer({
  store,
  derived: createDynamoDerivedStore(options),
  sql: sqlOfPool(pool),
  clock: options.clock,
  log: silentLog,
}).run();
await pool.end();
await store.close();
