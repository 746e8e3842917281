import { silentLog } from "../../server/console/log.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { openStores } from "../../server/runtime/stores/stores.ts";
import { startDynamoDbLocal } from "../kit/dynamo/dynamodb-local.ts";

export const STORE_KINDS = ["dynalite", "dynamodb-local"] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/** What all processes share. */
export interface ChaosStore {
  /** Of the DynamoDB itself. */
  readonly endpoint: string;
  readonly databaseUrl: string;
  close(): Promise<void>;
}

/** The embedded stores in threads of this process, so that none of the processes that are killed takes them along; or AWS's emulator. */
export async function openChaosStore(kind: StoreKind): Promise<ChaosStore> {
  const stores = openStores(readConfig({ DATA_DIR: "memory" }), { role: "server", log: silentLog });
  const local = kind === "dynamodb-local" ? await startDynamoDbLocal() : undefined;
  const [dynamo, { url }] = await Promise.all([local ?? stores.dynamo(), stores.database()]);
  return {
    endpoint: dynamo.endpoint ?? "",
    databaseUrl: url,
    async close() {
      await stores.close();
      await local?.stop();
    },
  };
}
