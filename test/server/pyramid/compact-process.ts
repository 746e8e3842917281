import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";

/** A process of its own that compacts a table once, for a test to kill. Says "started" right before. */
const { ENDPOINT = "", TABLE = "" } = process.env;
const client = createDocumentClient({ endpoint: ENDPOINT, region: "local", credentials: EMULATOR_CREDENTIALS });
const options = { client, table: TABLE, clock: { now: Date.now } };
const store = createDynamoStore(options);
console.log("started");
await createCompactor({
  store,
  derived: createDynamoDerivedStore(options),
  clock: options.clock,
  log: silentLog,
}).run();
await store.close();
