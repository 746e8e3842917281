import { readConfig } from "../../../server/runtime/config.ts";
import { createDocumentClient } from "../../../server/store/dynamo/dynamo-client.ts";
import { idOfSortKey, type Key } from "../../../server/store/keys.ts";

/** Ids of all reports that lie in a table, ascending, each as often as it lies there: read past the store, whose reads are under test. */
export async function storedReports(endpoint: string, TableName: string): Promise<string[]> {
  // As a server would: DynamoDB Local has tables for each credentials and region.
  const { dynamo } = readConfig({ DYNAMODB_ENDPOINT: endpoint });
  const client = createDocumentClient({ ...dynamo, requestTimeoutMs: 30_000 });
  const ids: string[] = [];
  const input = {
    TableName,
    ConsistentRead: true,
    FilterExpression: "begins_with(sk, :row)",
    ExpressionAttributeValues: { ":row": "R#" },
    ProjectionExpression: "sk",
  };
  let start: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await client.send("Scan", { ...input, ExclusiveStartKey: start });
    for (const { sk } of Items as Key[]) ids.push(idOfSortKey(sk));
    start = LastEvaluatedKey;
  } while (start !== undefined);
  client.destroy();
  return ids.sort();
}
