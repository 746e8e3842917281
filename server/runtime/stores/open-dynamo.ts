import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import { type ReportStore, StoreUnavailableError } from "../../ports/report-store.ts";
import { createDynamoDerivedStore } from "../../store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../store/dynamo/dynamo.ts";
import { createDocumentClient } from "../../store/dynamo/dynamo-client.ts";
import { type ConsumedUnits, storeError } from "../../store/dynamo/requests.ts";
import type { DynamoAddress } from "./stores.ts";

/** Everything that knows the AWS SDK: imported only where a DynamoDB is used, for loading it takes a tenth of a start. */
export function openDynamo(
  { tableName, ...address }: DynamoAddress,
  clock: Clock,
  onConsumed?: (units: ConsumedUnits) => void,
): { store: ReportStore; derived: DerivedStore } {
  const client = createDocumentClient(address);
  const options = { client, table: tableName, clock, ...(onConsumed === undefined ? {} : { onConsumed }) };
  return { store: createDynamoStore(options), derived: createDynamoDerivedStore(options) };
}

/** Whether a request failed because the DynamoDB does not answer. */
export const isAway = (error: unknown, table: string): boolean =>
  storeError(error, table) instanceof StoreUnavailableError;
