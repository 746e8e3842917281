import { readConfig } from "../config.ts";
import { openStores } from "../embedded/stores.ts";
import { createLog } from "../log.ts";
import { OperatorError } from "../operator-error.ts";
import type { Clock, ReportStore } from "../ports.ts";
import { createDynamoStore } from "../store/dynamo.ts";
import { createDocumentClient } from "../store/dynamo-client.ts";

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

/** A command writes in bulk, to an emulator on the same cores as it may be: it waits longer than a server would. */
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * The report store that the environment names, ready to be written; a running server's, when that keeps DATA_DIR.
 * @throws OperatorError when it cannot be reached or would keep nothing.
 */
export async function openReportStore(env: NodeJS.ProcessEnv): Promise<ReportStore> {
  const config = readConfig(env);
  if (config.dynamo.embedded && config.dataDir === undefined) {
    throw new OperatorError("DATA_DIR is `memory`, so nothing would be kept: set it to a directory.");
  }
  const log = createLog({
    level: config.logLevel,
    pretty: process.stderr.isTTY,
    write: (line) => process.stderr.write(line),
    now: SYSTEM_CLOCK.now,
  });
  const stores = openStores(config, { role: "command", log });
  try {
    const { tableName, ...address } = await stores.dynamo();
    const client = createDocumentClient({ ...address, requestTimeoutMs: REQUEST_TIMEOUT_MS });
    const store = createDynamoStore({ client, table: tableName, clock: SYSTEM_CLOCK });
    await store.migrate().catch((error: unknown) => {
      if (config.dynamo.embedded) throw error;
      const where = address.endpoint ?? `AWS's in ${address.region}`;
      const why = error instanceof Error ? error.message : String(error);
      throw new OperatorError(
        `DynamoDB (${where}) cannot be used: ${why}. See DYNAMODB_ENDPOINT and the AWS_ variables.`,
      );
    });
    return {
      ...store,
      async close() {
        await store.close();
        await stores.close();
      },
    };
  } catch (error) {
    await stores.close();
    throw error;
  }
}
