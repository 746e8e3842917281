import { StoreUnavailableError } from "../../ports/report-store.ts";
import { createDynamoDerivedStore } from "../../store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../store/dynamo/dynamo.ts";
import { createDocumentClient } from "../../store/dynamo/dynamo-client.ts";
import { storeError } from "../../store/dynamo/requests.ts";
import type { OpenedReports, OpenReportsOptions } from "./opened-reports.ts";
import type { DynamoAddress } from "./stores.ts";

/** Stores on a DynamoDB, be it an emulator. Everything that knows the AWS SDK: imported only where a DynamoDB is used, for loading it takes a tenth of a start. */
export function openDynamo(
  { tableName, ...address }: DynamoAddress,
  { clock, onConsumed }: Pick<OpenReportsOptions, "clock" | "onConsumed">,
): OpenedReports {
  const client = createDocumentClient(address);
  const options = { client, table: tableName, clock, ...(onConsumed === undefined ? {} : { onConsumed }) };
  return { store: createDynamoStore(options), derived: createDynamoDerivedStore(options) };
}

/** Whether a request failed because the DynamoDB does not answer. */
export const isAway = (error: unknown, table: string): boolean =>
  storeError(error, table) instanceof StoreUnavailableError;
