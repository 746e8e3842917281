import { OperatorError } from "../../console/operator-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import { type ReportStore, StoreUnavailableError } from "../../ports/report-store.ts";
import { createDynamoDerivedStore } from "../../store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../store/dynamo/dynamo.ts";
import { createDocumentClient } from "../../store/dynamo/dynamo-client.ts";
import { type ConsumedUnits, storeError } from "../../store/dynamo/requests.ts";
import type { DynamoConfig } from "../config.ts";
import type { Stores } from "./stores.ts";

/**
 * The report store on whichever DynamoDB the configuration chose. Its table may not be there yet: `migrate` makes it.
 * @param onConsumed told what each request cost.
 */
export async function openReportStore(
  stores: Stores,
  clock: Clock,
  onConsumed?: (units: ConsumedUnits) => void,
): Promise<ReportStore> {
  return (await openLogAndDerived(stores, clock, onConsumed)).store;
}

/** The same, with the store of what is derived from the log. Closing the report store closes both. */
export async function openLogAndDerived(
  stores: Stores,
  clock: Clock,
  onConsumed?: (units: ConsumedUnits) => void,
): Promise<{ store: ReportStore; derived: DerivedStore }> {
  const { tableName, ...address } = await stores.dynamo();
  const client = createDocumentClient(address);
  const options = { client, table: tableName, clock, ...(onConsumed === undefined ? {} : { onConsumed }) };
  return { store: createDynamoStore(options), derived: createDynamoDerivedStore(options) };
}

/** Makes the store's table. @throws OperatorError when the DynamoDB is away or refuses us. */
export async function migrateReportStore(
  store: ReportStore,
  { endpoint, region, tableName }: DynamoConfig,
): Promise<void> {
  try {
    await store.migrate();
  } catch (error) {
    const place = endpoint ?? `AWS ${region}`;
    const { name, message } = error as Error;
    if (storeError(error, tableName) instanceof StoreUnavailableError) {
      throw new OperatorError(
        `The DynamoDB at ${place} does not answer (${message}): start it, correct DYNAMODB_ENDPOINT and AWS_REGION, or unset ` +
          "DYNAMODB_ENDPOINT and AWS's credentials to use the embedded one.",
      );
    }
    if (/Credential|UnrecognizedClient|InvalidSignature|AccessDenied|ExpiredToken|InvalidClientTokenId/.test(name)) {
      throw new OperatorError(
        `The DynamoDB at ${place} refuses us (${name}: ${message}): correct AWS's credentials, or unset them to use the embedded one.`,
      );
    }
    throw error;
  }
}
