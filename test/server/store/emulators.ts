import { createDynamoDerivedStore } from "../../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore, type DynamoStoreOptions } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { migrateTable } from "../../../server/store/dynamo/table.ts";
import type { DocumentClient } from "../../../server/store/dynamo/wire/document-client.ts";
import { createSdkClient } from "../../kit/dynamo/sdk-client.ts";
import type { Backend } from "./contract.ts";
import type { DerivedBackend } from "./derived-contract.ts";

/** An emulator of DynamoDB, listening. */
export interface Emulator {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export function connect(endpoint: string): DocumentClient {
  return createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS });
}

/** AWS's own client. */
export const connectSdk = (endpoint: string): DocumentClient => createSdkClient({ endpoint });

/** Report stores on an emulator, each with a client of its own. */
export function reportBackend(
  { endpoint, stop }: Emulator,
  options: Partial<DynamoStoreOptions> = {},
  open = connect,
): Backend {
  return { open: (table, clock) => createDynamoStore({ client: open(endpoint), table, clock, ...options }), stop };
}

/** Stores of derived data on an emulator, each with a client of its own. */
export function derivedBackend({ endpoint, stop }: Emulator, open = connect): DerivedBackend {
  const clients: DocumentClient[] = [];
  return {
    async open(table, clock) {
      const client = open(endpoint);
      clients.push(client);
      await migrateTable(client, table);
      return createDynamoDerivedStore({ client, table, clock });
    },
    async stop() {
      for (const client of clients) client.destroy();
      await stop();
    },
  };
}
