import type { Stores } from "./embedded/stores.ts";
import type { Clock, ReportStore } from "./ports.ts";
import { createDynamoStore } from "./store/dynamo.ts";
import { createDocumentClient } from "./store/dynamo-client.ts";
import type { ConsumedUnits } from "./store/requests.ts";

/**
 * The report store on whichever DynamoDB the configuration chose. Its table may not be there yet: `migrate` makes it.
 * @param onConsumed told what each request cost.
 */
export async function openReportStore(
  stores: Stores,
  clock: Clock,
  onConsumed?: (units: ConsumedUnits) => void,
): Promise<ReportStore> {
  const { tableName, ...address } = await stores.dynamo();
  const client = createDocumentClient(address);
  return createDynamoStore({ client, table: tableName, clock, ...(onConsumed === undefined ? {} : { onConsumed }) });
}
